// StreamEvents that remember what arrived as text, and can answer or pause. A small real receiver, not a mock.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/head.h"
#include "gateway/codec/stream.h"

namespace sluice::test {

class RecordingEvents final : public gateway::StreamEvents {
 public:
  struct HeadRecord {
    std::string method;
    std::string scheme;
    std::string authority;
    std::string path;
    std::string protocol;
    std::string upgrade;
    int status = 0;
    std::optional<std::uint64_t> content_length;
    std::vector<std::pair<std::string, std::string>> fields;
    bool end = false;

    std::optional<std::string> Find(std::string_view name) const {
      for (const auto& [key, value] : fields) {
        if (key == name) return value;
      }
      return std::nullopt;
    }
  };

  // What to do when something has been recorded, for instance to answer from inside the callback.
  std::function<void(RecordingEvents&)> on_head;
  std::function<void(RecordingEvents&)> on_end;
  std::function<void(RecordingEvents&)> on_room;
  // Gives credit back at once when set; else the test calls Consumed() itself.
  gateway::Stream* credit = nullptr;

  core::Arena& HeadArena() override { return arena_; }

  void OnHead(core::Head head, gateway::Flow flow) override {
    HeadRecord record;
    record.method = head.method;
    record.scheme = head.scheme;
    record.authority = head.authority;
    record.path = head.path;
    record.protocol = head.protocol;
    record.upgrade = head.upgrade;
    record.status = head.status;
    record.content_length = head.content_length;
    for (const auto& field : head.headers.fields()) record.fields.emplace_back(field.name, field.value);
    record.end = flow == gateway::Flow::kEnd;
    heads.push_back(std::move(record));
    if (on_head) on_head(*this);
    if (flow == gateway::Flow::kEnd) End();
  }

  void OnBody(core::Slice bytes, gateway::Flow flow) override {
    body += bytes.view();
    ++pieces;
    if (credit != nullptr && flow == gateway::Flow::kMore) credit->Consumed(bytes.size());
    if (flow == gateway::Flow::kEnd) End();
  }

  void OnTrailers(core::HeaderMap map) override {
    for (const auto& field : map.fields()) trailers.emplace_back(field.name, field.value);
    End();
  }

  void OnRoom() override {
    ++rooms;
    if (on_room) on_room(*this);
  }

  void OnReset(core::ResetReason reason) override {
    ++resets;
    reset = reason;
  }

  const HeadRecord& head() const { return heads.back(); }

  // Everything that a reader could tell apart, for comparing ways of feeding the same bytes.
  std::string Text() const {
    std::string text;
    for (const HeadRecord& record : heads) {
      text += record.method + " " + record.scheme + " " + record.authority + " " + record.path + " " + record.protocol +
              " " + std::to_string(record.status) + "\n";
      for (const auto& [name, value] : record.fields) text += name + "=" + value + "\n";
    }
    text += "[" + body + "]";
    for (const auto& [name, value] : trailers) text += "\n+" + name + "=" + value;
    if (ended) text += "\nended";
    if (reset) text += "\nreset " + std::string(core::ResetReasonText(*reset));
    return text;
  }

  std::vector<HeadRecord> heads;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  std::optional<core::ResetReason> reset;
  int resets = 0;
  int rooms = 0;
  int pieces = 0;
  bool ended = false;

 private:
  void End() {
    ended = true;
    if (on_end) on_end(*this);
  }

  core::Arena arena_;
};

}  // namespace sluice::test
