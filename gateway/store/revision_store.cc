#include "gateway/store/revision_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/store/revision_tables.h"

namespace sluice::gateway {
namespace {

using config::ResourceKey;

constexpr std::uint64_t kMemoryPruneEvery = 100;
constexpr std::uint64_t kCheckedAtStart = 16;  // entries

// The objects that are there at a revision, in the order in which they were made.
constexpr const char* kObjectsAt = R"(
SELECT o.kind, o.name_space, o.name, o.object FROM objects o
JOIN (SELECT kind, name_space, name, MAX(number) AS last FROM objects WHERE number <= ?
      GROUP BY kind, name_space, name) l
ON o.kind = l.kind AND o.name_space = l.name_space AND o.name = l.name AND o.number = l.last
WHERE o.object IS NOT NULL ORDER BY o.born)";

// A macro, because statements are literals.
#define SLUICE_COLUMNS                                                                                                \
  "SELECT sequence, number, accepted, time_us, author, source, message, summary, findings, previous_hash, hash FROM " \
  "entries"

Revision RevisionAt(const RevisionQuery& row) {
  Revision revision;
  revision.sequence = Unsigned(row.Number(0));
  revision.number = Unsigned(row.Number(1));
  revision.accepted = row.Number(2) != 0;
  revision.time_us = row.Number(3);
  revision.author = row.Text(4);
  revision.source = row.Text(5);
  revision.message = row.Text(6);
  revision.summary = DecodeLines(row.Text(7));
  revision.findings = DecodeFindings(row.Text(8));
  revision.previous_hash = row.Text(9);
  revision.hash = row.Text(10);
  return revision;
}

EncodedEntry EntryAt(const RevisionQuery& row) {
  EncodedEntry entry;
  entry.sequence = Unsigned(row.Number(0));
  entry.number = Unsigned(row.Number(1));
  entry.accepted = row.Number(2) != 0;
  entry.time_us = row.Number(3);
  entry.author = row.Text(4);
  entry.source = row.Text(5);
  entry.message = row.Text(6);
  entry.summary = row.Text(7);
  entry.findings = row.Text(8);
  return entry;
}

core::Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return core::Fail(core::ErrorCode::kIo, path + ": " + std::strerror(errno),
                    "make the directory above it, or give another --state-dir");
}

}  // namespace

RevisionStore::RevisionStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RevisionStore::~RevisionStore() = default;

core::Result<std::unique_ptr<RevisionStore>> RevisionStore::Open(const std::string& directory) {
  auto database = std::make_unique<Database>();
  database->memory = directory.empty();
  const std::string path = database->memory ? ":memory:" : directory + "/revisions.db";
  if (!database->memory) {
    if (core::Status made = MakeDirectory(directory); !made) return std::unexpected(made.error());
  }
  auto opened = RevisionDatabase::Open(path);
  if (!opened)
    return std::unexpected(core::Error{opened.error().code, path + ": " + opened.error().cause, opened.error().cure});
  if (!database->memory) ::chmod(path.c_str(), 0600);
  database->db = std::move(*opened);
  if (core::Status prepared = database->Prepare(); !prepared) {
    return std::unexpected(
        core::Error{prepared.error().code, path + ": " + prepared.error().cause, prepared.error().cure});
  }
  return std::unique_ptr<RevisionStore>(new RevisionStore(std::move(database)));
}

bool RevisionStore::in_memory() const { return database_->memory; }

core::Status RevisionStore::Append(Revision& revision, const FileBase* files) {
  if (core::Status begun = database_->db->Execute("BEGIN IMMEDIATE"); !begun) return begun;
  Revision written = revision;
  core::Status done = database_->Write(written, files);
  if (done && database_->memory && written.sequence % kMemoryPruneEvery == 0) done = database_->Prune();
  if (done) done = database_->db->Execute("COMMIT");
  if (!done) {
    // A full disk may have ended the transaction already; then this has nothing to do.
    static_cast<void>(database_->db->Execute("ROLLBACK"));
    return done;
  }
  revision = std::move(written);
  return {};
}

core::Result<StoredWorld> RevisionStore::Load() const {
  StoredWorld world;
  const auto number = database_->db->Number("SELECT MAX(number) FROM entries");
  if (!number) return std::unexpected(number.error());
  world.number = Unsigned(*number);
  if (core::Status sound = VerifySince(kCheckedAtStart); !sound) return std::unexpected(sound.error());
  auto objects = ReadObjects(world.number);
  if (!objects) return std::unexpected(objects.error());
  world.objects = std::move(*objects);
  auto files = database_->db->Query("SELECT kind, name_space, name, digest FROM files");
  if (!files) return std::unexpected(files.error());
  for (auto row = files->Step();; row = files->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return world;
    world.files.emplace(KeyAt(*files, 0), files->Text(3));
  }
}

core::Result<std::vector<LiveObject>> RevisionStore::ReadObjects(std::uint64_t number) const {
  auto query = database_->db->Query(kObjectsAt);
  if (!query) return std::unexpected(query.error());
  query->Bind(Signed(number));
  std::vector<LiveObject> objects;
  for (auto row = query->Step();; row = query->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return objects;
    auto object = DecodeObject(KeyAt(*query, 0), query->Text(3));
    if (!object) return std::unexpected(object.error());
    objects.push_back(std::move(*object));
  }
}

