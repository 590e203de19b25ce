// A record whose texts are any bytes: one record is one line, the line is JSON that says what was recorded, and in the
// text format nothing can end a field early.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/utf8.h"
#include "core/base/check.h"
#include "core/telemetry/access_line.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::core {
namespace {

using Format = Settings::AccessLog::Format;

std::string Line(const Record& record, Format format) {
  std::string out(kAccessLineMax, '\0');
  out.resize(WriteAccessLine(record, format, out));
  CHECK(out.ends_with('\n') && std::ranges::count(out, '\n') == 1);
  const std::string_view text(out.data(), out.size() - 1);
  CHECK(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  CHECK(!config::FindInvalidUtf8(text));
  return out;
}

void CheckMember(const nlohmann::json& line, const char* name, std::string_view written) {
  const nlohmann::json& member = line.at(name);
  if (written.empty()) {
    CHECK(member.is_null());
  } else if (written.size() < kLogFieldMax / 6 && !config::FindInvalidUtf8(written)) {
    CHECK(member.get<std::string>() == written);  // short enough not to be cut, and all of it can be told
  } else {
    CHECK(member.is_string());
  }
}

FUZZ_TARGET(access_line_fuzz) {
  fuzz::Parts parts(input);
  Arena arena;
  Head head(arena);
  Route route;
  Plan plan;
  plan.route = &route;
  Record record;
  record.plan = &plan;
  record.request = &head;
  head.method = parts.Next();
  head.authority = parts.Next();
  head.headers.AddBorrowed(HeaderName::kUserAgent, parts.Next());
  record.original_path = parts.Next();
  record.request_id = parts.Next();
  record.x_forwarded_for = parts.Next();
  record.details = parts.Next();
  record.transport_failure = parts.Next();
  record.requested_server_name = parts.Next();
  route.name = parts.Next();
  const std::uint64_t number = fuzz::SeedOf(input);
  record.start_unix_us = static_cast<std::int64_t>(number >> 12);
  record.duration = Duration(static_cast<std::int64_t>(number));
  record.request_body_bytes = record.response_body_bytes = number;
  record.response_code = static_cast<std::uint16_t>(number);
  record.grpc_status = static_cast<std::int32_t>(number);
  record.attempts = static_cast<std::uint32_t>(number);

  const nlohmann::json line = nlohmann::json::parse(Line(record, Format::kJson), nullptr, false);
  CHECK(line.is_object());
  CheckMember(line, "method", head.method);
  CheckMember(line, "authority", head.authority);
  CheckMember(line, "user_agent", *head.headers.Find(HeaderName::kUserAgent));
  CheckMember(line, "path", record.original_path);
  CheckMember(line, "request_id", record.request_id);
  CheckMember(line, "x_forwarded_for", record.x_forwarded_for);
  CheckMember(line, "response_code_details", record.details);
  CheckMember(line, "upstream_transport_failure_reason", record.transport_failure);
  CheckMember(line, "requested_server_name", record.requested_server_name);
  CheckMember(line, "route_name", route.name);
  CHECK(line.at("bytes_sent") == number);

  // Seven quoted fields, however many quotes and blanks their texts hold.
  const std::string text = Line(record, Format::kText);
  CHECK(std::ranges::count(text, '"') == 14);
}

}  // namespace
}  // namespace sluice::core
