// What the requests of a run look like: drawn one by one, written for HTTP/1.1 or as fields of HTTP/2. Immutable once
// made; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/request_kind.h"
#include "bench/loadgen/zipf.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace sluice::bench {

inline constexpr std::uint64_t kNoUnit = std::numeric_limits<std::uint64_t>::max();

// The requests as the command line tells them.
struct RequestParts {
  std::string url = {};
  std::string method = "GET";
  std::vector<std::string> headers = {};  // "Name: value"; Host and Content-Length are added when missing
  std::string body = {};
  std::uint64_t body_bytes = 0;  // a body of this many bytes, when `body` is empty
  bool grpc = false;
  std::string unit = {};  // name of the header whose {random:N} is the user that is asked for
};

// The users on whose behalf requests are sent, numbered from 0.
struct UserSpec {
  static constexpr std::uint64_t kCountMax = 1'000'000'000;

  std::uint64_t count = 0;
  double exponent = 0;  // of Zipf's law; 0: all ask alike
  std::string header = {};
  std::string format = "u{user}";
};

// One request as it was drawn: what differs from the others.
struct RequestDraw {
  std::uint32_t kind = 0;        // which entry of the mix
  std::uint64_t number = 0;      // from 0, over the whole run
  std::uint64_t unit = kNoUnit;  // the user it is asked for, from 0; kNoUnit when the mix has no users
  std::uint64_t seed = 0;        // of {random:N} places and of the size of its body
};

class RequestMix {
 public:
  static constexpr std::size_t kKindsMax = 64;

  // The command line: one entry.
  static core::Result<RequestMix> FromParts(const RequestParts& parts);
  // A mix file; `defaults` tells where requests go and what an entry leaves out.
  static core::Result<RequestMix> Load(const std::string& path, const RequestParts& defaults);
  static core::Result<RequestMix> FromKinds(std::vector<RequestKind> kinds, std::optional<UserSpec> users,
                                            Target target);

  RequestDraw Draw(std::uint64_t number, core::Random& random) const;
  // HTTP/1.1: start line, fields, empty line; the body is apart.
  void AppendHead(std::string& out, const RequestDraw& draw) const;
  // HTTP/2: pseudo-fields first, names in lower case. Views point into `arena`, which is cleared first, or the mix.
  void Fields(const RequestDraw& draw, std::string& arena, std::vector<FieldView>& out) const;
  // gRPC: framed already. Points into the mix.
  std::string_view Body(const RequestDraw& draw) const;
  // Closed loop: the pause before the connection's next request.
  std::chrono::nanoseconds Think(const RequestDraw& draw, core::Random& random) const;
  bool IsHead(const RequestDraw& draw) const { return kinds_[draw.kind].is_head(); }  // no body in the answer

  // Where to connect.
  const std::string& host() const { return target_.host; }
  const std::string& port() const { return target_.port; }
  bool tls() const { return target_.tls; }
  std::vector<std::string> KindNames() const;
  std::uint64_t units() const { return users_ ? users_->count : 0; }

 private:
  std::uint64_t BodyBytes(const RequestDraw& draw) const;

  Target target_;
  std::vector<RequestKind> kinds_;
  std::vector<std::uint64_t> weights_;  // summed up
  std::optional<UserSpec> users_;
  std::optional<Zipf> zipf_;
  std::string filler_;  // bodies whose size varies are the beginning of it
  bool seeded_ = false;
};

}  // namespace sluice::bench
