#include "gateway/store/revision_database.h"

#include <utility>

namespace sluice::gateway {
namespace {

constexpr int kBusyMs = 200;

struct Meaning {
  int code;
  core::ErrorCode kind;
  const char* cause;
  const char* cure;
};

constexpr Meaning kMeanings[] = {
    {SQLITE_FULL, core::ErrorCode::kIo, "the disk of the state directory is full", "make room; nothing has changed"},
    {SQLITE_BUSY, core::ErrorCode::kUnavailable, "another process uses this state directory",
     "give each gateway a --state-dir of its own"},
    {SQLITE_LOCKED, core::ErrorCode::kUnavailable, "another process uses this state directory",
     "give each gateway a --state-dir of its own"},
    {SQLITE_READONLY, core::ErrorCode::kIo, "the state directory cannot be written", "check its rights"},
    {SQLITE_PERM, core::ErrorCode::kIo, "the state directory cannot be written", "check its rights"},
    {SQLITE_CANTOPEN, core::ErrorCode::kIo, "the history cannot be opened", "check the path and its rights"},
    {SQLITE_NOTADB, core::ErrorCode::kInvalidArgument, "revisions.db is not a history of sluice",
     "move it away, or give another --state-dir"},
    {SQLITE_CORRUPT, core::ErrorCode::kIo, "the history is damaged",
     "restore revisions.db from a copy, or move it away to begin anew from the files"},
    {SQLITE_IOERR, core::ErrorCode::kIo, "the history cannot be read or written", "check the disk and its quota"},
};

}  // namespace

core::Error RevisionError(sqlite3* handle, int code) {
  const std::string detail = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  for (const Meaning& meaning : kMeanings) {
    if (meaning.code == (code & 0xff))
      return {meaning.kind, std::string(meaning.cause) + " (" + detail + ")", meaning.cure};
  }
  return {core::ErrorCode::kInternal, "the history refused: " + detail, ""};
}

RevisionQuery::~RevisionQuery() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

RevisionQuery& RevisionQuery::Bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, ++bound_, number);
  return *this;
}

RevisionQuery& RevisionQuery::Bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

RevisionQuery& RevisionQuery::BindOrNull(std::string_view text) {
  if (!text.empty()) return Bind(text);
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

core::Result<bool> RevisionQuery::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(RevisionError(sqlite3_db_handle(statement_), code));
}

core::Status RevisionQuery::Run() {
  const auto stepped = Step();
  if (!stepped) return std::unexpected(stepped.error());
  return {};
}

std::string RevisionQuery::Text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

core::Result<std::unique_ptr<RevisionDatabase>> RevisionDatabase::Open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  auto database = std::make_unique<RevisionDatabase>();
  database->handle_.reset(handle);
  if (code != SQLITE_OK) return std::unexpected(RevisionError(handle, code));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMs);
  // Exclusive: a second gateway on the same directory is refused at its start, not at its first change.
  for (const char* pragma : {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                             "PRAGMA foreign_keys=ON", "BEGIN EXCLUSIVE", "COMMIT"}) {
    if (core::Status done = database->Execute(pragma); !done) return std::unexpected(done.error());
  }
  return database;
}

core::Status RevisionDatabase::StillThere() const {
  int moved = 0;
  if (sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved == 0) return {};
  return core::Fail(core::ErrorCode::kIo, "revisions.db was moved away or replaced while the gateway runs",
                    "put it back, or restart the gateway to begin anew from the files");
}

core::Status RevisionDatabase::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(RevisionError(handle_.get(), code));
  return {};
}

core::Result<RevisionQuery> RevisionDatabase::Query(const char* sql) {
  auto& statement = statements_[sql];
  if (statement == nullptr) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) return std::unexpected(RevisionError(handle_.get(), code));
    statement.reset(made);
  }
  return RevisionQuery(statement.get());
}

core::Result<std::int64_t> RevisionDatabase::Number(const char* sql) {
  auto query = Query(sql);
  if (!query) return std::unexpected(query.error());
  const auto row = query->Step();
  if (!row) return std::unexpected(row.error());
  return *row ? query->Number(0) : 0;
}

}  // namespace sluice::gateway
