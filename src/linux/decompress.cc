#include "linux/decompress.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/language.h"
#include "linux/lz4_frames.h"

namespace whyoom::linux {
namespace {

constexpr std::size_t chunk = std::size_t{256} * 1024;
constexpr std::string_view gzip_magic{"\x1f\x8b", 2};
constexpr std::string_view xz_magic{"\xfd\x37zXZ\0", 6};
constexpr std::string_view zstd_magic{"\x28\xb5\x2f\xfd", 4};

constexpr std::string_view bzip2_magic{"BZh", 3};
constexpr std::string_view lz4_magic{"\x04\x22\x4d\x18", 4};

constexpr const char* ends_early = "the compressed data ends early; what came before it was read";

std::string damaged(const char* format, const char* why) {
  return tr("the {} data is damaged ({}); what came before it was read", format, tr(why));
}

// Behind the last member: a block may be filled with zeros. Whoever put anything else there thinks
// that it is read.
Decoder::Result padding(const char* format, std::string_view rest) {
  if (rest.find_first_not_of('\0') == std::string_view::npos) {
    return {};
  }
  return tl::unexpected(
      tr("behind the {} data comes something else, which was not read: unpack it first", format));
}

class BufferedDecoder : public Decoder {
 protected:
  std::vector<char> out_ = std::vector<char>(chunk);
};

// Of a format whose library tells where a stream, a member or a frame ends.
class MemberDecoder : public BufferedDecoder {
 public:
  Result finish(const Sink& /*sink*/) override {
    if (!ended_) {
      return tl::unexpected(tr(ends_early));
    }
    return {};
  }

 protected:
  bool ended_ = false;
};

class GzipDecoder final : public MemberDecoder {
 public:
  GzipDecoder() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Result feed(std::string_view input, const Sink& sink) override {
    if (!ready_) {
      return tl::unexpected(tr("not enough memory to decompress"));
    }
    // zlib's interface has no const; it does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    while (stream_.avail_in > 0) {
      if (padding_ || (ended_ && !next_member())) {
        return padding("gzip", {reinterpret_cast<const char*>(stream_.next_in), stream_.avail_in});
      }
      bool wanted = true;
      if (auto result = step(sink, wanted); !result || !wanted) {
        return result;
      }
    }
    return {};
  }

 private:
  Result step(const Sink& sink, bool& wanted) {
    int code = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      code = inflate(&stream_, Z_NO_FLUSH);
      if (const std::size_t made = out_.size() - stream_.avail_out; made > 0) {
        wanted = sink({out_.data(), made});
      }
    } while (wanted && code == Z_OK && stream_.avail_out == 0);
    if (code == Z_STREAM_END) {
      ended_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return tl::unexpected(damaged("gzip", stream_.msg != nullptr ? stream_.msg : "unknown"));
    }
    return {};
  }

  // Members can follow one another.
  bool next_member() {
    padding_ =
        *stream_.next_in != static_cast<Bytef>(gzip_magic[0]) || inflateReset(&stream_) != Z_OK;
    ended_ = padding_;
    return !padding_;
  }

  z_stream stream_{};
  bool ready_ = false;
  bool padding_ = false;  // from here on, whatever it looks like
};

