// What the recorder puts into the ring: segments begin with their head, names come before the
// samples that need them, and what cannot be written is said once and counted until it can.
#pragma once

#include <sys/utsname.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "linux/recorder/metrics_file.h"
#include "linux/recorder/recorder.h"
#include "linux/recorder/ring.h"
#include "linux/recorder/sampler.h"
#include "record/segment.h"

namespace whyoom::linux {

PageSize page_size();
record::Note note_of_now(record::Kind kind);

class Store {
 public:
  Store(const RecorderOptions& options, RingWriter ring, std::string boot, Sampler& sampler);

  // What was deleted of the ring is made again; to be called before each sample.
  void check(std::uint64_t now_ms);
  void put(const record::Note& note);
  // With the names that it needs. It is held back: a write costs as much as reading a file of
  // /proc.
  void put(const record::Sample& sample);
  // Writes what is held back. `soon`: the next sample comes in a second, and nothing is wrong: some
  // are written at once.
  void write_held(bool soon = false);
  void sync();
  void close();
  // The process that counts, when there is none; it is told from the beginning.
  bool start_metrics();  // true: started
  // It is to tell its metrics. `began_ms`: when the recorder did.
  void publish_metrics(std::int64_t began_ms);
  // Told, and kept.
  void trouble(std::string_view what);

  [[nodiscard]] int error() const { return error_; }  // errno of the last one; 0: it works
  [[nodiscard]] const RingWriter& ring() const { return ring_; }
  MetricsFile& metrics() { return metrics_; }

 private:
  bool begin_segment_if_needed();
  void hold(std::string_view record, bool has_room);
  void write_names();
  void begin_anew();
  record::Note head() const;
  void failed(int error, std::uint64_t records);

  const RecorderOptions& options_;
  RingWriter ring_;
  std::string boot_;
  Sampler& sampler_;
  utsname system_{};
  record::Encoder encoder_;
  bool has_head_ = false;  // what is written belongs to a head of this recorder
  std::string held_;       // records that are not written yet
  unsigned held_records_ = 0;
  int error_ = 0;
  std::uint64_t not_stored_ = 0;  // since the trouble began
  std::uint64_t lost_ = 0;        // ever
  MetricsFile metrics_;
  std::uint64_t now_ms_ = 0, told_ms_ = 0, looked_ms_ = 0;
};

}  // namespace whyoom::linux
