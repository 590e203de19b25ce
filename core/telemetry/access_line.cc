#include "core/telemetry/access_line.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "core/base/check.h"
#include "core/telemetry/log_escape.h"
#include "core/telemetry/utc_text.h"

namespace sluice::core {
namespace {

// What the line says, gathered from record, plan and snapshot. Empty text means missing.
struct Facts {
  explicit Facts(const Record& record);

  std::string_view method, protocol, authority, user_agent;
  std::string_view route_name, virtual_service, rule_name, experiment, arm, revision, subset, cluster, upstream_host;
  std::string_view flags;
  std::optional<std::uint64_t> rule_index, bucket, service_time_ms;
  std::uint64_t duration_ms = 0;
  std::string_view draw;  // decimal text: readers that take numbers for doubles would round it
  char draw_text[20];
  char start_time_text[32];
  std::string_view start_time;
  char flags_text[96];
};

std::uint64_t WholeMilliseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(0, duration / Milliseconds(1)));
}

Facts::Facts(const Record& record) {
  start_time = UtcText(record.start_unix_us, start_time_text);
  flags = record.flags.Text(flags_text);
  duration_ms = WholeMilliseconds(record.duration);
  if (record.upstream_service_time.count() >= 0) service_time_ms = WholeMilliseconds(record.upstream_service_time);
  if (record.request != nullptr) {
    method = record.request->method;
    protocol = record.request->protocol;
    authority = record.request->authority;
    user_agent = record.request->headers.Find(HeaderName::kUserAgent).value_or("");
  }
  if (record.snapshot != nullptr) revision = record.snapshot->revision;
  if (record.cluster != nullptr) {
    cluster = record.cluster->name;
    subset = record.cluster->subset;
  }
  if (record.endpoint != nullptr) upstream_host = record.endpoint->host_port;
  if (record.plan == nullptr) return;
  if (const Route* route = record.plan->route) {
    route_name = route->name;
    virtual_service = route->virtual_service;
    if (!virtual_service.empty()) rule_index = route->rule_index;
    char* const end = std::to_chars(draw_text, draw_text + sizeof draw_text, record.plan->draw).ptr;
    draw = {draw_text, static_cast<std::size_t>(end - draw_text)};
  }
  if (record.plan->match != nullptr) rule_name = record.plan->match->name;
  if (record.plan->experiment != nullptr) {
    experiment = record.plan->experiment->name;
    bucket = record.plan->bucket;
    arm = ArmName(*record.plan);
  }
}

// Appends to a buffer that the caller made large enough for every field at its limit.
class LineWriter {
 public:
  explicit LineWriter(char* out) : begin_(out), at_(out) {}

