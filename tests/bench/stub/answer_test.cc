#include "bench/stub/answer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

using Step = MessageReader::Step;

struct Parsed {
  std::uint16_t status = 0;
  std::uint64_t body_bytes = 0;
  std::string version;
  bool complete = false;
};

Parsed Parse(const std::string& bytes, std::uint64_t padding, bool head_request = false) {
  const std::string whole = bytes + std::string(padding, ' ');
  MessageReader reader(MessageReader::Kind::kResponse);
  std::string_view in = whole;
  EXPECT_EQ(reader.Feed(in), Step::kHead);
  if (head_request) reader.ExpectNoBody();
  const bool done = reader.Feed(in) == Step::kDone && in.empty();
  return {reader.status(), reader.body_bytes(), std::string(reader.Field("x-model-version").value_or("")), done};
}

MessageReader Request(const std::string& bytes) {
  MessageReader reader(MessageReader::Kind::kRequest);
  std::string_view in = bytes;
  EXPECT_EQ(reader.Feed(in), Step::kHead);
  return reader;
}

TEST(AnswerBook, EverySizeIsFramedAsSaid) {
  Behaviour behaviour;
  behaviour.version = "v47";
  const MessageReader request = Request("GET / HTTP/1.1\r\n\r\n");
  for (const std::uint64_t size : {0ULL, 10ULL, 70ULL, 4096ULL, 131072ULL, 131073ULL, 1'000'000ULL}) {
    behaviour.body_bytes = size;
    const AnswerBook book(behaviour);
    Reply reply;
    reply.body_bytes = size;
    std::string out;

    const std::uint64_t padding = book.Append(out, request, reply);

    const Parsed parsed = Parse(out, padding);
    EXPECT_TRUE(parsed.complete) << size;
    EXPECT_GE(parsed.body_bytes, size);
    EXPECT_LE(parsed.body_bytes, std::max<std::uint64_t>(size, 80));
    EXPECT_EQ(parsed.version, "v47");
  }
}

TEST(AnswerBook, HeadAndEmptyStatusesHaveNoBody) {
  const AnswerBook book{Behaviour()};
  std::string to_head;
  std::string no_content;
  Reply empty;
  empty.status = 204;

  book.Append(to_head, Request("HEAD / HTTP/1.1\r\n\r\n"), Reply());
  book.Append(no_content, Request("GET / HTTP/1.1\r\n\r\n"), empty);

  EXPECT_TRUE(Parse(to_head, 0, true).complete);
  EXPECT_TRUE(Parse(no_content, 0).complete);
}

TEST(AnswerBook, ChunkedAnswersEndWithATrailer) {
  const AnswerBook book{Behaviour()};
  Reply reply;
  reply.chunked = true;
  std::string out;

  book.Append(out, Request("GET / HTTP/1.1\r\n\r\n"), reply);

  EXPECT_TRUE(Parse(out, 0).complete);
  EXPECT_TRUE(out.ends_with("0\r\nx-stub-trailer: done\r\n\r\n"));
}

TEST(AnswerBook, EchoTellsWhatWasReceivedEvenWhenItIsNotUtf8) {
  const AnswerBook book{Behaviour()};
  Reply reply;
  reply.echo = true;
  std::string out;

  book.Append(out, Request("PUT /a\"b HTTP/1.1\r\nX-One: \xff\"\r\n\r\n"), reply);

  const auto body = nlohmann::json::parse(out.substr(out.find("\r\n\r\n") + 4));
  EXPECT_EQ(body["received"]["method"], "PUT");
  EXPECT_EQ(body["received"]["path"], "/a\"b");
  EXPECT_EQ(body["received"]["headers"][0][0], "x-one");
}

}  // namespace
}  // namespace sluice::bench
