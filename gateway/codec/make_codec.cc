#include "gateway/codec/make_codec.h"

#include "gateway/codec/h1_codec.h"

namespace sluice::gateway {

std::unique_ptr<Codec> MakeCodec(Role role, const CodecLimits& limits, CodecStats& stats, core::BlockPool& pool,
                                 Acceptor* acceptor, WakeHook wake) {
  return std::make_unique<H1Codec>(role, limits, stats, pool, acceptor, wake);
}

}  // namespace sluice::gateway
