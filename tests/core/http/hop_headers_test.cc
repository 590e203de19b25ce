#include "core/http/hop_headers.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

class HopHeaders : public ::testing::Test {
 protected:
  bool Remove() { return RemoveHopByHop(fields, ReadConnectionOptions(fields)); }

  Arena arena;
  HeaderMap fields{arena};
};

TEST_F(HopHeaders, ReadsWhatConnectionAsksFor) {
  fields.AddCopy("Connection", "Keep-Alive, x-a");
  fields.AddCopy("Connection", "CLOSE");
  const ConnectionOptions options = ReadConnectionOptions(fields);
  EXPECT_TRUE(options.close);
  EXPECT_TRUE(options.keep_alive);
  EXPECT_TRUE(options.names_fields);
}

TEST_F(HopHeaders, RemovesTheFieldsOfTheConnection) {
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
                           "http2-settings", "content-length", "host"}) {
    fields.AddCopy(name, "x");
  }
  fields.AddCopy("accept", "y");
  EXPECT_TRUE(Remove());
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields.Find("accept"), "y");
}

TEST_F(HopHeaders, RemovesNamedFieldsInAnyCase) {
  fields.AddCopy("connection", "X-Secret");
  fields.AddCopy("x-secret", "1");
  fields.AddCopy("x-secret-2", "1");
  EXPECT_TRUE(Remove());
  EXPECT_EQ(fields.Find("x-secret"), std::nullopt);
  EXPECT_EQ(fields.Find("x-secret-2"), "1");
}

TEST_F(HopHeaders, NobodyNamesAwayFieldsThatDecide) {
  for (const char* name : {"authorization", "cookie", "x-forwarded-for", "x-request-id", "x-ab-bucket", "x-envoy-a",
                           "x-sluice-mirror", "content-type", "forwarded"}) {
    fields.AddCopy("connection", name);
    fields.AddCopy(name, "1");
  }
  EXPECT_TRUE(Remove());
  EXPECT_EQ(fields.size(), 9u);
}

TEST_F(HopHeaders, ReducesTeToTrailers) {
  fields.AddCopy("te", "deflate");
  fields.AddCopy("te", "gzip;q=0.5, Trailers");
  EXPECT_TRUE(Remove());
  EXPECT_EQ(fields.Count(HeaderName::kTe), 1u);
  EXPECT_EQ(fields.Find(HeaderName::kTe), "trailers");
  fields.Set(HeaderName::kTe, "deflate");
  EXPECT_TRUE(Remove());
  EXPECT_TRUE(fields.empty());
}

TEST_F(HopHeaders, RefusesAListOfWhatIsNoToken) {
  for (const char* bad : {"(", "x-a;b", "close, \"x\"", "x a", "x-a, b/c"}) {
    fields.Clear();
    fields.AddCopy("connection", bad);
    EXPECT_FALSE(Remove()) << bad;
  }
  for (const char* good : {"", ", ,", "close,", " , TE,keep-alive"}) {
    fields.Clear();
    fields.AddCopy("connection", good);
    EXPECT_TRUE(Remove()) << good;
  }
}

TEST_F(HopHeaders, RefusesAListThatIsTooLong) {
  std::string list;
  for (std::size_t i = 0; i < kConnectionNamesMax; ++i) list += "a, ";
  fields.AddCopy("connection", list);
  EXPECT_TRUE(Remove());
  fields.AddCopy("connection", list + "b");
  EXPECT_FALSE(Remove());
}

}  // namespace
}  // namespace sluice::core
