// What the admin pages read and what they may set in motion: filled in once by the app, which owns everything named
// here and keeps it alive longer than the pages. Hooks are called on the thread that serves the admin connection, so
// what they touch is either immutable, atomic or behind a lock; actions post to the control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "core/base/clock.h"
#include "core/base/deadline_wheel.h"
#include "core/snapshot/snapshot.h"
#include "core/telemetry/tls_certificate.h"
#include "gateway/admin/admin_guard.h"
#include "gateway/admin/admin_message.h"
#include "gateway/store/change.h"
#include "gateway/store/revision_store.h"
#include "gateway/store/world.h"
#include "gateway/telemetry/prometheus_collector.h"

namespace sluice::gateway {

struct ListenerFacts {
  std::string name;     // "http", "admin", ...
  std::string address;  // as bound
};

// The last configuration that was refused; the one before it stayed in force.
struct RejectedConfig {
  std::string revision;
  std::int64_t unix_us = 0;
  std::vector<config::Finding> findings;
};

// The process at this moment.
struct ServerFacts {
  bool started = false;  // the first configuration is in force and the listeners are open
  bool draining = false;
  bool health_failed = false;  // POST /healthcheck/fail
  bool log_healthy = true;     // the access log reaches its file
  double uptime_seconds = 0;
  std::uint32_t workers = 0;
  std::string command_line;
  std::vector<ListenerFacts> listeners;
  std::shared_ptr<const RejectedConfig> rejected;  // null when the last one was accepted
  std::vector<core::TlsCertificate> certificates{};
};

// Thread-safe; return at once.
struct AdminActions {
  void (*drain)(void* self, bool graceful) = nullptr;  // graceful keeps accepting for the drain time
  void (*set_health)(void* self, bool ok) = nullptr;   // failing also begins a graceful drain
  void* self = nullptr;
};

struct AdminContext {
  const PrometheusCollector* collector = nullptr;
  std::shared_ptr<const core::Snapshot> (*snapshot)(void* self) = nullptr;  // null before the first
  ServerFacts (*server)(void* self) = nullptr;
  void* self = nullptr;
  AdminAnswer (*experiments)(void* self, const AdminRequest& request) = nullptr;  // pages below /sluice/v1/experiments
  std::vector<config::Finding> (*findings)(void* self) = nullptr;                 // of what is running: alarms
  AdminActions actions;
  AdminGuard guard{};

  // The objects in force, their history, and the way to change them. Null: none of it is served.
  World* world = nullptr;
  const RevisionStore* store = nullptr;
  ChangeHook changes{};
  std::string default_namespace = "default";
  std::string state_directory{};  // empty: history in memory
  // Pages of canaries (gateway/canary/canary_pages.h), called with `self`; null: there are none.
  AdminAnswer (*canaries)(void* self, const AdminRequest& request, std::string_view author, bool may_write) = nullptr;

  // For watches that end by themselves; null: they do not.
  core::DeadlineWheel* wheel = nullptr;
  const core::Clock* clock = nullptr;
  std::size_t* bodies = nullptr;  // bytes of bodies that all exchanges hold, bounded by kAdminBodiesMax
};

inline constexpr std::size_t kAdminBodiesMax = 64 * 1024 * 1024;

}  // namespace sluice::gateway
