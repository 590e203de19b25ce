// An ordered multimap of header fields. Names are lower case. Which known names occur is kept as a set, so that a
// lookup of what is not there, the usual case, looks at no field.
// Fields and copied text live in the arena given at construction, which must outlive the map. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/arena.h"
#include "core/http/header_name.h"

namespace sluice::core {

class HeaderMap {
 public:
  struct Field {
    std::string_view name;   // lower case
    std::string_view value;  // without surrounding blanks
    HeaderName code = HeaderName::kOther;
    // Read by a strict lexer (field_text.h): the name is a token, the value field text. Writers need not look again.
    bool lexed = false;
  };

  explicit HeaderMap(Arena& arena) : arena_(&arena) {}
  HeaderMap(HeaderMap&& other) noexcept;
  HeaderMap& operator=(HeaderMap&& other) noexcept;
  HeaderMap(const HeaderMap&) = delete;
  HeaderMap& operator=(const HeaderMap&) = delete;

  // The text must outlive the map: it lies in the arena, in static storage, or in a pinned Snapshot.
  void AddBorrowed(HeaderName code, std::string_view value);
  void AddBorrowed(std::string_view lower_name, std::string_view value);
  // The same for what a strict lexer has just read, see Field::lexed.
  void AddLexed(std::string_view lower_name, std::string_view value);
  // Copies name and value into the arena; folds the name.
  void AddCopy(std::string_view name, std::string_view value);

  // Removes every field of that name, then adds one. Borrows like AddBorrowed.
  void Set(HeaderName code, std::string_view value);
  void Set(std::string_view lower_name, std::string_view value);

  // Returns how many fields went.
  std::size_t Remove(HeaderName code);
  std::size_t Remove(std::string_view lower_name);
  // Removes every field for which `predicate(field)` holds; keeps the order.
  template <typename Predicate>
  std::size_t RemoveIf(Predicate predicate) {
    std::uint32_t kept = 0;
    HeaderNameSet names;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (predicate(static_cast<const Field&>(fields_[i]))) continue;
      names.Add(fields_[i].code);
      if (kept != i) fields_[kept] = fields_[i];
      ++kept;
    }
    const std::size_t removed = size_ - kept;
    size_ = kept;
    names_ = names;
    return removed;
  }

  // First value of that name.
  std::optional<std::string_view> Find(HeaderName code) const {
    if (!Has(code)) return std::nullopt;
    return FindField(code, {})->value;
  }
  std::optional<std::string_view> Find(std::string_view lower_name) const;
  bool Has(HeaderName code) const { return names_.Has(code); }
  // The known names that occur.
  HeaderNameSet names() const { return names_; }
  std::size_t Count(HeaderName code) const;

  // All values of that name joined with ',' (RFC 9110 section 5.3); a single value is not copied.
  std::optional<std::string_view> Joined(std::string_view lower_name, HeaderName code, Arena& scratch) const;

  // Deep copy into this map's own arena, replacing the content.
  void CopyFrom(const HeaderMap& other);
  // Same fields, text shared with `other`, which must outlive this map.
  void ShareFrom(const HeaderMap& other);

  std::span<const Field> fields() const { return {fields_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void Clear() {
    size_ = 0;
    names_ = {};
  }
  Arena& arena() const { return *arena_; }

  // Sum of name, value and 32 per field (RFC 9113 section 6.5.2).
  std::size_t ByteSize() const;

 private:
  void Append(const Field& field) {
    if (size_ == capacity_) Grow();
    fields_[size_++] = field;
    names_.Add(field.code);
  }
  void Grow();
  const Field* FindField(HeaderName code, std::string_view name) const;

  Arena* arena_;
  Field* fields_ = nullptr;
  HeaderNameSet names_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace sluice::core
