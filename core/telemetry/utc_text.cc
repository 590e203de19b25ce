#include "core/telemetry/utc_text.h"

#include <algorithm>
#include <chrono>

namespace sluice::core {

std::string_view UtcText(std::int64_t unix_us, char* out) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::hh_mm_ss;
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  using std::chrono::sys_days;
  using std::chrono::sys_time;
  using std::chrono::year_month_day;
  const sys_time<microseconds> when{microseconds(std::max<std::int64_t>(unix_us, 0))};
  const sys_days day = floor<days>(when);
  const year_month_day date{day};
  const hh_mm_ss time{floor<milliseconds>(when - day)};
  char* at = out;
  const auto put = [&at](std::int64_t value, int width, char after) {
    for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
    at += width;
    *at++ = after;
  };
  put(int{date.year()}, 4, '-');
  put(unsigned{date.month()}, 2, '-');
  put(unsigned{date.day()}, 2, 'T');
  put(time.hours().count(), 2, ':');
  put(time.minutes().count(), 2, ':');
  put(time.seconds().count(), 2, '.');
  put(time.subseconds().count(), 3, 'Z');
  return {out, static_cast<std::size_t>(at - out)};
}

}  // namespace sluice::core
