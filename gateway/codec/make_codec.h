// Makes the codec for a connection; the only place where a wire version is chosen. One thread.
#pragma once

#include <memory>

#include "gateway/codec/codec.h"

namespace sluice::gateway {

// `limits`, `stats`, `pool` and `acceptor` must outlive the codec; `acceptor` is needed in the server role and ignored
// in the client role. `wake` is called when there is something to flush, to read again or to close that did not come
// out of Receive().
std::unique_ptr<Codec> MakeCodec(Role role, const CodecLimits& limits, CodecStats& stats, core::BlockPool& pool,
                                 Acceptor* acceptor, WakeHook wake);

}  // namespace sluice::gateway
