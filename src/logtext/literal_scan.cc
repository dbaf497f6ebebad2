#include "logtext/literal_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "logtext/literal_buckets.h"

#if defined(__x86_64__) || defined(__i386__)
#define WHYOOM_X86 1
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace whyoom::logtext {

namespace {

std::uint32_t load_print(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

Simd widest(Simd at_most) {
#ifdef WHYOOM_X86
  if (at_most == Simd::avx512_vbmi && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vbmi")) {
    return Simd::avx512_vbmi;
  }
  if (at_most >= Simd::avx2 && __builtin_cpu_supports("avx2")) {
    return Simd::avx2;
  }
  if (at_most != Simd::none && __builtin_cpu_supports("ssse3")) {
    return Simd::ssse3;
  }
#elif defined(__wasm_simd128__)
  if (at_most != Simd::none) {
    return Simd::ssse3;  // sixteen bytes at a time
  }
#else
  (void)at_most;
#endif
  return Simd::none;
}

}  // namespace

struct LiteralScan::Best {
  std::size_t start = npos;
  std::size_t last_at = npos;
};

LiteralScan::LiteralScan(std::span<const std::string_view> literals, Simd at_most)
    : simd_(widest(at_most)) {
  std::array<Print, max_literals> prints{};
  std::array<std::string_view, max_literals> texts{};
  for (const std::string_view text : literals) {
    if (text.size() < print_size || count_ == max_literals) {
      continue;
    }
    texts[count_] = text;
    prints[count_] = rarest_print(text);
    ++count_;
  }
  const auto buckets = group_prints(std::span(prints.data(), count_));
  std::size_t next = 0;
  for (std::uint8_t bucket = 0; bucket < bucket_count; ++bucket) {
    bucket_begin_[bucket] = static_cast<std::uint8_t>(next);
    for (std::size_t i = 0; i < count_; ++i) {
      if (buckets[i] == bucket) {
        const std::size_t offset = prints[i].offset;
        entries_[next++] = {texts[i], load_print(texts[i].data() + offset),
                            static_cast<std::uint32_t>(offset)};
      }
    }
  }
  bucket_begin_[bucket_count] = static_cast<std::uint8_t>(next);
  build_tables();
}

void LiteralScan::build_tables() {
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
    for (std::size_t i = bucket_begin_[bucket]; i < bucket_begin_[bucket + 1]; ++i) {
      const Entry& entry = entries_[i];
      max_offset_ = std::max(max_offset_, entry.offset);
      for (std::size_t k = 0; k < print_size; ++k) {
        const auto byte = static_cast<unsigned char>(entry.text[entry.offset + k]);
        const auto bit = static_cast<std::uint8_t>(1U << bucket);
        nibbles_[k][0][byte & 15U] |= bit;
        nibbles_[k][1][byte >> 4U] |= bit;
        sixes_[k][byte & 63U] |= bit;
        bytes_[k][byte] |= std::uint64_t{1} << i;
        if (byte >= 128) {
          simd_ = Simd::none;  // the shuffle tells bytes above 127 by giving zero
        }
      }
    }
  }
}

// Compares the literals of `buckets` with the text around a print that could stand at `at`.
void LiteralScan::check(std::string_view text, std::size_t from, std::size_t at,
                        std::uint32_t buckets, Best& best) const {
  const std::uint32_t print = load_print(text.data() + at);
  while (buckets != 0) {
    const auto bucket = static_cast<std::size_t>(__builtin_ctz(buckets));
    buckets &= buckets - 1;
    for (std::size_t i = bucket_begin_[bucket]; i < bucket_begin_[bucket + 1]; ++i) {
      const Entry& entry = entries_[i];
      if (entry.print != print || at < from + entry.offset) {
        continue;
      }
      const std::size_t start = at - entry.offset;
      if (start < best.start && text.substr(start, entry.text.size()) == entry.text) {
        best.start = start;
        best.last_at = start + max_offset_;  // at `start` itself nothing can be better
      }
    }
  }
}

// Looks for prints from `at` to the end.
std::size_t LiteralScan::find_scalar(std::string_view text, std::size_t from, std::size_t at,
                                     Best& best) const {
  for (; at + print_size <= text.size() && at <= best.last_at; ++at) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[at + k]); };
    std::uint64_t hits = bytes_[0][byte(0)] & bytes_[1][byte(1)];
    if (hits == 0) {
      continue;
    }
    hits &= bytes_[2][byte(2)] & bytes_[3][byte(3)];
    for (; hits != 0; hits &= hits - 1) {
      const Entry& entry = entries_[static_cast<std::size_t>(__builtin_ctzll(hits))];
      if (at < from + entry.offset) {
        continue;
      }
      const std::size_t start = at - entry.offset;
      if (start < best.start && text.substr(start, entry.text.size()) == entry.text) {
        best.start = start;
        best.last_at = start + max_offset_;
      }
    }
  }
  return best.start;
}

