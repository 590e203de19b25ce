// What the verbs make of a command line, and of what a gateway answers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/cli/apply.h"
#include "gateway/cli/change_report.h"
#include "gateway/cli/get.h"
#include "gateway/cli/history.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/status.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/weights.h"
#include "tests/gateway/cli/canned_server.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

using config::Json;
using test::CannedServer;

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

// The verb as main.cc runs it.
Ran RunVerb(void (*add)(CLI::App&, int&), std::vector<std::string> words) {
  CLI::App app("", "sluice");
  Ran ran;
  add(app, ran.code);
  std::vector<const char*> given = {"sluice"};
  for (const std::string& word : words) given.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    app.parse(static_cast<int>(given.size()), given.data());
  } catch (const CLI::ParseError& error) {
    ran.code = app.exit(error);
  }
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

Json BodyOf(const std::string& request) { return Json::parse(request.substr(request.find("\r\n\r\n") + 4)); }

std::string PathOf(const std::string& request) {
  const std::size_t begin = request.find(' ') + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

constexpr const char* kAccepted =
    R"({"outcome":"accepted","revision":7,"summary":["VirtualService ml/a: v47 10 % -> 25 %"],
  "warnings":["rule premium vanishes"],"findings":[],"error":"",
  "objects":[{"kind":"VirtualService","namespace":"ml","name":"a","change":"configured"}]})";
constexpr const char* kInvalid =
    R"({"outcome":"invalid","revision":6,"error":"the configuration would be bad","summary":[],
  "findings":[{"severity":"error","code":"IST0106","file":"live","line":2,"column":3,"message":"bad","cure":"better"}]})";

TEST(ObjectName, TakesTheWaysInWhichPeopleNameThings) {
  EXPECT_EQ(ObjectNamed("vs/a", "ml")->Text(), "VirtualService ml/a");
  EXPECT_EQ(ObjectNamed("destinationrules/other/a", "ml")->Text(), "DestinationRule other/a");
  EXPECT_EQ(ObjectNamed("Experiment", "x/a", "ml")->Text(), "Experiment x/a");
  EXPECT_NE(KindNamed("virtualservise").error().cure.find("virtualservice"), std::string::npos);
  for (const char* wrong : {"a", "pod/a", "vs/", "vs//a", "vs/a/b/c"}) {
    const auto named = ObjectNamed(wrong, "ml");
    ASSERT_FALSE(named) << wrong;
    EXPECT_EQ(named.error().code, core::ErrorCode::kInvalidArgument);
    EXPECT_NE(named.error().cure, "");
  }
}

TEST(Columns, LineUpByCharactersAndKeepTerminalsSafe) {
  EXPECT_EQ(Columns({{"A", "B"}, {"\xc3\xa9\xc3\xa9", ""}, {"x", "\x1b[1m"}}),
            "A    B\n\xc3\xa9\xc3\xa9   -\nx     [1m\n");
}

TEST(Weights, AreReadStrictly) {
  EXPECT_EQ(ReadWeights(std::vector<std::string>{"v45=90", "v47=10"})->dump(), R"({"v45":90,"v47":10})");
  for (const char* wrong : {"v45", "=1", "v45=", "v45=-1", "v45=1.5", "v45=10001", "v45=1 "}) {
    EXPECT_FALSE(ReadWeights(std::vector<std::string>{wrong})) << wrong;
  }
  EXPECT_FALSE(ReadWeights(std::vector<std::string>{"v45=1", "v45=2"}));
}

