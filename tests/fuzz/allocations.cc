#include "allocations.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace whyoom::fuzz {
namespace {
Allocations counted;
}  // namespace

const Allocations& allocations() { return counted; }
void reset_peak() { counted.peak = counted.live; }

}  // namespace whyoom::fuzz

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WHYOOM_ASAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WHYOOM_ASAN
#endif

#ifndef WHYOOM_ASAN
// One thread only. The sizes are those that malloc rounds to, so that delete takes off as much.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  auto& counted = whyoom::fuzz::counted;
  const std::uint64_t bytes = ::malloc_usable_size(memory);
  counted.total += bytes;
  counted.live += bytes;
  counted.peak = std::max(counted.peak, counted.live);
  return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept {
  whyoom::fuzz::counted.live -= ::malloc_usable_size(memory);
  std::free(memory);
}
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }
#endif
