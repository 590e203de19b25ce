#include "tls/client_hello.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::tls {
namespace {

std::string U16(std::size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)}; }

std::string Extension(std::size_t type, const std::string& body) { return U16(type) + U16(body.size()) + body; }

std::string Sni(const std::string& name) {
  const std::string entry = std::string(1, '\0') + U16(name.size()) + name;
  return Extension(0, U16(entry.size()) + entry);
}

std::string Body(const std::string& extensions) {
  return "\x03\x03" + std::string(32, 'r') + std::string(1, '\0') + U16(2) + "\x13\x01" + std::string("\x01\0", 2) +
         U16(extensions.size()) + extensions;
}

std::string Message(const std::string& body, char type = '\x01') {
  return std::string(1, type) + std::string(1, static_cast<char>(body.size() >> 16)) + U16(body.size() & 0xffff) + body;
}

// In records of at most `size` bytes.
std::string Records(const std::string& message, std::size_t size = 16'000) {
  std::string bytes;
  for (std::size_t at = 0; at < message.size(); at += size) {
    const std::string part = message.substr(at, size);
    bytes += "\x16\x03\x01" + U16(part.size()) + part;
  }
  return bytes;
}

std::string Hello(const std::string& extensions) { return Records(Message(Body(extensions))); }

TEST(ClientHello, WhichServerIsAskedFor) {
  ClientHello hello;
  EXPECT_EQ(ReadClientHello(Hello(Sni("Models.Example")), hello), HelloState::kComplete);
  EXPECT_EQ(hello.server_name, "models.example");

  ClientHello none;
  EXPECT_EQ(ReadClientHello(Hello(Extension(10, "xx")), none), HelloState::kComplete);
  EXPECT_EQ(none.server_name, "");
}

TEST(ClientHello, IsIncompleteUntilItsLastByte) {
  for (const std::size_t records : {std::size_t{16'000}, std::size_t{10}, std::size_t{1}}) {
    const std::string bytes = Records(Message(Body(Sni("a.example"))), records);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ClientHello hello;
      ASSERT_EQ(ReadClientHello(std::string_view(bytes).substr(0, size), hello), HelloState::kIncomplete) << size;
    }
    ClientHello hello;
    EXPECT_EQ(ReadClientHello(bytes + "more", hello), HelloState::kComplete);
    EXPECT_EQ(hello.server_name, "a.example");
  }
}

TEST(ClientHello, ALengthThatIsBeyondTheLimitIsKnownAtOnce) {
  ClientHello hello;
  EXPECT_EQ(ReadClientHello(Records(std::string("\x01\xff\xff\xff", 4) + "\x03\x03"), hello), HelloState::kTooLarge);
  EXPECT_EQ(ReadClientHello(Records(Message(Body(Extension(21, std::string(kClientHelloMax, 'p'))))), hello),
            HelloState::kTooLarge);
}

TEST(ClientHello, WhatIsNoneIsMalformed) {
  const std::string good = Body(Sni("a.example"));
  std::string cut = good;
  cut.resize(cut.size() - 3);
  for (const std::string& bytes :
       {Records(Message(good, '\x02')),                                // a ServerHello
        "\x15" + Hello(Sni("a.example")).substr(1),                    // an alert
        Records(Message(cut)),                                         // its extensions end too early
        Records(Message("\x03\x03" + std::string(32, 'r') + "\xff")),  // a session id that is longer than what is there
        Records(Message(Body(Sni("a.example") + Sni("b.example")))),   // two names: which one?
        Records(Message(Body(Extension(0, "\x05\x05"))))}) {           // a list of names that is none
    ClientHello hello;
    EXPECT_EQ(ReadClientHello(bytes, hello), HelloState::kMalformed);
    EXPECT_EQ(hello.server_name, "");
  }
}

TEST(ClientHello, NamesThatAreNoHostNamesAreNotTaken) {
  for (const std::string& name : {std::string("a\0b", 3), std::string("a b"), std::string("a\r\nb"), std::string()}) {
    ClientHello hello;
    EXPECT_NE(ReadClientHello(Hello(Sni(name)), hello), HelloState::kIncomplete);
    EXPECT_EQ(hello.server_name, "");
  }
}

TEST(ClientHello, TlsIsToldFromPlaintextByItsFirstBytes) {
  EXPECT_TRUE(LooksLikeTls(Hello("")));
  EXPECT_TRUE(LooksLikeTls("\x16"));
  EXPECT_FALSE(LooksLikeTls("GET / HTTP/1.1"));
  EXPECT_FALSE(LooksLikeTls("PRI * HTTP/2.0"));
}

}  // namespace
}  // namespace sluice::tls
