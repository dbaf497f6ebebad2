// Which processes of the samples got larger in the last minutes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "memory/recorded.h"
#include "record/sample.h"

namespace whyoom::record {

// Of one boot.
class GrowthWatch {
 public:
  // A segment begins: its notes name its processes.
  void begin_segment() { keys_.clear(); }
  void name(const Note& process);
  void see(const Sample& sample);
  void clear();
  // Of the processes of the last sample, against the oldest that is kept, the largest growth first;
  // of a kill also those of the sample before: the line of a kill can come behind a sample without
  // the killed one.
  [[nodiscard]] std::vector<memory::Growth> grown(bool killed) const;
  struct Name {
    std::string name, cgroup, command_line;
  };
  struct Process {
    std::uint64_t pid = 0;
    Bytes size;
    const Name* name = nullptr;
  };
  // Of the last sample, those that are named.
  [[nodiscard]] std::vector<Process> last() const;
  // When the last sample was; the least number when there is none.
  [[nodiscard]] std::int64_t last_ms() const;

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // pid and start
  struct Seen {
    std::int64_t real_ms = 0;
    std::vector<std::pair<Key, Bytes>> sizes;
    [[nodiscard]] Bytes size_of(const Key& key) const;
  };

  std::map<std::uint64_t, Key> keys_;  // by id
  std::map<Key, Name> names_;
  std::deque<Seen> window_;
  Seen former_;  // the sample before the last
};

}  // namespace whyoom::record
