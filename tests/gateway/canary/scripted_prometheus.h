// A Prometheus whose answers are written by the test: real HTTP on loopback, as little of it as a query needs. The test
// turns the loop; every request is answered with what is set at that time. Tests of gateway/canary only.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "tests/support/loopback.h"

namespace sluice::gateway {

inline std::string HttpAnswer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

inline std::string VectorOf(std::string_view value, std::string_view metric = "{}") {
  return "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":" + std::string(metric) +
         ",\"value\":[1700000000.123,\"" + std::string(value) + "\"]}]}}";
}

class ScriptedPrometheus {
 public:
  explicit ScriptedPrometheus(boost::asio::io_context& context) : context_(context) {}

  std::string Address() const { return "http://127.0.0.1:" + std::to_string(listener_.port()); }
  void Answer(std::string bytes) { answer_ = std::move(bytes); }
  void AnswerValue(std::string_view value) { Answer(HttpAnswer("200 OK", VectorOf(value))); }
  void CloseAfterAnswer() { close_ = true; }
  void StopListening() { listener_.Close(); }

  const std::vector<std::string>& requests() const { return requests_; }

  // Turns both sides until `holds`, ten seconds at most.
  template <typename Holds>
  bool Until(const Holds& holds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      Turn(1);
    }
    return true;
  }

  void Turn(int times) {
    for (int i = 0; i < times; ++i) {
      Serve();
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(1));
    }
  }

 private:
  struct Peer {
    LoopbackPeer link;
    std::string left;  // of the answer, still to be written
    bool asked = false;
  };

  void Serve() {
    while (true) {
      LoopbackPeer peer = listener_.Accept();
      if (!peer.open()) break;
      peers_.push_back({std::move(peer), {}, false});
    }
    for (Peer& peer : peers_) {
      peer.link.Read();
      if (!peer.asked && peer.link.Received("\r\n\r\n")) {
        peer.asked = true;
        requests_.push_back(peer.link.received());
        peer.left = answer_;
      }
      if (!peer.left.empty()) peer.left.erase(0, peer.link.Write(peer.left));
      if (peer.asked && peer.left.empty() && close_) peer.link.Close();
    }
    std::erase_if(peers_, [](const Peer& peer) { return !peer.link.open() || peer.link.ended(); });
  }

  boost::asio::io_context& context_;
  LoopbackListener listener_;
  std::vector<Peer> peers_;
  std::vector<std::string> requests_;
  std::string answer_;  // empty: none
  bool close_ = false;
};

}  // namespace sluice::gateway
