// What the requests of a run look like: drawn one by one, written for HTTP/1.1 or as fields of HTTP/2. Immutable once
// made; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/text_template.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace sluice::bench {

inline constexpr std::uint64_t kNoUnit = std::numeric_limits<std::uint64_t>::max();

struct RequestParts {
  std::string url = {};  // http://HOST[:PORT][/PATH] or https://
  std::string method = "GET";
  std::vector<std::string> headers = {};  // "Name: value"; Host and Content-Length are added when missing
  std::string body = {};
  std::uint64_t body_bytes = 0;  // a body of this many bytes, when `body` is empty
  bool grpc = false;
};

struct RequestDraw {
  std::uint32_t kind = 0;
  std::uint64_t number = 0;
  std::uint64_t unit = kNoUnit;
  std::uint64_t seed = 0;
};

struct FieldView {
  std::string_view name;
  std::string_view value;
};

class RequestMix {
 public:
  static core::Result<RequestMix> FromParts(const RequestParts& parts);

  RequestDraw Draw(std::uint64_t number, core::Random& random) const { return {.number = number, .seed = random.Next()}; }
  void AppendHead(std::string& out, const RequestDraw& draw) const;
  void Fields(const RequestDraw& draw, std::string& arena, std::vector<FieldView>& out) const;
  std::string_view Body(const RequestDraw&) const { return body_; }
  std::chrono::nanoseconds Think(const RequestDraw&, core::Random&) const { return std::chrono::nanoseconds(0); }
  bool IsHead(const RequestDraw&) const { return head_method_; }

  const std::string& host() const { return host_; }
  const std::string& port() const { return port_; }
  bool tls() const { return tls_; }

 private:
  struct FieldTemplate {
    std::string name;
    TextTemplate value;
  };

  std::string host_;
  std::string port_;
  bool tls_ = false;
  bool head_method_ = false;
  TextTemplate head_;
  std::vector<FieldTemplate> fields_;
  std::string body_;
};

}  // namespace sluice::bench
