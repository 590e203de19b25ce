// The history of what was in force, in SQLite (WAL, synchronous=FULL): every accepted change with the objects that it
// wrote, every rejected one with its findings, chained by hashes. An entry is on disk when Append returns. Owned by the
// app; the control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "core/base/result.h"
#include "gateway/store/live_object.h"

namespace sluice::gateway {

class CanaryStore;  // canary_store.h

// What one change made of one object.
struct ObjectChange {
  config::ResourceKey key;
  std::optional<LiveObject> before{};  // absent: it was not there
  std::optional<LiveObject> after{};   // absent: it is gone
};

struct Revision {
  std::uint64_t sequence = 0;  // counts accepted and rejected ones, from 1
  std::uint64_t number = 0;    // counts accepted ones, from 1; of a rejected one: what was and stayed in force
  bool accepted = true;
  std::int64_t time_us = 0;  // microseconds since the epoch
  std::string author;
  std::string source;
  std::string message;
  std::vector<std::string> summary;  // semantic diff, a line each
  std::vector<config::Finding> findings;
  std::vector<ObjectChange> changes;  // of a rejected one: what was asked for
  std::string hash{};                 // SHA-256, hex, over the entry and the hash before it; set by the store
  std::string previous_hash{};
};

// What files said when they were read last: the hash of each object's canonical body. An object whose hash is still the
// same has not changed on disk, so it never undoes a live change.
using FileBase = std::map<config::ResourceKey, std::string>;

struct StoredWorld {
  std::uint64_t number = 0;         // 0: nothing was stored yet
  std::vector<LiveObject> objects;  // in the order in which they were made
  FileBase files;
};

struct HistoryQuery {
  std::size_t limit = 50;
  std::optional<std::uint64_t> before_sequence{};  // older than this
  std::optional<config::ResourceKey> object{};     // that changed this one; empty name_space or name: any
  bool accepted = true;                            // those too
  bool rejected = true;                            // those too
};

class RevisionStore {
 public:
  // `directory` holds revisions.db; made with mode 0700 when missing. Empty: in memory. An error says what is wrong with
  // the file and what to do.
  static core::Result<std::unique_ptr<RevisionStore>> Open(const std::string& directory);
  ~RevisionStore();
  RevisionStore(const RevisionStore&) = delete;
  RevisionStore& operator=(const RevisionStore&) = delete;

  bool in_memory() const;

  // Writes an entry; sets sequence, hashes and, for an accepted one, number on `revision`. `files` replaces the file
  // base in the same step. On an error nothing was written.
  core::Status Append(Revision& revision, const FileBase* files = nullptr);

  // The last state. An error: the database is damaged, or the chain is broken at its end.
  core::Result<StoredWorld> Load() const;
  // All objects as they were at revision `number`; kNotFound when there is no such revision.
  core::Result<std::vector<LiveObject>> ObjectsAt(std::uint64_t number) const;
  // Newest first, without `changes`.
  core::Result<std::vector<Revision>> History(const HistoryQuery& query) const;
  // One accepted revision with its changes.
  core::Result<Revision> Find(std::uint64_t number) const;
  // Walks the whole chain with all objects, and looks for rows that no entry has written. An error names the first entry
  // that is not what was written.
  core::Status Verify() const;

  // Where canaries are, in the same file. Not part of the chain: it says what was changed, not what may be.
  CanaryStore& canaries();
  const CanaryStore& canaries() const;

 private:
  struct Database;
  explicit RevisionStore(std::unique_ptr<Database> database);
  core::Result<std::vector<LiveObject>> ReadObjects(std::uint64_t number) const;
  core::Result<Revision> Row(std::uint64_t number) const;  // without changes
  std::unique_ptr<Database> database_;
};

}  // namespace sluice::gateway
