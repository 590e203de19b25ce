// Composes the bytes of a stub's answers; the usual ones once, ahead of time.
// Owned by the stub server; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/stub/behaviour.h"
#include "bench/support/http_message.h"

namespace sluice::bench {

// An answer in parts, for a wire that frames it itself.
struct AnswerParts {
  std::string body;           // empty when there may be none
  std::uint64_t padding = 0;  // bytes that follow it
  std::uint64_t length = 0;   // as declared: of body and padding, also where neither is sent
};

class AnswerBook {
 public:
  // Bodies up to this size are part of the composed bytes, the rest of larger ones is padding sent piece by piece.
  static constexpr std::uint64_t kInlineMax = 128 * 1024;

  explicit AnswerBook(const Behaviour& behaviour) { Rewrite(behaviour); }

  // Composes the usual answers anew; call after each change of the behaviour.
  void Rewrite(const Behaviour& behaviour);

  // Appends the answer to `request`. The result is how many bytes of padding are to follow it.
  std::uint64_t Append(std::string& out, const MessageReader& request, const Reply& reply) const;
  AnswerParts Compose(const MessageReader& request, const Reply& reply) const;
  const std::string& version() const { return version_; }

 private:
  std::string Body(const MessageReader* request, const Reply& reply) const;

  std::string version_;
  std::uint64_t usual_bytes_ = 0;
  std::uint16_t failing_status_ = 0;
  std::string usual_;
  std::string failing_;
};

// Appends an answer with the given body, for the stub's own pages.
void AppendPage(std::string& out, std::uint16_t status, std::string_view body, bool keep_alive);

}  // namespace sluice::bench
