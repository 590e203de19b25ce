#include "gateway/store/revision_tables.h"

#include <string>
#include <utility>

namespace sluice::gateway {
namespace {

using config::ResourceKey;

constexpr std::int64_t kSchema = 1;
constexpr std::int64_t kApplicationId = 0x534c4345;  // "SLCE": tells our file from another program's
constexpr std::int64_t kMemoryEntriesMax = 1000;     // without a directory the history must not fill memory

// With row ids where rows are large: SQLite packs those, while it would give each a page of its own otherwise.
constexpr const char* kCreate = R"(
CREATE TABLE entries (sequence INTEGER PRIMARY KEY, number INTEGER NOT NULL,
  accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)), time_us INTEGER NOT NULL, author TEXT NOT NULL,
  source TEXT NOT NULL, message TEXT NOT NULL, summary TEXT NOT NULL, findings TEXT NOT NULL, files TEXT NOT NULL,
  previous_hash TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE INDEX entries_by_number ON entries (number) WHERE accepted = 1;
CREATE INDEX entries_with_files ON entries (sequence) WHERE files <> '';
CREATE TABLE head (place INTEGER PRIMARY KEY CHECK (place = 1), sequence INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE objects (kind TEXT NOT NULL, name_space TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
  place INTEGER NOT NULL, born INTEGER NOT NULL, object TEXT CHECK (object <> ''),
  PRIMARY KEY (kind, name_space, name, number)) STRICT;
CREATE INDEX objects_by_number ON objects (number, place);
CREATE TABLE refused (sequence INTEGER NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, name_space TEXT NOT NULL,
  name TEXT NOT NULL, object TEXT, PRIMARY KEY (sequence, place)) STRICT;
CREATE TABLE texts (digest TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE files (kind TEXT NOT NULL, name_space TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (kind, name_space, name)) STRICT, WITHOUT ROWID;
PRAGMA application_id=1397506885;
PRAGMA user_version=1;
)";
static_assert(kApplicationId == 1397506885 && kSchema == 1, "kCreate names both");

EncodedEntry WithoutChanges(const Revision& revision) {
  EncodedEntry entry;
  entry.sequence = revision.sequence;
  entry.number = revision.number;
  entry.accepted = revision.accepted;
  entry.time_us = revision.time_us;
  entry.author = revision.author;
  entry.source = revision.source;
  entry.message = revision.message;
  entry.summary = EncodeLines(revision.summary);
  return entry;
}

}  // namespace

EntryRow EntryAt(const RevisionQuery& row) {
  EntryRow read;
  EncodedEntry& entry = read.entry;
  entry.sequence = Unsigned(row.Number(0));
  entry.number = Unsigned(row.Number(1));
  entry.accepted = row.Number(2) != 0;
  entry.time_us = row.Number(3);
  entry.author = row.Text(4);
  entry.source = row.Text(5);
  entry.message = row.Text(6);
  entry.summary = row.Text(7);
  entry.findings = row.Text(8);
  entry.files = row.Text(9);
  read.previous_hash = row.Text(10);
  read.hash = row.Text(11);
  read.findings = row.Text(12);
  return read;
}

ResourceKey KeyAt(const RevisionQuery& row, int column) {
  return {row.Text(column), row.Text(column + 1), row.Text(column + 2)};
}

core::Status RevisionStore::Database::Prepare() const {
  const auto version = db->Number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  const auto owner = db->Number("PRAGMA application_id");
  if (!owner) return std::unexpected(owner.error());
  const auto tables = db->Number("SELECT COUNT(*) FROM sqlite_master");
  if (!tables) return std::unexpected(tables.error());
  if (*tables == 0) {
    if (core::Status begun = db->Execute("BEGIN IMMEDIATE"); !begun) return begun;
    core::Status made = db->Execute(kCreate);
    if (made) made = db->Execute("COMMIT");
    if (!made) db->Rollback();
    return made;
  }
  if (*owner != kApplicationId) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "revisions.db is not a history of sluice",
                      "move it away, or give another --state-dir");
  }
  if (*version != kSchema) {
    return core::Fail(core::ErrorCode::kInvalidArgument,
                      "revisions.db was written by another version of sluice (schema " + std::to_string(*version) + ")",
                      "run that version, or move the file away to begin anew from the files");
  }
  return {};
}