#ifdef WHYOOM_X86

__attribute__((target("ssse3"))) std::size_t LiteralScan::find_ssse3(std::string_view text,
                                                                     std::size_t from) const {
  const auto table = [this](std::size_t k, std::size_t half) __attribute__((target("ssse3"))) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(nibbles_[k][half].data()));
  };
  const __m128i low0 = table(0, 0), high0 = table(0, 1), low1 = table(1, 0), high1 = table(1, 1);
  const __m128i low2 = table(2, 0), high2 = table(2, 1), low3 = table(3, 0), high3 = table(3, 1);
  const __m128i nibble = _mm_set1_epi8(15);
  const __m128i zero = _mm_setzero_si128();
  const auto look = [nibble](const char* at, __m128i low, __m128i high)
      __attribute__((target("ssse3"))) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm_and_si128(_mm_shuffle_epi8(low, bytes),
                         _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble)));
  };
  constexpr std::size_t step = 16;
  Best best;
  std::size_t at = from;
  for (; text.size() - at >= step + print_size - 1 && at <= best.last_at; at += step) {
    const char* p = text.data() + at;
    const __m128i hits =
        _mm_and_si128(_mm_and_si128(look(p, low0, high0), look(p + 1, low1, high1)),
                      _mm_and_si128(look(p + 2, low2, high2), look(p + 3, low3, high3)));
    auto places =
        ~static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(hits, zero))) & 0xffffU;
    if (places == 0) {
      continue;
    }
    alignas(16) std::array<std::uint8_t, step> buckets{};
    _mm_store_si128(reinterpret_cast<__m128i*>(buckets.data()), hits);
    for (; places != 0; places &= places - 1) {
      const auto i = static_cast<std::size_t>(__builtin_ctz(places));
      check(text, from, at + i, buckets[i], best);
    }
  }
  return find_scalar(text, from, at, best);
}

#define WHYOOM_AVX2 __attribute__((target("avx2,popcnt")))

// Which buckets have such a byte at one place of their prints: of each byte, by both nibbles.
WHYOOM_AVX2 inline __m256i look_up(__m256i bytes, __m256i low, __m256i high) {
  const __m256i top = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
  return _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, top));
}

// Each byte two places on; the first two are the last ones of the block before.
WHYOOM_AVX2 inline __m256i moved_by_two(__m256i bytes, __m256i before) {
  return _mm256_alignr_epi8(bytes, _mm256_permute2x128_si256(before, bytes, 0x21), 14);
}

