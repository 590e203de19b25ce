// A Stream that records what is sent on it and can be full. A small real sender, not a mock.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/http/head.h"
#include "gateway/codec/stream.h"

namespace sluice::test {

class ScriptedStream final : public gateway::Stream {
 public:
  struct SentHead {
    std::string method;
    std::string authority;
    std::string path;
    int status = 0;
    std::optional<std::uint64_t> content_length;
    std::vector<std::pair<std::string, std::string>> fields;

    std::optional<std::string> Find(std::string_view name) const {
      for (const auto& [key, value] : fields) {
        if (key == name) return value;
      }
      return std::nullopt;
    }
  };

  void SendHead(const core::Head& head, gateway::Flow flow) override {
    SentHead sent;
    sent.method = head.method;
    sent.authority = head.authority;
    sent.path = head.path;
    sent.status = head.status;
    sent.content_length = head.content_length;
    for (const auto& field : head.headers.fields()) sent.fields.emplace_back(field.name, field.value);
    heads.push_back(std::move(sent));
    ended = ended || flow == gateway::Flow::kEnd;
  }

  gateway::Room SendBody(core::Slice bytes, gateway::Flow flow) override {
    body += bytes.view();
    ended = ended || flow == gateway::Flow::kEnd;
    return full ? gateway::Room::kFull : gateway::Room::kOpen;
  }

  void SendTrailers(const core::HeaderMap& map) override {
    for (const auto& field : map.fields()) trailers.emplace_back(field.name, field.value);
    ended = true;
  }

  void Consumed(std::size_t bytes) override { consumed += bytes; }
  void Reset(core::ResetReason reason) override { reset = reason; }

  bool full = false;  // what SendBody answers
  std::vector<SentHead> heads;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  std::size_t consumed = 0;
  std::optional<core::ResetReason> reset;
  bool ended = false;
};

}  // namespace sluice::test
