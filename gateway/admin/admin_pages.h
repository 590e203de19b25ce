// The pages of the admin, health and metrics ports (istio-reference.md section 4.5): a table of plain functions from
// a request and the process's state to an answer. Any thread that AdminContext allows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/admin/admin_context.h"
#include "gateway/admin/admin_message.h"

namespace sluice::gateway {

// Which port a request came in on decides which pages exist.
enum class PageSet : std::uint8_t { kAdmin = 1, kHealth = 2, kMetrics = 4 };

struct AdminPage {
  std::string_view path;
  bool mutates;       // POST only; a GET is answered with 400, as Envoy does
  std::uint8_t sets;  // of PageSet
  std::string_view help;
  AdminAnswer (*answer)(const AdminContext& context, const AdminRequest& request);
};

// Sorted by path.
std::span<const AdminPage> AdminPages();

// Finds the page and checks method, Host (names that are not ours point to DNS rebinding, reliability.md D7) and
// Origin, and that the guard allows it. Unknown paths answer 404 with the list.
AdminAnswer AnswerAdmin(const AdminContext& context, PageSet set, const AdminRequest& request);

// Whether a request with this head may carry a body, and how long: 0 where no page reads one.
std::size_t AdminBodyLimit(const AdminContext& context, PageSet set, const AdminRequest& request);

// The pages that fill files of their own.
AdminAnswer CertsPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer ClustersPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer ConfigDumpPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer StatsPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer MetricsPage(const AdminContext& context);  // for Prometheus; /stats/prometheus and /metrics
AdminAnswer ExplainPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer IndexPage(const AdminContext& context, const AdminRequest& request);

// The resource API and what the verbs ask for (gateway/api): paths that have no page in the table.
bool IsResourcePath(std::string_view path);
AdminAnswer AnswerResources(const AdminContext& context, const AdminRequest& request);

// The configuration in force; null before the first.
std::shared_ptr<const core::Snapshot> SnapshotOf(const AdminContext& context);

}  // namespace sluice::gateway
