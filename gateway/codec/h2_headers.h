// core::Head <-> the fields of an HTTP/2 header block (RFC 9113 section 8.3). nghttp2 checks the form of each field and
// the set of pseudo-headers; what it lets pass and we do not is refused here. One thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <expected>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include "core/http/head.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

// Fields one behind the other in one piece of memory: a block that is being received, or trailers that wait for their
// body. Holds memory only while it has fields.
class H2FieldText {
 public:
  H2FieldText() = default;
  H2FieldText(const H2FieldText&) = delete;
  H2FieldText& operator=(const H2FieldText&) = delete;
  ~H2FieldText() { Clear(); }

  bool Add(std::string_view name, std::string_view value);  // false without memory
  void Clear();

  std::uint32_t fields() const { return fields_; }              // pseudo-headers not counted
  std::size_t decoded_bytes() const { return decoded_bytes_; }  // RFC 9113 section 6.5.2: 32 for each field
  bool empty() const { return size_ == 0; }

  // Copies the text into `arena` and calls visit(name, value) for each field of the copy, in order.
  template <typename Visit>
  void CopyTo(core::Arena& arena, Visit visit) const {
    if (empty()) return;
    char* const copy = arena.AllocateArray<char>(size_);
    std::memcpy(copy, text_, size_);
    Walk(copy, visit);
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    Walk(text_, visit);
  }

 private:
  struct Sizes {
    std::uint32_t name;
    std::uint32_t value;
  };

  template <typename Visit>
  void Walk(const char* text, Visit& visit) const {
    for (std::size_t at = 0; at < size_;) {
      Sizes sizes;
      std::memcpy(&sizes, text + at, sizeof sizes);
      at += sizeof sizes;
      visit(std::string_view(text + at, sizes.name), std::string_view(text + at + sizes.name, sizes.value));
      at += std::size_t{sizes.name} + sizes.value;
    }
  }

  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
  std::size_t decoded_bytes_ = 0;
  std::uint32_t fields_ = 0;
};

// `head` is empty and has the arena that takes the text. On a fault it may be half filled.
std::expected<void, ProtocolFault> ReadRequestBlock(const H2FieldText& block, const CodecLimits& limits,
                                                    core::Head& head);
bool ReadResponseBlock(const H2FieldText& block, core::Head& head);
// The answer of `head` agrees to the upgrade that its request asked for: a 101 for everybody above the codec.
bool AgreesToUpgrade(const core::Head& head);
void ReadTrailerBlock(const H2FieldText& block, core::HeaderMap& trailers);

// What nghttp2 is given; points into the head and into `status`.
struct H2FieldList {
  boost::container::small_vector<nghttp2_nv, 64> fields;
  std::array<char, 24> digits;  // of :status or content-length

  // False when the head must not be written: a byte that could split a message.
  bool FillRequest(const core::Head& head);
  bool FillResponse(const core::Head& head);
  bool FillTrailers(const core::HeaderMap& trailers);
  void FillTrailers(const H2FieldText& trailers);

 private:
  // Whether a name stays where it is; nghttp2 copies and folds what does not.
  enum class Name : bool { kPassing, kStatic };

  void Put(std::string_view name, std::string_view value, Name kept);
  bool PutHeaders(const core::Head& head);
  bool PutFields(const core::HeaderMap& fields);

  bool upgrade_ = false;  // the handshake fields of the older version stay behind (RFC 8441 section 5)
};

}  // namespace sluice::gateway
