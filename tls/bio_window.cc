#include "tls/bio_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::tls {
namespace {

BioWindow& WindowOf(BIO* bio) { return *static_cast<BioWindow*>(BIO_get_data(bio)); }

int Read(BIO* bio, char* into, std::size_t size, std::size_t* taken) {
  BioWindow& window = WindowOf(bio);
  BIO_clear_retry_flags(bio);
  if (window.input.empty()) {
    ++window.starved;
    BIO_set_retry_read(bio);
    return 0;
  }
  *taken = std::min(size, window.input.size());
  std::memcpy(into, window.input.data(), *taken);
  window.input.remove_prefix(*taken);
  return 1;
}

// The one copy of ciphertext on its way out: OpenSSL keeps its record buffer for itself.
int Write(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) {
  BIO_clear_retry_flags(bio);
  BioWindow& window = WindowOf(bio);
  if (!window.held.empty()) window.output.Append(std::exchange(window.held, {}));
  window.output.AppendCopy({bytes, size});
  *taken = size;
  return 1;
}

long Control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_PENDING: return static_cast<long>(WindowOf(bio).input.size());
    default: return 0;
  }
}

int Create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// Made once and kept for the life of the process.
const BIO_METHOD* Method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice window");
    if (method == nullptr) return method;
    BIO_meth_set_read_ex(method, Read);
    BIO_meth_set_write_ex(method, Write);
    BIO_meth_set_ctrl(method, Control);
    BIO_meth_set_create(method, Create);
    return method;
  }();
  return kMethod;
}

}  // namespace

BIO* NewWindowBio(BioWindow& window) {
  const BIO_METHOD* const method = Method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio != nullptr) BIO_set_data(bio, &window);
  return bio;
}

}  // namespace sluice::tls
