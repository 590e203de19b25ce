// Errors as values: what went wrong (cause) and what to do about it (cure).
// Expected failures travel as Result; broken invariants are CHECK. Any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace sluice::core {

enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  // the caller's input is wrong
  kNotFound,
  kLimitExceeded,  // a declared limit was reached
  kUnavailable,    // worth another try later
  kIo,             // the operating system refused
  kInternal,
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string cause;  // one sentence, no trailing full stop
  std::string cure;   // what to write or do instead; may be empty

  // "cause; cure" for one-line reports.
  std::string Text() const { return cure.empty() ? cause : cause + "; " + cure; }
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> Fail(ErrorCode code, std::string cause, std::string cure = {}) {
  return std::unexpected(Error{code, std::move(cause), std::move(cure)});
}

}  // namespace sluice::core