core::Result<std::vector<LiveObject>> RevisionStore::ObjectsAt(std::uint64_t number) const {
  if (number == 0) return std::vector<LiveObject>();
  if (auto there = Row(number); !there) return std::unexpected(there.error());
  return ReadObjects(number);
}

core::Result<Revision> RevisionStore::Row(std::uint64_t number) const {
  auto query = database_->db->Query(SLUICE_COLUMNS " WHERE number=? AND accepted=1");
  if (!query) return std::unexpected(query.error());
  query->Bind(Signed(number));
  const auto row = query->Step();
  if (!row) return std::unexpected(row.error());
  if (!*row) {
    return core::Fail(core::ErrorCode::kNotFound, "there is no revision " + std::to_string(number),
                      "sluice history lists them");
  }
  return RevisionAt(*query);
}

core::Result<Revision> RevisionStore::Find(std::uint64_t number) const {
  auto revision = Row(number);
  if (!revision) return revision;
  EncodedEntry entry;
  entry.number = revision->number;
  const auto changes = database_->ChangesOf(entry);
  if (!changes) return std::unexpected(changes.error());
  for (const EncodedChange& change : *changes) {
    ObjectChange made{.key = change.key};
    auto before = database_->ObjectAt(change.key, number - 1);
    if (!before) return std::unexpected(before.error());
    made.before = std::move(*before);
    if (!change.text.empty()) {
      auto after = DecodeObject(change.key, change.text);
      if (!after) return std::unexpected(after.error());
      made.after = std::move(*after);
    }
    revision->changes.push_back(std::move(made));
  }
  return revision;
}

core::Result<std::vector<Revision>> RevisionStore::History(const HistoryQuery& query) const {
  auto rows = database_->db->Query(
      SLUICE_COLUMNS
      " e WHERE sequence < ?1 AND (?2 OR accepted = 1) AND (?3 = '' OR EXISTS "
      "(SELECT 1 FROM objects o WHERE e.accepted = 1 AND o.number = e.number AND o.kind = ?3 AND "
      "(?4 = '' OR o.name_space = ?4) AND (?5 = '' OR o.name = ?5)) OR EXISTS (SELECT 1 FROM refused r WHERE "
      "r.sequence = e.sequence AND r.kind = ?3 AND (?4 = '' OR r.name_space = ?4) AND (?5 = '' OR r.name = ?5))) "
      "ORDER BY sequence DESC LIMIT ?6");
  if (!rows) return std::unexpected(rows.error());
  const ResourceKey object = query.object.value_or(ResourceKey{});
  rows->Bind(query.before_sequence ? Signed(*query.before_sequence) : INT64_MAX);
  rows->Bind(std::int64_t{query.rejected ? 1 : 0}).Bind(object.kind).Bind(object.name_space).Bind(object.name);
  rows->Bind(static_cast<std::int64_t>(query.limit));
  std::vector<Revision> history;
  for (auto row = rows->Step();; row = rows->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return history;
    history.push_back(RevisionAt(*rows));
  }
}

core::Status RevisionStore::VerifySince(std::uint64_t newest) const {
  auto rows = database_->db->Query(SLUICE_COLUMNS
                                   " WHERE sequence > (SELECT MAX(sequence) FROM entries) - ? ORDER BY sequence");
  if (!rows) return std::unexpected(rows.error());
  rows->Bind(static_cast<std::int64_t>(std::min<std::uint64_t>(newest, INT64_MAX)));
  std::optional<EncodedEntry> last;
  std::string last_hash;
  for (auto row = rows->Step();; row = rows->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    EncodedEntry entry = EntryAt(*rows);
    const auto broken = [&](const char* what) {
      return core::Fail(core::ErrorCode::kIo, "entry " + std::to_string(entry.sequence) + " of the history " + what,
                        "somebody has changed revisions.db: restore it from a copy, or move it away to begin anew");
    };
    const std::string previous = rows->Text(9);
    if (last && (entry.sequence != last->sequence + 1 || entry.number != last->number + (entry.accepted ? 1 : 0))) {
      return broken("does not follow the one before it: entries are missing");
    }
    if (last ? previous != last_hash : entry.sequence == 1 && !previous.empty()) {
      return broken("does not follow the one before it");
    }
    auto changes = database_->ChangesOf(entry);
    if (!changes) return std::unexpected(changes.error());
    entry.changes = std::move(*changes);
    if (ChainHash(previous, entry) != rows->Text(10)) return broken("is not what was written");
    last_hash = rows->Text(10);
    last = std::move(entry);
  }
}

core::Status RevisionStore::Verify() const {
  if (core::Status chain = VerifySince(UINT64_MAX); !chain) return chain;
  const auto first = database_->db->Number("SELECT COALESCE(MIN(sequence), 1) FROM entries");
  if (!first) return std::unexpected(first.error());
  if (*first != 1 && !database_->memory) {
    return core::Fail(core::ErrorCode::kIo, "the first entries of the history are missing",
                      "somebody has changed revisions.db: restore it from a copy, or move it away to begin anew");
  }
  return database_->VerifyObjects();
}

}  // namespace sluice::gateway