class XzDecoder final : public BufferedDecoder {
 public:
  XzDecoder() {
    constexpr std::uint64_t memory_limit = std::uint64_t{128} << 20U;  // xz -9 needs 65 MiB
    ready_ = lzma_stream_decoder(&stream_, memory_limit, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~XzDecoder() override { lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  Result feed(std::string_view input, const Sink& sink) override {
    return run(input, LZMA_RUN, sink);
  }
  Result finish(const Sink& sink) override { return run({}, LZMA_FINISH, sink); }

 private:
  Result run(std::string_view input, lzma_action action, const Sink& sink) {
    if (!ready_) {
      return tl::unexpected(tr("not enough memory to decompress"));
    }
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    for (;;) {
      stream_.next_out = reinterpret_cast<std::uint8_t*>(out_.data());
      stream_.avail_out = out_.size();
      const lzma_ret code = lzma_code(&stream_, action);
      const std::size_t made = out_.size() - stream_.avail_out;
      const bool wanted = made == 0 || sink({out_.data(), made});
      if (code == LZMA_STREAM_END || !wanted) {
        return {};
      }
      if (code == LZMA_BUF_ERROR && action == LZMA_FINISH) {
        return tl::unexpected(tr(ends_early));
      }
      if (code != LZMA_OK && code != LZMA_BUF_ERROR) {
        return tl::unexpected(damaged("xz", why(code)));
      }
      if (action == LZMA_RUN && stream_.avail_in == 0 && stream_.avail_out > 0) {
        return {};
      }
    }
  }

  static const char* why(lzma_ret code) {
    switch (code) {
      case LZMA_MEMLIMIT_ERROR:
        return "it needs more than 128 MiB to decompress";
      case LZMA_MEM_ERROR:
        return "not enough memory to decompress";
      case LZMA_OPTIONS_ERROR:
        return "a filter that is not supported";
      default:
        return "its check does not match";
    }
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

class ZstdDecoder final : public MemberDecoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {}
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Result feed(std::string_view input, const Sink& sink) override {
    if (stream_ == nullptr) {
      return tl::unexpected(tr("not enough memory to decompress"));
    }
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t code = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(code) != 0) {
        return tl::unexpected(damaged("zstd", why(code)));
      }
      ended_ = code == 0;
      if (out.pos > 0 && !sink({out_.data(), out.pos})) {
        return {};
      }
      full = !ended_ && out.pos == out.size;
    }
    return {};
  }

 private:
  static const char* why(std::size_t code) {
    return ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge
               ? "it needs more than 128 MiB to decompress"
               : ZSTD_getErrorName(code);
  }

  ZSTD_DStream* stream_;
};

class Bzip2Decoder final : public MemberDecoder {
 public:
  Bzip2Decoder() { begin(); }
  ~Bzip2Decoder() override { BZ2_bzDecompressEnd(&stream_); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  Result feed(std::string_view input, const Sink& sink) override {
    // The library's interface has no const; it does not write to its input.
    stream_.next_in = const_cast<char*>(input.data());
    stream_.avail_in = static_cast<unsigned>(input.size());
    for (;;) {
      if (!ready_) {
        return tl::unexpected(tr("not enough memory to decompress"));
      }
      if (ended_ && stream_.avail_in == 0) {
        return {};
      }
      if (padding_ || (ended_ && !next_stream())) {
        return padding("bzip2", {stream_.next_in, stream_.avail_in});
      }
      stream_.next_out = out_.data();
      stream_.avail_out = static_cast<unsigned>(out_.size());
      const int code = BZ2_bzDecompress(&stream_);
      const std::size_t made = out_.size() - stream_.avail_out;
      if (made > 0 && !sink({out_.data(), made})) {
        return {};
      }
      if (code != BZ_OK && code != BZ_STREAM_END) {
        return tl::unexpected(damaged("bzip2", why(code)));
      }
      ended_ = code == BZ_STREAM_END;
      if (!ended_ && stream_.avail_in == 0 && stream_.avail_out > 0) {
        return {};
      }
    }
    return {};
  }

 private:
  void begin() { ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK; }

  // Streams follow one another (pbzip2 writes so).
  bool next_stream() {
    padding_ = *stream_.next_in != bzip2_magic[0];
    if (padding_) {
      return false;
    }
    ended_ = false;
    char* const next = stream_.next_in;
    const unsigned left = stream_.avail_in;
    BZ2_bzDecompressEnd(&stream_);
    stream_ = {};
    begin();
    stream_.next_in = next;
    stream_.avail_in = left;
    return true;
  }

  static const char* why(int code) {
    return code == BZ_MEM_ERROR          ? "not enough memory to decompress"
           : code == BZ_DATA_ERROR_MAGIC ? "its header is wrong"
                                         : "its check does not match";
  }

  bz_stream stream_{};
  bool ready_ = false;
  bool padding_ = false;  // from here on, whatever it looks like
};

class Lz4Decoder final : public Decoder {
 public:
  Result feed(std::string_view input, const Sink& sink) override {
    if (const char* wrong = frames_.feed(input, sink)) {
      return tl::unexpected(damaged("lz4", wrong));
    }
    return {};
  }
  Result finish(const Sink& sink) override {
    frames_.finish(sink);
    if (!frames_.ended()) {
      return tl::unexpected(tr(ends_early));
    }
    return {};
  }

 private:
  Lz4Frames frames_;
};

// A frame that says nothing of the log, before those that have it: pzstd writes one. Of the first
// byte the lower half is anybody's.
bool may_be_skippable(std::string_view start) {
  constexpr std::string_view behind{"\x2a\x4d\x18", 3};
  return !start.empty() && (static_cast<unsigned char>(start[0]) & 0xf0U) == 0x50U &&
         behind.starts_with(start.substr(1, behind.size()));
}

}  // namespace

std::optional<Compression> compression_of(std::string_view start) {
  if (may_be_skippable(start)) {
    return start.size() < zstd_magic.size() ? std::nullopt : std::optional(Compression::zstd);
  }
  for (const auto& [magic, compression] : {std::pair{gzip_magic, Compression::gzip},
                                           {xz_magic, Compression::xz},
                                           {zstd_magic, Compression::zstd},
                                           {bzip2_magic, Compression::bzip2},
                                           {lz4_magic, Compression::lz4}}) {
    if (start.substr(0, magic.size()) == magic) {
      // The size of blocks; without it these are three letters of a text.
      const bool more = compression == Compression::bzip2;
      if (more && start.size() == magic.size()) {
        return std::nullopt;
      }
      return more && (start[magic.size()] < '1' || start[magic.size()] > '9') ? Compression::none
                                                                              : compression;
    }
    if (start.size() < magic.size() && start == magic.substr(0, start.size())) {
      return std::nullopt;
    }
  }
  return Compression::none;
}

std::unique_ptr<Decoder> make_decoder(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return std::make_unique<GzipDecoder>();
    case Compression::xz:
      return std::make_unique<XzDecoder>();
    case Compression::zstd:
      return std::make_unique<ZstdDecoder>();
    case Compression::bzip2:
      return std::make_unique<Bzip2Decoder>();
    case Compression::lz4:
      return std::make_unique<Lz4Decoder>();
    case Compression::none:
      break;
  }
  return nullptr;
}

}  // namespace whyoom::linux
