// The states of an exchange and the moves between them.
//
//   kIdle ──► kDelayed ──► kTrying ◄──► kBackingOff
//     │           │           │  │
//     │           │           │  └────────► kRelaying ──► kDone
//     └───────────┴───────────┴──► kAnswering ───────────► kDone
//
//   kIdle        in the worker's pool, or the head has not arrived
//   kDelayed     an injected fault holds the request back
//   kTrying      an attempt runs; nothing of its answer has gone to the client
//   kBackingOff  between two attempts
//   kRelaying    the answer's head went to the client; its body follows
//   kAnswering   the gateway answers by itself
//   kDone        the record is written; the exchange waits for the end of the turn
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::gateway {

enum class ExchangeState : std::uint8_t { kIdle, kDelayed, kTrying, kBackingOff, kRelaying, kAnswering, kDone };

// Whether the table above has that move. Every state may go to kDone: the client can leave at any time.
constexpr bool LegalMove(ExchangeState from, ExchangeState to) {
  using enum ExchangeState;
  if (to == kDone) return from != kDone;
  switch (from) {
    case kIdle: return to == kDelayed || to == kTrying || to == kAnswering;
    case kDelayed: return to == kTrying || to == kAnswering;
    case kTrying: return to == kBackingOff || to == kRelaying || to == kAnswering || to == kTrying;
    case kBackingOff: return to == kTrying || to == kAnswering;
    case kRelaying:
    case kAnswering: return false;
    case kDone: return to == kIdle;
  }
  return false;
}

constexpr std::string_view StateText(ExchangeState state) {
  using enum ExchangeState;
  switch (state) {
    case kIdle: return "idle";
    case kDelayed: return "delayed";
    case kTrying: return "trying";
    case kBackingOff: return "backing-off";
    case kRelaying: return "relaying";
    case kAnswering: return "answering";
    case kDone: return "done";
  }
  return "unknown";
}

}  // namespace sluice::gateway