TEST(Weights, AskForJustTheWeights) {
  CannedServer server({CannedServer::Json(kAccepted)});
  const Ran ran = RunVerb(
      AddWeights, {"weights", "ml/a", "default", "v45=75", "v47=25", "-m", "why not", "--server", server.address()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "VirtualService ml/a configured\n  VirtualService ml/a: v47 10 % -> 25 %\nrevision 7 is in force\n");
  EXPECT_EQ(ran.err, "warning: rule premium vanishes\n");
  const std::string& request = server.Stop().at(0);
  EXPECT_EQ(PathOf(request), "/sluice/v1/weights");
  EXPECT_EQ(BodyOf(request).dump(),
            R"({"dryRun":false,"message":"why not","name":"a","namespace":"ml","route":"default",)"
            R"("weights":{"v45":75,"v47":25}})");
}

TEST(Apply, SendsEveryResourceOfItsFilesAtOnce) {
  TemporaryDirectory directory;
  directory.Write("b.yaml",
                  "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: a/v1, kind: B, metadata: {name: one}}\n");
  directory.Write("c.json",
                  R"({"apiVersion":"a/v1","kind":"C","metadata":{"name":"two","namespace":"own"},"spec":{"n":1}})");
  CannedServer server({CannedServer::Json(kAccepted)});
  const Ran ran = RunVerb(AddApply, {"apply", "-f", directory.path() / "b.yaml", "-f", directory.path() / "c.json",
                                     "-n", "ml", "--dry-run", "--server", server.address()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("dry run"), std::string::npos);
  const Json body = BodyOf(server.Stop().at(0));
  EXPECT_EQ(body["objects"].dump(),
            R"([{"apiVersion":"a/v1","kind":"B","metadata":{"name":"one","namespace":"ml"}},)"
            R"({"apiVersion":"a/v1","kind":"C","metadata":{"name":"two","namespace":"own"},"spec":{"n":1}}])");
  EXPECT_EQ(body["dryRun"], true);
}

TEST(Apply, FilesThatCannotBeReadAreToldWithTheirLinesAndNothingIsSent) {
  TemporaryDirectory directory;
  directory.Write(
      "twice.yaml",
      "apiVersion: a/v1\nkind: B\nmetadata: {name: x}\n---\napiVersion: a/v1\nkind: B\nmetadata: {name: x}\n");
  directory.Write("none.yaml", "a: b\n");
  directory.Write("broken.yaml", "a: [\n");
  directory.Write("empty.yaml", "# nothing\n");
  for (const auto& [file, code] :
       {std::pair("twice.yaml", 65), std::pair("none.yaml", 65), std::pair("broken.yaml", 65),
        std::pair("missing.yaml", 65), std::pair("empty.yaml", 64)}) {
    const std::string path = directory.path() / file;
    const Ran ran = RunVerb(AddApply, {"apply", "-f", path, "--server", "127.0.0.1:1"});
    EXPECT_EQ(ran.code, code) << file << ran.err;
    EXPECT_EQ(ran.out, "");
    if (code == 65) {
      EXPECT_NE(ran.err.find(path), std::string::npos) << ran.err;
    }
  }
}

TEST(Apply, ARefusalIsToldWithItsFindings) {
  TemporaryDirectory directory;
  const std::string file = directory.Write("a.yaml", "apiVersion: a/v1\nkind: B\nmetadata: {name: x}\n");
  CannedServer server(
      {CannedServer::Json(kInvalid, "422 Unprocessable Content"),
       CannedServer::Json(R"({"outcome":"gateFailed","error":"a test failed"})", "422 Unprocessable Content"),
       CannedServer::Json(R"({"outcome":"conflict","error":"changed"})", "409 Conflict"),
       CannedServer::Json(kInvalid, "422 Unprocessable Content")});
  const Ran invalid = RunVerb(AddApply, {"apply", "-f", file, "--server", server.address()});
  EXPECT_EQ(invalid.code, 65);
  EXPECT_EQ(invalid.out, "");
  EXPECT_EQ(invalid.err,
            "live:2:3: error IST0106 bad; better\nsluice: the change was refused: 1 error; nothing was changed\n");
  EXPECT_EQ(RunVerb(AddApply, {"apply", "-f", file, "--server", server.address()}).code, 1);
  EXPECT_EQ(RunVerb(AddApply, {"apply", "-f", file, "--server", server.address()}).code, 1);
  const Ran json = RunVerb(AddApply, {"apply", "-f", file, "--server", server.address(), "-o", "json"});
  EXPECT_EQ(json.code, 65);
  EXPECT_EQ(Json::parse(json.out), Json::parse(kInvalid));
}

TEST(Apply, AFindingIsToldInTheUsersOwnFileWhenItIsKnownThere) {
  const config::Finding local{.severity = config::Severity::kError,
                              .code = "IST0106",
                              .message = "bad",
                              .cure = "better",
                              .place = {"mine.yaml", {9, 4}}};
  testing::internal::CaptureStderr();
  TellChange({.status = 422, .body = Json::parse(kInvalid)}, {}, {local});
  EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with("mine.yaml:9:4: error IST0106 bad; better\n"));
}

TEST(Delete, NamesObjectsInEitherWay) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"delete", "vs", "a", "b"}, {"delete", "vs/a", "vs/b"}}) {
    CannedServer server({CannedServer::Json(kAccepted)});
    std::vector<std::string> all = words;
    all.insert(all.end(), {"-n", "ml", "--server", server.address()});
    EXPECT_EQ(RunVerb(AddDelete, all).code, 0);
    EXPECT_EQ(
        BodyOf(server.Stop().at(0))["objects"].dump(),
        R"([{"kind":"VirtualService","name":"a","namespace":"ml"},{"kind":"VirtualService","name":"b","namespace":"ml"}])");
  }
  EXPECT_EQ(RunVerb(AddDelete, {"delete", "vs"}).code, 64);
  EXPECT_EQ(RunVerb(AddDelete, {"delete", "pod", "a"}).code, 64);
}

