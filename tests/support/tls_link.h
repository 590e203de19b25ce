// Two ends of a secured connection that talk through memory: what one says, the other hears.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/slice.h"
#include "tests/support/manual_clock.h"
#include "tls/filter.h"

namespace sluice {

// A filter with its user, who remembers what was said. One thread.
class TlsEnd {
 public:
  TlsEnd(std::shared_ptr<const tls::ServerContext> context, const core::Clock& clock)
      : filter_(std::move(context), pool_, clock) {}
  TlsEnd(std::shared_ptr<const tls::ClientContext> context, core::Wire wire, bool either, const core::Clock& clock)
      : filter_(std::move(context), wire, either, pool_, clock) {}

  tls::Filter& filter() { return filter_; }
  const std::string& heard() const { return heard_; }
  // Plaintext that the filter has not taken yet.
  std::size_t unsaid() const { return to_say_.bytes(); }

  void Say(std::string_view plaintext) {
    to_say_.Append(core::Slice::Copy(plaintext));
    filter_.Write(to_say_);
  }

  // The ciphertext that is due.
  std::string Take() {
    filter_.Write(to_say_);
    std::string bytes;
    core::SliceQueue& output = filter_.Output();
    for (std::size_t i = 0; i < output.piece_count(); ++i) bytes += output.piece(i);
    output.Consume(bytes.size());
    filter_.Write(to_say_);
    return bytes;
  }

  // Ciphertext from the peer, in pieces of that size.
  void Hear(std::string_view ciphertext, std::size_t piece = std::string_view::npos) {
    while (!ciphertext.empty()) {
      const std::string now(ciphertext.substr(0, piece));  // of its own: nobody may look at it afterwards
      ciphertext.remove_prefix(now.size());
      filter_.Feed(now);
      for (core::Slice part = filter_.Read(); !part.empty(); part = filter_.Read()) heard_ += part.view();
      filter_.Feed({});
    }
  }

 private:
  core::BlockPool pool_;
  core::SliceQueue to_say_{&pool_};
  std::string heard_;
  tls::Filter filter_;
};

struct TlsLink {
  TlsEnd& client;
  TlsEnd& server;
  std::size_t piece = std::string_view::npos;  // ciphertext arrives in pieces of that size

  // Carries ciphertext both ways until nobody has anything to say.
  void Run() {
    for (bool moved = true; moved;) {
      const std::string to_server = client.Take();
      server.Hear(to_server, piece);
      const std::string to_client = server.Take();
      client.Hear(to_client, piece);
      moved = !to_server.empty() || !to_client.empty();
    }
  }
};

}  // namespace sluice
