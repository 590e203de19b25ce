#include "gateway/codec/h2_headers.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::gateway {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kGet = {{":method", "GET"}, {":scheme", "https"}, {":authority", "Model:80"}, {":path", "/a?b"}};

// kGet with its pseudo-header `name` saying something else.
Fields With(std::string_view name, std::string value) {
  Fields fields = kGet;
  for (auto& field : fields) {
    if (field.first == name) field.second = std::move(value);
  }
  return fields;
}

Fields And(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

struct Request {
  explicit Request(const Fields& fields) : head(arena) {
    for (const auto& [name, value] : fields) EXPECT_TRUE(block.Add(name, value));
    const auto good = ReadRequestBlock(block, limits, head);
    if (!good) fault = good.error();
  }

  CodecLimits limits;
  core::Arena arena;
  core::Head head;
  H2FieldText block;
  ProtocolFault fault{.status = 0, .details = {}};
};

TEST(H2FieldText, RemembersFieldsInOrderAndCountsThem) {
  H2FieldText text;
  EXPECT_TRUE(text.empty());
  text.Add(":path", "/");
  text.Add("name", "");
  text.Add("name", std::string(10'000, 'x'));

  std::vector<std::size_t> sizes;
  text.ForEach([&sizes](std::string_view name, std::string_view value) {
    sizes.push_back(name.size());
    sizes.push_back(value.size());
  });

  EXPECT_EQ(sizes, (std::vector<std::size_t>{5, 1, 4, 0, 4, 10'000}));
  EXPECT_EQ(text.fields(), 2u);
  EXPECT_EQ(text.decoded_bytes(), 5u + 1 + 4 + 4 + 10'000 + 3 * 32);
  text.Clear();
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.fields() + text.decoded_bytes(), 0u);
}

// Found by h2_fuzz: trailers may have no field at all.
TEST(H2FieldText, WithoutFieldsIsTrailersWithoutFields) {
  const H2FieldText text;
  core::Arena arena;
  core::HeaderMap trailers(arena);

  ReadTrailerBlock(text, trailers);

  EXPECT_TRUE(trailers.empty());
}

TEST(H2RequestBlock, BecomesAHead) {
  const Request request(And(kGet, {{"content-length", "12"}, {"x-thing", "one"}}));

  EXPECT_EQ(request.fault.status, 0);
  EXPECT_EQ(request.head.method, "GET");
  EXPECT_EQ(request.head.scheme, "https");
  EXPECT_EQ(request.head.authority, "Model:80");
  EXPECT_EQ(request.head.path, "/a?b");
  EXPECT_EQ(request.head.content_length, 12u);
  EXPECT_EQ(request.head.wire, core::Wire::kHttp2);
  EXPECT_EQ(request.head.headers.Find("x-thing"), "one");
}

TEST(H2RequestBlock, CrumbsOfACookieAreJoinedInOrder) {
  const Request request(And(kGet, {{"cookie", "a=1"}, {"x", "y"}, {"cookie", ""}, {"cookie", "b=2; c=3"}}));

  EXPECT_EQ(request.head.headers.Count(core::HeaderName::kCookie), 1u);
  EXPECT_EQ(request.head.headers.Find(core::HeaderName::kCookie), "a=1; ; b=2; c=3");
}

TEST(H2RequestBlock, HostStandsInForAnAuthorityThatIsMissing) {
  Fields fields = kGet;
  fields.erase(fields.begin() + 2);

  EXPECT_EQ(Request(And(fields, {{"host", "model"}})).head.authority, "model");
  EXPECT_EQ(Request(And(kGet, {{"host", "mODEL:80"}})).fault.status, 0);
}

TEST(H2RequestBlock, WhatNghttp2LetsPassAndWeDoNot) {
  struct Vector {
    Fields fields;
    int status;
    std::string_view details;
  };
  Fields nameless = kGet;
  nameless.erase(nameless.begin() + 2);
  const std::vector<Vector> vectors = {
      {With(":method", "GE T"), 400, "http2.invalid_method"},
      {With(":method", ""), 400, "http2.invalid_method"},
      {With(":method", "CONNECT"), 405, "http2.method_not_allowed"},
      {With(":method", "TRACE"), 405, "http2.method_not_allowed"},
      {With(":path", ""), 400, "http2.invalid_path"},
      {With(":path", "/a b"), 400, "http2.invalid_path"},
      {With(":path", "/a HTTP/1.1\r\nx: y"), 400, "http2.invalid_path"},
      {With(":path", std::string("/\0", 2)), 400, "http2.invalid_path"},
      {With(":path", "/" + std::string(8 * 1024, 'x')), 414, "http2.path_too_long"},
      {With(":authority", "user@model"), 400, "http2.invalid_authority"},
      {With(":authority", "mo del"), 400, "http2.invalid_authority"},
      {With(":authority", "model/x"), 400, "http2.invalid_authority"},
      {With(":authority", "model:99999"), 400, "http2.invalid_authority"},
      {nameless, 400, "http2.invalid_authority"},
      {And(kGet, {{"host", "other"}}), 400, "http2.host_mismatch"},
      {And(kGet, {{"host", "model"}}), 400, "http2.host_mismatch"},
      {And(kGet, {{"host", "Model:80"}, {"host", "Model:80"}}), 400, "http2.multiple_hosts"},
      {And(nameless, {{"host", "user@model"}}), 400, "http2.invalid_authority"},
      {And(kGet, {{std::string(257, 'n'), ""}}), 431, "http2.header_name_too_long"},
      {And(kGet, {{"expect", "200-ok"}}), 417, "http2.unknown_expectation"},
  };
  for (const Vector& vector : vectors) {
    const Request request(vector.fields);
    EXPECT_EQ(request.fault.status, vector.status) << vector.details;
    EXPECT_EQ(request.fault.details, vector.details);
  }
}

TEST(H2RequestBlock, TwoNamesForOneRequestAreAmbiguous) {
  EXPECT_TRUE(Request(And(kGet, {{"host", "other"}})).fault.ambiguous);
  EXPECT_TRUE(Request(And(kGet, {{"host", "Model:80"}, {"host", "Model:80"}})).fault.ambiguous);
}

TEST(H2RequestBlock, WhatConcernsThisHopOnlyIsRemoved) {
  const Request request(And(kGet, {{"te", "trailers"}, {"proxy-connection", "close"}, {"keep-alive", "x"}}));

  EXPECT_EQ(request.head.headers.size(), 1u);
  EXPECT_EQ(request.head.headers.Find("te"), "trailers");  // says what its sender can take, and gRPC insists on it
}

TEST(H2ResponseBlock, HasAStatusThatExists) {
  const auto read = [](std::string_view status) {
    core::Arena arena;
    core::Head head(arena);
    H2FieldText block;
    block.Add(":status", status);
    return ReadResponseBlock(block, head);
  };

  for (const std::string_view good : {"100", "103", "200", "204", "599"}) EXPECT_TRUE(read(good)) << good;
  for (const std::string_view bad : {"", "0", "99", "101", "600", "2000", "2x0", "-200"})
    EXPECT_FALSE(read(bad)) << bad;
}

std::string Text(const H2FieldList& list) {
  std::string text;
  for (const nghttp2_nv& field : list.fields) {
    text.append(reinterpret_cast<const char*>(field.name), field.namelen).append("=");
    text.append(reinterpret_cast<const char*>(field.value), field.valuelen).append("\n");
  }
  return text;
}

TEST(H2FieldList, ARequestIsWrittenWithItsPseudoHeadersFirstAndWithoutWhatBelongsToOneHop) {
  core::Arena arena;
  core::Head head(arena);
  head.method = "POST";
  head.authority = "model";
  head.path = "/predict";
  head.content_length = 18446744073709551615u;
  head.headers.AddBorrowed("connection", "close");
  head.headers.AddBorrowed("transfer-encoding", "chunked");
  head.headers.AddBorrowed("x-thing", "one");
  H2FieldList list;

  EXPECT_TRUE(list.FillRequest(head));

  EXPECT_EQ(Text(list),
            ":method=POST\n:scheme=http\n:authority=model\n:path=/predict\ncontent-length=18446744073709551615\n"
            "x-thing=one\n");
}

TEST(H2FieldList, AnAnswerIsItsStatusAndItsFields) {
  core::Arena arena;
  core::Head head(arena);
  head.status = 204;
  head.content_length = 0;
  H2FieldList list;

  EXPECT_TRUE(list.FillResponse(head));

  EXPECT_EQ(Text(list), ":status=204\ncontent-length=0\n");
}

// Frames are made after their head may have gone: only what outlives everything may be left where it is.
TEST(H2FieldList, NamesOfOurOwnAreNotCopiedAndWhatPassesIs) {
  core::Arena arena;
  core::Head head(arena);
  head.status = 200;
  head.content_length = 1;
  const std::string known = "content-type";
  const std::string other = "x-thing";
  head.headers.AddBorrowed(known, "text/plain");
  head.headers.AddBorrowed(other, "one");
  H2FieldList list;
  ASSERT_TRUE(list.FillResponse(head));
  ASSERT_EQ(list.fields.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(list.fields[i].flags, NGHTTP2_NV_FLAG_NO_COPY_NAME) << i;
  EXPECT_NE(reinterpret_cast<const char*>(list.fields[2].name), known.data());
  EXPECT_EQ(list.fields[3].flags, NGHTTP2_NV_FLAG_NONE);
}

TEST(H2FieldList, NothingThatCouldSplitAMessageIsWritten) {
  core::Arena arena;
  for (const std::string_view evil :
       {std::string_view("a\r\nb"), std::string_view("a\nb"), std::string_view("a\0b", 3), std::string_view("a\x7f")}) {
    core::Head value(arena);
    value.headers.AddBorrowed("x", evil);
    core::Head name(arena);
    name.headers.AddBorrowed(evil, "x");
    core::Head path(arena);
    path.method = "GET";
    path.path = evil;
    core::Head authority(arena);
    authority.method = "GET";
    authority.path = "/";
    authority.authority = evil;
    core::HeaderMap trailers(arena);
    trailers.AddBorrowed("x", evil);

    EXPECT_FALSE(H2FieldList().FillResponse(value));
    EXPECT_FALSE(H2FieldList().FillResponse(name));
    EXPECT_FALSE(H2FieldList().FillRequest(path));
    EXPECT_FALSE(H2FieldList().FillRequest(authority));
    EXPECT_FALSE(H2FieldList().FillTrailers(trailers));
  }
}

}  // namespace
}  // namespace sluice::gateway
