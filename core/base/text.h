// Small ASCII text tools: fold, trim, token lists, strict integers. Locale-free, allocation-free unless they
// return std::string. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::core {

constexpr char FoldChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);
std::string Fold(std::string_view text);

// Without leading and trailing SP and HTAB (RFC 9110 section 5.6.3).
std::string_view Trim(std::string_view text);

// Digits only, no sign, no blanks, no leading '+'; nullopt on overflow or emptiness.
std::optional<std::uint64_t> ParseDecimal(std::string_view text);
std::optional<std::uint64_t> ParseHex(std::string_view text);

// Takes the next element of a comma separated list off the front of `rest`, trimmed; empty elements are skipped.
// Returns nullopt when nothing is left (RFC 9110 section 5.6.1).
std::optional<std::string_view> NextToken(std::string_view& rest);

// Whether a comma separated list holds `token`, ignoring case.
bool HasToken(std::string_view list, std::string_view token);

// RFC 9110 section 5.6.2 tchar+.
bool IsToken(std::string_view text);

// Levenshtein distance with an upper bound, for "did you mean". Returns bound + 1 when farther.
std::size_t EditDistance(std::string_view a, std::string_view b, std::size_t bound);

}  // namespace sluice::core
