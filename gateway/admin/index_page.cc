// /: a plain overview for a browser. Every name that came from outside is escaped (CVE-2026-73546 was an admin page
// that did not).
#include <string>

#include "core/base/markup.h"
#include "gateway/admin/admin_pages.h"

namespace sluice::gateway {
namespace {

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const std::string_view entity = core::MarkupEntity(c);
    entity.empty() ? escaped += c : escaped += entity;
  }
  return escaped;
}

void AppendEndpoints(const core::Snapshot& snapshot, std::string& html) {
  html += "<h2>Endpoints</h2><table><tr><th>cluster<th>endpoint<th>version<th>requests<th>errors<th>health</tr>\n";
  for (const core::Cluster& cluster : snapshot.clusters) {
    for (const core::Endpoint& endpoint : cluster.endpoints) {
      const core::EndpointState& state = *endpoint.state;
      html += "<tr><td>" + EscapeHtml(cluster.name) + "<td>" + EscapeHtml(endpoint.host_port) + "<td>" +
              EscapeHtml(endpoint.version) + "<td>" + std::to_string(state.requests_total.load()) + "<td>" +
              std::to_string(state.requests_error.load()) + "<td>" + (state.ejected ? "ejected" : "healthy") +
              "</tr>\n";
    }
  }
  html += "</table>\n";
}

}  // namespace

AdminAnswer IndexPage(const AdminContext& context, const AdminRequest&) {
  std::string html =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sluice</title><style>body{font:14px "
      "sans-serif;margin:2em}td,th{padding:2px 12px 2px 0;text-align:left}</style></head><body><h1>Sluice</h1>\n";
  const auto snapshot = SnapshotOf(context);
  if (snapshot != nullptr) {
    html += "<p>Configuration " + EscapeHtml(snapshot->revision) + ", generation " +
            std::to_string(snapshot->generation) + "</p>\n";
  }
  html += "<table>\n";
  for (const AdminPage& page : AdminPages()) {
    const std::string path = EscapeHtml(page.path);
    html += "<tr><td>" + (page.mutates ? "POST " + path : "<a href=\"" + path + "\">" + path + "</a>") + "<td>" +
            EscapeHtml(page.help) + "</tr>\n";
  }
  html += "</table>\n";
  if (snapshot != nullptr) AppendEndpoints(*snapshot, html);
  html += "</body></html>\n";
  return {200, "text/html; charset=utf-8", std::move(html)};
}

}  // namespace sluice::gateway
