// OpenSSL's error queue as text for people. One thread: the queue is the calling thread's.
#pragma once

#include <string>

namespace sluice::tls {

// The first error's reason, which is the cause of those that follow, or "unknown error"; the queue is empty afterwards.
std::string TakeErrorText();

}  // namespace sluice::tls
