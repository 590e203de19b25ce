#include "gateway/store/canary_store.h"

#include <algorithm>
#include <utility>

#include "gateway/store/revision_tables.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr const char* kCreate = R"(
CREATE TABLE IF NOT EXISTS canaries (canary TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS canary_events (sequence INTEGER PRIMARY KEY, canary TEXT NOT NULL, time_us INTEGER NOT NULL,
  what TEXT NOT NULL, text TEXT NOT NULL, author TEXT NOT NULL, revision INTEGER NOT NULL, numbers TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS canary_events_by_canary ON canary_events (canary, sequence);
)";

std::string TextOf(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

core::Result<Json> JsonAt(const RevisionQuery& row, int column) {
  Json json = Json::parse(row.Text(column), nullptr, false);
  if (json.is_discarded()) {
    return core::Fail(core::ErrorCode::kIo, "what is kept of a canary is no JSON",
                      "somebody has changed revisions.db: restore it from a copy, or move it away to begin anew");
  }
  return json;
}

core::Status AddEvent(RevisionDatabase& database, const CanaryEvent& event) {
  auto query = database.Query(
      "INSERT INTO canary_events (canary, time_us, what, text, author, revision, numbers) VALUES (?,?,?,?,?,?,?)");
  if (!query) return std::unexpected(query.error());
  const std::string numbers = TextOf(event.numbers);
  query->Bind(event.canary).Bind(event.time_us).Bind(event.what).Bind(event.text).Bind(event.author);
  return query->Bind(Signed(event.revision)).Bind(numbers).Run();
}

core::Status Prune(RevisionDatabase& database, const std::string& canary) {
  auto own = database.Query(
      "DELETE FROM canary_events WHERE canary = ?1 AND sequence <= (SELECT sequence FROM canary_events "
      "WHERE canary = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)");
  if (!own) return std::unexpected(own.error());
  own->Bind(canary).Bind(static_cast<std::int64_t>(CanaryStore::kEventsMax));
  if (core::Status done = own->Run(); !done) return done;
  auto all =
      database.Query("DELETE FROM canary_events WHERE sequence <= (SELECT MAX(sequence) FROM canary_events) - ?");
  if (!all) return std::unexpected(all.error());
  return all->Bind(static_cast<std::int64_t>(CanaryStore::kAllEventsMax)).Run();
}

core::Status Write(RevisionDatabase& database, const std::string& canary, const Json& state, const CanaryEvent* event) {
  auto row = database.Query("INSERT OR REPLACE INTO canaries VALUES (?,?)");
  if (!row) return std::unexpected(row.error());
  const std::string text = TextOf(state);
  if (core::Status done = row->Bind(canary).Bind(text).Run(); !done) return done;
  if (event == nullptr) return {};
  if (core::Status done = AddEvent(database, *event); !done) return done;
  return Prune(database, canary);
}

}  // namespace

core::Result<CanaryStore> CanaryStore::Open(RevisionDatabase& database) {
  if (core::Status begun = database.Execute("BEGIN IMMEDIATE"); !begun) return std::unexpected(begun.error());
  core::Status made = database.Execute(kCreate);
  if (made) made = database.Execute("COMMIT");
  if (!made) {
    database.Rollback();
    return std::unexpected(made.error());
  }
  return CanaryStore(database);
}

core::Status CanaryStore::Save(const std::string& canary, const Json& state, const CanaryEvent* event) {
  if (core::Status there = database_->StillThere(); !there) return there;
  if (core::Status begun = database_->Execute("BEGIN IMMEDIATE"); !begun) return begun;
  core::Status done = Write(*database_, canary, state, event);
  if (done) done = database_->Execute("COMMIT");
  if (!done) database_->Rollback();
  return done;
}

core::Status CanaryStore::Forget(const std::string& canary, const CanaryEvent* event) {
  if (core::Status there = database_->StillThere(); !there) return there;
  if (core::Status begun = database_->Execute("BEGIN IMMEDIATE"); !begun) return begun;
  core::Status done;
  if (auto query = database_->Query("DELETE FROM canaries WHERE canary = ?"); query) {
    done = query->Bind(canary).Run();
  } else {
    done = std::unexpected(query.error());
  }
  if (done && event != nullptr) done = AddEvent(*database_, *event);
  if (done && event != nullptr) done = Prune(*database_, canary);
  if (done) done = database_->Execute("COMMIT");
  if (!done) database_->Rollback();
  return done;
}

core::Result<std::vector<CanaryStore::Row>> CanaryStore::Load() const {
  auto query = database_->Query("SELECT canary, state FROM canaries ORDER BY canary");
  if (!query) return std::unexpected(query.error());
  std::vector<Row> rows;
  for (auto row = query->Step();; row = query->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return rows;
    auto state = JsonAt(*query, 1);
    if (!state) return std::unexpected(state.error());
    rows.push_back({query->Text(0), std::move(*state)});
  }
}

core::Result<std::vector<CanaryEvent>> CanaryStore::Events(const std::string& canary, std::size_t limit) const {
  // Two statements: one that served both would not use the index.
  auto query = canary.empty() ? database_->Query(
                                    "SELECT time_us, canary, what, text, author, revision, numbers FROM canary_events "
                                    "WHERE ? = '' ORDER BY sequence DESC LIMIT ?")
                              : database_->Query(
                                    "SELECT time_us, canary, what, text, author, revision, numbers FROM canary_events "
                                    "WHERE canary = ? ORDER BY sequence DESC LIMIT ?");
  if (!query) return std::unexpected(query.error());
  query->Bind(canary).Bind(static_cast<std::int64_t>(std::min(limit, kAllEventsMax)));
  std::vector<CanaryEvent> events;
  for (auto row = query->Step();; row = query->Step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return events;
    auto numbers = JsonAt(*query, 6);
    if (!numbers) return std::unexpected(numbers.error());
    events.push_back({.time_us = query->Number(0),
                      .canary = query->Text(1),
                      .what = query->Text(2),
                      .text = query->Text(3),
                      .author = query->Text(4),
                      .revision = Unsigned(query->Number(5)),
                      .numbers = std::move(*numbers)});
  }
}

}  // namespace sluice::gateway
