// What `sluice get|history|diff|revert|apply|weights|status` ask of a running gateway: JSON below /sluice/v1/. The control
// thread only.
//
//   GET  /sluice/v1/history?limit=N&before=SEQ&object=KIND/NS/NAME&rejected=false   {"revisions":[..],"decisions":[..]}, newest first, each
//        {"sequence","number","accepted","timeUs","author","source","message","summary":[..],"findings":[..],"hash","previousHash"}
//        revision; decisions are those of canaries that changed nothing (wait, pause, finish ..), within that time:
//        {"timeUs","canary","what","text","author","revision":0,"numbers"}
//   GET  /sluice/v1/revisions/N                      one revision with its "changes"
//   GET  /sluice/v1/diff?from=A&to=B                 {"from","to","summary":[..],"objects":[{kind,namespace,name,before,after}]}; without
//        `to`: what is in force
//   GET  /sluice/v1/verify                           {"intact":true,"revisions":N} or {"intact":false,"error":..}
//   GET  /sluice/v1/objects?kind=&namespace=&name=   {"revision","objects":[{"body","revision","drift","file","line","fileBody"}]}
//        drift: none, changed, liveOnly, fileOnly (no body); empty parameters: any
//   GET  /sluice/v1/status                           {"revision","objects":{KIND:count},"drifting","stateDirectory","lastChange","lastRefusal"}
//   POST /sluice/v1/apply    {"objects":[..],"message":"","dryRun":false,"source":"apply"}   all in one revision
//   POST /sluice/v1/delete   {"objects":[{kind,namespace,name}],...}
//   POST /sluice/v1/weights  {"namespace","name","route","weights":{"v45":90,"v47":10},"message","dryRun"}
//   POST /sluice/v1/revert   {"revision":N,"message","dryRun"}; recorded as "revert to N: message"
// Answers of POST: {"outcome","revision","summary":[..],"warnings":[..],"findings":[..],"error","objects":[{kind,namespace,name,
// change}]}; outcome: accepted, unchanged, conflict, notFound, invalid, gateFailed, notRecorded; change: created, configured,
// unchanged, deleted; status 200, 400, 401, 404, 409, 422 or 507. Refusals of GET: {"error"}.
#pragma once

#include <string>
#include <string_view>

#include "gateway/admin/admin_message.h"
#include "gateway/store/change.h"
#include "gateway/store/revision_store.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

// What is wrong with what is running, at this moment.
struct FindingsHook {
  std::vector<config::Finding> (*call)(void* self) = nullptr;  // null: nobody looks
  void* self = nullptr;
};

struct HistoryContext {
  const World* world = nullptr;
  const RevisionStore* store = nullptr;
  ChangeHook changes;
  std::string_view default_namespace = "default";
  std::string_view author;
  std::string_view state_directory;  // empty: in memory
  FindingsHook findings{};           // for the status
};

bool IsHistoryPath(std::string_view path);  // "/sluice/v1/" and below

AdminAnswer AnswerHistory(const HistoryContext& context, const AdminRequest& request, bool may_write);

}  // namespace sluice::gateway
