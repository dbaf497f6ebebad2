#include "linux/lz4_frames.h"

#include <lz4.h>

#include <algorithm>
#include <cstring>

namespace whyoom::linux {
namespace {

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

std::uint32_t xxh32(std::string_view bytes) { return XXH32(bytes.data(), bytes.size(), 0); }

}  // namespace

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
  XXH32_reset(&content_, 0);
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
  char* const to = window_.data() + history_;
  auto made = static_cast<int>(block.size());
  if (stored_) {
    std::copy(block.begin(), block.end(), to);
  } else {
    made = LZ4_decompress_safe_usingDict(block.data(), to, made, static_cast<int>(most_),
                                         window_.data(), static_cast<int>(history_));
  }
  if (made < 0) {
    return wrong_block;
  }
  give(static_cast<std::size_t>(made), sink);
  want(&Lz4Frames::on_block_size, 4);
  return nullptr;
}

void Lz4Frames::give(std::size_t size, const Decoder::Sink& sink) {
  const std::string_view made(window_.data() + history_, size);
  if (has(Flag::content_check)) {
    XXH32_update(&content_, made.data(), made.size());
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
  return XXH32_digest(&content_) == word(part_.data()) ? end_frame() : wrong_check;
}

const char* Lz4Frames::end_frame() {
  ended_ = true;
  want(&Lz4Frames::on_magic, 4);
  return has(Flag::content_size) && left_ != 0 ? wrong_check : nullptr;
}

}  // namespace whyoom::linux
