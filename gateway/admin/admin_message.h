// A request to the admin port and its answer, whole: pages and the resource API are functions from one to the other.
// Plain data. Views live as long as the request is being answered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::gateway {

class ObjectWatch;  // gateway/api/watch.h
class TextPage;     // gateway/telemetry/text_page.h

struct AdminRequest {
  std::string_view method;
  std::string_view path;             // without query, as sent
  std::string_view query;            // without '?'
  std::string_view authority;        // Host as sent
  std::string_view origin;           // of a browser's script; empty when absent
  std::string_view authorization{};  // as sent; empty when absent
  std::string_view accept{};
  std::string_view content_type{};
  std::string_view user_agent{};
  std::string_view body{};  // complete; at most kAdminBodyMax
  std::string_view peer{};  // identity of the client's certificate; empty: none

  // The percent-decoded value of a query parameter; empty text when it has none.
  std::optional<std::string> Parameter(std::string_view name) const;
};

inline constexpr std::size_t kAdminBodyMax = 8 * 1024 * 1024;  // more is answered with 413

struct AdminAnswer {
  AdminAnswer() = default;
  AdminAnswer(std::uint16_t code, std::string type, std::string text)
      : status(code), content_type(std::move(type)), body(std::move(text)) {}

  std::uint16_t status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};  // besides those of every answer; names in lower case
  std::shared_ptr<ObjectWatch> watch{};  // the body goes on: what it tells follows `body` until it ends
  std::shared_ptr<TextPage> rest{};      // the same, written when there is room for it
};

}  // namespace sluice::gateway
