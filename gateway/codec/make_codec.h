// Makes the codec for a connection; the only place where a wire version is chosen. One thread.
#pragma once

#include <memory>

#include "core/base/clock.h"
#include "core/http/wire.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

// What the codecs of one worker and role share; all of it must outlive them.
struct CodecContext {
  const CodecLimits& limits;
  CodecStats& stats;
  core::BlockPool& pool;
  const core::Clock& clock;
};

// `acceptor` must outlive the codec; it is needed in the server role and ignored in the client role. `wake` is called
// when there is something to flush, to read again or to close that did not come out of Receive().
std::unique_ptr<Codec> MakeCodec(Role role, core::Wire wire, const CodecContext& context, Acceptor* acceptor,
                                 WakeHook wake);

}  // namespace sluice::gateway
