// Recycles objects of one type so that the request path asks the heap for nothing once warm. One worker owns it.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::gateway {

template <typename T>
class ObjectPool {
 public:
  // Idle objects kept; more are freed. A T is reused as it was returned: its owner resets it.
  explicit ObjectPool(std::size_t keep_max) : keep_max_(keep_max) {}
  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;

  template <typename... Args>
  T* Take(Args&&... args) {
    if (idle_.empty()) {
      if (idle_.capacity() < keep_max_) idle_.reserve(keep_max_);  // Return() must not allocate
      return new T(std::forward<Args>(args)...);
    }
    T* object = idle_.back().release();
    idle_.pop_back();
    return object;
  }

  void Return(T* object) {
    std::unique_ptr<T> owned(object);
    if (idle_.size() < keep_max_) idle_.push_back(std::move(owned));
  }

  std::size_t idle() const { return idle_.size(); }

 private:
  std::size_t keep_max_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace sluice::gateway
