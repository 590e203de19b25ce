#include "gateway/codec/make_codec.h"

#include "gateway/codec/h1_codec.h"
#include "gateway/codec/h2_codec.h"

namespace sluice::gateway {

std::unique_ptr<Codec> MakeCodec(Role role, core::Wire wire, const CodecContext& context, Acceptor* acceptor,
                                 WakeHook wake) {
  if (wire == core::Wire::kHttp2) {
    return std::make_unique<H2Codec>(role, context.limits, context.stats, context.pool, context.clock, acceptor, wake);
  }
  return std::make_unique<H1Codec>(role, context.limits, context.stats, context.pool, acceptor, wake);
}

}  // namespace sluice::gateway
