#include "core/http/header_map.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"

namespace sluice::core {

HeaderMap::HeaderMap(HeaderMap&& other) noexcept
    : arena_(other.arena_),
      fields_(std::exchange(other.fields_, nullptr)),
      names_(std::exchange(other.names_, {})),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

HeaderMap& HeaderMap::operator=(HeaderMap&& other) noexcept {
  arena_ = other.arena_;
  fields_ = std::exchange(other.fields_, nullptr);
  names_ = std::exchange(other.names_, {});
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void HeaderMap::Grow() {
  const std::uint32_t capacity = capacity_ == 0 ? 24 : capacity_ * 2;
  auto* fields = arena_->AllocateArray<Field>(capacity);
  if (size_ > 0) std::copy_n(fields_, size_, fields);
  fields_ = fields;
  capacity_ = capacity;
}

void HeaderMap::AddBorrowed(HeaderName code, std::string_view value) { Append({HeaderText(code), value, code}); }

void HeaderMap::AddBorrowed(std::string_view lower_name, std::string_view value) {
  Append({lower_name, value, LookupHeaderName(lower_name)});
}

void HeaderMap::AddLexed(std::string_view lower_name, std::string_view value) {
  Append({lower_name, value, LookupHeaderName(lower_name), true});
}

void HeaderMap::AddCopy(std::string_view name, std::string_view value) {
  char* lower = arena_->AllocateArray<char>(name.size());
  std::ranges::transform(name, lower, FoldChar);
  const std::string_view folded(lower, name.size());
  Append({folded, arena_->Copy(value), LookupHeaderName(folded)});
}

void HeaderMap::Set(HeaderName code, std::string_view value) {
  Remove(code);
  AddBorrowed(code, value);
}

void HeaderMap::Set(std::string_view lower_name, std::string_view value) {
  Remove(lower_name);
  AddBorrowed(lower_name, value);
}

std::size_t HeaderMap::Remove(HeaderName code) {
  if (!Has(code)) return 0;
  return RemoveIf([code](const Field& field) { return field.code == code; });
}

std::size_t HeaderMap::Remove(std::string_view lower_name) {
  const HeaderName code = LookupHeaderName(lower_name);
  if (code != HeaderName::kOther) return Remove(code);
  return RemoveIf(
      [lower_name](const Field& field) { return field.code == HeaderName::kOther && field.name == lower_name; });
}

const HeaderMap::Field* HeaderMap::FindField(HeaderName code, std::string_view name) const {
  if (!Has(code)) return nullptr;
  for (const Field& field : fields()) {
    if (field.code == code && (code != HeaderName::kOther || field.name == name)) return &field;
  }
  return nullptr;
}

std::optional<std::string_view> HeaderMap::Find(std::string_view lower_name) const {
  const Field* field = FindField(LookupHeaderName(lower_name), lower_name);
  return field == nullptr ? std::nullopt : std::optional(field->value);
}

std::size_t HeaderMap::Count(HeaderName code) const {
  if (!Has(code)) return 0;
  return static_cast<std::size_t>(std::ranges::count(fields(), code, &Field::code));
}

std::optional<std::string_view> HeaderMap::Joined(std::string_view lower_name, HeaderName code, Arena& scratch) const {
  const Field* const first = FindField(code, lower_name);
  if (first == nullptr) return std::nullopt;
  // One pass for the size, one for the bytes: linear however many fields repeat the name.
  const auto same = [&](const Field& field) { return field.code == code && field.name == lower_name; };
  std::size_t size = 0;
  std::size_t count = 0;
  for (const Field* field = first; field != fields_ + size_; ++field) {
    if (!same(*field)) continue;
    size += field->value.size() + 1;
    ++count;
  }
  if (count == 1) return first->value;
  char* const bytes = scratch.AllocateArray<char>(size);
  char* out = bytes;
  for (const Field* field = first; field != fields_ + size_; ++field) {
    if (!same(*field)) continue;
    if (field != first) *out++ = ',';
    out = std::ranges::copy(field->value, out).out;
  }
  return std::string_view(bytes, static_cast<std::size_t>(out - bytes));
}

void HeaderMap::CopyFrom(const HeaderMap& other) {
  Clear();
  for (const Field& field : other.fields()) {
    const std::string_view known = HeaderText(field.code);
    Append({known.empty() ? arena_->Copy(field.name) : known, arena_->Copy(field.value), field.code, field.lexed});
  }
}

void HeaderMap::ShareFrom(const HeaderMap& other) {
  Clear();
  for (const Field& field : other.fields()) Append(field);
}

std::size_t HeaderMap::ByteSize() const {
  std::size_t total = 0;
  for (const Field& field : fields()) total += field.name.size() + field.value.size() + 32;
  return total;
}

}  // namespace sluice::core
