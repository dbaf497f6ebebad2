#include "linux/decompress.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace whyoom::linux {
namespace {

// Bigger than a decoder's output buffer, and not all the same.
std::string long_text() {
  std::string text;
  for (int i = 0; text.size() < 900'000; ++i) {
    text += "[" + std::to_string(i) + ".5] some line of a log " + std::to_string(i * 7919) + "\n";
  }
  return text;
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string xz(std::string_view text) {
  std::string out(text.size() + 1000, '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr,
                                    reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// In blocks of 100 kB: what stands in one comes out when all of it is there.
std::string bzip2(std::string_view text) {
  std::string out(text.size() + text.size() / 100 + 1000, '\0');
  auto size = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 1, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

std::string lz4(std::string_view text) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;  // as `lz4` does
  std::string out(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &preferences));
  return out;
}

struct Case {
  const char* name;
  std::string (*compress)(std::string_view);
  Compression compression;
};

class DecompressTest : public testing::TestWithParam<Case> {
 protected:
  // In pieces of `step` bytes; the text, and "error" parts of the outcome.
  struct Outcome {
    std::string text, error;
  };
  static Outcome decode(std::string_view data, std::size_t step) {
    Outcome outcome;
    const auto decoder = make_decoder(GetParam().compression);
    const auto sink = [&](std::string_view piece) {
      outcome.text += piece;
      return true;
    };
    for (std::size_t at = 0; at < data.size() && outcome.error.empty(); at += step) {
      if (const auto result = decoder->feed(data.substr(at, step), sink); !result) {
        outcome.error = result.error();
      }
    }
    if (outcome.error.empty()) {
      if (const auto result = decoder->finish(sink); !result) {
        outcome.error = result.error();
      }
    }
    return outcome;
  }
};

TEST_P(DecompressTest, IsToldFromItsFirstBytes) {
  const std::string data = GetParam().compress("text");
  EXPECT_EQ(compression_of(data), GetParam().compression);
  EXPECT_EQ(compression_of(data.substr(0, 1)), std::nullopt);
}

TEST_P(DecompressTest, GivesTheTextInPiecesOfAnySize) {
  const std::string text = long_text();
  const std::string data = GetParam().compress(text);
  for (const std::size_t step : {std::size_t{1}, std::size_t{777}, data.size()}) {
    const Outcome outcome = decode(data, step);
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.text == text) << step;
  }
}

TEST_P(DecompressTest, ReadsWhatWasAppended) {
  const std::string data = GetParam().compress("one\n") + GetParam().compress("two\n");
  for (const std::size_t step : {std::size_t{1}, std::size_t{1000}}) {
    const Outcome outcome = decode(data, step);
    EXPECT_EQ(outcome.text, "one\ntwo\n");
    EXPECT_EQ(outcome.error, "");
  }
}

TEST_P(DecompressTest, KeepsWhatCameBeforeTheCut) {
  const std::string text = long_text();
  const std::string data = GetParam().compress(text);
  const Outcome outcome = decode(std::string_view(data).substr(0, data.size() * 2 / 3), 4096);
  EXPECT_GT(outcome.text.size(), text.size() / 3);
  EXPECT_TRUE(text.starts_with(outcome.text));
  EXPECT_NE(outcome.error.find("ends early"), std::string::npos) << outcome.error;
}

TEST_P(DecompressTest, SaysThatDataIsDamaged) {
  std::string data = GetParam().compress(long_text());
  for (std::size_t i = data.size() / 2; i < data.size() / 2 + 64; ++i) {
    data[i] = static_cast<char>(~data[i]);
  }
  EXPECT_NE(decode(data, 4096).error.find("damaged"), std::string::npos);
}

// A bomb: what nobody wants any more is not made.
TEST_P(DecompressTest, StopsWhenNoMoreIsWanted) {
  const std::string data = GetParam().compress(std::string(std::size_t{8} << 20U, '\0'));
  const auto decoder = make_decoder(GetParam().compression);
  std::size_t pieces = 0, bytes = 0;
  const auto result = decoder->feed(data, [&](std::string_view piece) {
    bytes += piece.size();
    return ++pieces < 2;
  });
  EXPECT_TRUE(result);
  EXPECT_EQ(pieces, 2U);
  EXPECT_LE(bytes, std::size_t{1} << 20U);
}

INSTANTIATE_TEST_SUITE_P(All, DecompressTest,
                         testing::Values(Case{"gzip", gzip, Compression::gzip},
                                         Case{"xz", xz, Compression::xz},
                                         Case{"zstd", zstd, Compression::zstd},
                                         Case{"bzip2", bzip2, Compression::bzip2},
                                         Case{"lz4", lz4, Compression::lz4}),
                         [](const auto& info) { return std::string(info.param.name); });

// In pieces of any size: where one begins must not decide what is taken for a new member.
void expect_rest_is_not_read(Compression compression, const std::string& data) {
  for (std::size_t step = 1; step <= data.size(); ++step) {
    const auto decoder = make_decoder(compression);
    std::string text, error;
    const auto sink = [&](std::string_view piece) {
      text += piece;
      return true;
    };
    for (std::size_t at = 0; at < data.size() && error.empty(); at += step) {
      if (const auto result = decoder->feed(std::string_view(data).substr(at, step), sink);
          !result) {
        error = result.error();
      }
    }
    EXPECT_NE(error.find("something else"), std::string::npos) << step << error;
    EXPECT_EQ(text, "text\n") << step;
  }
}

TEST(Bzip2Decoder, WhatIsNoStreamIsNotReadAndTold) {
  expect_rest_is_not_read(Compression::bzip2, bzip2("text\n") + std::string("\0BZh9BZh9", 9));
  expect_rest_is_not_read(Compression::bzip2, bzip2("text\n") + "[ 9.0] a plain log");
}

TEST(GzipDecoder, WhatIsNoMemberIsNotReadAndTold) {
  expect_rest_is_not_read(Compression::gzip,
                          gzip("text\n") + std::string("\0\x1f\x8b\x1f\x1f\0\x1f\x8b", 8));
  expect_rest_is_not_read(Compression::gzip, gzip("text\n") + "[ 9.0] a plain log");
}

TEST(ZstdDecoder, AFrameThatSaysNothingMayComeFirst) {
  const std::string data = std::string("\x53\x2a\x4d\x18\x02\0\0\0ab", 10) + zstd("text\n");
  EXPECT_EQ(compression_of(data), Compression::zstd);
  EXPECT_EQ(compression_of(data.substr(0, 2)), std::nullopt);
  EXPECT_EQ(compression_of("S*Ml"), Compression::none);
  const auto decoder = make_decoder(Compression::zstd);
  std::string text;
  const auto sink = [&](std::string_view piece) {
    text += piece;
    return true;
  };
  EXPECT_TRUE(decoder->feed(data, sink));
  EXPECT_TRUE(decoder->finish(sink));
  EXPECT_EQ(text, "text\n");
}

TEST(Magic, TextIsNotCompressed) {
  EXPECT_EQ(compression_of("[    0.000000] Linux version"), Compression::none);
  EXPECT_EQ(compression_of("(x"), Compression::none);
  EXPECT_EQ(compression_of("("), std::nullopt);  // zstd's first byte
  EXPECT_EQ(compression_of("BZh"), std::nullopt);
  EXPECT_EQ(compression_of("BZhello"), Compression::none);
  EXPECT_EQ(make_decoder(Compression::none), nullptr);
}

TEST(Padding, OfZerosIsNoDamage) {
  for (const auto& [compression, data] :
       {std::pair{Compression::gzip, gzip("text\n")}, {Compression::bzip2, bzip2("text\n")}}) {
    const auto decoder = make_decoder(compression);
    std::string text;
    const auto sink = [&](std::string_view piece) {
      text += piece;
      return true;
    };
    EXPECT_TRUE(decoder->feed(data, sink));
    EXPECT_TRUE(decoder->feed(std::string(512, '\0'), sink));
    EXPECT_TRUE(decoder->finish(sink));
    EXPECT_EQ(text, "text\n");
  }
}

}  // namespace
}  // namespace whyoom::linux
