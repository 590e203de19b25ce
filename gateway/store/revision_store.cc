#include "gateway/store/revision_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
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

Revision RevisionAt(const RevisionQuery& row) {
  EntryRow read = EntryAt(row);
  Revision revision;
  revision.sequence = read.entry.sequence;
  revision.number = read.entry.number;
  revision.accepted = read.entry.accepted;
  revision.time_us = read.entry.time_us;
  revision.author = std::move(read.entry.author);
  revision.source = std::move(read.entry.source);
  revision.message = std::move(read.entry.message);
  revision.summary = DecodeLines(read.entry.summary);
  revision.findings = DecodeFindings(read.findings);
  revision.previous_hash = std::move(read.previous_hash);
  revision.hash = std::move(read.hash);
  return revision;
}

core::Error Because(const std::string& path, const std::string& cure) {
  return {core::ErrorCode::kIo, path + ": " + std::strerror(errno), cure};
}

// A new name in a directory survives the machine once the directory is on disk; what is in the new one SQLite sees to.
void SyncParent(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;  // not ours to read: then it is not ours to look after either
  ::fsync(directory);
  ::close(directory);
}

// The directory with the name that has no symbolic links in it: what SQLite opens must not be led elsewhere by the last
// part of the path, but /var/run/sluice is a good place.
core::Result<std::string> MakeDirectory(const std::string& path) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    return std::unexpected(Because(path, "make the directory above it, or give another --state-dir"));
  }
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return std::unexpected(Because(path, "give another --state-dir"));
  if (made) SyncParent(real.get());
  return std::string(real.get());
}

// Made before SQLite does: its journals get the rights of the file, so that nobody else ever reads either.
core::Status MakeFile(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (made >= 0) {
    ::close(made);
  } else if (errno != EEXIST) {
    return std::unexpected(Because(path, "check that the directory is one, and its rights"));
  } else if (::chmod(path.c_str(), 0600) != 0) {
    return std::unexpected(Because(path, "the file must be the gateway's own: check its owner"));
  }
  return {};
}

core::Error At(const std::string& path, const core::Error& error) {
  return {error.code, path + ": " + error.cause, error.cure};
}

}  // namespace

RevisionStore::RevisionStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RevisionStore::~RevisionStore() = default;

core::Result<std::unique_ptr<RevisionStore>> RevisionStore::Open(const std::string& directory) {
  auto database = std::make_unique<Database>();
  database->memory = directory.empty();
  std::string path = ":memory:";
  if (!database->memory) {
    const auto real = MakeDirectory(directory);
    if (!real) return std::unexpected(real.error());
    path = *real + "/revisions.db";
    if (core::Status made = MakeFile(path); !made) return std::unexpected(made.error());
  }
  auto opened = RevisionDatabase::Open(path);
  if (!opened) return std::unexpected(At(path, opened.error()));
  database->db = std::move(*opened);
  if (core::Status prepared = database->Prepare(); !prepared) return std::unexpected(At(path, prepared.error()));
  auto canaries = CanaryStore::Open(*database->db);
  if (!canaries) return std::unexpected(At(path, canaries.error()));
  database->canaries.emplace(*canaries);
  return std::unique_ptr<RevisionStore>(new RevisionStore(std::move(database)));
}

bool RevisionStore::in_memory() const { return database_->memory; }

CanaryStore& RevisionStore::canaries() { return *database_->canaries; }
const CanaryStore& RevisionStore::canaries() const { return *database_->canaries; }

core::Status RevisionStore::Append(Revision& revision, const FileBase* files) {
  if (core::Status there = database_->db->StillThere(); !there) return there;
  if (core::Status begun = database_->db->Execute("BEGIN IMMEDIATE"); !begun) return begun;
  Revision written = revision;
  core::Status done = database_->Write(written, files);
  if (done && database_->memory && written.sequence % kMemoryPruneEvery == 0) done = database_->Prune();
  if (done) done = database_->db->Execute("COMMIT");
  if (!done) {
    database_->db->Rollback();
    return done;
  }
  revision = std::move(written);
  return {};
}

core::Result<StoredWorld> RevisionStore::Load() const {
  if (core::Status sound = database_->VerifyChain(kCheckedAtStart); !sound) return std::unexpected(sound.error());
  if (core::Status sound = database_->VerifyFiles(); !sound) return std::unexpected(sound.error());
  const auto number = database_->db->Number("SELECT number FROM entries ORDER BY sequence DESC LIMIT 1");
  if (!number) return std::unexpected(number.error());
  auto objects = ReadObjects(Unsigned(*number));
  if (!objects) return std::unexpected(objects.error());
  auto files = database_->ReadFiles();
  if (!files) return std::unexpected(files.error());
  return StoredWorld{.number = Unsigned(*number), .objects = std::move(*objects), .files = std::move(*files)};
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
  // By number: SQLite would rather look through all objects of the kind, for each entry.
  auto rows = database_->db->Query(
      SLUICE_COLUMNS
      " e WHERE sequence < ?1 AND (?2 OR accepted = 1) AND (?7 OR accepted = 0) AND (?3 = '' OR EXISTS "
      "(SELECT 1 FROM objects o INDEXED BY objects_by_number WHERE e.accepted = 1 AND o.number = e.number AND "
      "o.kind = ?3 AND (?4 = '' OR o.name_space = ?4) AND (?5 = '' OR o.name = ?5)) OR EXISTS "
      "(SELECT 1 FROM refused r WHERE r.sequence = e.sequence AND r.kind = ?3 AND "
      "(?4 = '' OR r.name_space = ?4) AND (?5 = '' OR r.name = ?5))) ORDER BY sequence DESC LIMIT ?6");
  if (!rows) return std::unexpected(rows.error());
  const ResourceKey object = query.object.value_or(ResourceKey{});
  rows->Bind(query.before_sequence ? Signed(*query.before_sequence) : INT64_MAX);
  rows->Bind(std::int64_t{query.rejected ? 1 : 0}).Bind(object.kind).Bind(object.name_space).Bind(object.name);
  rows->Bind(static_cast<std::int64_t>(query.limit)).Bind(std::int64_t{query.accepted ? 1 : 0});
  std::vector<Revision> history;
  for (auto row = rows->Step();; row = rows->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return history;
    history.push_back(RevisionAt(*rows));
  }
}

core::Status RevisionStore::Verify() const {
  if (core::Status chain = database_->VerifyChain(UINT64_MAX); !chain) return chain;
  if (core::Status files = database_->VerifyFiles(); !files) return files;
  return database_->VerifyTables();
}

}  // namespace sluice::gateway