core::Status RevisionStore::Database::WriteEntry(const EncodedEntry& entry, const Revision& revision) const {
  auto query = db->Query("INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!query) return std::unexpected(query.error());
  query->Bind(Signed(entry.sequence)).Bind(Signed(entry.number)).Bind(std::int64_t{entry.accepted ? 1 : 0});
  query->Bind(entry.time_us).Bind(entry.author).Bind(entry.source).Bind(entry.message).Bind(entry.summary);
  query->Bind(entry.findings).Bind(entry.files).Bind(revision.previous_hash).Bind(revision.hash);
  if (core::Status done = query->Run(); !done) return done;
  auto head = db->Query("INSERT OR REPLACE INTO head VALUES (1,?,?)");
  if (!head) return std::unexpected(head.error());
  return head->Bind(Signed(entry.sequence)).Bind(revision.hash).Run();
}

// When an object was made; 0 when it is not there now.
core::Result<std::int64_t> RevisionStore::Database::BornOf(const ResourceKey& key) const {
  auto query = db->Query(
      "SELECT object IS NULL, born FROM objects WHERE kind=? AND name_space=? AND name=? ORDER BY number DESC LIMIT 1");
  if (!query) return std::unexpected(query.error());
  query->Bind(key.kind).Bind(key.name_space).Bind(key.name);
  const auto row = query->Step();
  if (!row) return std::unexpected(row.error());
  return *row && query->Number(0) == 0 ? query->Number(1) : 0;
}

core::Status RevisionStore::Database::WriteObjects(const EncodedEntry& entry) const {
  std::int64_t place = 0;
  for (const EncodedChange& change : entry.changes) {
    auto query = db->Query("INSERT INTO objects VALUES (?,?,?,?,?,?,?)");
    if (!query) return std::unexpected(query.error());
    query->Bind(change.key.kind).Bind(change.key.name_space).Bind(change.key.name).Bind(Signed(entry.number));
    query->Bind(place++).Bind(change.born);
    if (core::Status done = query->BindOrNull(change.text).Run(); !done) return done;
  }
  return {};
}

core::Status RevisionStore::Database::WriteRefused(const EncodedEntry& entry) const {
  std::int64_t place = 0;
  for (const EncodedChange& change : entry.changes) {
    auto query = db->Query("INSERT INTO refused VALUES (?,?,?,?,?,?)");
    if (!query) return std::unexpected(query.error());
    query->Bind(Signed(entry.sequence)).Bind(place++);
    query->Bind(change.key.kind).Bind(change.key.name_space).Bind(change.key.name);
    if (core::Status done = query->BindOrNull(change.text).Run(); !done) return done;
  }
  return {};
}

core::Result<FileBase> RevisionStore::Database::ReadFiles() const {
  auto all = db->Query("SELECT kind, name_space, name, digest FROM files");
  if (!all) return std::unexpected(all.error());
  FileBase stored;
  for (auto row = all->Step();; row = all->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return stored;
    stored.emplace(KeyAt(*all, 0), all->Text(3));
  }
}

// By difference: a change of one file must not write the digests of all.
core::Status RevisionStore::Database::WriteFiles(const FileBase& files) const {
  const auto stored = ReadFiles();
  if (!stored) return std::unexpected(stored.error());
  for (const auto& [key, digest] : files) {
    const auto known = stored->find(key);
    if (known != stored->end() && known->second == digest) continue;
    auto query = db->Query("INSERT OR REPLACE INTO files VALUES (?,?,?,?)");
    if (!query) return std::unexpected(query.error());
    if (core::Status done = query->Bind(key.kind).Bind(key.name_space).Bind(key.name).Bind(digest).Run(); !done) {
      return done;
    }
  }
  for (const auto& [key, digest] : *stored) {
    if (files.contains(key)) continue;
    auto query = db->Query("DELETE FROM files WHERE kind=? AND name_space=? AND name=?");
    if (!query) return std::unexpected(query.error());
    if (core::Status done = query->Bind(key.kind).Bind(key.name_space).Bind(key.name).Run(); !done) return done;
  }
  return {};
}

// Their digest. A configuration has the same warnings for many revisions; they are kept once.
core::Result<std::string> RevisionStore::Database::WriteFindings(const std::vector<config::Finding>& findings) const {
  if (findings.empty()) return std::string();
  const std::string text = EncodeFindings(findings);
  std::string digest = DigestOf(text);
  auto query = db->Query("INSERT OR IGNORE INTO texts VALUES (?,?)");
  if (!query) return std::unexpected(query.error());
  if (core::Status done = query->Bind(digest).Bind(text).Run(); !done) return std::unexpected(done.error());
  return digest;
}

core::Result<EncodedEntry> RevisionStore::Database::Encode(const Revision& revision, const FileBase* files) const {
  EncodedEntry entry = WithoutChanges(revision);
  if (files != nullptr) entry.files = HashOf(*files);
  auto findings = WriteFindings(revision.findings);
  if (!findings) return std::unexpected(findings.error());
  entry.findings = std::move(*findings);
  std::int64_t fresh = Signed(entry.sequence) * 1'000'000;
  for (const ObjectChange& change : revision.changes) {
    const auto born = BornOf(change.key);
    if (!born) return std::unexpected(born.error());
    entry.changes.push_back({change.key, change.after ? EncodeObject(*change.after) : std::string()});
    // What was only asked for is never made.
    if (revision.accepted) entry.changes.back().born = *born != 0 ? *born : fresh++;
  }
  return entry;
}

core::Status RevisionStore::Database::Write(Revision& revision, const FileBase* files) const {
  auto last = db->Query("SELECT sequence, number, hash FROM entries ORDER BY sequence DESC LIMIT 1");
  if (!last) return std::unexpected(last.error());
  const auto row = last->Step();
  if (!row) return std::unexpected(row.error());
  Revision next = revision;
  next.sequence = 1 + (*row ? Unsigned(last->Number(0)) : 0);
  next.number = (*row ? Unsigned(last->Number(1)) : 0) + (revision.accepted ? 1 : 0);
  next.previous_hash = *row ? last->Text(2) : std::string();
  const auto entry = Encode(next, files);
  if (!entry) return std::unexpected(entry.error());
  next.hash = ChainHash(next.previous_hash, *entry);
  if (core::Status done = WriteEntry(*entry, next); !done) return done;
  if (core::Status done = revision.accepted ? WriteObjects(*entry) : WriteRefused(*entry); !done) return done;
  if (files != nullptr) {
    if (core::Status done = WriteFiles(*files); !done) return done;
  }
  revision = std::move(next);
  return {};
}

core::Status RevisionStore::Database::Prune() const {
  for (const char* sql :
       {"DELETE FROM entries WHERE sequence <= (SELECT MAX(sequence) FROM entries) - ?",
        "DELETE FROM refused WHERE sequence < (SELECT MIN(sequence) FROM entries) AND ? > 0",
        "DELETE FROM texts WHERE ? > 0 AND digest NOT IN (SELECT findings FROM entries)",
        "DELETE FROM objects AS o WHERE ? > 0 AND EXISTS (SELECT 1 FROM objects n WHERE n.kind = o.kind AND "
        "n.name_space = o.name_space AND n.name = o.name AND n.number > o.number AND n.number <= "
        "(SELECT MIN(number) FROM entries WHERE accepted = 1))"}) {
    auto query = db->Query(sql);
    if (!query) return std::unexpected(query.error());
    if (core::Status done = query->Bind(kMemoryEntriesMax).Run(); !done) return done;
  }
  return {};
}

core::Result<std::optional<LiveObject>> RevisionStore::Database::ObjectAt(const ResourceKey& key,
                                                                          std::uint64_t number) const {
  auto query = db->Query(
      "SELECT object FROM objects WHERE kind=? AND name_space=? AND name=? AND number<=? ORDER BY number DESC LIMIT 1");
  if (!query) return std::unexpected(query.error());
  query->Bind(key.kind).Bind(key.name_space).Bind(key.name).Bind(Signed(number));
  const auto row = query->Step();
  if (!row) return std::unexpected(row.error());
  if (!*row || query->IsNull(0)) return std::optional<LiveObject>();
  auto object = DecodeObject(key, query->Text(0));
  if (!object) return std::unexpected(object.error());
  return std::optional(std::move(*object));
}

core::Result<std::vector<EncodedChange>> RevisionStore::Database::ChangesOf(const EncodedEntry& entry) const {
  auto query = entry.accepted
                   ? db->Query("SELECT kind, name_space, name, object, born FROM objects WHERE number=? ORDER BY place")
                   : db->Query("SELECT kind, name_space, name, object, 0 FROM refused WHERE sequence=? ORDER BY place");
  if (!query) return std::unexpected(query.error());
  query->Bind(Signed(entry.accepted ? entry.number : entry.sequence));
  std::vector<EncodedChange> changes;
  for (auto row = query->Step();; row = query->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return changes;
    changes.push_back({KeyAt(*query, 0), query->Text(3), query->Number(4)});
  }
}

}  // namespace sluice::gateway
