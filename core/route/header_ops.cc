#include "core/route/header_ops.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory_resource>
#include <optional>

#include "core/base/text.h"
#include "core/http/field_text.h"

namespace sluice::core {
namespace {

constexpr std::string_view kSupported =
    "supported are %%, %REQ(name)%, %REQ(name?other):length%, the same with RESP, "
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%, %PROTOCOL%, %ROUTE_NAME% and %RESPONSE_CODE%";

struct Command {
  enum class Kind : std::uint8_t { kPercent, kRequest, kResponse, kClientAddress, kProtocol, kRouteName, kStatus };
  Kind kind = Kind::kPercent;
  std::string_view name{};         // kRequest, kResponse
  std::string_view alternative{};  // used when `name` is missing
  std::uint64_t length_max = UINT64_MAX;
};

// "name?other" and an optional ":length" behind the bracket.
std::optional<Command> ParseField(Command::Kind kind, std::string_view arguments) {
  const std::size_t close = arguments.find(')');
  if (close == std::string_view::npos) return std::nullopt;
  Command command;
  command.kind = kind;
  const std::string_view names = arguments.substr(0, close);
  const std::size_t question = names.find('?');
  command.name = names.substr(0, question);
  if (question != std::string_view::npos) command.alternative = names.substr(question + 1);
  if (command.name.empty()) return std::nullopt;
  const std::string_view behind = arguments.substr(close + 1);
  if (behind.empty()) return command;
  const std::optional<std::uint64_t> length = ParseDecimal(behind.substr(1));
  if (behind.front() != ':' || !length) return std::nullopt;
  command.length_max = *length;
  return command;
}

// `text` stands between two percent signs.
std::optional<Command> ParseCommand(std::string_view text) {
  using Kind = Command::Kind;
  if (text.empty()) return Command{};
  if (text.starts_with("REQ(")) return ParseField(Kind::kRequest, text.substr(4));
  if (text.starts_with("RESP(")) return ParseField(Kind::kResponse, text.substr(5));
  if (text == "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT") return Command{.kind = Kind::kClientAddress};
  if (text == "PROTOCOL") return Command{.kind = Kind::kProtocol};
  if (text == "ROUTE_NAME") return Command{.kind = Kind::kRouteName};
  if (text == "RESPONSE_CODE") return Command{.kind = Kind::kStatus};
  return std::nullopt;
}

// Names in a command may be written in any case; fields are lower case.
std::string_view FindFolded(const Head& head, std::string_view name) {
  if (name.starts_with(':') || EqualsIgnoreCase(name, "host")) {
    if (EqualsIgnoreCase(name, ":path")) return head.path;
    if (EqualsIgnoreCase(name, ":method")) return head.method;
    if (EqualsIgnoreCase(name, ":scheme")) return head.scheme;
    if (EqualsIgnoreCase(name, ":authority") || EqualsIgnoreCase(name, "host")) return head.authority;
    return {};
  }
  for (const HeaderMap::Field& field : head.headers.fields()) {
    if (EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return {};
}

std::string_view FieldValue(const Head* head, const Command& command) {
  if (head == nullptr) return {};
  std::string_view value = FindFolded(*head, command.name);
  if (value.empty() && !command.alternative.empty()) value = FindFolded(*head, command.alternative);
  return value.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(command.length_max, value.size())));
}

void AppendCommand(const Command& command, const HeaderFormatContext& context, std::pmr::string& out) {
  switch (command.kind) {
    case Command::Kind::kPercent: out.push_back('%'); return;
    case Command::Kind::kRequest: out.append(FieldValue(context.request, command)); return;
    case Command::Kind::kResponse: out.append(FieldValue(context.response, command)); return;
    case Command::Kind::kClientAddress: out.append(context.client_address); return;
    case Command::Kind::kProtocol:
      if (context.request != nullptr) out.append(context.request->protocol);
      return;
    case Command::Kind::kRouteName: out.append(context.route_name); return;
    case Command::Kind::kStatus: {
      if (context.response == nullptr) return;
      std::array<char, 5> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), context.response->status).ptr;
      out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
      return;
    }
  }
}

