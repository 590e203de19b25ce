// A kubectl watch that is open: which objects it follows and how it writes them. Pulled by the admin exchange when the
// world has changed and the client has room. Owned by its exchange; the control thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "gateway/api/selector.h"
#include "gateway/api/table.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

class ObjectWatch {
 public:
  struct Options {
    TableStyle style{};      // kind, version, and how rows look
    bool as_table = false;   // events of Table objects
    std::string name_space;  // empty: all
    FieldSelector fields{};
    LabelSelector labels{};
    std::optional<std::uint64_t> since{};  // events after this revision; absent: begin with all that there are
    std::int64_t timeout_seconds = 0;      // 0: none
  };

  explicit ObjectWatch(Options options) : options_(std::move(options)) {}

  // The events since the last call, one JSON object and a line break each; empty when there are none.
  std::string Next(const World& world, std::int64_t now_us);
  // After an ERROR event (410, the client must list again) nothing follows.
  bool ended() const { return ended_; }
  std::int64_t timeout_seconds() const { return options_.timeout_seconds; }

 private:
  void Begin(const World& world, std::string& events);
  bool Follows(const LiveObject& object) const;  // by everything but labels
  void Tell(const WorldEvent& event, const World& world, std::string& events);
  void Write(std::string_view type, const LiveObject& object, const World& world, std::string& events);
  void Expire(std::string& events);

  Options options_;
  std::uint64_t cursor_ = 0;
  std::set<config::ResourceKey> labelled_;  // whose labels match: leaving them is a DELETED, joining them an ADDED
  bool begun_ = false;
  bool headed_ = false;  // the columns of the table were written
  bool ended_ = false;
};

}  // namespace sluice::gateway