Json Entries() {
  return Json::parse(R"([
    {"body":{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"a","namespace":"ml"},
             "spec":{"hosts":["x","y"]}},"revision":3,"drift":"changed","file":"r.yaml","line":4,
     "fileBody":{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"a","namespace":"ml"},
             "spec":{"hosts":["x"]}}},
    {"body":{"apiVersion":"networking.istio.io/v1","kind":"DestinationRule","metadata":{"name":"b","namespace":"ml"},
             "spec":{"host":"x"}},"revision":2,"drift":"none","file":"r.yaml","line":20},
    {"body":null,"revision":0,"drift":"fileOnly","file":"r.yaml","line":30,
     "fileBody":{"apiVersion":"sluice.dev/v1alpha1","kind":"Experiment","metadata":{"name":"c","namespace":"ml"},"spec":{}}}])");
}

TEST(Get, ShowsWhatIsInForceAndWhatDrifts) {
  const std::string all = Json{{"revision", 3}, {"objects", Entries()}}.dump();
  CannedServer server(
      {CannedServer::Json(all), CannedServer::Json(all), CannedServer::Json(all), CannedServer::Json(all)});
  const Ran table = RunVerb(AddGet, {"get", "-n", "ml", "--server", server.address()});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(table.out,
            "NAME                HOSTS   REVISION   DRIFT     FILE\n"
            "virtualservice/a    x,y     3          changed   r.yaml:4\n"
            "destinationrule/b   x       2          no        r.yaml:20\n");
  const Ran drift = RunVerb(AddGet, {"get", "-A", "--drift", "--server", server.address()});
  EXPECT_EQ(drift.code, 2);
  EXPECT_NE(drift.out.find("ml          experiment/c       -       -          deleted live   r.yaml:30\n"),
            std::string::npos)
      << drift.out;
  EXPECT_NE(drift.out.find("--- VirtualService ml/a (r.yaml:4)\n+++ VirtualService ml/a (in force)\n"),
            std::string::npos);
  EXPECT_NE(drift.out.find("\n+"), std::string::npos);
  const Ran yaml = RunVerb(AddGet, {"get", "-o", "yaml", "--server", server.address()});
  EXPECT_TRUE(yaml.out.starts_with("apiVersion: networking.istio.io/v1\nkind: VirtualService\n")) << yaml.out;
  EXPECT_NE(yaml.out.find("\n---\n"), std::string::npos);
  const Ran json = RunVerb(AddGet, {"get", "-o", "json", "--server", server.address()});
  EXPECT_EQ(Json::parse(json.out)["items"].size(), 2u);
  const auto& requests = server.Stop();
  EXPECT_EQ(PathOf(requests.at(0)), "/sluice/v1/objects?kind=&namespace=ml&name=");
  EXPECT_EQ(PathOf(requests.at(1)), "/sluice/v1/objects?kind=&namespace=&name=");
}

