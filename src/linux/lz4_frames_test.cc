#include "linux/lz4_frames.h"

#include <gtest/gtest.h>
#include <lz4frame.h>

#include <random>

namespace whyoom::linux {
namespace {

struct Unlz4ed {
  std::string text, wrong;
  bool ended = false;
};

Unlz4ed unlz4(std::string_view data, std::size_t step = SIZE_MAX) {
  Lz4Frames frames;
  Unlz4ed out;
  const auto sink = [&](std::string_view made) {
    out.text += made;
    return true;
  };
  for (std::size_t at = 0; at < data.size(); at += std::min(step, data.size())) {
    if (const char* wrong = frames.feed(data.substr(at, step), sink)) {
      out.wrong = wrong;
      return out;
    }
  }
  frames.finish(sink);
  out.ended = frames.ended();
  return out;
}

// The same by the library, of a text of at most 256 KiB.
Unlz4ed unlz4_by_library(std::string_view data) {
  LZ4F_dctx* context = nullptr;
  LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
  Unlz4ed out;
  std::vector<char> made(std::size_t{256} << 10U);
  for (std::size_t at = 0; at < data.size();) {
    std::size_t size = made.size(), taken = std::min(data.size() - at, std::size_t{1});
    const std::size_t code =
        LZ4F_decompress(context, made.data(), &size, data.data() + at, &taken, nullptr);
    if (LZ4F_isError(code) != 0) {
      out.wrong = LZ4F_getErrorName(code);
      break;
    }
    at += taken;
    out.text.append(made.data(), size);
    out.ended = code == 0;
  }
  LZ4F_freeDecompressionContext(context);
  return out;
}

std::string frame_of(std::string_view text, const LZ4F_preferences_t& preferences) {
  std::string out(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &preferences));
  return out;
}

// Every option of a frame, counted by bits.
LZ4F_preferences_t preferences_of(unsigned bits, std::size_t size) {
  LZ4F_preferences_t wanted{};
  wanted.frameInfo.blockMode = (bits & 1U) != 0 ? LZ4F_blockIndependent : LZ4F_blockLinked;
  wanted.frameInfo.contentChecksumFlag =
      (bits & 2U) != 0 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
  wanted.frameInfo.blockChecksumFlag =
      (bits & 4U) != 0 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
  wanted.frameInfo.contentSize = (bits & 8U) != 0 ? size : 0;
  wanted.frameInfo.dictID = (bits & 16U) != 0 ? 7 : 0;
  wanted.frameInfo.blockSizeID = (bits & 32U) != 0 ? LZ4F_max4MB : LZ4F_max64KB;
  wanted.compressionLevel = (bits & 64U) != 0 ? 9 : 0;
  return wanted;
}
constexpr unsigned all_bits = 128;

// Lines of a log, bytes that no block makes smaller, and what repeats itself.
std::string mixed_text(std::size_t size) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) {
    text += "[" + std::to_string(text.size()) + ".5] a line of a log\n";
    text.append(random() % 20, static_cast<char>(random()));
    for (unsigned i = random() % 64 == 0 ? 70'000 : 0; i > 0; --i) {
      text += static_cast<char>(random());
    }
  }
  text.resize(size);
  return text;
}

