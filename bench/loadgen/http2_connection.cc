#include "bench/loadgen/http2_connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sluice::bench {
namespace {

// Large enough that bodies come without waiting for the window, as with other generators.
constexpr std::int32_t kWindow = (1 << 30) - 1;
constexpr std::size_t kPumpMax = 64 * 1024;  // gathered before it is handed to the channel

std::string_view View(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::uint8_t* Bytes(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

}  // namespace

struct Http2Connection::Callbacks {
  nghttp2_session_callbacks* table = nullptr;
  nghttp2_option* options = nullptr;

  Callbacks() {
    nghttp2_session_callbacks_new(&table);
    nghttp2_session_callbacks_set_on_header_callback(table, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(table, OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(table, OnClose);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(table, OnNotSent);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, OnInvalid);
    nghttp2_option_new(&options);
    nghttp2_option_set_no_closed_streams(options, 1);  // they serve priorities, which a generator has none of
  }

  static const Callbacks& Get() {
    static const Callbacks callbacks;  // for the life of the process
    return callbacks;
  }

  static Exchange* Of(nghttp2_session* session, std::int32_t stream) {
    return static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void* user) {
    if (Exchange* exchange = Of(session, frame->hd.stream_id); exchange != nullptr) {
      static_cast<Http2Connection*>(user)->OnField(*exchange, View(name, name_size), View(value, value_size));
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t*, std::size_t size,
                    void*) {
    if (Exchange* exchange = Of(session, stream); exchange != nullptr) exchange->body_bytes += size;
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          if (Exchange* exchange = Of(session, frame->hd.stream_id); exchange != nullptr) exchange->ended = true;
        }
        break;
      case NGHTTP2_RST_STREAM:
        if (Exchange* exchange = Of(session, frame->hd.stream_id); exchange != nullptr) exchange->reset = true;
        break;
      case NGHTTP2_SETTINGS: static_cast<Http2Connection*>(user)->settings_seen_ = true; break;
      case NGHTTP2_GOAWAY: static_cast<Http2Connection*>(user)->going_away_ = true; break;
      default: break;
    }
    return 0;
  }

  static int OnInvalid(nghttp2_session* session, const nghttp2_frame* frame, int, void*) {
    if (Exchange* exchange = Of(session, frame->hd.stream_id); exchange != nullptr) exchange->bad = true;
    return 0;
  }

  static int OnNotSent(nghttp2_session* session, const nghttp2_frame* frame, int, void*) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (Exchange* exchange = Of(session, frame->hd.stream_id); exchange != nullptr) exchange->unsent = true;
    return 0;
  }

  static int OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t error, void* user) {
    if (Exchange* exchange = Of(session, stream); exchange != nullptr) {
      static_cast<Http2Connection*>(user)->OnStreamClosed(*exchange, error);
    }
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size, std::uint32_t* flags,
                          nghttp2_data_source* source, void* user) {
    auto& exchange = *static_cast<Exchange*>(source->ptr);
    const std::string_view body = static_cast<Http2Connection*>(user)->thread().mix().Body(exchange.ticket.draw);
    const std::size_t take = std::min(size, body.size() - exchange.body_sent);
    std::memcpy(into, body.data() + exchange.body_sent, take);
    exchange.body_sent += take;
    if (exchange.body_sent == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(take);
  }
};

Http2Connection::Http2Connection(LoadThread& thread, const TlsClient* tls)
    : LoadConnection(thread, tls), limit_(thread.options().streams) {}

Http2Connection::~Http2Connection() = default;

void Http2Connection::OnOpen() {
  const Callbacks& callbacks = Callbacks::Get();
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new2(&session, callbacks.table, this, callbacks.options) != 0) {
    thread().NoteTrouble("out of memory");
    return ConnectLater();
  }
  session_.reset(session);
  unsent_.clear();
  thinking_ = 0;
  going_away_ = settings_seen_ = false;
  const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                            nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindow);
  Wake();
}

std::size_t Http2Connection::Limit() const {
  // More than it takes would be refused, and nobody knows yet how many that is (RFC 9113 section 5.1.2).
  if (!settings_seen_) return 1;
  const std::uint32_t allowed =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(limit_, std::size_t{allowed});
}

void Http2Connection::Wake() {
  if (!open()) return;
  const std::size_t limit = Limit();
  Ticket ticket;
  while (!going_away_ && active_ + thinking_ < limit) {
    if (!thread().Next(ticket)) {
      thread().List(*this);
      break;
    }
    if (!Submit(ticket)) break;
  }
  Pump();
  EndIfDone();
}