bool IsAuthority(std::string_view name) { return name == "host" || name == ":authority"; }

class Application {
 public:
  Application(HeaderMap& headers, const HeaderFormatContext& context, Arena& arena)
      : headers_(headers), context_(context), arena_(arena) {}

  void Remove(const HeaderOps& ops) {
    for (const std::string& name : ops.remove) headers_.Remove(name);
  }
  void Set(const HeaderOps& ops) {
    for (const auto& [name, value] : ops.set) {
      if (const auto text = Value(name, value)) headers_.Set(name, *text);
    }
  }
  void Add(const HeaderOps& ops) {
    for (const auto& [name, value] : ops.add) {
      if (const auto text = Value(name, value)) headers_.AddBorrowed(name, *text);
    }
  }

 private:
  // Nothing for the authority, and when commands yield nothing or something that is not a field value.
  std::optional<std::string_view> Value(std::string_view name, std::string_view value) {
    if (IsAuthority(name)) return std::nullopt;
    if (value.find('%') == std::string_view::npos) return value;
    const std::string_view formatted = FormatHeaderValue(value, context_, arena_);
    if (formatted.empty() || !IsFieldText(formatted)) return std::nullopt;
    return formatted;
  }

  HeaderMap& headers_;
  const HeaderFormatContext& context_;
  Arena& arena_;
};

}  // namespace

Status CheckHeaderFormat(std::string_view value) {
  if (!IsFieldText(value)) {
    return Fail(ErrorCode::kInvalidArgument, "a header value holds a control character", "write it on one line");
  }
  for (std::size_t at = value.find('%'); at != std::string_view::npos;) {
    const std::size_t end = value.find('%', at + 1);
    if (end == std::string_view::npos) {
      return Fail(ErrorCode::kInvalidArgument, "a % in the header value \"" + std::string(value) + "\" has no partner",
                  "write %% for a percent sign");
    }
    const std::string_view text = value.substr(at + 1, end - at - 1);
    if (!ParseCommand(text)) {
      return Fail(ErrorCode::kInvalidArgument, "%" + std::string(text) + "% is not a command that header values know",
                  std::string(kSupported));
    }
    at = value.find('%', end + 1);
  }
  return {};
}

std::string_view FormatHeaderValue(std::string_view value, const HeaderFormatContext& context, Arena& arena) {
  if (value.find('%') == std::string_view::npos) return value;
  std::pmr::string out(arena.resource());
  out.reserve(value.size() + 64);
  while (!value.empty()) {
    const std::size_t at = value.find('%');
    out.append(value.substr(0, at));
    if (at == std::string_view::npos) break;
    const std::size_t end = value.find('%', at + 1);
    if (end == std::string_view::npos) {
      out.append(value.substr(at));
      break;
    }
    if (const auto command = ParseCommand(value.substr(at + 1, end - at - 1))) AppendCommand(*command, context, out);
    value.remove_prefix(end + 1);
  }
  // Out of the string: a short one lies within the object that dies here.
  return arena.Copy(out);
}

void ApplyHeaderOps(const HeaderOps& first, const HeaderOps& second, bool merged, HeaderMap& headers,
                    const HeaderFormatContext& context, Arena& arena) {
  Application apply(headers, context, arena);
  if (merged) {
    apply.Remove(first);
    apply.Remove(second);
    apply.Set(first);
    apply.Set(second);
    apply.Add(first);
    apply.Add(second);
    return;
  }
  for (const HeaderOps* ops : {&first, &second}) {
    apply.Remove(*ops);
    apply.Set(*ops);
    apply.Add(*ops);
  }
}

const std::string* FindAuthorityOp(const HeaderOps& ops) {
  for (const auto* list : {&ops.set, &ops.add}) {
    for (const auto& [name, value] : *list) {
      if (IsAuthority(name)) return &value;
    }
  }
  return nullptr;
}

}  // namespace sluice::core
