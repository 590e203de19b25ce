#include "bench/stub/tally.h"

#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

using nlohmann::json;

json Fields(std::string_view head) {
  json fields = json::array();
  head.remove_prefix(std::min(head.size(), head.find("\r\n") + 2));
  for (auto end = head.find("\r\n"); end != std::string_view::npos && end > 0; end = head.find("\r\n")) {
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    fields.push_back({core::Fold(line.substr(0, colon)), std::string(core::Trim(line.substr(colon + 1)))});
  }
  return fields;
}

// Bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string Dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

void Tally::Count(const MessageReader& request, const Reply& reply) {
  ++requests_;
  body_bytes_ += request.body_bytes();
  last_body_bytes_ = request.body_bytes();
  last_head_.assign(request.head());
  if (request.Field("x-sluice-mirror")) ++mirrored_;
  if (reply.fails) ++failed_;
  if (!reply.fails || reply.failure == Failure::kStatus) ++by_status_[reply.status];
  const std::string_view path = request.target().substr(0, request.target().find('?'));
  if (const auto known = by_path_.find(path); known != by_path_.end()) {
    ++known->second;
  } else {
    ++by_path_[by_path_.size() < kPathsMax ? std::string(path) : std::string("(other)")];
  }
}

void Tally::Clear() {
  const std::uint64_t open = open_;
  *this = Tally();
  open_ = open;
}

std::string Tally::Json(std::string_view version) const {
  json paths = json::object();
  for (const auto& [path, count] : by_path_) paths[path] = count;
  json statuses = json::object();
  for (const auto& [status, count] : by_status_) statuses[std::to_string(status)] = count;
  const std::string_view line = std::string_view(last_head_).substr(0, last_head_.find("\r\n"));
  return Dump({{"version", version},
               {"requests", requests_},
               {"failed", failed_},
               {"mirrored", mirrored_},
               {"body_bytes", body_bytes_},
               {"connections", connections_},
               {"open_connections", open_},
               {"faults", faults_},
               {"by_path", std::move(paths)},
               {"by_status", std::move(statuses)},
               {"last", {{"request", line}, {"headers", Fields(last_head_)}, {"body_bytes", last_body_bytes_}}}});
}

std::string RequestJson(const MessageReader& request) {
  return Dump({{"method", request.method()},
               {"path", request.target()},
               {"headers", Fields(request.head())},
               {"body_bytes", request.body_bytes()}});
}

}  // namespace sluice::bench
