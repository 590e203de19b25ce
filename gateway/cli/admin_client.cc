#include "gateway/cli/admin_client.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/cli/admin_link.h"

namespace sluice::gateway {
namespace {

using core::ErrorCode;

// The answer of one request, gathered.
class Gatherer final : public StreamEvents {
 public:
  core::Arena& HeadArena() override { return arena_; }
  void OnHead(core::Head head, Flow flow) override {
    if (head.is_informational()) return;
    response.status = head.status;
    response.content_type = head.headers.Find(core::HeaderName::kContentType).value_or("");
    ended = flow == Flow::kEnd;
  }
  void OnBody(core::Slice bytes, Flow flow) override {
    response.body += bytes.view();
    stream->Consumed(bytes.size());
    ended = flow == Flow::kEnd;
  }
  void OnTrailers(core::HeaderMap) override { ended = true; }
  void OnRoom() override {}
  void OnReset(core::ResetReason) override { reset = true; }

  Stream* stream = nullptr;
  AdminResponse response{};
  bool ended = false;
  bool reset = false;

 private:
  core::Arena arena_;
};

void Send(const AdminTarget& target, std::string_view method, std::string_view path, std::string_view body,
          std::string_view content_type, Stream& stream) {
  core::Arena arena;
  core::Head head(arena);
  const std::string authority = target.Authority();
  const std::string authorization = "Bearer " + target.token;
  const std::string agent = ClientName();
  head.method = method;
  head.authority = authority;
  head.path = path;
  head.headers.AddBorrowed("user-agent", agent);
  head.headers.AddBorrowed("accept", "application/json, */*;q=0.5");
  if (!target.token.empty()) head.headers.AddBorrowed("authorization", authorization);
  if (!content_type.empty()) head.headers.AddBorrowed("content-type", content_type);
  if (!body.empty()) head.content_length = body.size();
  stream.SendHead(head, body.empty() ? Flow::kEnd : Flow::kMore);
  if (!body.empty()) stream.SendBody(core::Slice::Copy(body), Flow::kEnd);
}

core::Error WithoutAnswer(const AdminTarget& target) {
  std::string cure = "look at the gateway's log";
  if (!target.secure) cure = "if its admin port speaks TLS, write --server https://" + target.Authority();
  return {ErrorCode::kUnavailable, target.Url() + " ended the connection without a whole answer", std::move(cure)};
}

core::Result<AdminResponse> Converse(const AdminTarget& target, AdminLink& link, Gatherer& answer) {
  while (!answer.ended && !answer.reset) {
    // What the gateway said before it stopped listening is still its answer: a failed write shows in the next read.
    link.Flush();
    const AdminLink::Came came = link.Receive();
    if (came == AdminLink::Came::kTimeout) {
      return core::Fail(ErrorCode::kUnavailable, target.Url() + " did not answer in time",
                        "is it a gateway's admin port? Name it with --server");
    }
    if (came == AdminLink::Came::kRefused) return std::unexpected(link.RefusalOf(target));
    if (came == AdminLink::Came::kEnd) break;
  }
  if (!answer.ended) return std::unexpected(WithoutAnswer(target));
  return std::move(answer.response);
}

// What the gateway says of itself when it does not speak JSON: the first line of it.
std::string FirstLine(std::string_view body) {
  constexpr std::size_t kCited = 200;
  std::string line(body.substr(0, std::min(body.find('\n'), kCited)));
  for (char& c : line) {
    if (c < ' ' || c == '\x7f') c = ' ';
  }
  return line;
}

core::Error Refusal(const AdminTarget& target, const AdminResponse& answer) {
  const std::string status = std::to_string(answer.status);
  if (answer.status == 401 || answer.status == 403) {
    std::string cause = target.token.empty() ? "the gateway at " + target.Url() + " wants its token for this"
                                             : "the gateway at " + target.Url() + " does not know this token";
    return {ErrorCode::kInvalidArgument, std::move(cause),
            "give --state-dir DIR, the gateway's own (the token is DIR/admin-token), or --token-file FILE"};
  }
  if (answer.status == 404) {
    return {ErrorCode::kNotFound, target.Url() + " answered 404: " + FirstLine(answer.body),
            "is it a gateway's admin port, and of this version? Name it with --server"};
  }
  return {ErrorCode::kInternal, target.Url() + " answered " + status + ": " + FirstLine(answer.body), {}};
}

}  // namespace

core::Result<AdminResponse> Ask(const AdminTarget& target, std::string_view method, std::string_view path,
                                std::string_view body, std::string_view content_type, core::Duration timeout) {
  Gatherer answer;  // hears the end of the link
  AdminLink link(timeout);
  if (const core::Status connected = link.Connect(target); !connected) return std::unexpected(connected.error());
  answer.stream = link.Open(answer);
  Send(target, method, path, body, content_type, *answer.stream);
  return Converse(target, link, answer);
}

core::Result<JsonAnswer> AskJson(const AdminTarget& target, std::string_view method, std::string_view path,
                                 const config::Json* body) {
  const std::string text = body == nullptr ? std::string() : body->dump();
  auto answer = Ask(target, method, path, text, body == nullptr ? "" : "application/json");
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 401 || answer->status == 403) return std::unexpected(Refusal(target, *answer));
  JsonAnswer result{.status = answer->status, .body = config::Json::parse(answer->body, nullptr, false)};
  // The pages always say what they make of a request; whoever else answers in JSON is not the admin port.
  const bool ours = result.body.is_object() && (answer->status < 400 || result.body.contains("error"));
  if (ours) return result;
  if (answer->status >= 400) return std::unexpected(Refusal(target, *answer));
  return core::Fail(ErrorCode::kInternal, target.Url() + " answered what is not JSON: " + FirstLine(answer->body),
                    "is it a gateway's admin port? Name it with --server");
}

std::string ClientName() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {};
  const passwd* const entry = ::getpwuid(::geteuid());
  std::string who = entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
  if (host[0] != '\0') who += std::string("@") + host.data();
  // It travels as a comment in a header (RFC 9110 section 5.6.5).
  for (char& c : who) {
    if (c <= ' ' || c >= '\x7f' || c == '(' || c == ')' || c == '\\') c = '_';
  }
  return "sluice/" SLUICE_VERSION " (" + who + ')';
}

}  // namespace sluice::gateway
