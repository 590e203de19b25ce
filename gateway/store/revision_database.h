// SQLite as the revision store needs it: one connection that owns its file alone, prepared statements, errors with a
// cause and a cure. The one place that knows the library. Owned by the store; one thread.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/base/result.h"

namespace sluice::gateway {

// A statement that runs; resets itself, so that the next use starts anew.
class RevisionQuery {
 public:
  explicit RevisionQuery(sqlite3_stmt* statement) : statement_(statement) {}
  ~RevisionQuery();
  RevisionQuery(RevisionQuery&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  RevisionQuery& operator=(RevisionQuery&&) = delete;

  // Parameters count from 1, in order; the text must live until the statement has run.
  RevisionQuery& Bind(std::int64_t number);
  RevisionQuery& Bind(std::string_view text);
  RevisionQuery& BindOrNull(std::string_view text);  // NULL for an empty one

  // True: a row is there. False: the end. An error otherwise.
  core::Result<bool> Step();
  // For statements without rows.
  core::Status Run();

  std::int64_t Number(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string Text(int column) const;
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class RevisionDatabase {
 public:
  // `path` of the file, or ":memory:". WAL with synchronous=FULL: what is committed survives the machine.
  static core::Result<std::unique_ptr<RevisionDatabase>> Open(const std::string& path);

  core::Status Execute(const char* sql);
  // Ends the transaction; a full disk may have ended it already, then this has nothing to do.
  void Rollback() { sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }
  // Prepared once per text, which must be a literal.
  core::Result<RevisionQuery> Query(const char* sql);
  // An error when the file is no longer where it was opened: what is written to it would be gone after a restart.
  core::Status StillThere() const;
  // The one number that `sql` yields; 0 without one.
  core::Result<std::int64_t> Number(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // go before the handle
};

// What `code` of `handle` means to whoever runs the gateway.
core::Error RevisionError(sqlite3* handle, int code);

}  // namespace sluice::gateway