// `hits` at byte i means: the second half of a print could stand at at + i. Its first half may lie
// in the block before, so that block's answers are kept; what stands before `from` never matches.
WHYOOM_AVX2 std::size_t LiteralScan::find_avx2(std::string_view text, std::size_t from,
                                               std::size_t& newlines) const {
  const auto table = [this](std::size_t k, std::size_t half) WHYOOM_AVX2 {
    return _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(nibbles_[k][half].data())));
  };
  // The high nibbles of the two bytes in the middle would spare a tenth of the comparisons, and
  // cost more.
  const __m256i low0 = table(0, 0), high0 = table(0, 1), low1 = table(1, 0);
  const __m256i low2 = table(2, 0), low3 = table(3, 0), high3 = table(3, 1);
  const __m256i newline = _mm256_set1_epi8('\n');
  constexpr std::size_t step = 32;
  constexpr std::size_t block = step + 1;
  Best best;
  __m256i before = _mm256_setzero_si256();
  std::size_t at = from;
  while (text.size() - at >= block && at <= best.last_at) {
    const std::size_t end = std::min(text.size() - block, best.last_at);
    // Without a call in it, so that the tables stay in registers.
    __m256i hits;
    do {
      const auto load = [&](std::size_t place) WHYOOM_AVX2 {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + place));
      };
      const __m256i bytes = load(at);
      const __m256i next = load(at + 1);
      const int ends = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, newline));
      newlines += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(ends)));
      const __m256i first =
          _mm256_and_si256(look_up(bytes, low0, high0), _mm256_shuffle_epi8(low1, next));
      const __m256i last =
          _mm256_and_si256(_mm256_shuffle_epi8(low2, bytes), look_up(next, low3, high3));
      hits = _mm256_and_si256(moved_by_two(first, before), last);
      before = first;
      at += step;
    } while (_mm256_testz_si256(hits, hits) != 0 && at <= end);
    auto places = ~static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(hits, _mm256_setzero_si256())));
    alignas(32) std::array<std::uint8_t, step> buckets;
    _mm256_store_si256(reinterpret_cast<__m256i*>(buckets.data()), hits);
    for (; places != 0; places &= places - 1) {
      const auto i = static_cast<std::size_t>(__builtin_ctz(places));
      check(text, from, at - step + i - 2, buckets[i], best);
    }
  }
  newlines += best.start == npos ? count_newlines(text.substr(at)) : 0;
  return find_scalar(text, from, at < from + 2 ? from : at - 2, best);
}

#undef WHYOOM_AVX2

#define WHYOOM_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,popcnt")))

// With masks that hide nothing: GCC 12 takes the plain calls for ones that read what was never
// written (GCC bug 105593).
WHYOOM_AVX512 inline __m512i look_up(__m512i bytes, __m512i buckets) {
  return _mm512_maskz_permutexvar_epi8(~std::uint64_t{0}, bytes, buckets);
}

// Each byte two places on; the first two are the last ones of the block before.
WHYOOM_AVX512 inline __m512i moved_by_two(__m512i bytes, __m512i before) {
  return _mm512_alignr_epi8(bytes, _mm512_maskz_alignr_epi64(0xff, bytes, before, 6), 14);
}

WHYOOM_AVX512 std::size_t LiteralScan::find_avx512_vbmi(std::string_view text, std::size_t from,
                                                        std::size_t& newlines) const {
  const __m512i table0 = _mm512_load_si512(sixes_[0].data());
  const __m512i table1 = _mm512_load_si512(sixes_[1].data());
  const __m512i table2 = _mm512_load_si512(sixes_[2].data());
  const __m512i table3 = _mm512_load_si512(sixes_[3].data());
  const __m512i newline = _mm512_set1_epi8('\n');
  constexpr std::size_t step = 64;
  constexpr std::size_t block = step + 1;
  Best best;
  // As above. A load that goes over two cache lines costs as much as two look-ups, hence not four.
  __m512i before = _mm512_setzero_si512();
  std::size_t at = from;
  while (text.size() - at >= block && at <= best.last_at) {
    const std::size_t end = std::min(text.size() - block, best.last_at);
    // Without a call in it, so that the tables stay in registers.
    __m512i hits;
    std::uint64_t places = 0;
    do {
      const __m512i bytes = _mm512_loadu_si512(text.data() + at);
      const __m512i next = _mm512_loadu_si512(text.data() + at + 1);
      newlines +=
          static_cast<std::size_t>(__builtin_popcountll(_mm512_cmpeq_epi8_mask(bytes, newline)));
      const __m512i first = _mm512_and_si512(look_up(bytes, table0), look_up(next, table1));
      const __m512i last = _mm512_and_si512(look_up(bytes, table2), look_up(next, table3));
      const __m512i moved = moved_by_two(first, before);
      before = first;
      places = _mm512_test_epi8_mask(moved, last);
      hits = _mm512_and_si512(moved, last);
      at += step;
    } while (places == 0 && at <= end);
    alignas(64) std::array<std::uint8_t, step> buckets;
    _mm512_store_si512(buckets.data(), hits);
    for (; places != 0; places &= places - 1) {
      const auto i = static_cast<std::size_t>(__builtin_ctzll(places));
      check(text, from, at - step + i - 2, buckets[i], best);
    }
  }
  newlines += best.start == npos ? count_newlines(text.substr(at)) : 0;
  return find_scalar(text, from, at < from + 2 ? from : at - 2, best);
}