bool Http2Connection::Submit(const Ticket& ticket) {
  if (spare_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>());
    spare_.push_back(exchanges_.back().get());
  }
  Exchange& exchange = *spare_.back();
  exchange.version.clear();
  std::string version = std::move(exchange.version);
  exchange = {.ticket = ticket, .version = std::move(version)};
  LoadThread::FieldScratch& scratch = thread().fields();
  scratch.views.clear();
  scratch.nghttp2.clear();
  thread().mix().Fields(ticket.draw, scratch.arena, scratch.views);
  for (const FieldView& field : scratch.views) {
    scratch.nghttp2.push_back({.name = Bytes(field.name),
                               .value = Bytes(field.value),
                               .namelen = field.name.size(),
                               .valuelen = field.value.size(),
                               .flags = NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider body{.source = {.ptr = &exchange}, .read_callback = Callbacks::ReadBody};
  const bool has_body = !thread().mix().Body(ticket.draw).empty();
  const std::int32_t stream = nghttp2_submit_request(session_.get(), nullptr, scratch.nghttp2.data(),
                                                     scratch.nghttp2.size(), has_body ? &body : nullptr, &exchange);
  if (stream < 0) {  // the numbers of streams are used up, or there is no memory
    going_away_ = true;
    thread().CarryAgain(ticket);
    return false;
  }
  spare_.pop_back();
  exchange.stream = stream;
  exchange.active = true;
  ++active_;
  return true;
}

void Http2Connection::OnField(Exchange& exchange, std::string_view name, std::string_view value) {
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), exchange.status);
  } else if (name == thread().options().tally_header) {
    if (exchange.version.empty()) exchange.version = value;
  } else if (name == "grpc-status") {
    std::from_chars(value.data(), value.data() + value.size(), exchange.grpc_status);
  }
}

void Http2Connection::OnBytes(std::string_view bytes) {
  thread().Tick();
  const ssize_t taken = nghttp2_session_mem_recv(session_.get(), Bytes(bytes), bytes.size());
  if (taken >= 0) return;
  LoseAll(Lost::kBadAnswer);
  thread().NoteTrouble(std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(taken)));
  ConnectLater();
}

void Http2Connection::OnBytesEnd() { Wake(); }

void Http2Connection::OnWritable() { Pump(); }

void Http2Connection::Pump() {
  while (true) {
    if (!unsent_.empty()) {
      unsent_.erase(0, channel().Write(unsent_));
      if (!unsent_.empty()) return;
    }
    std::string& out = thread().scratch();
    out.clear();
    while (out.size() < kPumpMax) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
      if (size <= 0) break;
      out.append(View(bytes, static_cast<std::size_t>(size)));
    }
    if (out.empty()) return;
    const std::size_t taken = channel().Write(out);
    if (taken < out.size()) unsent_.assign(out, taken);
  }
}

void Http2Connection::OnStreamClosed(Exchange& exchange, std::uint32_t error) {
  if (!exchange.active) return;
  exchange.active = false;
  --active_;
  spare_.push_back(&exchange);
  if (exchange.settled) return;
  if (exchange.ended && !exchange.bad) return CountAnswer(exchange);
  // nghttp2 closes as refused what the server's GOAWAY has left out.
  const bool left_out = going_away_ && !exchange.reset && error == NGHTTP2_REFUSED_STREAM;
  if (exchange.unsent || left_out) return thread().CarryAgain(exchange.ticket);
  if (!exchange.reset) return thread().Lose(exchange.ticket, Lost::kBadAnswer);
  thread().Lose(exchange.ticket, error == NGHTTP2_REFUSED_STREAM ? Lost::kRefusedStream : Lost::kReset);
}

void Http2Connection::CountAnswer(Exchange& exchange) {
  Answer answer{.status = exchange.status, .version = exchange.version, .body_bytes = exchange.body_bytes};
  if (exchange.grpc_status >= 0) answer.grpc_status = exchange.grpc_status;
  thread().Settle(exchange.ticket, answer);
  if (const auto think = thread().ThinkTime(exchange.ticket); think.count() > 0) {
    ++thinking_;
    ThinkFor(think);
  }
}

void Http2Connection::OnThought() {
  --thinking_;
  Wake();
}

// A connection that the server is about to leave, or has no use for, makes room for another one.
void Http2Connection::EndIfDone() {
  const bool over = nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
  if (!over && !(going_away_ && active_ == 0)) return;
  LoseAll(Lost::kBadAnswer);  // nghttp2 ends a session with streams only when the peer broke the protocol
  Reconnect();
}

void Http2Connection::OnEnd(Lost why) {
  const bool quiet = active_ == 0;
  LoseAll(why);
  return quiet && why != Lost::kTls ? Reconnect() : ConnectLater();
}

void Http2Connection::LoseAll(Lost why) {
  for (const auto& exchange : exchanges_) {
    if (!exchange->active) continue;
    exchange->active = false;
    --active_;
    spare_.push_back(exchange.get());
    if (!exchange->settled) thread().Lose(exchange->ticket, why);
  }
}

void Http2Connection::ExpireRequests(LoadClock::time_point now) {
  bool any = false;
  for (const auto& exchange : exchanges_) {
    if (!exchange->active || exchange->settled || now - exchange->ticket.intended < thread().options().timeout)
      continue;
    thread().Lose(exchange->ticket, Lost::kTimeout);
    exchange->settled = any = true;
    const std::int32_t stream = exchange->stream;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }
  if (!any) return;
  Pump();
  if (unsent_.empty()) return Wake();
  // It does not even take the end of the request.
  LoseAll(Lost::kClosed);
  ConnectLater();
}

}  // namespace sluice::bench
