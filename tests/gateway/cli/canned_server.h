// A server for one test of the verbs: answers each connection with what it was told to, byte for byte, and remembers what
// was asked. Blocking sockets and a thread of its own.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace sluice::test {

class CannedServer {
 public:
  // One connection for each answer, in their order; it is closed after it.
  explicit CannedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::listen(listener_, 16) == 0);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~CannedServer() { Stop(); }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The requests, whole; waits for those that are still to come, or gives up on them.
  const std::vector<std::string>& Stop() {
    if (thread_.joinable()) {
      ::shutdown(listener_, SHUT_RDWR);
      thread_.join();
      ::close(listener_);
    }
    return requests_;
  }

  static std::string Json(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status +
           "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  static std::size_t WantedAfterHead(const std::string& head) {
    const std::size_t mark = head.find("content-length: ");
    return mark == std::string::npos ? 0 : std::stoul(head.substr(mark + 16));
  }

  static std::string ReadRequest(int peer) {
    std::string text;
    std::array<char, 16 * 1024> bytes{};
    for (;;) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos && text.size() >= end + 4 + WantedAfterHead(text.substr(0, end))) return text;
      const ssize_t count = ::recv(peer, bytes.data(), bytes.size(), 0);
      if (count <= 0) return text;
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }

  void Run() {
    for (const std::string& answer : answers_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      requests_.push_back(ReadRequest(peer));
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t count = ::send(peer, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::close(peer);
    }
  }

  const std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::test
