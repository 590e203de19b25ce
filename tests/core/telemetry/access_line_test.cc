#include "core/telemetry/access_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/random.h"

namespace sluice::core {
namespace {

using Format = Settings::AccessLog::Format;

std::string Line(const Record& record, Format format) {
  std::string out(kAccessLineMax, '\0');
  out.resize(WriteAccessLine(record, format, out));
  return out;
}

// A request that the second rule of a VirtualService sent to v47 on its second try.
class AccessLine : public ::testing::Test {
 protected:
  AccessLine() {
    head.method = "POST";
    head.path = "/rank?n=10";
    head.authority = "ranking";
    head.protocol = "HTTP/1.1";
    head.headers.AddBorrowed(HeaderName::kUserAgent, "curl/7.88.1");
    snapshot.revision = "1f3a9c";
    cluster.name = "outbound|8000|v47|ranking.ml.svc.cluster.local";
    cluster.subset = "v47";
    endpoint.host_port = "127.0.0.1:9147";
    route.name = "default";
    route.virtual_service = "ml/ranking-vs";
    route.rule_index = 1;
    experiment.name = "ranking-v47";
    arm.name = "treatment";
    plan.route = &route;
    plan.experiment = &experiment;
    plan.arm = &arm;
    plan.bucket = 93;
    plan.draw = UINT64_MAX;

    record.snapshot = &snapshot;
    record.plan = &plan;
    record.request = &head;
    record.cluster = &cluster;
    record.endpoint = &endpoint;
    record.start_unix_us = 1'770'802'200'123'456;
    record.duration = Milliseconds(57);
    record.upstream_service_time = Milliseconds(41);
    record.response_code = 200;
    record.details = "via_upstream";
    record.request_body_bytes = 300;
    record.response_body_bytes = 1200;
    record.attempts = 2;
    record.mirrors = 1;
    record.original_path = head.path;
    record.request_id = "6f0c8b1e-0000-4000-8000-000000000001";
    record.x_forwarded_for = "10.0.0.7";
    record.downstream_remote_address = "10.0.0.7:51000";
    record.downstream_local_address = "10.0.0.1:8080";
    record.upstream_local_address = "127.0.0.1:40000";
  }

