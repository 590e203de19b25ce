// The value of the `date` header (RFC 9110 section 5.6.7), made once a second. One worker owns it.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "gateway/runtime/steady_clock.h"

namespace sluice::gateway {

class DateCache {
 public:
  // Valid until the next call. `now` is only used to notice that a second has passed.
  std::string_view Text(core::TimePoint now) {
    if (size_ == 0 || now - made_ >= core::Seconds(1)) Make(now);
    return {text_.data(), size_};
  }

 private:
  void Make(core::TimePoint now) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::int64_t micros = UnixMicros();
    const std::time_t seconds = micros / 1'000'000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    const int size =
        std::snprintf(text_.data(), text_.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday],
                      utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
    // Back-dated to the start of the second, so that the text never lags by more than the turn.
    made_ = now - std::chrono::microseconds(micros % 1'000'000);
  }

  std::array<char, 64> text_{};
  std::size_t size_ = 0;
  core::TimePoint made_{};
};

}  // namespace sluice::gateway
