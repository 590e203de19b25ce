// Reads HTTP/1.1 messages off a byte stream for the stub model server and the load generator: keeps the head, counts
// and discards the body. Strict about framing, since a load generator that guesses hides a proxy's faults.
// Owned by one connection; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::bench {

class MessageReader {
 public:
  enum class Kind : std::uint8_t { kRequest, kResponse };
  enum class Step : std::uint8_t {
    kNeedMore,  // all input was taken, the message goes on
    kHead,      // the head is complete; look at it, then call Feed again with what is left
    kDone,      // the message is complete; the next Feed begins another
    kBad,       // not HTTP/1.x or framed ambiguously; the stream is lost
  };

  static constexpr std::size_t kHeadMax = 64 * 1024;  // bytes; beyond is kBad

  explicit MessageReader(Kind kind) : kind_(kind) {}

  // Takes bytes off the front of `in` up to the next step.
  Step Feed(std::string_view& in);
  // After kHead of a response to HEAD: there is no body, whatever the head says.
  void ExpectNoBody();
  // The peer closed: true when that ends the message properly (a response framed by the end of the connection).
  bool FinishAtEof();
  // Takes a request that came by other means than HTTP/1.x bytes: its head as text, with `HTTP/2` or whatever is true in
  // the start line, and the size of its body. False when the head is none.
  bool Adopt(std::string_view head, std::uint64_t body_bytes);
  // True between messages: nothing of the next one has been seen.
  bool Idle() const { return state_ == State::kHead && head_.empty(); }

  // The message at hand, from kHead until the Feed after kDone.
  std::string_view head() const { return head_; }  // start line and fields, with the closing empty line
  std::string_view method() const { return head().substr(0, method_end_); }
  std::string_view target() const { return head().substr(method_end_ + 1, target_size_); }
  std::uint16_t status() const { return status_; }
  std::uint64_t body_bytes() const { return body_bytes_; }
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  // Whether any field name begins with "x-stub-": an inexpensive reason not to look for them.
  bool has_stub_fields() const { return has_stub_fields_; }
  // First value of the field, trimmed; `name` in lower case.
  std::optional<std::string_view> Field(std::string_view name) const;

 private:
  enum class State : std::uint8_t {
    kHead,
    kFixed,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
    kUntilClose,
    kComplete,
    kBad
  };

  void Restart();
  bool TakeHead(std::string_view& in);  // true when the head is complete
  bool ParseHead();
  bool ParseStartLine(std::string_view line);
  bool ParseField(std::string_view line);
  void ChooseBody();
  Step Body(std::string_view& in);
  Step Chunks(std::string_view& in);
  bool TakeLine(std::string_view& in);  // into line_, without CRLF; true when complete
  bool ChunkSize();
  Step Fault() {
    state_ = State::kBad;
    return Step::kBad;
  }

  Kind kind_;
  State state_ = State::kHead;
  bool keep_alive_ = true;
  bool chunked_ = false;
  bool expects_continue_ = false;
  bool has_stub_fields_ = false;
  bool http10_ = false;
  std::uint16_t status_ = 0;
  std::optional<std::uint64_t> length_;
  std::uint64_t left_ = 0;  // of the fixed body or the chunk
  std::uint64_t body_bytes_ = 0;
  std::string head_;
  std::string line_;            // of a chunk size or trailer
  std::size_t method_end_ = 0;  // in head_
  std::size_t target_size_ = 0;
};

}  // namespace sluice::bench
