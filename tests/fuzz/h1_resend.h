// Sends a recorded message on as the gateway would: by the codec of the other role. Fuzz targets only.
#pragma once

#include <string>
#include <string_view>

#include "core/base/check.h"
#include "tests/gateway/codec/h1_server.h"
#include "tests/support/recording_events.h"

namespace sluice::gateway {

// Recorded text as a head; `record` must outlive the arena's content.
inline core::Head HeadOf(const test::RecordingEvents::HeadRecord& record, core::Arena& arena) {
  core::Head head(arena);
  head.method = record.method;
  head.scheme = record.scheme;
  head.authority = record.authority;
  head.path = record.path;
  head.status = static_cast<std::uint16_t>(record.status);
  head.content_length = record.content_length;
  for (const auto& [name, value] : record.fields) head.headers.AddBorrowed(name, value);
  return head;
}

inline void SendMessage(Stream& stream, const test::RecordingEvents& message) {
  core::Arena arena;
  const core::Head head = HeadOf(message.head(), arena);
  stream.SendHead(head, message.head().end ? Flow::kEnd : Flow::kMore);
  if (message.head().end) return;
  const bool trailers = !message.trailers.empty();
  stream.SendBody(core::Slice::Copy(message.body), trailers ? Flow::kMore : Flow::kEnd);
  if (!trailers) return;
  core::HeaderMap map(arena);
  for (const auto& [name, value] : message.trailers) map.AddBorrowed(name, value);
  stream.SendTrailers(map);
}

// What goes out for a request that was accepted; the writer may not find anything wrong with it.
inline std::string ResendRequest(const test::RecordingEvents& request) {
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  test::RecordingEvents answer;
  H1Codec codec(Role::kClient, limits, stats, pool, nullptr, {});
  SendMessage(*codec.Open(answer), request);
  CHECK(!codec.WantsClose() && stats.trailers_dropped == 0);
  return test::TakeOutput(codec);
}

// The same for an answer to a request of `method`.
inline std::string ResendAnswer(const test::RecordingEvents& answer, std::string_view method) {
  Server server;
  server.codec.Receive(core::Slice::Copy(std::string(method) + " / HTTP/1.1\r\nHost: h\r\n\r\n"));
  SendMessage(*server.stream, answer);
  CHECK(!server.codec.WantsClose() && server.stats.trailers_dropped == 0);
  return server.Written();
}

}  // namespace sluice::gateway
