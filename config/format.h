// Puts values into a message: every "{}" takes the next argument. The standard library of GCC 12 has no <format>.
// Messages only, never a request. Any thread.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

inline std::string FormatValue(std::string_view text) { return std::string(text); }

template <typename Number>
  requires(std::integral<Number> || std::floating_point<Number>)
std::string FormatValue(Number number) {
  std::array<char, 40> digits{};
  const auto [stop, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? std::string(digits.data(), stop) : std::string("?");
}

std::string FormatParts(std::string_view pattern, const std::string* values, std::size_t count);

template <typename... Args>
std::string Format(std::string_view pattern, const Args&... args) {
  const std::array<std::string, sizeof...(Args)> values = {FormatValue(args)...};
  return FormatParts(pattern, values.data(), values.size());
}

}  // namespace sluice::config
