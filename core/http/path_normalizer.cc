#include "core/http/path_normalizer.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::core {
namespace {

enum class ByteKind : std::uint8_t { kPlain, kSpecial, kIllegal };

// kSpecial bytes send a path through the slow way; kIllegal ones may stand in no target.
constexpr std::array<ByteKind, 256> kKinds = [] {
  std::array<ByteKind, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (i <= 0x20 || i >= 0x7f || i == '#') table[i] = ByteKind::kIllegal;
  }
  for (const char c : std::string_view("%\\")) table[static_cast<unsigned char>(c)] = ByteKind::kSpecial;
  return table;
}();

ByteKind Kind(char c) { return kKinds[static_cast<unsigned char>(c)]; }

bool IsLegal(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return Kind(c) == ByteKind::kIllegal; });
}

bool NeedsWork(std::string_view path, bool merge) {
  char previous = 0;
  for (const char c : path) {
    if (Kind(c) == ByteKind::kSpecial) return true;
    if (previous == '/' && (c == '.' || (merge && c == '/'))) return true;
    previous = c;
  }
  return false;
}

std::optional<unsigned char> HexPair(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 2) return std::nullopt;
  for (const char c : text.substr(0, 2)) {
    value <<= 4;
    if (c >= '0' && c <= '9') {
      value += static_cast<unsigned>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      value += static_cast<unsigned>((c | 0x20) - 'a') + 10;
    } else {
      return std::nullopt;
    }
  }
  return static_cast<unsigned char>(value);
}

bool IsUnreserved(unsigned char c) {
  const auto folded = static_cast<unsigned char>(c | 0x20);
  return (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

// Decodes what has one meaning only and turns backslashes round. Writes at most path.size() bytes to `out`; returns
// how many, or nothing when the path must be refused.
std::optional<std::size_t> Decode(std::string_view path, PathMode mode, char* out) {
  char* const begin = out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\') {
      *out++ = '/';
      continue;
    }
    if (c != '%') {
      *out++ = c;
      continue;
    }
    const auto byte = HexPair(path.substr(i + 1));
    if (!byte || *byte < 0x20 || *byte == 0x7f) return std::nullopt;
    if (*byte == '/' || *byte == '\\') {
      if (mode != PathMode::kDecodeAndMergeSlashes) return std::nullopt;
      *out++ = '/';
    } else if (IsUnreserved(*byte)) {
      *out++ = static_cast<char>(*byte);
    } else {
      out = std::copy_n(path.data() + i, 3, out);
    }
    i += 2;
  }
  return static_cast<std::size_t>(out - begin);
}

// RFC 3986 section 5.2.4 in place over `size` bytes that begin with '/'; returns the new size.
std::size_t ResolveSegments(char* path, std::size_t size, bool merge) {
  std::size_t kept = 0;  // path[0, kept) is done and holds no trailing '/'
  std::size_t at = 0;
  while (at < size) {
    // path[at] is a '/': take it with the segment behind it.
    const std::string_view rest(path + at + 1, size - at - 1);
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    const std::size_t next = last ? size : at + 1 + slash;
    const bool dots = segment == "." || segment == "..";
    if (segment == "..") {
      while (kept > 0 && path[kept - 1] != '/') --kept;
      if (kept > 0) --kept;
    }
    if ((dots || (merge && segment.empty())) && !last) {
      at = next;
      continue;
    }
    path[kept++] = '/';
    if (!dots) {
      std::copy_n(path + at + 1, segment.size(), path + kept);
      kept += segment.size();
    }
    at = next;
  }
  return kept;
}

}  // namespace

NormalizedPath NormalizePath(std::string_view method, std::string_view target, PathMode mode, Arena& arena) {
  if (target == "*" && method == "OPTIONS") return {PathVerdict::kOk, target};
  if (!IsLegal(target)) return {PathVerdict::kBad, target};
  if (!target.starts_with('/')) return {PathVerdict::kNotFound, target};
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(path.size());
  if (mode == PathMode::kNone) {
    // %00 ends a string in too many backends; the rest is the operator's wish.
    return {path.find("%00") == std::string_view::npos ? PathVerdict::kOk : PathVerdict::kBad, target};
  }
  const bool merge = mode >= PathMode::kMergeSlashes;
  if (!NeedsWork(path, merge)) return {PathVerdict::kOk, target};

  char* const out = arena.AllocateArray<char>(target.size());
  const auto decoded = Decode(path, mode, out);
  if (!decoded) return {PathVerdict::kBad, target};
  const std::size_t size = ResolveSegments(out, *decoded, merge);
  std::ranges::copy(query, out + size);
  return {PathVerdict::kOk, {out, size + query.size()}};
}

}  // namespace sluice::core
