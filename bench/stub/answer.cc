#include "bench/stub/answer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "bench/stub/tally.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kPadOpen = ",\"padding\":\"";
constexpr std::string_view kPadClose = "\"}\n";

void AppendNumber(std::string& out, std::uint64_t number) {
  std::array<char, 20> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end);
}

std::string_view Reason(std::uint16_t status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 409: return "Conflict";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Stub";
  }
}

struct HeadFacts {
  std::uint16_t status = 200;
  std::string_view version = {};  // may be empty
  bool keep_alive = true;
  bool chunked = false;
  std::uint64_t length = 0;
};

void AppendHead(std::string& out, const HeadFacts& facts) {
  out += "HTTP/1.1 ";
  AppendNumber(out, facts.status);
  out += ' ';
  out += Reason(facts.status);
  out += "\r\ncontent-type: application/json\r\n";
  if (!facts.version.empty()) {
    out += "x-model-version: ";
    out += facts.version;
    out += "\r\n";
  }
  if (!facts.keep_alive) out += "connection: close\r\n";
  if (facts.status == 204 || facts.status == 304) {
    out += "\r\n";  // neither has a body, and RFC 9110 section 8.6 forbids a length on 204
    return;
  }
  if (facts.chunked) {
    out += "transfer-encoding: chunked\r\ntrailer: x-stub-trailer\r\n\r\n";
    return;
  }
  out += "content-length: ";
  AppendNumber(out, facts.length);
  out += "\r\n\r\n";
}

void AppendChunk(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  std::array<char, 16> size{};
  const auto [end, error] = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16);
  out.append(size.data(), end);
  out += "\r\n";
  out += piece;
  out += "\r\n";
}

// Three chunks, so that whoever reads it meets a middle one, and a trailer field.
void AppendChunked(std::string& out, std::string_view body) {
  const std::size_t third = body.size() / 3;
  AppendChunk(out, body.substr(0, third));
  AppendChunk(out, body.substr(third, third));
  AppendChunk(out, body.substr(2 * third));
  out += "0\r\nx-stub-trailer: done\r\n\r\n";
}

}  // namespace

void AnswerBook::Rewrite(const Behaviour& behaviour) {
  version_ = behaviour.version;
  usual_bytes_ = behaviour.body_bytes;
  failing_status_ = behaviour.status;
  const auto compose = [&](std::uint16_t status) {
    Reply reply;
    reply.status = status;
    reply.body_bytes = std::min(usual_bytes_, kInlineMax);
    const std::string body = Body(nullptr, reply);
    std::string out;
    AppendHead(out, {.status = status, .version = version_, .length = body.size()});
    if (status != 204 && status != 304) out += body;
    return out;
  };
  usual_ = compose(200);
  failing_ = compose(failing_status_);
}

std::uint64_t AnswerBook::Append(std::string& out, const MessageReader& request, const Reply& reply) const {
  const bool plain = !reply.chunked && !reply.echo && request.keep_alive() && reply.body_bytes == usual_bytes_ &&
                     usual_bytes_ <= kInlineMax && request.method() != "HEAD";
  if (plain && reply.status == 200) {
    out += usual_;
    return 0;
  }
  if (plain && reply.status == failing_status_) {
    out += failing_;
    return 0;
  }
  const AnswerParts parts = Compose(request, reply);
  AppendHead(out, {.status = reply.status,
                   .version = version_,
                   .keep_alive = request.keep_alive(),
                   .chunked = reply.chunked,
                   .length = parts.length});
  if (reply.chunked && !parts.body.empty()) {
    AppendChunked(out, parts.body);
  } else {
    out += parts.body;
  }
  return parts.padding;
}

AnswerParts AnswerBook::Compose(const MessageReader& request, const Reply& reply) const {
  Reply shape = reply;
  if (shape.chunked) shape.body_bytes = std::min(shape.body_bytes, kInlineMax);
  AnswerParts parts;
  parts.padding = shape.body_bytes > kInlineMax ? shape.body_bytes - kInlineMax : 0;
  shape.body_bytes -= parts.padding;
  parts.body = Body(&request, shape);
  parts.length = parts.body.size() + parts.padding;
  if (request.method() == "HEAD" || reply.status == 204 || reply.status == 304) {
    parts.body.clear();
    parts.padding = 0;
  }
  return parts;
}

std::string AnswerBook::Body(const MessageReader* request, const Reply& reply) const {
  std::string body = "{\"model_version\":\"" + version_ + "\",\"prediction\":0.875,\"status\":";
  AppendNumber(body, reply.status);
  if (request != nullptr && reply.echo) {
    body += ",\"received\":" + RequestJson(*request);
  }
  if (body.size() + kPadOpen.size() + kPadClose.size() > reply.body_bytes) return body + "}\n";
  body += kPadOpen;
  body.append(reply.body_bytes - body.size() - kPadClose.size(), 'x');
  body += kPadClose;
  return body;
}

void AppendPage(std::string& out, std::uint16_t status, std::string_view body, bool keep_alive) {
  AppendHead(out, {.status = status, .keep_alive = keep_alive, .length = body.size()});
  out += body;
}

}  // namespace sluice::bench
