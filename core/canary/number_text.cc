#include "core/canary/number_text.h"

#include <charconv>
#include <chrono>

namespace sluice::core {
namespace {

// Rounded to `decimals`, without zeros at the end.
std::string Fixed(double value, int decimals) {
  char buffer[400];  // the largest double has 309 digits
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals);
  std::string text(buffer, written.ptr);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

int Decimals(double value) {
  if (value >= 100) return 0;
  if (value >= 1) return 1;
  if (value >= 0.1) return 2;
  return value >= 0.01 ? 3 : 4;
}

}  // namespace

std::string CountText(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3;) {
    i -= 3;
    text.insert(i, ",");
  }
  return text;
}

std::string PointsText(double points) { return Fixed(points, Decimals(points)); }
std::string PercentText(double percent) { return PointsText(percent) + " %"; }
std::string QuantileText(double quantile) { return "p" + Fixed(quantile * 100, 4); }
std::string MillisecondsText(double microseconds) {
  const double milliseconds = microseconds / 1000;
  return Fixed(milliseconds, Decimals(milliseconds)) + " ms";
}

std::string HoldText(Duration duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (milliseconds < 1000) return std::to_string(milliseconds) + "ms";
  const auto seconds = milliseconds / 1000;
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds / 60 % 60 > 0) text += std::to_string(seconds / 60 % 60) + "m";
  if (seconds % 60 > 0) text += std::to_string(seconds % 60) + "s";
  return text;
}

}  // namespace sluice::core
