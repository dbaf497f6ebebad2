// The biggest processes of the machine, and of each of the fullest cgroups the biggest one that is
// none of these, without looking at each of them all the time: a look goes on where the one before
// it stopped, and reads those that are known to be big again. Names and command lines
// are read once, when a process becomes one of them: in the middle of a kill nothing is looked up.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>

#include "base/units.h"
#include "linux/recorder/kept_file.h"
#include "record/fixed_text.h"
#include "record/sample.h"

namespace whyoom::linux {

struct TopProcess {
  std::uint64_t id = 0;  // 0: a free place
  std::uint64_t pid = 0, start_ticks = 0;
  KeptFile statm, status;
  std::uint64_t rss_kib = 0, swap_kib = 0, oom_score_adj = 0;
  bool noted = false;  // a note with its names is in the segment
  record::FixedText<64> name;
  record::FixedText<256> cgroup;
  record::FixedText<128> command_line;
};

class TopProcesses {
 public:
  explicit TopProcesses(PageSize page) : page_(page), proc_(AT_FDCWD, "/proc", O_DIRECTORY) {}

  // The cgroup of that place whose biggest process is wanted in the next looks, none without a
  // path; what was found for another one in that place is let go.
  void want(std::size_t place, std::string_view path, std::uint64_t current_kib);
  // Reads those that it has and `most` more, and fills in the sample's.
  void look(unsigned most, bool swap_used, bool near, record::Sample& sample);
  void skip() { pass(samples_for_entry); }  // a sample without a look
  // All of them, once.
  void look_at_all(bool swap_used, record::Sample& sample);
  // As the last look at all of them counted.
  [[nodiscard]] std::uint64_t count() const { return count_; }

  std::array<TopProcess, record::most_processes>& top() { return top_; }

 private:
  enum class Step : std::uint8_t { read, skipped, end };
  void pass(unsigned every);
  Step step(bool swap_used);
  void measure(TopProcess& process, bool swap_used);
  void measure_all(bool swap_used);
  void fill(record::Sample& sample);
  bool consider(std::string_view pid, bool swap_used);
  void consider_for_cgroup(std::string_view pid, std::uint64_t rss, std::uint64_t swap);
  void enter(TopProcess& place, std::string_view pid, std::uint64_t rss, std::uint64_t swap);
  std::string_view read_of(std::string_view pid, const char* file, std::span<char> room);

  PageSize page_;
  KeptFile proc_;
  EntryReader entries_;
  std::array<TopProcess, record::most_processes> top_{};
  struct Wanted {
    record::FixedText<256> path;
    std::uint64_t current_kib = 0;
  };
  std::array<Wanted, record::most_cgroups> wanted_{};
  std::array<std::uint64_t, record::most_cgroups> told_kib_{};
  // Threads of the kernel have no memory: they are left out, and looked at again in a while because
  // another process can have the number by then.
  std::bitset<65536> empty_;
  unsigned rounds_ = 0;
  // A name costs room in the ring. Where processes come and go all the time (a compiler), so many
  // can enter at once, and one in ten samples after that, or one in each when trouble is near.
  static constexpr unsigned most_entries = 24, samples_for_entry = 10;
  unsigned entries_left_ = most_entries, samples_ = 0;
  std::uint64_t next_id_ = 1, seen_ = 0, count_ = 0;
};

}  // namespace whyoom::linux
