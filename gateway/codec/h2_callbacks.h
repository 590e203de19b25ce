// nghttp2's C callbacks as calls of an H2Codec, and the options of its sessions. Made once, shared by all. Any thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include "gateway/codec/codec.h"

namespace sluice::gateway {

class H2Codec;

struct H2Callbacks {
  // A session whose user is `codec`; null when there is no memory.
  static nghttp2_session* New(Role role, H2Codec& codec);
  // Where nghttp2 finds the body of a stream.
  static nghttp2_data_provider Body();

 private:
  static nghttp2_session_callbacks* Make();
};

}  // namespace sluice::gateway