  Arena arena;
  Head head{arena};
  Snapshot snapshot;
  Cluster cluster;
  Endpoint endpoint;
  Route route;
  Experiment experiment;
  ExperimentArm arm;
  Plan plan;
  Record record;
};

TEST_F(AccessLine, TextIsIstiosDefaultFormat) {
  EXPECT_EQ(Line(record, Format::kText),
            "[2026-02-11T09:30:00.123Z] \"POST /rank?n=10 HTTP/1.1\" 200 - via_upstream - \"-\" 300 1200 57 41 "
            "\"10.0.0.7\" \"curl/7.88.1\" \"6f0c8b1e-0000-4000-8000-000000000001\" \"ranking\" \"127.0.0.1:9147\" "
            "outbound|8000|v47|ranking.ml.svc.cluster.local 127.0.0.1:40000 10.0.0.1:8080 10.0.0.7:51000 - default\n");
}

TEST_F(AccessLine, WhoIsHeldOutHasTheArmHoldout) {
  const Assignment held{.experiment = &experiment, .bucket = 93, .by = AssignedBy::kHoldout, .unit = "user-42"};
  plan.arm = nullptr;
  plan.assignments.all = {&held, 1};

  const nlohmann::json line = nlohmann::json::parse(Line(record, Format::kJson));

  EXPECT_EQ(line["arm"], "holdout");
  EXPECT_EQ(line["bucket"], 93);
}

TEST_F(AccessLine, JsonHasEveryKeyOfIstioAndOurs) {
  const nlohmann::json line = nlohmann::json::parse(Line(record, Format::kJson));

  for (const char* key : {"start_time",
                          "route_name",
                          "method",
                          "path",
                          "protocol",
                          "response_code",
                          "response_flags",
                          "response_code_details",
                          "connection_termination_details",
                          "bytes_received",
                          "bytes_sent",
                          "duration",
                          "upstream_service_time",
                          "x_forwarded_for",
                          "user_agent",
                          "request_id",
                          "authority",
                          "upstream_host",
                          "upstream_cluster",
                          "upstream_local_address",
                          "downstream_local_address",
                          "downstream_remote_address",
                          "requested_server_name",
                          "upstream_transport_failure_reason",
                          "virtual_service",
                          "rule_index",
                          "subset",
                          "experiment",
                          "arm",
                          "bucket",
                          "split_draw",
                          "attempt_count",
                          "revision",
                          "mirrors"}) {
    EXPECT_TRUE(line.contains(key)) << key;
  }
  EXPECT_EQ(line["start_time"], "2026-02-11T09:30:00.123Z");
  EXPECT_EQ(line["response_code"], 200);
  EXPECT_EQ(line["virtual_service"], "ml/ranking-vs");
  EXPECT_EQ(line["rule_index"], 1);
  EXPECT_EQ(line["subset"], "v47");
  EXPECT_EQ(line["arm"], "treatment");
  EXPECT_EQ(line["bucket"], 93);
  EXPECT_EQ(line["split_draw"], "18446744073709551615");
  EXPECT_EQ(line["attempt_count"], 2);
  EXPECT_EQ(line["revision"], "1f3a9c");
  EXPECT_TRUE(line["requested_server_name"].is_null());
}

TEST_F(AccessLine, ARequestThatWasNeverUnderstoodStillHasItsLine) {
  Record bare;
  bare.response_code = 400;
  bare.flags.Set(ResponseFlag::kDPE);
  bare.details = "http1.codec_error";

  const nlohmann::json line = nlohmann::json::parse(Line(bare, Format::kJson));

  EXPECT_TRUE(line["method"].is_null());
  EXPECT_TRUE(line["rule_index"].is_null());
  EXPECT_TRUE(line["split_draw"].is_null());
  EXPECT_TRUE(line["upstream_service_time"].is_null());
  EXPECT_EQ(line["response_flags"], "DPE");
  EXPECT_EQ(Line(bare, Format::kText).substr(0, 35), "[1970-01-01T00:00:00.000Z] \"- - -\" ");
}

TEST_F(AccessLine, WhateverAClientSendsStaysOneParsableLine) {
  Random random(20260211);
  std::array<std::string, 6> junk;
  for (int round = 0; round < 3'000; ++round) {
    for (std::string& text : junk) {
      text.resize(random.Below(round % 50 == 0 ? 9'000 : 40));
      for (char& c : text) c = static_cast<char>(random.Next());
    }
    Arena junk_arena;
    Head junk_head(junk_arena);
    junk_head.method = junk[0];
    junk_head.authority = junk[1];
    junk_head.headers.AddBorrowed(HeaderName::kUserAgent, junk[2]);
    record.request = &junk_head;
    record.original_path = junk[3];
    record.x_forwarded_for = junk[4];
    record.requested_server_name = junk[5];

    const std::string json = Line(record, Format::kJson);
    const std::string text = Line(record, Format::kText);

    ASSERT_EQ(json.find('\n'), json.size() - 1);
    const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << json;
    ASSERT_EQ(parsed["revision"], "1f3a9c");  // nothing before it ended the object
    ASSERT_EQ(text.find('\n'), text.size() - 1);
    // 7 quoted fields: nothing in them closed a quote.
    ASSERT_EQ(std::count(text.begin(), text.end(), '"'), 14);
    // No control character, and few enough bytes per field.
    for (const char c : text.substr(0, text.size() - 1)) ASSERT_GE(static_cast<unsigned char>(c), 0x20);
    ASSERT_LE(json.size(), kAccessLineMax);
  }
}

TEST_F(AccessLine, EveryFieldAtItsLimitFitsTheBuffer) {
  const std::string longest(5'000, 'x');
  head.method = head.authority = head.protocol = longest;
  head.headers.Set(HeaderName::kUserAgent, longest);
  route.name = route.virtual_service = experiment.name = arm.name = snapshot.revision = longest;
  cluster.name = cluster.subset = endpoint.host_port = longest;
  RouteMatch match;
  match.name = longest;
  plan.match = &match;
  record.details = record.transport_failure = record.original_path = record.request_id = longest;
  record.x_forwarded_for = record.downstream_remote_address = record.downstream_local_address = longest;
  record.upstream_local_address = record.requested_server_name = longest;

  EXPECT_LE(Line(record, Format::kJson).size(), kAccessLineMax);
  EXPECT_LE(Line(record, Format::kText).size(), kAccessLineMax);
}

}  // namespace
}  // namespace sluice::core
