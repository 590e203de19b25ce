#include "gateway/proxy/local_reply.h"

#include <string>

#include "core/http/grpc_status.h"
#include "gateway/proxy/decimal_text.h"

namespace sluice::gateway {
namespace {

// Everything that lands here is ours (flags, causes) or a validated request id, but the answer must be JSON whatever
// happens, so it is escaped like foreign text.
void AppendJsonString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

core::Slice ProblemBody(const LocalReply& reply) {
  std::string body = "{\"type\":\"about:blank\",\"title\":";
  AppendJsonString(body, ReasonPhrase(reply.status));
  body += ",\"status\":" + std::to_string(reply.status);
  body += ",\"flags\":";
  AppendJsonString(body, reply.flags);
  body += ",\"requestId\":";
  AppendJsonString(body, reply.request_id);
  body += ",\"detail\":";
  AppendJsonString(body, reply.cause);
  body += "}\n";
  return core::Slice::Copy(body);
}

void FillGrpc(const LocalReply& reply, LocalAnswer& answer, core::Arena& arena) {
  const std::uint32_t code =
      reply.grpc_status >= 0 ? static_cast<std::uint32_t>(reply.grpc_status) : core::GrpcStatusFromHttp(reply.status);
  answer.head.status = 200;
  answer.head.headers.AddBorrowed(core::HeaderName::kContentType, "application/grpc");
  answer.head.headers.AddBorrowed(core::HeaderName::kGrpcStatus, DecimalText(code, arena));
  if (!reply.cause.empty()) {
    answer.head.headers.AddBorrowed(core::HeaderName::kGrpcMessage, core::EncodeGrpcMessage(reply.cause, arena));
  }
}

}  // namespace

LocalAnswer MakeLocalAnswer(const LocalReply& reply, core::Arena& arena) {
  LocalAnswer answer(arena);
  answer.head.status = reply.status;
  answer.head.content_length = 0;
  core::HeaderMap& headers = answer.head.headers;
  if (reply.grpc) {
    FillGrpc(reply, answer, arena);
  } else if (reply.plain) {
    answer.body = core::Slice::Copy(reply.cause);
    if (!answer.body.empty()) headers.AddBorrowed(core::HeaderName::kContentType, "text/plain");
  } else if (reply.location.empty() && reply.status >= 400) {
    answer.body = ProblemBody(reply);
    headers.AddBorrowed(core::HeaderName::kContentType, "application/problem+json");
  }
  if (!reply.location.empty()) headers.AddBorrowed(core::HeaderName::kLocation, arena.Copy(reply.location));
  if (reply.overloaded) headers.AddBorrowed(core::HeaderName::kXEnvoyOverloaded, "true");
  answer.head.content_length = answer.body.size();
  return answer;
}

std::string_view ReasonPhrase(std::uint16_t status) {
  switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return status >= 500 ? "Server Error" : status >= 400 ? "Client Error" : "";
  }
}

}  // namespace sluice::gateway
