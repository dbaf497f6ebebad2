#include "linux/lz4_frames.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <span>

namespace whyoom::linux {
namespace {

constexpr std::uint32_t primes[] = {0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1};
constexpr std::size_t stripe = 16;
constexpr std::size_t farthest = std::size_t{64} * 1024;  // back that a copy can reach
constexpr std::size_t piece = std::size_t{256} * 1024;    // for the sink at once

constexpr const char* wrong_header = "its header is wrong";
constexpr const char* wrong_block = "one of its blocks is wrong";
constexpr const char* wrong_check = "its check does not match";

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::uint32_t word(const char* at) {  // one load, as compilers read it
  const auto byte = [at](int i) { return std::uint32_t{static_cast<unsigned char>(at[i])}; };
  return byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U;
}

std::uint32_t xxh32(std::string_view bytes) {
  Xxh32 hash;
  hash.add(bytes);
  return hash.value();
}

// What a nibble says; 15: and the bytes behind it, up to the first that is not 255.
std::optional<std::size_t> length(unsigned nibble, std::string_view& block) {
  std::size_t sum = nibble;
  for (unsigned more = nibble == 15 ? 255 : 0; more == 255; sum += more) {
    if (block.empty()) {
      return std::nullopt;
    }
    more = static_cast<unsigned char>(block.front());
    block.remove_prefix(1);
  }
  return sum;
}

// Most are short, and a size that the compiler knows is no call of a function.
constexpr std::size_t stride = 16;

// Within the window, to what is behind `from`. It may reach into itself: then what lies between is
// repeated.
void copy(std::span<char> window, std::size_t from, std::size_t to, std::size_t size) {
  if (to - from >= stride && window.size() - to >= size + stride) {
    for (std::size_t i = 0; i < size; i += stride) {
      std::memcpy(window.data() + to + i, window.data() + from + i, stride);
    }
    return;
  }
  for (const std::size_t end = to + size; to < end;) {
    const std::size_t part = std::min(to - from, end - to);
    std::memcpy(window.data() + to, window.data() + from, part);
    to += part;
  }
}

// What a block makes behind the first `from` bytes of the window: runs of literals, each but the
// last with a copy of what came before it. nullopt: it is damaged.
std::optional<std::size_t> unpack(std::string_view block, std::span<char> window,
                                  std::size_t from) {
  std::size_t at = from;
  while (!block.empty()) {
    const unsigned token = static_cast<unsigned char>(block.front());
    block.remove_prefix(1);
    const auto literals = length(token >> 4U, block);
    if (!literals || *literals > block.size() || *literals > window.size() - at) {
      return std::nullopt;
    }
    if (*literals <= stride && block.size() >= stride && window.size() - at >= stride) {
      std::memcpy(window.data() + at, block.data(), stride);
    } else {
      std::memcpy(window.data() + at, block.data(), *literals);
    }
    at += *literals;
    block.remove_prefix(*literals);
    if (block.empty()) {
      return at - from;
    }
    if (block.size() < 2) {
      return std::nullopt;
    }
    const std::size_t back =
        static_cast<unsigned char>(block[0]) | static_cast<unsigned char>(block[1]) << 8U;
    block.remove_prefix(2);
    constexpr std::size_t least = 4;
    const auto more = length(token & 15U, block);
    if (!more || back == 0 || back > at || *more + least > window.size() - at) {
      return std::nullopt;
    }
    copy(window, at - back, at, *more + least);
    at += *more + least;
  }
  return std::nullopt;
}

}  // namespace

void Xxh32::add_stripe(const char* at) {
  for (std::uint32_t& lane : lanes_) {
    lane = std::rotl(lane + word(at) * primes[1], 13) * primes[0];
    at += 4;
  }
}

void Xxh32::add(std::string_view bytes) {
  const std::size_t held = size_ % stripe;
  size_ += bytes.size();
  if (held + bytes.size() < stripe) {
    std::copy(bytes.begin(), bytes.end(), rest_ + held);
    return;
  }
  if (held > 0) {
    std::copy_n(bytes.begin(), stripe - held, rest_ + held);
    bytes.remove_prefix(stripe - held);
    add_stripe(rest_);
  }
  for (; bytes.size() >= stripe; bytes.remove_prefix(stripe)) {
    add_stripe(bytes.data());
  }
  std::copy(bytes.begin(), bytes.end(), rest_);
}

std::uint32_t Xxh32::value() const {
  std::uint32_t hash = size_ < stripe ? primes[4]
                                      : std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) +
                                            std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
  hash += static_cast<std::uint32_t>(size_);
  const char* at = rest_;
  const char* const end = rest_ + size_ % stripe;
  for (; end - at >= 4; at += 4) {
    hash = std::rotl(hash + word(at) * primes[2], 17) * primes[3];
  }
  for (; at < end; ++at) {
    hash = std::rotl(hash + static_cast<unsigned char>(*at) * primes[4], 11) * primes[0];
  }
  hash = (hash ^ hash >> 15U) * primes[1];
  hash = (hash ^ hash >> 13U) * primes[2];
  return hash ^ hash >> 16U;
}

