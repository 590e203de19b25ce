#include "gateway/net/sniffer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/byte_feed.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Feeds until the sniffer has decided, as a connection does; what it holds then, and what was left for the codec.
std::string Feed(Sniffer& sniffer, std::string_view bytes, test::Cut cut) {
  std::string rest;
  for (const std::string_view piece : test::CutBytes(bytes, cut, 3)) {
    if (!sniffer.WantsRead()) {
      rest += piece;
    } else {
      sniffer.Receive(core::Slice::Copy(piece));
    }
  }
  return std::string(sniffer.Take().view()) + rest;
}

// A ClientHello for `name`, which offers `h2`; whole records of the handshake type (RFC 8446 section 4.1.2).
std::string Hello(std::string_view name) {
  const auto u16 = [](std::size_t value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
  };
  const std::string entry = std::string(1, '\0') + u16(name.size()) + std::string(name);
  const std::string list = u16(entry.size()) + entry;
  const std::string alpn = u16(3) + "\x02h2";
  const std::string extensions = u16(0) + u16(list.size()) + list + u16(16) + u16(alpn.size()) + alpn;
  const std::string body = "\x03\x03" + std::string(32, 'r') + std::string(1, '\0') + u16(2) + "\x13\x01" +
                           std::string("\x01\0", 2) + u16(extensions.size()) + extensions;
  const std::string message = std::string("\x01\0", 2) + u16(body.size()) + body;
  return "\x16\x03\x01" + u16(message.size()) + message;
}

TEST(Sniffer, KnowsThePrefaceHoweverItIsCutAndLosesNothing) {
  constexpr std::string_view bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand frames";
  for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
    Sniffer sniffer;

    EXPECT_EQ(Feed(sniffer, bytes, cut), bytes);

    EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kHttp2);
    EXPECT_FALSE(sniffer.WantsRead());
  }
}

TEST(Sniffer, WhateverIsNoPrefaceIsTheOlderVersion) {
  for (std::size_t same = 0; same < kPreface.size(); ++same) {
    for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
      const std::string bytes = std::string(kPreface.substr(0, same)) + "?" + std::string(kPreface.substr(same));
      Sniffer sniffer;

      EXPECT_EQ(Feed(sniffer, bytes, cut), bytes);

      EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kHttp1) << same;
    }
  }
}

TEST(Sniffer, APrefaceWithoutItsEndDecidesNothingAndIsAPendingHead) {
  Sniffer sniffer;
  EXPECT_TRUE(sniffer.Idle());
  EXPECT_FALSE(sniffer.HeadPending());

  sniffer.Receive(core::Slice::Copy(kPreface.substr(0, kPreface.size() - 1)));

  EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kUndecided);
  EXPECT_TRUE(sniffer.HeadPending());
  EXPECT_FALSE(sniffer.Idle());
  EXPECT_FALSE(sniffer.WantsClose());
  sniffer.FailPendingHead({});
  EXPECT_TRUE(sniffer.WantsClose());
}

TEST(Sniffer, KnowsTlsAndWhatItsClientHelloAsksFor) {
  const std::string bytes = Hello("models.example") + "more";
  for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
    Sniffer sniffer;

    EXPECT_EQ(Feed(sniffer, bytes, cut), bytes);

    EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kTls);
    EXPECT_EQ(sniffer.hello().server_name, "models.example");
  }
}

TEST(Sniffer, InsideTlsItBeginsAnewAndTakesNoSecondTls) {
  Sniffer sniffer;
  const std::string hello = Hello("models.example");
  sniffer.Receive(core::Slice::Copy(hello));
  ASSERT_EQ(sniffer.finding(), Sniffer::Finding::kTls);

  EXPECT_EQ(sniffer.BeginInside().view(), hello);
  EXPECT_TRUE(sniffer.Idle());
  sniffer.Receive(core::Slice::Copy(hello));

  EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kHttp1);
}

// A client that sends its hello byte by byte must not hold a buffer of 16 KiB with each of them.
TEST(Sniffer, BytesThatDecideNothingHoldNoBuffer) {
  core::BlockPool pool;
  Sniffer sniffer;
  const std::string hello = Hello("models.example");
  for (std::size_t i = 0; i + 1 < hello.size(); ++i) {
    core::Block* const block = pool.Take();
    block->bytes()[0] = hello[i];
    sniffer.Receive(core::Slice(block, std::string_view(block->bytes(), 1)));
    block->Release();
    ASSERT_EQ(pool.idle(), 1U) << i;
  }
  sniffer.Receive(core::Slice::Copy(hello.substr(hello.size() - 1)));

  EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kTls);
  EXPECT_EQ(sniffer.Take().view(), hello);
}

TEST(Sniffer, WhatCameBehindTheDecisionIsKeptInOrder) {
  Sniffer sniffer;
  for (const std::string_view piece : {"GET / HTTP", "/1.1\r\n", "Host: a\r\n"})
    sniffer.Receive(core::Slice::Copy(piece));

  EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kHttp1);
  EXPECT_EQ(sniffer.Take().view(), "GET / HTTP/1.1\r\nHost: a\r\n");
  EXPECT_TRUE(sniffer.Take().empty());
}

TEST(Sniffer, AClientHelloThatIsNoneIsBad) {
  Sniffer sniffer;
  std::string bytes = Hello("models.example");
  bytes[5] = '\x02';  // says that it is a ServerHello

  sniffer.Receive(core::Slice::Copy(bytes));

  EXPECT_EQ(sniffer.finding(), Sniffer::Finding::kBadTls);
  EXPECT_EQ(sniffer.hello_state(), tls::HelloState::kMalformed);
}

TEST(Sniffer, ADrainEndsAConnectionThatHasNotSaidAnything) {
  Sniffer sniffer;

  sniffer.BeginDrain();

  EXPECT_TRUE(sniffer.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
