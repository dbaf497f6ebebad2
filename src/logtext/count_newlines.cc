#include <cstdint>
#include <cstring>

#include "logtext/literal_scan.h"

#if defined(__x86_64__)
#define WHYOOM_X86 1
#include <immintrin.h>
#endif

namespace whyoom::logtext {

namespace {

std::size_t count_scalar(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t low7 = 0x7f7f7f7f7f7f7f7fU;
  std::size_t count = 0;
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    word ^= ones * '\n';
    // The top bit of each byte that is zero, exactly (no borrow from a neighbour).
    const std::uint64_t zero = ~(((word & low7) + low7) | word | low7);
    count += static_cast<std::size_t>(__builtin_popcountll(zero));
  }
  for (; at != end; ++at) {
    count += *at == '\n' ? 1 : 0;
  }
  return count;
}

#ifdef WHYOOM_X86

__attribute__((target("avx2"))) std::size_t count_avx2(const char* at, const char* end) {
  const __m256i newline = _mm256_set1_epi8('\n');
  __m256i total = _mm256_setzero_si256();
  while (end - at >= 64) {
    __m256i a = _mm256_setzero_si256();
    __m256i b = _mm256_setzero_si256();
    // A byte counter would wrap after 255 rounds.
    for (int round = 0; round < 255 && end - at >= 64; ++round, at += 64) {
      const auto* block = reinterpret_cast<const __m256i*>(at);
      a = _mm256_sub_epi8(a, _mm256_cmpeq_epi8(_mm256_loadu_si256(block), newline));
      b = _mm256_sub_epi8(b, _mm256_cmpeq_epi8(_mm256_loadu_si256(block + 1), newline));
    }
    total = _mm256_add_epi64(total, _mm256_sad_epu8(a, _mm256_setzero_si256()));
    total = _mm256_add_epi64(total, _mm256_sad_epu8(b, _mm256_setzero_si256()));
  }
  alignas(32) std::uint64_t sums[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums), total);
  return static_cast<std::size_t>(sums[0] + sums[1] + sums[2] + sums[3]) + count_scalar(at, end);
}

// SSE2 is part of x86-64.
std::size_t count_sse2(const char* at, const char* end) {
  const __m128i newline = _mm_set1_epi8('\n');
  __m128i total = _mm_setzero_si128();
  while (end - at >= 16) {
    __m128i sum = _mm_setzero_si128();
    for (int round = 0; round < 255 && end - at >= 16; ++round, at += 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      sum = _mm_sub_epi8(sum, _mm_cmpeq_epi8(block, newline));
    }
    total = _mm_add_epi64(total, _mm_sad_epu8(sum, _mm_setzero_si128()));
  }
  alignas(16) std::uint64_t sums[2];
  _mm_store_si128(reinterpret_cast<__m128i*>(sums), total);
  return static_cast<std::size_t>(sums[0] + sums[1]) + count_scalar(at, end);
}

#endif

}  // namespace

std::size_t count_newlines(std::string_view text, Simd at_most) {
  const char* end = text.data() + text.size();
#ifdef WHYOOM_X86
  if (at_most >= Simd::avx2 && __builtin_cpu_supports("avx2")) {
    return count_avx2(text.data(), end);
  }
  if (at_most != Simd::none) {
    return count_sse2(text.data(), end);
  }
#else
  (void)at_most;
#endif
  return count_scalar(text.data(), end);
}

}  // namespace whyoom::logtext
