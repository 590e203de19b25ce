// One request of ten fields through the server role and its small answer back; and the same head as an answer
// through the client role.
#include <benchmark/benchmark.h>

#include <string_view>

#include "bench/support/alloc_counter.h"
#include "gateway/codec/h1_codec.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kRequest =
    "POST /v1/models/ranking:predict?trace=1 HTTP/1.1\r\n"
    "Host: ranking.ml.svc.cluster.local:8080\r\n"
    "User-Agent: python-requests/2.28.1\r\n"
    "Accept: */*\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json\r\n"
    "X-User-Id: 8f14e45f-ceea-467f\r\n"
    "X-User-Segment: premium\r\n"
    "Authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln\r\n"
    "Content-Length: 27\r\n\r\n"
    "{\"items\": [1, 2, 3, 4, 5]}\n";

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Server: uvicorn\r\n"
    "Date: Mon, 02 Jun 2025 10:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "X-Model-Version: v47\r\n"
    "Content-Length: 14\r\n\r\n"
    "{\"score\": 0.5}";

class Sink final : public StreamEvents {
 public:
  core::Arena& HeadArena() override { return arena; }
  void OnHead(core::Head head, Flow) override { digest = digest * 31 + head.headers.size() + head.path.size(); }
  void OnBody(core::Slice bytes, Flow) override { digest = digest * 31 + bytes.size(); }
  void OnTrailers(core::HeaderMap) override {}
  void OnRoom() override {}
  void OnReset(core::ResetReason) override { ++digest; }

  core::Arena arena;
  std::uint64_t digest = 0;
};

class OneSink final : public Acceptor {
 public:
  StreamEvents& Accept(Stream& given) override {
    stream = &given;
    return sink;
  }
  void OnFault(StreamEvents&, const ProtocolFault& fault) override { sink.digest += fault.status; }

  Stream* stream = nullptr;
  Sink sink;
};

void Flush(H1Codec& codec) {
  codec.Output().Consume(codec.Output().bytes());
  codec.OnWritten();
}

void BM_H1CodecServer(benchmark::State& state) {
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  OneSink acceptor;
  core::Arena arena;
  H1Codec codec(Role::kServer, limits, stats, pool, &acceptor, {});
  const auto round = [&] {
    acceptor.sink.arena.Reset();
    arena.Reset();
    codec.Receive(core::Slice::Borrow(kRequest));
    core::Head head(arena);
    head.status = 200;
    head.content_length = 14;
    head.headers.AddBorrowed(core::HeaderName::kContentType, "application/json");
    head.headers.AddBorrowed(core::HeaderName::kServer, "sluice");
    acceptor.stream->SendHead(head, Flow::kMore);
    acceptor.stream->SendBody(core::Slice::Borrow("{\"score\": 0.5}"), Flow::kEnd);
    Flush(codec);
  };
  round();
  const bench::AllocCounter allocations;
  for (auto _ : state) round();
  allocations.Report(state, acceptor.sink.digest + stats.protocol_errors);
}
BENCHMARK(BM_H1CodecServer);

void BM_H1CodecClient(benchmark::State& state) {
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  Sink sink;
  core::Arena arena;
  H1Codec codec(Role::kClient, limits, stats, pool, nullptr, {});
  const auto round = [&] {
    sink.arena.Reset();
    arena.Reset();
    Stream* const stream = codec.Open(sink);
    core::Head head(arena);
    head.method = "GET";
    head.authority = "ranking-v47";
    head.path = "/v1/models/ranking:predict";
    head.headers.AddBorrowed(core::HeaderName::kXRequestId, "0c5e5f1a-5b0e-4a53-9b4e-0a1b2c3d4e5f");
    head.headers.AddBorrowed(core::HeaderName::kXForwardedFor, "10.0.0.1");
    stream->SendHead(head, Flow::kEnd);
    Flush(codec);
    codec.Receive(core::Slice::Borrow(kAnswer));
  };
  round();
  const bench::AllocCounter allocations;
  for (auto _ : state) round();
  allocations.Report(state, sink.digest + stats.protocol_errors);
}
BENCHMARK(BM_H1CodecClient);

}  // namespace
}  // namespace sluice::gateway
