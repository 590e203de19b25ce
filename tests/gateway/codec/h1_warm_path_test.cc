// The warm keep-alive path of H1Codec asks the heap for nothing: a request and its answer through both roles.
// A memory resource cannot show that, so this file counts the calls of operator new of the whole test program.
#include <gtest/gtest.h>

#include <string_view>

#include "gateway/codec/h1_codec.h"
#include "tests/support/allocation_counter.h"

namespace sluice::gateway {
namespace {

// Receives one message after the other in one arena, as an exchange does.
class Sink final : public StreamEvents {
 public:
  core::Arena& HeadArena() override { return arena; }
  void OnHead(core::Head head, Flow flow) override {
    fields += head.headers.size();
    ended = flow == Flow::kEnd;
  }
  void OnBody(core::Slice bytes, Flow flow) override {
    body += bytes.size();
    ended = flow == Flow::kEnd;
  }
  void OnTrailers(core::HeaderMap) override { ended = true; }
  void OnRoom() override {}
  void OnReset(core::ResetReason) override { reset = true; }

  core::Arena arena;
  std::size_t fields = 0;
  std::size_t body = 0;
  bool ended = false;
  bool reset = false;
};

class OneSink final : public Acceptor {
 public:
  StreamEvents& Accept(Stream& given) override {
    stream = &given;
    return sink;
  }
  void OnFault(StreamEvents&, const ProtocolFault&) override { sink.reset = true; }

  Stream* stream = nullptr;
  Sink sink;
};

constexpr std::string_view kRequest =
    "POST /v1/predict HTTP/1.1\r\nHost: ranking\r\nContent-Type: application/json\r\nX-User-Id: 42\r\n"
    "Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n";
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

void Flush(H1Codec& codec) {
  codec.Output().Consume(codec.Output().bytes());
  codec.OnWritten();
}

TEST(H1WarmPath, AThousandMessagesThroughBothRolesAllocateNothing) {
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  OneSink acceptor;
  Sink answer;
  core::Arena send_arena;
  H1Codec server(Role::kServer, limits, stats, pool, &acceptor, {});
  H1Codec client(Role::kClient, limits, stats, pool, nullptr, {});

  const auto round = [&] {
    acceptor.sink.arena.Reset();
    answer.arena.Reset();
    send_arena.Reset();
    server.Receive(core::Slice::Borrow(kRequest));
    Stream* const upstream = client.Open(answer);
    core::Head request(send_arena);
    request.method = "POST";
    request.authority = "model";
    request.path = "/";
    request.headers.AddBorrowed(core::HeaderName::kXRequestId, "1");
    upstream->SendHead(request, Flow::kMore);
    upstream->SendBody(core::Slice::Borrow("{}"), Flow::kEnd);
    Flush(client);
    client.Receive(core::Slice::Borrow(kAnswer));
    core::Head head(send_arena);
    head.status = 200;
    head.content_length = 2;
    acceptor.stream->SendHead(head, Flow::kMore);
    acceptor.stream->SendBody(core::Slice::Borrow("ok"), Flow::kEnd);
    Flush(server);
  };
  for (int i = 0; i < 10; ++i) round();  // warm up

  const long before = Allocations();
  for (int i = 0; i < 1000; ++i) round();
  const long made = Allocations() - before;

  EXPECT_EQ(made, 0);
  EXPECT_TRUE(acceptor.sink.ended);
  EXPECT_TRUE(answer.ended);
  EXPECT_FALSE(acceptor.sink.reset || answer.reset);
  EXPECT_TRUE(server.Idle());
  EXPECT_TRUE(client.Idle());
  EXPECT_EQ(stats.protocol_errors, 0u);
}

}  // namespace
}  // namespace sluice::gateway
