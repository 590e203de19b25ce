// The tables behind the revision store, and how entries are written to them: `entries` is the chain and `head` its end;
// `objects` has the state of each object since the revision that wrote it (a text, or NULL since it is gone), which is also
// where an entry's changes are kept; `refused` has what rejected entries asked for; `texts` has the findings, which
// are the same for most entries; `files` is the file base. Owned by the store; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/store/canary_store.h"
#include "gateway/store/revision_codec.h"
#include "gateway/store/revision_database.h"
#include "gateway/store/revision_store.h"

namespace sluice::gateway {

// SQLite's integers have a sign.
inline std::int64_t Signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }
inline std::uint64_t Unsigned(std::int64_t number) { return static_cast<std::uint64_t>(number); }

config::ResourceKey KeyAt(const RevisionQuery& row, int column);

// The columns of an entry, in the order of EntryAt. A macro, because statements are literals.
#define SLUICE_COLUMNS                                                                                             \
  "SELECT sequence, number, accepted, time_us, author, source, message, summary, findings, files, previous_hash, " \
  "hash, (SELECT text FROM texts WHERE digest = findings) FROM entries"

// A row of SLUICE_COLUMNS, without changes.
struct EntryRow {
  EncodedEntry entry;
  std::string previous_hash;
  std::string hash;
  std::string findings;  // their text
};
EntryRow EntryAt(const RevisionQuery& row);

struct RevisionStore::Database {
  std::unique_ptr<RevisionDatabase> db;
  bool memory = false;
  std::optional<CanaryStore> canaries{};  // set by Open; works on `db`

  // A new file gets its tables; what another program or a newer sluice has written is refused.
  core::Status Prepare() const;
  // Keeps what the newest entries need: their rows, and the last state of every object before them.
  core::Status Prune() const;
  // An entry with all that belongs to it, inside a transaction of the caller's.
  core::Status Write(Revision& revision, const FileBase* files) const;
  core::Result<std::string> WriteFindings(const std::vector<config::Finding>& findings) const;
  core::Result<EncodedEntry> Encode(const Revision& revision, const FileBase* files) const;
  core::Status WriteEntry(const EncodedEntry& entry, const Revision& revision) const;
  core::Status WriteObjects(const EncodedEntry& entry) const;
  core::Status WriteRefused(const EncodedEntry& entry) const;
  core::Status WriteFiles(const FileBase& files) const;
  core::Result<std::int64_t> BornOf(const config::ResourceKey& key) const;
  core::Result<std::optional<LiveObject>> ObjectAt(const config::ResourceKey& key, std::uint64_t number) const;
  core::Result<std::vector<EncodedChange>> ChangesOf(const EncodedEntry& entry) const;
  core::Result<FileBase> ReadFiles() const;

  // --- revision_check.cc ---
  // The newest entries, so many of them: what they say, their order, and that the chain ends where it ended.
  core::Status VerifyChain(std::uint64_t newest) const;
  core::Status VerifyEntry(EntryRow& next) const;  // reads its changes
  core::Status VerifyHead(const std::optional<EntryRow>& last) const;
  core::Status VerifyFiles() const;
  // That no rows are there but those that entries have written, and that SQLite finds its file sound.
  core::Status VerifyTables() const;
};

}  // namespace sluice::gateway
