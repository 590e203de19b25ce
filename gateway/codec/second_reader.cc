#include "gateway/codec/second_reader.h"

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>

#include "core/http/framing.h"

namespace sluice::gateway {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using core::HeaderName;

constexpr core::HeaderNameSet kContested = {HeaderName::kTransferEncoding, HeaderName::kUpgrade,
                                            HeaderName::kHttp2Settings, HeaderName::kProxyConnection};

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// Compares each piece with ours as Beast hands it over. Beast never sees a body or a trailer: skip(true) ends the message
// with its head.
template <bool kIsRequest>
class Comparison final : public http::basic_parser<kIsRequest> {
 public:
  Comparison(const core::Head& head, std::size_t size) : head_(head) {
    this->header_limit(static_cast<std::uint32_t>(size) + 1);
    this->skip(true);
  }

  bool agrees() const { return same_ && seen_ == head_.headers.size(); }

 private:
  using Code = beast::error_code;

  void on_request_impl(http::verb, beast::string_view method, beast::string_view target, int, Code&) override {
    same_ = same_ && View(method) == head_.method && View(target) == head_.path;
  }
  void on_response_impl(int code, beast::string_view, int, Code&) override { same_ = same_ && code == head_.status; }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value, Code&) override {
    same_ = same_ && seen_ < head_.headers.size() && View(name) == head_.headers.fields()[seen_].name &&
            View(value) == head_.headers.fields()[seen_].value;
    ++seen_;
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(beast::string_view, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  const core::Head& head_;
  std::size_t seen_ = 0;  // fields
  bool same_ = true;
};

std::unexpected<ProtocolFault> Ambiguous(core::FramingFault fault) {
  return std::unexpected(ProtocolFault{core::FramingStatus(fault), core::FramingDetails(fault), true});
}

template <bool kIsRequest>
std::expected<void, ProtocolFault> Read(std::string_view block, const core::Head& head) {
  Comparison<kIsRequest> reader(head, block.size());
  beast::error_code error;
  const std::size_t used = reader.put(boost::asio::const_buffer(block.data(), block.size()), error);
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length) {
    return Ambiguous(core::FramingFault::kBadLength);
  }
  if (error == http::error::bad_transfer_encoding) return Ambiguous(core::FramingFault::kBadCoding);
  if (error || used != block.size()) return std::unexpected(ProtocolFault{400, "http1.codec_error"});
  if (!reader.agrees()) return std::unexpected(ProtocolFault{400, "http1.codec_error", true});
  return {};
}

}  // namespace

bool IsContested(const core::Head& head) {
  return head.headers.names().Overlaps(kContested) || head.headers.Count(HeaderName::kContentLength) > 1;
}

std::expected<void, ProtocolFault> ReadAgain(std::string_view block, const core::Head& head) {
  return head.is_request() ? Read<true>(block, head) : Read<false>(block, head);
}

}  // namespace sluice::gateway
