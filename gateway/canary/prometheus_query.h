// An instant query of Prometheus' HTTP API (GET /api/v1/query), asynchronous, on the control thread. One query at a time;
// the whole of it, name resolution included, ends within its time-out. Bounded: an answer of more than kAnswerMax bytes, of
// more than kPrometheusSamplesMax samples, or that is no such answer, is an error.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "gateway/canary/prometheus_answer.h"

namespace sluice::gateway {

class PrometheusQuery {
 public:
  static constexpr std::size_t kAnswerMax = 1 << 20;

  struct Done {
    void (*call)(void* self, core::Result<std::vector<PrometheusSample>> samples) = nullptr;
    void* self = nullptr;
  };

  explicit PrometheusQuery(boost::asio::io_context& context) : context_(context) {}
  // NOLINTNEXTLINE(bugprone-exception-escape): what Asio's cancel could throw is an error that it never sets
  ~PrometheusQuery() { Cancel(); }
  PrometheusQuery(const PrometheusQuery&) = delete;
  PrometheusQuery& operator=(const PrometheusQuery&) = delete;

  // `address` as in core::PrometheusGate. Calls `done` exactly once, never from within Start.
  void Start(const std::string& address, const std::string& query, core::Duration timeout, Done done);
  // Ends a query that is under way; its Done is not called.
  void Cancel();
  bool running() const;

 private:
  struct Request;
  boost::asio::io_context& context_;
  // Shared with its pending operations: one that cannot be called back, as looking up a name, outlives its query.
  std::shared_ptr<Request> request_;
};

}  // namespace sluice::gateway
