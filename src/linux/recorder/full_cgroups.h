// The fullest cgroups, found like the biggest processes: some of the tree with each look. Of both
// versions; of the first one the hierarchies of the controllers memory and pids.
#pragma once

#include <array>
#include <cstdint>

#include "linux/recorder/kept_file.h"
#include "record/fixed_text.h"
#include "record/sample.h"

namespace whyoom::linux {

struct FullCgroup {
  std::uint64_t id = 0;  // 0: a free place
  bool noted = false;
  std::uint64_t score = 0;  // how full, in ten thousandths
  KeptFile current, events, pids;
  record::CgroupFields fields;
  record::FixedText<256> path;
};

class FullCgroups {
 public:
  FullCgroups();
  // Measures those that it has, or, unless `all`, those that are half full, and looks at `most`
  // more.
  void look(unsigned most, std::uint64_t ram_kib, bool all, record::Sample& sample);
  void look_at_all(std::uint64_t ram_kib, record::Sample& sample);
  // As the last look at all of them counted.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  std::array<FullCgroup, record::most_cgroups>& fullest() { return fullest_; }

 private:
  static constexpr std::size_t most_depth = 12;
  struct Level {
    Descriptor directory;
    EntryReader entries;
    std::size_t path_size = 0;
  };
  bool step(std::uint64_t ram_kib);  // false: the whole tree was looked at
  void consider(std::uint64_t ram_kib);
  void read_limits(int memory, int pids, record::CgroupFields& fields) const;
  void measure(FullCgroup& cgroup, bool killed, std::uint64_t ram_kib) const;
  [[nodiscard]] std::string_view path() const { return {path_.data(), path_size_}; }

  bool first_version_ = false;
  Descriptor memory_, pids_;
  std::array<Level, most_depth> way_{};
  std::size_t depth_ = 0;
  std::array<char, 256> path_{};
  std::size_t path_size_ = 0;
  std::array<FullCgroup, record::most_cgroups> fullest_{};
  std::uint64_t next_id_ = 1, kills_ = 0, seen_ = 0, count_ = 0;
};

}  // namespace whyoom::linux