TEST(Lz4Frames, WhatTheLibraryWritesComesBack) {
  for (const std::size_t size : {0U, 1U, 12U, 400U, 300'000U}) {
    const std::string text = mixed_text(size);
    for (unsigned bits = 0; bits < all_bits; ++bits) {
      const std::string frame = frame_of(text, preferences_of(bits, size));
      for (const std::size_t step : {std::size_t{1}, std::size_t{5000}, frame.size()}) {
        if (step == 1 && size > 1000 && bits % 16 != 0) {
          continue;
        }
        const Unlz4ed out = unlz4(frame, step);
        EXPECT_EQ(out.wrong, "") << size << " " << bits;
        EXPECT_TRUE(out.ended && out.text == text) << size << " " << bits;
      }
    }
  }
}

TEST(Lz4Frames, OneIsCutAsTheLibrarySeesIt) {
  const std::string text = mixed_text(140'000);
  for (unsigned bits = 0; bits < all_bits; bits += 9) {
    const std::string frame = frame_of(text, preferences_of(bits, text.size()));
    for (std::size_t size = 1; size < frame.size(); size += size < 40 ? 1 : 7919) {
      const std::string_view part = std::string_view(frame).substr(0, size);
      const Unlz4ed out = unlz4(part, 100);
      EXPECT_EQ(out.wrong, "");
      EXPECT_FALSE(out.ended);
      EXPECT_TRUE(out.text == unlz4_by_library(part).text) << bits << " " << size;
    }
  }
}

TEST(Lz4Frames, TheSizeThatAHeaderAnnouncesIsThatOfItsContent) {
  // The same header, of a frame that is longer by a block: its first one stands there twice.
  const std::string text = mixed_text(100'000);
  std::string frame = frame_of(text, preferences_of(1U | 8U, text.size()));
  constexpr std::size_t header = 15;
  const auto byte = [&](std::size_t i) {
    return std::size_t{static_cast<unsigned char>(frame[header + i])};
  };
  const std::size_t block = 4 + (byte(0) | byte(1) << 8U | byte(2) << 16U);
  frame.insert(header, frame.substr(header, block));
  EXPECT_EQ(unlz4(frame).wrong, "its check does not match");
  EXPECT_FALSE(unlz4_by_library(frame).wrong.empty());
}

// With all its checks. A block that does not match its own does not come out.
TEST(Lz4Frames, ADamagedOneIsToldAsTheLibraryTellsIt) {
  const std::string text = mixed_text(400);
  const std::string frame = frame_of(text, preferences_of(2U | 4U | 8U, text.size()));
  for (std::size_t at = 0; at < frame.size(); ++at) {
    for (const int with : {1, 128, 255}) {
      std::string damaged = frame;
      damaged[at] = static_cast<char>(damaged[at] ^ with);
      const Unlz4ed out = unlz4(damaged), library = unlz4_by_library(damaged);
      EXPECT_EQ(out.wrong.empty(), library.wrong.empty()) << at << library.wrong;
      EXPECT_FALSE(out.wrong.empty() && out.ended) << at;
      EXPECT_TRUE(out.text.empty() || out.text == library.text) << at;
    }
  }
}

// Without checks the block itself has to be possible.
TEST(Lz4Frames, ABlockThatIsImpossibleIsTold) {
  const auto of = [](std::string_view block) {
    std::string frame = frame_of("", preferences_of(0, 0));
    frame.resize(frame.size() - 4);  // the end
    frame += static_cast<char>(block.size());
    frame.append("\0\0\0", 3).append(block).append("\0\0\0\0", 4);
    const Unlz4ed out = unlz4(frame);
    return out.wrong.empty() ? out.text : out.wrong;
  };
  EXPECT_EQ(of("\x30"
               "abc"),
            "abc");
  EXPECT_EQ(of("\x40"
               "abc"),
            "one of its blocks is wrong");              // literals that are not there
  EXPECT_EQ(of("\xf0"), "one of its blocks is wrong");  // a length without its rest
}

// More than a block may hold.
TEST(Lz4Frames, ABombEndsAtTheSizeOfABlock) {
  std::string frame = frame_of("", preferences_of(0, 0));
  frame.resize(frame.size() - 4);
  const std::string block =
      "\x1f"
      "a" +
      std::string("\x01\0", 2) + std::string(300, '\xff') + std::string("\0\x10z", 3);
  frame += static_cast<char>(block.size() & 255U);
  frame += static_cast<char>(block.size() >> 8U);
  frame.append(2, '\0').append(block).append(4, '\0');
  EXPECT_EQ(unlz4(frame).wrong, "one of its blocks is wrong");
  EXPECT_EQ(unlz4(frame).text, "");
}

TEST(Lz4Frames, HeadersThatAreNone) {
  const std::string frame = frame_of("text", preferences_of(2, 0));
  EXPECT_EQ(unlz4(frame + "text").wrong, "its header is wrong");
  EXPECT_EQ(unlz4(frame + "tex").wrong, "");
  EXPECT_FALSE(unlz4(frame + "tex").ended);
  const std::string skipped("\x5f\x2a\x4d\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(unlz4(frame + skipped + frame, 2).text, "texttext");
  EXPECT_TRUE(unlz4(frame + skipped, 3).ended);
  EXPECT_FALSE(unlz4(frame + skipped.substr(0, 10), 3).ended);
}

}  // namespace
}  // namespace whyoom::linux
