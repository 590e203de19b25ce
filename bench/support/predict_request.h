// The request that micro-benchmarks decide on: what a client of a model sends, without who it is.
#pragma once

#include <string_view>

#include "core/base/arena.h"
#include "core/http/head.h"

namespace sluice::bench {

// Views live in static storage, `path` as long as its caller keeps it.
inline core::Head PredictRequest(core::Arena& arena, std::string_view path) {
  core::Head head(arena);
  head.method = "POST";
  head.scheme = "http";
  head.authority = "content-ranking-svc.ml-serving.svc.cluster.local:8080";
  head.path = path;
  head.headers.AddBorrowed(core::HeaderName::kUserAgent, "bench");
  head.headers.AddBorrowed(core::HeaderName::kAccept, "*/*");
  head.headers.AddBorrowed(core::HeaderName::kContentType, "application/json");
  return head;
}

}  // namespace sluice::bench