const char* Lz4Frames::feed(std::string_view input, const Decoder::Sink& sink) {
  for (;;) {
    const std::size_t skipped = std::min<std::size_t>(skip_, input.size());
    skip_ -= static_cast<std::uint32_t>(skipped);
    input.remove_prefix(skipped);
    const std::size_t taken = std::min(wanted_ - part_.size(), input.size());
    part_ += input.substr(0, taken);
    input.remove_prefix(taken);
    if (part_.size() < wanted_ || skip_ > 0) {
      return nullptr;
    }
    const char* wrong = (this->*step_)(sink);
    part_.clear();
    if (wrong != nullptr || stopped_) {
      return wrong;
    }
  }
}

void Lz4Frames::finish(const Decoder::Sink& sink) {
  if (step_ == &Lz4Frames::on_block && stored_ && !stopped_ && !part_.empty()) {
    sink(std::string_view(part_).substr(0, block_));
  }
}

void Lz4Frames::want(Step step, std::size_t size) {
  step_ = step;
  wanted_ = size;
}

const char* Lz4Frames::on_magic(const Decoder::Sink& /*sink*/) {
  constexpr std::uint32_t frame = 0x184D2204, skipped = 0x184D2A50;  // .. 0x184D2A5F
  const std::uint32_t magic = word(part_.data());
  ended_ = false;
  if (magic == frame) {
    want(&Lz4Frames::on_flags, 2);
    return nullptr;
  }
  want(&Lz4Frames::on_skipped_size, 4);
  return (magic & ~15U) == skipped ? nullptr : wrong_header;
}

const char* Lz4Frames::on_skipped_size(const Decoder::Sink& /*sink*/) {
  skip_ = word(part_.data());
  ended_ = true;
  want(&Lz4Frames::on_magic, 4);
  return nullptr;
}

const char* Lz4Frames::on_flags(const Decoder::Sink& /*sink*/) {
  flags_ = part_;
  want(&Lz4Frames::on_header,
       std::size_t{1} + (has(Flag::content_size) ? 8 : 0) + (has(Flag::dictionary) ? 4 : 0));
  return nullptr;
}

const char* Lz4Frames::on_header(const Decoder::Sink& /*sink*/) {
  constexpr unsigned version = 1;
  const unsigned check = static_cast<unsigned char>(part_.back());
  part_.pop_back();
  const unsigned sizes = static_cast<unsigned char>(flags_[1]);
  const unsigned size = sizes >> 4U;
  const bool known = static_cast<unsigned char>(flags_[0]) >> 6U == version &&
                     !has(Flag::reserved) && (sizes & 15U) == 0 && size >= 4 && size <= 7;
  if (!known || (xxh32(flags_ + part_) >> 8U & 255U) != check) {
    return wrong_header;
  }
  left_ = has(Flag::content_size) ? little_endian(std::string_view(part_).substr(0, 8)) : 0;
  content_ = {};
  history_ = 0;
  most_ = std::size_t{1} << (8 + 2 * size);
  window_.resize(farthest + most_);
  want(&Lz4Frames::on_block_size, 4);
  return nullptr;
}

const char* Lz4Frames::on_block_size(const Decoder::Sink& /*sink*/) {
  constexpr std::uint32_t stored = std::uint32_t{1} << 31U;
  const std::uint32_t size = word(part_.data());
  if (size == 0) {  // the last one
    if (has(Flag::content_check)) {
      want(&Lz4Frames::on_content_check, 4);
      return nullptr;
    }
    return end_frame();
  }
  stored_ = (size & stored) != 0;
  block_ = size & ~stored;
  want(&Lz4Frames::on_block, block_ + (has(Flag::block_checks) ? 4 : 0));
  return block_ > most_ ? wrong_block : nullptr;
}

const char* Lz4Frames::on_block(const Decoder::Sink& sink) {
  const std::string_view block = std::string_view(part_).substr(0, block_);
  if (has(Flag::block_checks) && xxh32(block) != word(part_.data() + block_)) {
    return wrong_check;
  }
  std::optional<std::size_t> made = block.size();
  if (stored_) {
    std::copy(block.begin(), block.end(), window_.data() + history_);
  } else {
    made = unpack(block, std::span(window_).first(history_ + most_), history_);
  }
  if (!made) {
    return wrong_block;
  }
  give(*made, sink);
  want(&Lz4Frames::on_block_size, 4);
  return nullptr;
}

void Lz4Frames::give(std::size_t size, const Decoder::Sink& sink) {
  const std::string_view made(window_.data() + history_, size);
  if (has(Flag::content_check)) {
    content_.add(made);
  }
  left_ -= size;
  for (std::size_t at = 0; at < size && !stopped_; at += piece) {
    stopped_ = !sink(made.substr(at, piece));
  }
  const std::size_t all = history_ + size;
  history_ = has(Flag::independent) ? 0 : std::min(all, farthest);
  std::memmove(window_.data(), window_.data() + all - history_, history_);
}

const char* Lz4Frames::on_content_check(const Decoder::Sink& /*sink*/) {
  return content_.value() == word(part_.data()) ? end_frame() : wrong_check;
}

const char* Lz4Frames::end_frame() {
  ended_ = true;
  want(&Lz4Frames::on_magic, 4);
  return has(Flag::content_size) && left_ != 0 ? wrong_check : nullptr;
}

}  // namespace whyoom::linux
