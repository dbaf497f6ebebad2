// Rotated logs are compressed. Told from the first bytes, never from the name; decoded in a stream
// of bounded memory (xz: at most 128 MiB, zstd: windows up to 128 MiB, lz4 and
// bzip2: some 8 MiB, gzip: 32 KiB).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace whyoom::linux {

enum class Compression : std::uint8_t { none, gzip, xz, zstd, bzip2, lz4 };

// nullopt: `start` is the beginning of a magic number, but not all of it.
std::optional<Compression> compression_of(std::string_view start);

class Decoder {
 public:
  // False: no more is wanted. A few bytes can make gigabytes, so it is asked piece by piece.
  using Sink = std::function<bool(std::string_view)>;
  // What is wrong with the data, in a few words. What was decoded until then has gone to the sink.
  using Result = tl::expected<void, std::string>;

  virtual ~Decoder() = default;
  virtual Result feed(std::string_view input, const Sink& sink) = 0;
  // The input is at its end. An error when the data is not.
  virtual Result finish(const Sink& sink) = 0;
};

std::unique_ptr<Decoder> make_decoder(Compression compression);

}  // namespace whyoom::linux
