// Whether the history is what was written: the chain of hashes entry by entry, its end, the file base, and that the tables
// hold nothing else. What the walk compares is what every reader of the store uses. One thread.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "gateway/store/revision_tables.h"

namespace sluice::gateway {
namespace {

std::unexpected<core::Error> Broken(std::string what) {
  return core::Fail(core::ErrorCode::kIo, std::move(what),
                    "somebody has changed revisions.db: restore it from a copy, or move it away to begin anew");
}

std::unexpected<core::Error> Broken(const EncodedEntry& entry, const char* what) {
  return Broken("entry " + std::to_string(entry.sequence) + " of the history " + what);
}

// What is wrong with where `next` stands behind `last`; null when nothing is.
const char* WrongPlace(const std::optional<EntryRow>& last, const EntryRow& next) {
  const EncodedEntry& entry = next.entry;
  if (!last) {
    // Of a chain that is not read from its beginning, the first one is taken at its word.
    return entry.sequence == 1 && !next.previous_hash.empty() ? "does not begin it" : nullptr;
  }
  const std::uint64_t number = last->entry.number + (entry.accepted ? 1 : 0);
  if (entry.sequence != last->entry.sequence + 1 || entry.number != number) {
    return "does not follow the one before it: entries are missing";
  }
  return next.previous_hash == last->hash ? nullptr : "does not follow the one before it";
}

}  // namespace

core::Status RevisionStore::Database::VerifyEntry(EntryRow& next) const {
  auto changes = ChangesOf(next.entry);
  if (!changes) return std::unexpected(changes.error());
  next.entry.changes = std::move(*changes);
  const std::string findings = next.findings.empty() ? std::string() : DigestOf(next.findings);
  if (findings != next.entry.findings) return Broken(next.entry, "has other findings than were written");
  if (ChainHash(next.previous_hash, next.entry) != next.hash) return Broken(next.entry, "is not what was written");
  return {};
}

core::Status RevisionStore::Database::VerifyChain(std::uint64_t newest) const {
  auto rows = db->Query(SLUICE_COLUMNS " WHERE sequence > (SELECT MAX(sequence) FROM entries) - ? ORDER BY sequence");
  if (!rows) return std::unexpected(rows.error());
  rows->Bind(static_cast<std::int64_t>(std::min<std::uint64_t>(newest, INT64_MAX)));
  std::optional<EntryRow> last;
  std::uint64_t count = 0;
  for (auto row = rows->Step();; row = rows->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    EntryRow next = EntryAt(*rows);
    if (const char* wrong = WrongPlace(last, next)) return Broken(next.entry, wrong);
    if (core::Status entry = VerifyEntry(next); !entry) return entry;
    last = std::move(next);
    ++count;
  }
  // In memory the oldest are forgotten.
  if (last && count < newest && count != last->entry.sequence && !memory) {
    return Broken("the first entries of the history are missing");
  }
  return VerifyHead(last);
}

core::Status RevisionStore::Database::VerifyHead(const std::optional<EntryRow>& last) const {
  auto head = db->Query("SELECT sequence, hash FROM head");
  if (!head) return std::unexpected(head.error());
  const auto there = head->Step();
  if (!there) return std::unexpected(there.error());
  if (!last && !*there) return {};
  if (last && *there && Unsigned(head->Number(0)) == last->entry.sequence && head->Text(1) == last->hash) return {};
  return Broken("the last entries of the history are missing");
}

core::Status RevisionStore::Database::VerifyFiles() const {
  auto query = db->Query("SELECT files FROM entries WHERE files <> '' ORDER BY sequence DESC LIMIT 1");
  if (!query) return std::unexpected(query.error());
  const auto row = query->Step();
  if (!row) return std::unexpected(row.error());
  const auto files = ReadFiles();
  if (!files) return std::unexpected(files.error());
  if (*row ? query->Text(0) == HashOf(*files) : files->empty() || memory) return {};
  return Broken("what the history knows of the files is not what was written");
}

core::Status RevisionStore::Database::VerifyTables() const {
  // In memory the state before the oldest entry has no entry any more.
  const auto strangers = db->Number(
      memory ? "SELECT COUNT(*) FROM objects o WHERE o.number > (SELECT MAX(number) FROM entries WHERE accepted = 1)"
             : "SELECT (SELECT COUNT(*) FROM objects o WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.number = "
               "o.number AND e.accepted = 1)) + (SELECT COUNT(*) FROM refused r WHERE NOT EXISTS (SELECT 1 FROM "
               "entries e WHERE e.sequence = r.sequence AND e.accepted = 0))");
  if (!strangers) return std::unexpected(strangers.error());
  if (*strangers != 0) return Broken("the history holds objects that no entry has written");
  auto sound = db->Query("PRAGMA integrity_check(1)");
  if (!sound) return std::unexpected(sound.error());
  const auto row = sound->Step();
  if (!row) return std::unexpected(row.error());
  if (*row && sound->Text(0) != "ok") return Broken("the history is damaged (" + sound->Text(0) + ")");
  return {};
}

}  // namespace sluice::gateway