TEST(Get, AMissingObjectIsAFailureAndAnEmptyListIsNone) {
  const std::string none = CannedServer::Json(R"({"revision":1,"objects":[]})");
  CannedServer server({none, none, none, none});
  EXPECT_EQ(RunVerb(AddGet, {"get", "vs", "a", "--server", server.address()}).code, 1);
  EXPECT_EQ(RunVerb(AddGet, {"get", "vs/ml/a", "--server", server.address()}).code, 1);
  EXPECT_EQ(RunVerb(AddGet, {"get", "vs", "--server", server.address()}).code, 0);
  EXPECT_EQ(RunVerb(AddGet, {"get", "--drift", "--server", server.address()}).code, 0);
  EXPECT_EQ(PathOf(server.Stop().at(1)), "/sluice/v1/objects?kind=VirtualService&namespace=ml&name=a");
  EXPECT_EQ(RunVerb(AddGet, {"get", "pods"}).code, 64);
}

TEST(History, IsATableInWhichRefusalsAreMarked) {
  const Json revisions = Json::parse(R"([
    {"sequence":3,"number":2,"accepted":false,"timeUs":1800000000000000,"author":"ana","source":"apply","message":"",
     "summary":["VirtualService ml/a: v47 10 % -> 25 %"],"findings":[{"severity":"error","code":"IST0101","message":"no such host"}]},
    {"sequence":2,"number":2,"accepted":true,"timeUs":1800000000000000,"author":"bo","source":"api","message":"",
     "summary":["one","two","three"],"findings":[]},
    {"sequence":1,"number":1,"accepted":true,"timeUs":1800000000000000,"author":"root","source":"file","message":"start",
     "summary":["one"],"findings":[]}])");
  EXPECT_EQ(HistoryTable(revisions, Json::array()),
            "REVISION   TIME                   AUTHOR   SOURCE   CHANGE\n"
            "rejected   2027-01-15 08:00:00Z   ana      apply    VirtualService ml/a: v47 10 % -> 25 %: IST0101 no "
            "such host\n"
            "2          2027-01-15 08:00:00Z   bo       api      one (+2 more)\n"
            "1          2027-01-15 08:00:00Z   root     file     start\n");
}

TEST(History, DecisionsOfCanariesStandBetweenTheRevisionsOfTheirTime) {
  const Json revisions = Json::parse(R"([
    {"number":2,"timeUs":1800000002000000,"author":"bo","source":"api","message":"second"},
    {"number":1,"timeUs":1800000000000000,"author":"root","source":"file","message":"start"}])");
  const Json decisions = Json::parse(R"([
    {"timeUs":1800000003000000,"canary":"ml/a","author":"canary","text":"promoted"},
    {"timeUs":1800000001000000,"canary":"ml/a","author":"ana","text":"paused by ana"}])");
  EXPECT_EQ(HistoryTable(revisions, decisions),
            "REVISION   TIME                   AUTHOR   SOURCE   CHANGE\n"
            "-          2027-01-15 08:00:03Z   canary   canary   ml/a: promoted\n"
            "2          2027-01-15 08:00:02Z   bo       api      second\n"
            "-          2027-01-15 08:00:01Z   ana      canary   ml/a: paused by ana\n"
            "1          2027-01-15 08:00:00Z   root     file     start\n");
}

TEST(History, AsksForWhatIsWanted) {
  CannedServer server({CannedServer::Json(R"({"revisions":[]})"),
                       CannedServer::Json(R"({"intact":true,"revisions":12})"),
                       CannedServer::Json(R"({"intact":false,"error":"entry 7 was changed"})")});
  EXPECT_EQ(RunVerb(AddHistory, {"history", "--object", "vs/a b", "--limit", "5", "--accepted", "-n", "ml", "--server",
                                 server.address()})
                .code,
            0);
  const Ran intact = RunVerb(AddHistory, {"history", "--verify", "--server", server.address()});
  EXPECT_EQ(intact.code, 0);
  EXPECT_EQ(intact.out, "the history is intact: 12 entries\n");
  const Ran broken = RunVerb(AddHistory, {"history", "--verify", "--server", server.address()});
  EXPECT_EQ(broken.code, 1);
  EXPECT_NE(broken.err.find("entry 7 was changed"), std::string::npos);
  EXPECT_EQ(PathOf(server.Stop().at(0)),
            "/sluice/v1/history?limit=5&rejected=false&object=VirtualService%2Fml%2Fa%20b");
}

