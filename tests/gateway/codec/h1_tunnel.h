// H1Codec when another protocol has been asked for, in either role: for its tests and its fuzz target.
#pragma once

#include <string>
#include <string_view>

#include "tests/gateway/codec/h1_server.h"

namespace sluice::gateway {

struct TunnelServer : Server {
  TunnelServer() : Server(CodecLimits{.upgrades = true}) {}

  void Agree(std::string_view protocol = "websocket") {
    core::Arena arena;
    core::Head head(arena);
    head.status = 101;
    head.upgrade = protocol;
    stream->SendHead(head, Flow::kMore);
  }
};

struct TunnelClient {
  TunnelClient() {
    core::Head head(arena);
    head.method = "GET";
    head.authority = "model";
    head.path = "/chat";
    head.upgrade = "websocket";
    head.headers.AddBorrowed("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    stream = codec.Open(events);
    stream->SendHead(head, Flow::kMore);
    asked = Written();
  }
  std::string Written() { return test::TakeOutput(codec); }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  core::Arena arena;
  test::RecordingEvents events;
  H1Codec codec{Role::kClient, limits, stats, pool, nullptr, {}};
  Stream* stream = nullptr;
  std::string asked;
};

}  // namespace sluice::gateway
