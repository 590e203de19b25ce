// One entry of a mix: how it is described, and its form that is written to a connection. Immutable once compiled; any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/text_template.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace sluice::bench {

// Where requests go.
struct Target {
  bool tls = false;
  std::string host = {};
  std::string port = {};
  std::string authority = {};
  std::string path = "/";
};

// http://HOST[:PORT][/PATH] or https://.
core::Result<Target> ParseTarget(std::string_view url);

// How many bytes a body has.
struct BodySize {
  enum class Law : std::uint8_t { kFixed, kUniform, kLogNormal };

  static constexpr std::uint64_t kMax = 64ULL << 20;

  Law law = Law::kFixed;
  std::uint64_t min = 0;  // kFixed: min == max
  std::uint64_t max = 0;
  double median = 0;  // kLogNormal
  double sigma = 0;

  std::uint64_t Draw(core::Random& random) const;
};

// How long a connection of a closed loop pauses before its next request.
struct ThinkTime {
  std::chrono::nanoseconds mean{0};
  bool exponential = false;

  std::chrono::nanoseconds Draw(core::Random& random) const;
};

struct KindSpec {
  std::string name = "request";
  std::uint32_t weight = 1;
  std::string method = "GET";
  std::string path = {};
  std::vector<std::string> headers = {};       // "Name: value"; Host and Content-Length are added when missing
  std::vector<std::string> user_headers = {};  // the same, in which {user} is a place
  bool user_places = false;                    // in path and headers, too
  std::string body = {};
  BodySize body_size = {};  // of a body of x, when `body` is empty
  ThinkTime think = {};
  bool grpc = false;
};

struct FieldView {
  std::string_view name;
  std::string_view value;
};

class RequestKind {
 public:
  // kInvalidArgument says what cannot be sent.
  static core::Result<RequestKind> Compile(const KindSpec& spec, const Target& target);

  const std::string& name() const { return name_; }
  std::uint32_t weight() const { return weight_; }
  bool is_head() const { return is_head_; }
  bool varies() const { return varies_; }  // a draw of its own decides what it looks like
  const BodySize& body_size() const { return body_size_; }
  const std::string& body() const { return body_; }  // empty when the size varies
  bool body_varies() const { return body_size_.law != BodySize::Law::kFixed; }
  const ThinkTime& think() const { return think_; }

  // `body_bytes` is used when the size varies.
  void AppendHead(std::string& out, const TextTemplate::Values& values, std::uint64_t seed,
                  std::uint64_t body_bytes) const;
  void Fields(std::string& arena, std::vector<FieldView>& out, const TextTemplate::Values& values, std::uint64_t seed,
              std::uint64_t body_bytes) const;

 private:
  struct FieldTemplate {
    std::string name;
    TextTemplate value;
  };

  core::Status AddPath(const KindSpec& spec, const std::string& method, const Target& target);
  core::Status AddHeader(const std::string& line, bool users);
  core::Status AddField(std::string name, std::string_view value, bool users);

  std::string name_;
  std::uint32_t weight_ = 1;
  bool is_head_ = false;
  bool grpc_ = false;
  bool varies_ = false;
  bool has_length_ = false;
  TextTemplate head_;  // without the empty line
  std::vector<FieldTemplate> fields_;
  std::size_t arena_bytes_ = 0;
  std::string body_;
  BodySize body_size_;
  ThinkTime think_;
};

}  // namespace sluice::bench
