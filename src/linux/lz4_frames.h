// The frames that `lz4` writes, and what rotates logs with it (lz4's doc/lz4_Frame_format.md).
// Their blocks are the library's business; its reader of frames would bring all of its compressors
// along, 1 % of the program.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linux/decompress.h"

namespace whyoom::linux {

// One frame behind the other. What a block holds goes to the sink when all of it is there.
class Lz4Frames {
 public:
  // What is wrong with the data, in a few words; nullptr: nothing.
  const char* feed(std::string_view input, const Decoder::Sink& sink);
  // The input is at its end: of a block that is stored as it is, the part that came counts.
  void finish(const Decoder::Sink& sink);
  // At the end of a frame.
  [[nodiscard]] bool ended() const { return ended_ && part_.empty() && skip_ == 0; }

 private:
  // Takes `part_`, which has the size that it asked for.
  using Step = const char* (Lz4Frames::*)(const Decoder::Sink& sink);
  enum class Flag : std::uint8_t {  // of the first byte of a header
    dictionary = 1,
    reserved = 2,
    content_check = 4,
    content_size = 8,
    block_checks = 16,
    independent = 32,
  };

  void want(Step step, std::size_t size);
  const char* on_magic(const Decoder::Sink& sink);
  const char* on_skipped_size(const Decoder::Sink& sink);
  const char* on_flags(const Decoder::Sink& sink);
  const char* on_header(const Decoder::Sink& sink);
  const char* on_block_size(const Decoder::Sink& sink);
  const char* on_block(const Decoder::Sink& sink);
  const char* on_content_check(const Decoder::Sink& sink);
  const char* end_frame();
  void give(std::size_t size, const Decoder::Sink& sink);
  [[nodiscard]] bool has(Flag flag) const {
    return (static_cast<unsigned>(flags_[0]) & static_cast<unsigned>(flag)) != 0;
  }

  Step step_ = &Lz4Frames::on_magic;
  std::size_t wanted_ = 4;
  std::string part_;
  std::uint32_t skip_ = 0;  // bytes of a frame that is not for us
  bool ended_ = false;
  bool stopped_ = false;  // the sink wants no more

  std::string flags_;                 // of the frame, and which sizes its blocks have
  std::size_t most_ = 0, block_ = 0;  // bytes of a block
  bool stored_ = false;               // the block, as it is
  std::uint64_t left_ = 0;            // of the content size, where the header has it
  XXH32_state_t content_{};
  // The last 64 KiB, which blocks may copy from, where they are linked; then the block.
  std::vector<char> window_;
  std::size_t history_ = 0;
};

}  // namespace whyoom::linux
