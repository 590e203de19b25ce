#include "gateway/canary/prometheus_query.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "config/duration.h"
#include "config/format.h"
#include "core/base/check.h"
#include "core/canary/prometheus_address.h"
#include "core/http/uri_escape.h"

namespace sluice::gateway {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using config::Format;
using core::ErrorCode;
using Tcp = boost::asio::ip::tcp;
using Samples = core::Result<std::vector<PrometheusSample>>;

constexpr std::uint32_t kHeadMax = 16 * 1024;

// Prometheus stops at the same time as we do, and says so while we still listen.
std::string TargetOf(const core::PrometheusAddress& address, std::string_view query, core::Duration timeout) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return Format("{}/api/v1/query?query={}&timeout={}ms", address.prefix, core::EscapeUri(query), milliseconds);
}

}  // namespace

struct PrometheusQuery::Request {
  explicit Request(boost::asio::io_context& context) : resolver(context), socket(context), deadline(context) {}

  using Self = std::shared_ptr<Request>;

  static void Resolve(const Self& self);
  static void Connect(const Self& self, const Tcp::resolver::results_type& found);
  static void Write(const Self& self);
  static void Read(const Self& self);

  void Fail(const error_code& error) {
    Finish(core::Fail(ErrorCode::kUnavailable, Format("{}: {}", address.Authority(), ShortText(error.message(), 200))));
  }
  void Finish(Samples samples) {
    if (over) return;
    Stop();
    done.call(done.self, std::move(samples));
  }
  void Stop() {
    over = true;
    deadline.cancel();
    resolver.cancel();
    error_code ignored;
    socket.close(ignored);
  }
  Samples AnswerOf() const;

  Tcp::resolver resolver;
  Tcp::socket socket;
  boost::asio::steady_timer deadline;
  core::PrometheusAddress address;
  http::request<http::empty_body> request;
  boost::beast::flat_buffer buffer{kAnswerMax};
  http::response_parser<http::string_body> parser;
  Done done;
  bool over = false;
};

// An address needs no looking up, and must not wait behind a name that is being looked up.
void PrometheusQuery::Request::Resolve(const Self& self) {
  error_code no_address;
  const auto literal = boost::asio::ip::make_address(self->address.host, no_address);
  if (!no_address) {
    const Tcp::endpoint endpoint(literal, static_cast<std::uint16_t>(std::stoul(self->address.port)));
    return Connect(self, Tcp::resolver::results_type::create(endpoint, self->address.host, self->address.port));
  }
  self->resolver.async_resolve(self->address.host, self->address.port, Tcp::resolver::numeric_service,
                               [self](const error_code& error, const Tcp::resolver::results_type& found) {
                                 if (self->over) return;
                                 if (error) return self->Fail(error);
                                 Connect(self, found);
                               });
}

void PrometheusQuery::Request::Connect(const Self& self, const Tcp::resolver::results_type& found) {
  boost::asio::async_connect(self->socket, found, [self](const error_code& error, const Tcp::endpoint&) {
    if (self->over) return;
    if (error) return self->Fail(error);
    Write(self);
  });
}

void PrometheusQuery::Request::Write(const Self& self) {
  http::async_write(self->socket, self->request, [self](const error_code& error, std::size_t) {
    if (self->over) return;
    if (error) return self->Fail(error);
    Read(self);
  });
}

void PrometheusQuery::Request::Read(const Self& self) {
  http::async_read(self->socket, self->buffer, self->parser, [self](const error_code& error, std::size_t) {
    if (self->over) return;
    if (error == http::error::body_limit || error == http::error::buffer_overflow) {
      return self->Finish(core::Fail(ErrorCode::kLimitExceeded,
                                     Format("the answer is longer than {} bytes", kAnswerMax),
                                     "aggregate in the query, with sum or max"));
    }
    if (error) return self->Fail(error);
    self->Finish(self->AnswerOf());
  });
}

// Prometheus explains itself in the body, whatever the status.
Samples PrometheusQuery::Request::AnswerOf() const {
  const auto& answer = parser.get();
  Samples samples = ParsePrometheusAnswer(answer.body());
  const bool said = !samples.has_value() && samples.error().code == ErrorCode::kUnavailable;
  if (answer.result() == http::status::ok || said) return samples;
  return core::Fail(ErrorCode::kUnavailable, Format("{}: answered {}", address.Authority(), answer.result_int()),
                    "look whether the address leads to Prometheus' HTTP API");
}

void PrometheusQuery::Start(const std::string& address, const std::string& query, core::Duration timeout, Done done) {
  CHECK(!running());
  request_ = std::make_shared<Request>(context_);
  const auto self = request_;
  self->done = done;
  self->parser.body_limit(kAnswerMax);
  self->parser.header_limit(kHeadMax);
  self->deadline.expires_after(timeout);
  self->deadline.async_wait([self, timeout](const error_code& error) {
    if (error) return;
    self->Finish(core::Fail(ErrorCode::kUnavailable, Format("{}: no answer within {}", self->address.Authority(),
                                                            config::FormatDuration(timeout))));
  });
  auto parsed = core::ParsePrometheusAddress(address);
  if (!parsed.has_value()) {
    boost::asio::post(context_, [self, error = parsed.error()] { self->Finish(std::unexpected(error)); });
    return;
  }
  self->address = std::move(*parsed);
  self->request = {http::verb::get, TargetOf(self->address, query, timeout), 11};
  self->request.set(http::field::host, self->address.Authority());
  self->request.set(http::field::user_agent, "sluice/" SLUICE_VERSION);
  self->request.set(http::field::accept, "application/json");
  self->request.set(http::field::connection, "close");
  Request::Resolve(self);
}

void PrometheusQuery::Cancel() {
  if (request_ != nullptr && !request_->over) request_->Stop();
}

bool PrometheusQuery::running() const { return request_ != nullptr && !request_->over; }

}  // namespace sluice::gateway