  void Raw(std::string_view text) { at_ = std::ranges::copy(text, at_).out; }
  void Escaped(std::string_view text, LogEscape mode) { at_ = EscapeForLog(text, mode, at_, kLogFieldMax); }
  void Number(std::uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

  // JSON members; `name` is ours and needs no escape. Missing text is null.
  void Member(std::string_view name, std::string_view text) {
    Name(name);
    if (text.empty()) return Raw("null");
    Raw("\"");
    Escaped(text, LogEscape::kJson);
    Raw("\"");
  }
  void Member(std::string_view name, std::optional<std::uint64_t> number) {
    Name(name);
    number ? Number(*number) : Raw("null");
  }

  // Words of the text format; missing is "-".
  void Word(std::string_view text) {
    Raw(" ");
    text.empty() ? Raw("-") : Escaped(text, LogEscape::kUnquoted);
  }
  void Quoted(std::string_view text) {
    Raw(" \"");
    text.empty() ? Raw("-") : Escaped(text, LogEscape::kQuoted);
    Raw("\"");
  }
  void NumberWord(std::optional<std::uint64_t> number) {
    Raw(" ");
    number ? Number(*number) : Raw("-");
  }

 private:
  void Name(std::string_view name) {
    Raw(size() == 0 ? "{\"" : ",\"");
    Raw(name);
    Raw("\":");
  }

  char* begin_;
  char* at_;
};

void WriteJson(const Record& record, const Facts& facts, LineWriter& line) {
  line.Member("start_time", facts.start_time);
  line.Member("route_name", facts.route_name);
  line.Member("method", facts.method);
  line.Member("path", record.original_path);
  line.Member("protocol", facts.protocol);
  line.Member("response_code", std::uint64_t{record.response_code});
  line.Member("response_flags", facts.flags);
  line.Member("response_code_details", record.details);
  line.Member("connection_termination_details", std::string_view());
  line.Member("bytes_received", record.request_body_bytes);
  line.Member("bytes_sent", record.response_body_bytes);
  line.Member("duration", facts.duration_ms);
  line.Member("upstream_service_time", facts.service_time_ms);
  line.Member("x_forwarded_for", record.x_forwarded_for);
  line.Member("user_agent", facts.user_agent);
  line.Member("request_id", record.request_id);
  line.Member("authority", facts.authority);
  line.Member("upstream_host", facts.upstream_host);
  line.Member("upstream_cluster", facts.cluster);
  line.Member("upstream_local_address", record.upstream_local_address);
  line.Member("downstream_local_address", record.downstream_local_address);
  line.Member("downstream_remote_address", record.downstream_remote_address);
  line.Member("requested_server_name", record.requested_server_name);
  line.Member("upstream_transport_failure_reason", record.transport_failure);
  line.Member("source_principal", record.downstream.peer);
  line.Member("destination_principal", record.upstream.peer);
  // Ours: which rule decided, what it chose, and how many tries that took.
  line.Member("virtual_service", facts.virtual_service);
  line.Member("rule_index", facts.rule_index);
  line.Member("rule_match", facts.rule_name);
  line.Member("subset", facts.subset);
  line.Member("experiment", facts.experiment);
  line.Member("arm", facts.arm);
  line.Member("bucket", facts.bucket);
  line.Member("split_draw", facts.draw);
  line.Member("attempt_count", std::uint64_t{record.attempts});
  line.Member("mirrors", std::uint64_t{record.mirrors});
  line.Member("grpc_status",
              record.grpc_status < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(record.grpc_status)));
  line.Member("revision", facts.revision);
  line.Raw("}\n");
}

void WriteText(const Record& record, const Facts& facts, LineWriter& line) {
  const auto part = [&line](std::string_view text) {
    text.empty() ? line.Raw("-") : line.Escaped(text, LogEscape::kUnquoted);
  };
  line.Raw("[");
  line.Raw(facts.start_time);
  line.Raw("] \"");
  part(facts.method);
  line.Raw(" ");
  part(record.original_path);
  line.Raw(" ");
  part(facts.protocol);
  line.Raw("\"");
  line.NumberWord(record.response_code);
  line.Word(facts.flags);
  line.Word(record.details);
  line.Word({});  // connection termination details
  line.Quoted(record.transport_failure);
  line.NumberWord(record.request_body_bytes);
  line.NumberWord(record.response_body_bytes);
  line.NumberWord(facts.duration_ms);
  line.NumberWord(facts.service_time_ms);
  line.Quoted(record.x_forwarded_for);
  line.Quoted(facts.user_agent);
  line.Quoted(record.request_id);
  line.Quoted(facts.authority);
  line.Quoted(facts.upstream_host);
  line.Word(facts.cluster);
  line.Word(record.upstream_local_address);
  line.Word(record.downstream_local_address);
  line.Word(record.downstream_remote_address);
  line.Word(record.requested_server_name);
  line.Word(facts.route_name);
  line.Raw("\n");
}

}  // namespace

std::size_t WriteAccessLine(const Record& record, Settings::AccessLog::Format format, std::span<char> out) {
  CHECK(out.size() >= kAccessLineMax);
  const Facts facts(record);
  LineWriter line(out.data());
  format == Settings::AccessLog::Format::kJson ? WriteJson(record, facts, line) : WriteText(record, facts, line);
  return line.size();
}

}  // namespace sluice::core
