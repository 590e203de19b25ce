// Hands libFuzzer's bytes to the one target that is linked with this file.
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  sluice::fuzz::Target::first()->Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
