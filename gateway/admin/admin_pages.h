// The pages of the admin, health and metrics ports (istio-reference.md section 4.5): a table of plain functions from
// a request and the process's state to an answer. Any thread that AdminContext allows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/admin/admin_context.h"

namespace sluice::gateway {

// Which port a request came in on decides which pages exist.
enum class PageSet : std::uint8_t { kAdmin = 1, kHealth = 2, kMetrics = 4 };

struct AdminRequest {
  std::string_view method;
  std::string_view path;             // without query
  std::string_view query;            // without '?'
  std::string_view authority;        // Host as sent
  std::string_view origin;           // of a browser's script; empty when absent
  std::string_view authorization{};  // as sent; empty when absent

  // The percent-decoded value of a query parameter; empty text when it has none.
  std::optional<std::string> Parameter(std::string_view name) const;
};

struct AdminAnswer {
  std::uint16_t status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  // static storage
  std::string body;
};

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

// The pages that fill files of their own.
AdminAnswer CertsPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer ClustersPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer ConfigDumpPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer StatsPage(const AdminContext& context, const AdminRequest& request);
AdminAnswer IndexPage(const AdminContext& context, const AdminRequest& request);

// The configuration in force; null before the first.
std::shared_ptr<const core::Snapshot> SnapshotOf(const AdminContext& context);

}  // namespace sluice::gateway
