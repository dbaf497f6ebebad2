// One segment of the ring: records one after the other, each with its length and checksum, so that
// it reads from any place and beyond any damage. docs/formats/ring.md has the layout.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "record/sample.h"

namespace whyoom::record {

inline constexpr std::size_t most_body = 16384;

// Makes records, without allocating anything (it is large itself). The result is valid until the
// next call.
class Encoder {
 public:
  // A segment begins: the next sample is a whole one.
  void restart() { since_whole_ = 0; }
  std::string_view sample(const Sample& sample);
  std::string_view note(const Note& note);

  // After so many samples comes a whole one; the others tell what is different from that.
  static constexpr unsigned whole_every = 120;

 private:
  std::string_view frame(Kind kind, std::string_view payload);

  std::array<char, most_body> payload_{}, text_{};
  std::array<char, most_body + 32> frame_{};
  Sample whole_;
  unsigned since_whole_ = 0;
  std::uint64_t number_ = 0, whole_number_ = 0;
};

struct SegmentSink {
  std::function<void(const Sample&)> sample;
  std::function<void(const Note&)> note;  // its texts live as long as the bytes
};

// What reading a segment came to.
struct SegmentAccount {
  std::uint64_t records = 0;  // good ones
  std::uint64_t samples = 0, lost_samples = 0;
  std::uint64_t unknown = 0;        // good ones of a kind that this program does not know
  std::uint64_t damaged_bytes = 0;  // in no record
  std::uint64_t damages = 0;        // places where such bytes are
  std::size_t good_end = 0;         // behind the last good record
};

SegmentAccount read_segment(std::string_view bytes, const SegmentSink& sink);

// Records that come in pieces of any size, as the recorder hands them on. What is no record is
// stepped over.
class RecordStream {
 public:
  explicit RecordStream(SegmentSink sink);
  ~RecordStream();
  RecordStream(const RecordStream&) = delete;
  RecordStream& operator=(const RecordStream&) = delete;
  // The texts of notes live as long as the call.
  void feed(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whyoom::record