TEST(Diff, IsSummaryThenLinesWithExitCode2) {
  const std::string differ = R"({"from":1,"to":2,"summary":["Experiment ml/c: buckets 10 -> 20"],"objects":[
    {"kind":"Experiment","namespace":"ml","name":"c","before":{"apiVersion":"s/v1","kind":"Experiment","spec":{"size":10}},
     "after":{"apiVersion":"s/v1","kind":"Experiment","spec":{"size":20}}}]})";
  CannedServer server({CannedServer::Json(differ), CannedServer::Json(R"({"from":2,"to":2,"summary":[],"objects":[]})"),
                       CannedServer::Json(R"({"error":"there is no revision 99"})", "404 Not Found")});
  const Ran ran = RunVerb(AddDiff, {"diff", "1", "--server", server.address()});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out,
            "Experiment ml/c: buckets 10 -> 20\n\n--- Experiment ml/c (revision 1)\n+++ Experiment ml/c (revision 2)\n"
            "@@ -1,4 +1,4 @@\n apiVersion: s/v1\n kind: Experiment\n spec:\n-  size: 10\n+  size: 20\n");
  EXPECT_EQ(RunVerb(AddDiff, {"diff", "2", "2", "--server", server.address()}).code, 0);
  const Ran missing = RunVerb(AddDiff, {"diff", "99", "--server", server.address()});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.err, "sluice: there is no revision 99\n");
  EXPECT_EQ(PathOf(server.Stop().at(0)), "/sluice/v1/diff?from=1");
}

TEST(Revert, AsksForTheRevision) {
  CannedServer server({CannedServer::Json(R"({"outcome":"unchanged","revision":9,"summary":[],"objects":[]})")});
  const Ran ran = RunVerb(AddRevert, {"revert", "4", "--server", server.address()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "nothing to change; revision 9 is in force\n");
  EXPECT_EQ(BodyOf(server.Stop().at(0)).dump(), R"({"dryRun":false,"message":"","revision":4})");
}

TEST(Status, TellsWhatRuns) {
  CannedServer server({CannedServer::Json(
      R"({"revision":7,"objects":{"VirtualService":2,"DestinationRule":1},"stateDirectory":"","lastRefusal":null,
          "lastChange":{"timeUs":1800000000000000,"source":"apply","author":"ana","message":"","summary":["x"]}})")});
  const Ran ran = RunVerb(AddStatus, {"status", "--server", server.address()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (const char* part : {"revision       7\n", "1 DestinationRule, 2 VirtualService\n", "in memory",
                           "2027-01-15 08:00:00Z, apply by ana: x\n", "last refusal   none\n"}) {
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << ran.out;
  }
}

TEST(Verbs, WhoIsNotReachableIs69WithCauseAndCure) {
  for (const auto& [add, words] : {std::pair(&AddGet, std::vector<std::string>{"get"}),
                                   std::pair(&AddHistory, std::vector<std::string>{"history"}),
                                   std::pair(&AddStatus, std::vector<std::string>{"status"}),
                                   std::pair(&AddRevert, std::vector<std::string>{"revert", "1"})}) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--server", "127.0.0.1:1"});
    const Ran ran = RunVerb(add, all);
    EXPECT_EQ(ran.code, 69) << words[0];
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find("http://127.0.0.1:1"), std::string::npos);
    EXPECT_NE(ran.err.find("--server"), std::string::npos);
  }
}

TEST(Verbs, AnAnswerOfOtherTypesIsNoCrash) {
  for (const char* odd : {R"({"objects":7,"revisions":{"a":1},"summary":[1],"revision":"x"})",
                          R"({"objects":[1,null,[]],"revisions":[1,null],"lastChange":[1]})"}) {
    const std::string answer = CannedServer::Json(odd);
    CannedServer server({answer, answer, answer, answer, answer});
    const std::string at = server.address();
    RunVerb(AddGet, {"get", "-A", "--server", at});
    RunVerb(AddGet, {"get", "--drift", "-o", "yaml", "--server", at});
    RunVerb(AddHistory, {"history", "--server", at});
    RunVerb(AddDiff, {"diff", "1", "--server", at});
    RunVerb(AddStatus, {"status", "--server", at});
    EXPECT_EQ(server.Stop().size(), 5u);
  }
}

}  // namespace
}  // namespace sluice::gateway