#undef WHYOOM_AVX512

#else

#ifdef __wasm_simd128__

// A byte above 127 has a high nibble of which no literal has one.
std::size_t LiteralScan::find_ssse3(std::string_view text, std::size_t from) const {
  const auto table = [this](std::size_t k, std::size_t half) {
    return wasm_v128_load(nibbles_[k][half].data());
  };
  const v128_t low0 = table(0, 0), high0 = table(0, 1), low1 = table(1, 0), high1 = table(1, 1);
  const v128_t low2 = table(2, 0), high2 = table(2, 1), low3 = table(3, 0), high3 = table(3, 1);
  const v128_t nibble = wasm_i8x16_const_splat(15);
  const auto look = [nibble](const char* at, v128_t low, v128_t high) {
    const v128_t bytes = wasm_v128_load(at);
    return wasm_v128_and(wasm_i8x16_swizzle(low, wasm_v128_and(bytes, nibble)),
                         wasm_i8x16_swizzle(high, wasm_u8x16_shr(bytes, 4)));
  };
  constexpr std::size_t step = 16;
  Best best;
  std::size_t at = from;
  for (; text.size() - at >= step + print_size - 1 && at <= best.last_at; at += step) {
    const char* p = text.data() + at;
    const v128_t hits =
        wasm_v128_and(wasm_v128_and(look(p, low0, high0), look(p + 1, low1, high1)),
                      wasm_v128_and(look(p + 2, low2, high2), look(p + 3, low3, high3)));
    if (!wasm_v128_any_true(hits)) {
      continue;
    }
    std::array<std::uint8_t, step> buckets{};
    wasm_v128_store(buckets.data(), hits);
    for (std::size_t i = 0; i < step; ++i) {
      if (buckets[i] != 0) {
        check(text, from, at + i, buckets[i], best);
      }
    }
  }
  return find_scalar(text, from, at, best);
}

#else

std::size_t LiteralScan::find_ssse3(std::string_view text, std::size_t from) const {
  Best best;
  return find_scalar(text, from, from, best);
}

#endif

std::size_t LiteralScan::find_avx2(std::string_view text, std::size_t from,
                                   std::size_t& newlines) const {
  Best best;
  newlines += count_newlines(text.substr(from));
  return find_scalar(text, from, from, best);
}

std::size_t LiteralScan::find_avx512_vbmi(std::string_view text, std::size_t from,
                                          std::size_t& newlines) const {
  return find_avx2(text, from, newlines);
}

#endif

std::size_t LiteralScan::find(std::string_view text, std::size_t from,
                              std::size_t& newlines) const {
  switch (simd_) {
    case Simd::avx512_vbmi:
      return find_avx512_vbmi(text, from, newlines);
    case Simd::avx2:
      return find_avx2(text, from, newlines);
    case Simd::ssse3:
    case Simd::none:
      break;
  }
  Best best;
  const std::size_t found =
      simd_ == Simd::ssse3 ? find_ssse3(text, from) : find_scalar(text, from, from, best);
  newlines += found == npos ? count_newlines(text.substr(from)) : 0;
  return found;
}

std::size_t LiteralScan::find(std::string_view text, std::size_t from) const {
  std::size_t newlines = 0;
  return from < text.size() ? find(text, from, newlines) : npos;
}

LiteralScan::Look LiteralScan::look(std::string_view text) const {
  Look result;
  result.at = find(text, 0, result.newlines);
  return result;
}

}  // namespace whyoom::logtext
