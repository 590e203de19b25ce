// Storage for an Asio operation of which one is pending at a time, so that waiting never asks the heap. Its owner outlives
// the operation; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>

#include <boost/system/error_code.hpp>

namespace sluice::gateway {

class HandlerMemory {
 public:
  HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;

  void* Allocate(std::size_t bytes) {
    if (!used_ && bytes <= storage_.size()) {
      used_ = true;
      return storage_.data();
    }
    return ::operator new(bytes);  // an Asio operation larger than foreseen: correct, only slower
  }

  void Free(void* pointer) {
    if (pointer == storage_.data()) {
      used_ = false;
    } else {
      ::operator delete(pointer);
    }
  }

 private:
  // A reactive wait operation with a two-pointer handler takes 88 bytes in Boost 1.81.
  alignas(std::max_align_t) std::array<std::byte, 112> storage_;
  bool used_ = false;
};

// The allocator Asio finds on our handlers.
template <typename T>
class HandlerAllocator {
 public:
  using value_type = T;

  explicit HandlerAllocator(HandlerMemory& memory) : memory_(&memory) {}
  template <typename U>
  HandlerAllocator(const HandlerAllocator<U>& other) : memory_(other.memory_) {}

  T* allocate(std::size_t count) { return static_cast<T*>(memory_->Allocate(count * sizeof(T))); }
  void deallocate(T* pointer, std::size_t) { memory_->Free(pointer); }

  friend bool operator==(const HandlerAllocator& a, const HandlerAllocator& b) { return a.memory_ == b.memory_; }

  HandlerMemory* memory_;
};

template <>
class HandlerAllocator<void> {
 public:
  using value_type = void;

  explicit HandlerAllocator(HandlerMemory& memory) : memory_(&memory) {}
  template <typename U>
  HandlerAllocator(const HandlerAllocator<U>& other) : memory_(other.memory_) {}

  friend bool operator==(const HandlerAllocator& a, const HandlerAllocator& b) { return a.memory_ == b.memory_; }

  HandlerMemory* memory_;
};

// A completion handler of one function pointer and its object, with its memory.
template <typename Object, void (Object::*kMember)(const boost::system::error_code&)>
class MemberHandler {
 public:
  using allocator_type = HandlerAllocator<void>;

  MemberHandler(Object& object, HandlerMemory& memory) : object_(&object), memory_(&memory) {}

  allocator_type get_allocator() const { return allocator_type(*memory_); }
  void operator()(const boost::system::error_code& error) const { (object_->*kMember)(error); }

 private:
  Object* object_;
  HandlerMemory* memory_;
};

}  // namespace sluice::gateway
