#include "gateway/admin/admin_pages.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

constexpr const char* kJsonType = "application/json";

ServerFacts FactsOf(const AdminContext& context) {
  return context.server != nullptr ? context.server(context.self) : ServerFacts{};
}

// Envoy's names.
std::string_view StateOf(const ServerFacts& facts) {
  if (!facts.started) return "PRE_INITIALIZING";
  return facts.draining || facts.health_failed ? "DRAINING" : "LIVE";
}

AdminAnswer Plain(std::uint16_t status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body)};
}

AdminAnswer Ready(const AdminContext& context, const AdminRequest&) {
  const ServerFacts facts = FactsOf(context);
  const std::string_view state = StateOf(facts);
  if (state != "LIVE") return Plain(503, std::string(state) + "\n");
  // A log that cannot be written costs lines, not requests: degraded, not down.
  return Plain(200, facts.log_healthy ? "LIVE\n" : "LIVE\ndegraded: the access log is not writable\n");
}

AdminAnswer Live(const AdminContext&, const AdminRequest&) { return Plain(200, "LIVE\n"); }

AdminAnswer Prometheus(const AdminContext& context, const AdminRequest&) { return MetricsPage(context); }

AdminAnswer ServerInfo(const AdminContext& context, const AdminRequest&) {
  const ServerFacts facts = FactsOf(context);
  const std::string uptime = std::to_string(static_cast<std::uint64_t>(facts.uptime_seconds)) + "s";
  nlohmann::ordered_json info = {{"version", SLUICE_VERSION},      {"state", StateOf(facts)},
                                 {"uptime_current_epoch", uptime}, {"uptime_all_epochs", uptime},
                                 {"concurrency", facts.workers},   {"command_line", facts.command_line}};
  if (const auto snapshot = SnapshotOf(context)) {
    info["generation"] = snapshot->generation;
    info["revision"] = snapshot->revision;
  }
  return {200, kJsonType, info.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

AdminAnswer Listeners(const AdminContext& context, const AdminRequest& request) {
  const ServerFacts facts = FactsOf(context);
  if (request.Parameter("format") == "json") {
    nlohmann::ordered_json statuses = nlohmann::ordered_json::array();
    for (const ListenerFacts& listener : facts.listeners) {
      statuses.push_back({{"name", listener.name}, {"local_address", listener.address}});
    }
    return {200, kJsonType, nlohmann::ordered_json{{"listener_statuses", statuses}}.dump(2) + "\n"};
  }
  std::string text;
  for (const ListenerFacts& listener : facts.listeners) text += listener.name + "::" + listener.address + "\n";
  return Plain(200, std::move(text));
}

AdminAnswer Failed(const core::Error& error) { return Plain(400, error.Text() + "\n"); }

// "a:debug,b:info" as Envoy's ?paths=.
core::Status SetPaths(std::string_view paths) {
  while (const auto item = core::NextToken(paths)) {
    const std::size_t colon = item->find(':');
    if (colon == std::string_view::npos) {
      return core::Fail(core::ErrorCode::kInvalidArgument, "'" + std::string(*item) + "' has no level",
                        "write paths=name:level,name:level");
    }
    const core::Status set = SetLogLevel(item->substr(0, colon), item->substr(colon + 1));
    if (!set) return set;
  }
  return {};
}

AdminAnswer Logging(const AdminContext&, const AdminRequest& request) {
  core::Status set;
  if (const auto level = request.Parameter("level")) {
    set = SetLogLevel("", *level);
  } else if (const auto paths = request.Parameter("paths")) {
    set = SetPaths(*paths);
  } else if (!request.query.empty()) {
    const std::string name(request.query.substr(0, request.query.find('=')));
    set = SetLogLevel(name, request.Parameter(name).value_or(""));
  }
  if (!set) return Failed(set.error());
  std::string text = "active loggers:\n";
  for (const auto& [name, level] : LogLevels()) text += "  " + name + ": " + level + "\n";
  return Plain(200, std::move(text));
}

AdminAnswer Drain(const AdminContext& context, const AdminRequest& request) {
  if (context.actions.drain == nullptr) return Plain(503, "this process cannot drain\n");
  context.actions.drain(context.actions.self, request.Parameter("graceful").has_value());
  return Plain(200, "OK\n");
}

AdminAnswer SetHealth(const AdminContext& context, bool ok) {
  if (context.actions.set_health == nullptr) return Plain(503, "this process has no health switch\n");
  context.actions.set_health(context.actions.self, ok);
  return Plain(200, "OK\n");
}

AdminAnswer Help(const AdminContext&, const AdminRequest&) {
  std::string text = "admin commands are:\n";
  for (const AdminPage& page : AdminPages()) {
    text += "  " + std::string(page.path) + (page.mutates ? " (POST)" : "") + ": " + std::string(page.help) + "\n";
  }
  return Plain(200, std::move(text));
}

constexpr std::uint8_t kAdmin = static_cast<std::uint8_t>(PageSet::kAdmin);
constexpr std::uint8_t kHealth = static_cast<std::uint8_t>(PageSet::kHealth);
constexpr std::uint8_t kMetrics = static_cast<std::uint8_t>(PageSet::kMetrics);

constexpr AdminPage kPages[] = {
    {"/", false, kAdmin, "this overview", &IndexPage},
    {"/certs", false, kAdmin, "our own certificates and their files, as JSON", &CertsPage},
    {"/clusters", false, kAdmin, "clusters and their endpoints; ?format=json", &ClustersPage},
    {"/config_dump", false, kAdmin, "the configuration in force as JSON, and the last one refused", &ConfigDumpPage},
    {"/drain", true, kAdmin, "the same as /drain_listeners", &Drain},
    {"/drain_listeners", true, kAdmin, "stop accepting; ?graceful discourages clients first", &Drain},
    {"/healthcheck/fail", true, kAdmin, "make the health pages fail",
     [](const AdminContext& context, const AdminRequest&) { return SetHealth(context, false); }},
    {"/healthcheck/ok", true, kAdmin, "make the health pages pass again",
     [](const AdminContext& context, const AdminRequest&) { return SetHealth(context, true); }},
    {"/healthz/live", false, kAdmin | kHealth, "200 while the process runs", &Live},
    {"/healthz/ready", false, kAdmin | kHealth, "200 when requests are welcome, else 503", &Ready},
    {"/help", false, kAdmin, "this list", &Help},
    {"/listeners", false, kAdmin, "listeners and their addresses; ?format=json", &Listeners},
    {"/logging", true, kAdmin, "log levels; ?level=L, ?LOGGER=L or ?paths=a:L,b:L", &Logging},
    {"/metrics", false, kAdmin | kMetrics, "metrics for Prometheus", &Prometheus},
    {"/ready", false, kAdmin | kHealth, "LIVE, or 503 and the state", &Ready},
    {"/server_info", false, kAdmin, "version, state and uptime as JSON", &ServerInfo},
    {"/stats", false, kAdmin, "metrics as text; ?filter=REGEX, ?usedonly, ?format=json", &StatsPage},
    {"/stats/prometheus", false, kAdmin | kMetrics, "metrics for Prometheus", &Prometheus},
};

// Without port and brackets; lower case is not needed for what it is compared with.
std::string_view HostOnly(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

// localhost or an IP literal: a name that somebody else's DNS answers for is neither.
bool TrustedHost(std::string_view authority) {
  if (authority.empty()) return true;
  const std::string_view host = HostOnly(authority);
  if (core::EqualsIgnoreCase(host, "localhost")) return true;
  if (authority.starts_with('[')) {
    return host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos && !host.empty();
  }
  // Three dots and four numbers: a name cannot end in a number (RFC 3696 section 2).
  return std::ranges::count(host, '.') == 3 && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

int HexDigit(char c) {
  const char folded = core::FoldChar(c);
  if (folded >= '0' && folded <= '9') return folded - '0';
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

// A script of another site may send here without being able to read the answer.
bool OfAnotherSite(const AdminRequest& request) {
  const std::size_t scheme = request.origin.find("://");
  return !request.origin.empty() &&
         (scheme == std::string_view::npos || request.origin.substr(scheme + 3) != request.authority);
}

AdminAnswer UnknownPath(const AdminContext& context, PageSet set, const AdminRequest& request) {
  if (set == PageSet::kAdmin) {
    AdminAnswer answer = Help(context, request);
    answer.status = 404;
    answer.body.insert(0, "no such page; ");
    return answer;
  }
  return Plain(404, "no such page\n");
}

}  // namespace

std::shared_ptr<const core::Snapshot> SnapshotOf(const AdminContext& context) {
  return context.snapshot != nullptr ? context.snapshot(context.self) : nullptr;
}

std::optional<std::string> AdminRequest::Parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (PercentDecode(pair.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : PercentDecode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::span<const AdminPage> AdminPages() { return kPages; }

AdminAnswer AnswerAdmin(const AdminContext& context, PageSet set, const AdminRequest& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (set == PageSet::kAdmin) {
    // The resource API asks for the token itself, in words that kubectl understands.
    const bool asks_itself = context.guard.loopback && IsResourcePath(request.path);
    if (!context.guard.Allows(request.authorization, reads || asks_itself)) {
      return Plain(401, "this port wants a token\n");
    }
    // Whoever has shown more than that he reaches the port is not a page of another site.
    if (!context.guard.Trusts(request.authorization) && !TrustedHost(request.authority)) {
      return Plain(403, "Host must be localhost or an IP address\n");
    }
    if (IsResourcePath(request.path)) {
      if (!reads && OfAnotherSite(request)) return Plain(403, "Origin is another site\n");
      return AnswerResources(context, request);
    }
  }
  const auto* page = std::ranges::find_if(kPages, [&](const AdminPage& candidate) {
    return candidate.path == request.path && (candidate.sets & static_cast<std::uint8_t>(set)) != 0;
  });
  if (page == std::end(kPages)) return UnknownPath(context, set, request);

  if (page->mutates) {
    if (reads) return Plain(400, "this page changes state and wants POST\n");
    if (request.method != "POST") return Plain(405, "this page wants POST\n");
    if (OfAnotherSite(request)) return Plain(403, "Origin is another site\n");
  } else if (!reads) {
    return Plain(405, "this page wants GET\n");
  }
  return page->answer(context, request);
}

}  // namespace sluice::gateway
