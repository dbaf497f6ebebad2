// The ring of the recorder on the disk: a directory of numbered segments, the oldest of which goes
// when a new one begins. docs/formats/ring.md. Nobody but its owner can look into it: it holds the
// command lines of all processes. A directory that others could have written to is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "linux/descriptor.h"

namespace whyoom::linux {

inline constexpr std::string_view default_ring = "/var/lib/whyoom/ring";
inline constexpr std::uint64_t default_ring_bytes = std::uint64_t{64} << 20U;
inline constexpr std::uint64_t least_ring_bytes = std::uint64_t{1} << 20U;

struct RingOptions {
  std::string path{default_ring};
  std::uint64_t bytes = default_ring_bytes;  // of all segments
};

// As a user writes it: below the directory where the program was started, with a slash at the end.
std::string absolute_path(const std::string& path);

// The segments, the oldest first, open for reading. A ring that is not there has none. The error is
// a whole sentence.
tl::expected<std::vector<Descriptor>, std::string> open_ring(const std::string& path);

// What is in a segment, as far as one can be long.
std::string read_segment_file(const Descriptor& segment);

// Errors of the functions that write are errno; 0 is none. They allocate nothing.
class RingWriter {
 public:
  // Makes the directory, locks it for as long as this lives, and cuts what a crash left half
  // written off the last segment: nothing is ever appended behind damage. Where that segment has
  // room and no damage it goes on there, so that a recorder that is started over and over makes few
  // files; who writes has to begin with a head. The error is a whole sentence.
  static tl::expected<RingWriter, std::string> open(const RingOptions& options);

  // A new segment, and room for it: where the disk is full, the oldest ones make it.
  int begin_segment();
  // The segment has no room for so many bytes, or there is none.
  [[nodiscard]] bool needs_segment(std::size_t bytes) const;
  // A record is there whole or not at all.
  int append(std::string_view record);
  int sync();
  // Gives back the room that the segment did not need.
  void close();
  // Closes a segment that somebody deleted. True: it was.
  bool close_deleted();

  // The directory was deleted or another one took its place.
  [[nodiscard]] bool is_gone() const;
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::uint64_t bytes() const;  // of all segments
  [[nodiscard]] std::uint64_t cut_bytes() const { return cut_bytes_; }

 private:
  struct Segment {
    std::uint64_t number = 0, bytes = 0;
  };
  explicit RingWriter(RingOptions options);
  bool drop_oldest();
  void repair();
  void go_on();
  void keep_newest(const std::vector<std::uint64_t>& numbers);
  int open_new(std::uint64_t number);

  RingOptions options_;
  std::uint64_t segment_bytes_;
  Descriptor directory_, lock_, file_;
  std::vector<Segment> old_;  // the oldest first
  std::uint64_t number_ = 0, used_ = 0, cut_bytes_ = 0;
  bool last_is_whole_ = false;  // the last segment of the recorder before
};

}  // namespace whyoom::linux
