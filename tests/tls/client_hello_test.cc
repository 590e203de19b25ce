#include "tls/client_hello.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

using namespace std::string_literals;

std::string Number(std::size_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>((value >> (8 * bytes)) & 0xff);
  return text;
}

std::string Vector(const std::string& content, int length_bytes) {
  return Number(content.size(), length_bytes) + content;
}

std::string Extension(std::size_t type, const std::string& data) { return Number(type, 2) + Vector(data, 2); }

std::string ServerName(const std::string& name, char type = 0) {
  return Extension(0, Vector(std::string(1, type) + Vector(name, 2), 2));
}

std::string Message(const std::string& extensions) {
  const std::string body = "\x03\x03"s + std::string(32, 'r') + Vector(std::string(32, 's'), 1) +
                           Vector("\x13\x01"s, 2) + Vector("\0"s, 1) + Vector(extensions, 2);
  return "\x01"s + Vector(body, 3);
}

std::string Record(const std::string& payload) { return "\x16\x03\x01"s + Vector(payload, 2); }

HelloState Read(const std::string& bytes, std::string* name = nullptr) {
  ClientHello hello;
  const HelloState state = ReadClientHello(bytes, hello);
  if (name != nullptr) *name = hello.server_name;
  return state;
}

// What OpenSSL itself sends.
std::string RealHello(std::string server_name) {
  const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  const SslPtr ssl(SSL_new(context.get()));
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, server_name.data());
  SSL_connect(ssl.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

TEST(ClientHello, TheServerNameOfARealClientIsFoundInLowerCase) {
  std::string name;
  EXPECT_EQ(Read(RealHello("Model.Example.COM"), &name), HelloState::kComplete);
  EXPECT_EQ(name, "model.example.com");
}

TEST(ClientHello, EveryShorterBeginningIsIncomplete) {
  const std::string bytes = RealHello("model.example.com");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Read(bytes.substr(0, size)), HelloState::kIncomplete) << size;
  }
}

TEST(ClientHello, AMessageMayBeSpreadOverManyRecords) {
  const std::string message = Message(ServerName("a.b"));
  for (const std::size_t piece : {1U, 3U, 4U, 5U, 40U}) {
    std::string bytes;
    for (std::size_t at = 0; at < message.size(); at += piece) bytes += Record(message.substr(at, piece));
    std::string name;
    EXPECT_EQ(Read(bytes, &name), HelloState::kComplete) << piece;
    EXPECT_EQ(name, "a.b");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(Read(bytes.substr(0, size)), HelloState::kIncomplete) << piece << " " << size;
    }
  }
}

TEST(ClientHello, NoNameIsAskedForWithoutTheExtension) {
  std::string name = "left";
  EXPECT_EQ(Read(Record(Message(Extension(10, "groups"))), &name), HelloState::kComplete);
  EXPECT_EQ(name, "");
  const std::string bare =
      "\x03\x03"s + std::string(32, 'r') + Vector("", 1) + Vector("\x13\x01"s, 2) + Vector("\0"s, 1);
  EXPECT_EQ(Read(Record("\x01"s + Vector(bare, 3)), &name), HelloState::kComplete);
}

TEST(ClientHello, NamesThatCouldBeReadInTwoWaysAreRefused) {
  const auto refused = [](const std::string& extensions) { return Read(Record(Message(extensions))); };
  for (const std::string& name :
       {""s, "a\0b"s, "a b"s, "a\nb"s, "\xc3\xa4.com"s, "a/b"s, "*.a"s, std::string(256, 'a')}) {
    EXPECT_EQ(refused(ServerName(name)), HelloState::kMalformed) << name;
  }
  EXPECT_EQ(refused(ServerName("a") + ServerName("a")), HelloState::kMalformed) << "there twice";
  EXPECT_EQ(refused(ServerName("a", 1)), HelloState::kMalformed) << "not a host name";
  const std::string entry = "\0"s + Vector("a", 2);
  EXPECT_EQ(refused(Extension(0, Vector(entry + entry, 2))), HelloState::kMalformed) << "two in one list";
  EXPECT_EQ(refused(Extension(0, Vector(entry, 2) + "x")), HelloState::kComplete)
      << "bytes behind the list are OpenSSL's to refuse";
}

TEST(ClientHello, LengthsThatDoNotAddUpAreRefused) {
  const std::string good = Message(ServerName("a.b"));
  EXPECT_EQ(Read(Record(good)), HelloState::kComplete);
  EXPECT_EQ(Read(Record(good + "x")), HelloState::kMalformed) << "something behind it";
  std::string shorter = good;
  shorter[3] = static_cast<char>(shorter[3] - 1);
  EXPECT_EQ(Read(Record(shorter)), HelloState::kMalformed);
  EXPECT_EQ(Read(Record(Message(ServerName("a.b") + "x"))), HelloState::kMalformed);
  EXPECT_EQ(Read(Record("\x01\x00\x00\x00"s)), HelloState::kMalformed) << "empty";
}

TEST(ClientHello, ARecordThatGoesOnBehindTheMessageIsRefusedHoweverItIsCut) {
  const std::string message = Message(ServerName("a.b"));
  const std::string bytes = Record(message + "more");
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const bool decided = size >= 5 + 4;  // the lengths of record and message are known
    EXPECT_EQ(Read(bytes.substr(0, size)), decided ? HelloState::kMalformed : HelloState::kIncomplete) << size;
  }
  const std::string last = Record(message.substr(0, 10)) + Record(message.substr(10) + "more");
  EXPECT_EQ(Read(last.substr(0, last.size() - 4)), HelloState::kMalformed);
}

TEST(ClientHello, WhatIsNoHelloIsRefusedAtItsFirstRecord) {
  EXPECT_EQ(Read("GET / HTTP/1.1\r\n"), HelloState::kMalformed);
  EXPECT_EQ(Read("\x17\x03\x01\x00\x01x"s), HelloState::kMalformed) << "application data";
  EXPECT_EQ(Read("\x16\x02\x01\x00\x01x"s), HelloState::kMalformed) << "not version 3";
  EXPECT_EQ(Read("\x16\x03\x01\x00\x00"s), HelloState::kMalformed) << "an empty record";
  EXPECT_EQ(Read(Record("\x02"s + Number(10, 3))), HelloState::kMalformed) << "a ServerHello";
}

TEST(ClientHello, ItsSizeIsBoundedHoweverItIsCut) {
  EXPECT_EQ(Read("\x16\x03\x01\x40\x01"s), HelloState::kTooLarge) << "a record";
  EXPECT_EQ(Read(Record("\x01"s + Number(kClientHelloMax + 1, 3))), HelloState::kTooLarge) << "a message";
  std::string tiny = Record("\x01"s + Number(kClientHelloMax, 3));
  while (tiny.size() <= kClientHelloMax + 16) tiny += Record("x");
  EXPECT_EQ(Read(tiny), HelloState::kTooLarge) << "many small records";
}

TEST(ClientHello, TlsIsRecognizedByItsFirstTwoBytes) {
  EXPECT_TRUE(LooksLikeTls("\x16"));
  EXPECT_TRUE(LooksLikeTls("\x16\x03\x01"));
  EXPECT_FALSE(LooksLikeTls(""));
  EXPECT_FALSE(LooksLikeTls("\x16\x02"));
  EXPECT_FALSE(LooksLikeTls("GET"));
  EXPECT_FALSE(LooksLikeTls("PRI * HTTP/2.0"));
}

}  // namespace
}  // namespace sluice::tls
