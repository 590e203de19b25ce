#include "gateway/codec/h2_callbacks.h"

#include <memory>

#include "core/base/check.h"
#include "gateway/codec/h2_codec.h"
#include "gateway/codec/h2_memory.h"

namespace sluice::gateway {
namespace {

struct OptionFree {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using Option = std::unique_ptr<nghttp2_option, OptionFree>;

constexpr std::size_t kSettingsMax = 32;        // entries in one SETTINGS frame (reliability.md A4)
constexpr std::size_t kOutboundAcksMax = 1000;  // answers to PING and SETTINGS that wait
constexpr std::size_t kSendBlockMax = 128 * 1024;

Option MakeOption() {
  nghttp2_option* raw = nullptr;
  CHECK(nghttp2_option_new(&raw) == 0);
  nghttp2_option_set_no_auto_window_update(raw, 1);  // credit follows the reader, see Consumed
  nghttp2_option_set_no_closed_streams(raw, 1);      // no memory for priorities that nobody uses
  nghttp2_option_set_max_settings(raw, kSettingsMax);
  nghttp2_option_set_max_outbound_ack(raw, kOutboundAcksMax);
  nghttp2_option_set_max_send_header_block_length(raw, kSendBlockMax);
  return Option(raw);
}

H2Codec& CodecOf(void* user) { return *static_cast<H2Codec*>(user); }

std::string_view TextOf(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

}  // namespace

nghttp2_session_callbacks* H2Callbacks::Make() {
  nghttp2_session_callbacks* made = nullptr;
  CHECK(nghttp2_session_callbacks_new(&made) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      made,
      [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return CodecOf(user).OnBeginHeaders(*frame); });
  nghttp2_session_callbacks_set_on_header_callback2(
      made, [](nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value, std::uint8_t,
               void* user) { return CodecOf(user).OnHeader(frame->hd.stream_id, TextOf(name), TextOf(value)); });
  // A field that RFC 9113 forbids is not to be left out but to end its stream.
  nghttp2_session_callbacks_set_on_invalid_header_callback2(
      made, [](nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, std::uint8_t, void*) -> int {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      made, [](nghttp2_session*, std::uint8_t flags, std::int32_t id, const std::uint8_t* data, std::size_t size,
               void* user) {
        const bool ends = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
        return CodecOf(user).OnData(id, ends, {reinterpret_cast<const char*>(data), size});
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return CodecOf(user).OnFrame(*frame); });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
        return CodecOf(user).OnBadFrame(frame->hd.stream_id);
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return CodecOf(user).OnFrameSent(*frame); });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      made, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
        return CodecOf(user).OnStreamClosed(id, code);
      });
  nghttp2_session_callbacks_set_send_data_callback(
      made,
      [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* header, std::size_t size, nghttp2_data_source* source,
         void* user) { return CodecOf(user).WriteData(*static_cast<H2Stream*>(source->ptr), header, size); });
  return made;
}

nghttp2_session* H2Callbacks::New(Role role, H2Codec& codec) {
  static nghttp2_session_callbacks* const callbacks = Make();  // both live as long as the process
  static const Option option = MakeOption();
  const auto make = role == Role::kServer ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  nghttp2_mem memory = H2Memory();
  nghttp2_session* session = nullptr;
  return make(&session, callbacks, &codec, option.get(), &memory) == 0 ? session : nullptr;
}

nghttp2_data_provider H2Callbacks::Body() {
  return {.source = {.ptr = nullptr},
          .read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room, std::uint32_t* flags,
                              nghttp2_data_source* source, void* user) {
            return CodecOf(user).ReadBody(*static_cast<H2Stream*>(source->ptr), room, *flags);
          }};
}

}  // namespace sluice::gateway
