#include "linux/recorder/full_cgroups.h"

#include <dirent.h>

#include <algorithm>
#include <utility>

#include "kernel/page_counter.h"
#include "record/scan.h"

namespace whyoom::linux {
namespace {

using Field = record::CgroupField;

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

std::optional<std::uint64_t> read_number(int directory, const char* name) {
  std::array<char, 64> room;
  return record::scan_number(KeptFile(directory, name).read_short(room));
}

std::optional<std::uint64_t> as_kib(std::optional<std::uint64_t> bytes) {
  return bytes && !kernel::is_no_limit(Bytes(*bytes)) ? std::optional(*bytes / 1024) : std::nullopt;
}

std::uint64_t share_of(std::uint64_t part, std::uint64_t whole) {
  constexpr double unit = 10'000;
  return whole == 0
             ? 0
             : static_cast<std::uint64_t>(
                   std::min(static_cast<double>(part) / static_cast<double>(whole), 1.0) * unit);
}

// Against its limits; without one less than any that is half full.
std::uint64_t score_of(const record::CgroupFields& fields, std::uint64_t ram_kib) {
  std::uint64_t score = share_of(fields.of(Field::current), ram_kib) / 2;
  for (const auto& [part, whole] :
       {std::pair{Field::current, Field::max}, std::pair{Field::current, Field::high},
        std::pair{Field::pids, Field::pids_max}}) {
    if (fields.has(whole)) {
      score = std::max(score, share_of(fields.of(part), fields.of(whole)));
    }
  }
  return score;
}

}  // namespace

FullCgroups::FullCgroups() {
  const char* top = "/sys/fs/cgroup";
  if (::access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
    memory_ = Descriptor(::open(top, directory_flags));
    pids_ = Descriptor(::open(top, directory_flags));
  } else {
    first_version_ = true;
    memory_ = Descriptor(::open("/sys/fs/cgroup/memory", directory_flags));
    pids_ = Descriptor(::open("/sys/fs/cgroup/pids", directory_flags));
  }
}

void FullCgroups::read_limits(int memory, int pids, record::CgroupFields& fields) const {
  fields.known &= ~(record::CgroupFields::bit(static_cast<std::size_t>(Field::max)) |
                    record::CgroupFields::bit(static_cast<std::size_t>(Field::high)) |
                    record::CgroupFields::bit(static_cast<std::size_t>(Field::pids_max)));
  fields.set(Field::max,
             as_kib(read_number(memory, first_version_ ? "memory.limit_in_bytes" : "memory.max")));
  if (!first_version_) {
    fields.set(Field::high, as_kib(read_number(memory, "memory.high")));
  }
  if (pids >= 0) {
    fields.set(Field::pids_max, read_number(pids, "pids.max"));
  }
}

// `killed`: the machine counted a kill since the last look.
void FullCgroups::measure(FullCgroup& cgroup, bool killed, std::uint64_t ram_kib) const {
  std::array<char, 512> room;
  const auto current = record::scan_number(cgroup.current.read_short(room));
  if (!current) {  // it was removed
    cgroup = {};
    return;
  }
  cgroup.fields.set(Field::current, *current / 1024);
  if (killed || !cgroup.fields.has(Field::oom_kills) || cgroup.fields.has(Field::high)) {
    const std::string_view events = cgroup.events.read_short(room);
    cgroup.fields.set(Field::oom_kills, record::scan_named(events, "oom_kill"));
    if (!first_version_) {
      cgroup.fields.set(Field::throttled, record::scan_named(events, "high"));
    }
  }
  cgroup.fields.set(Field::pids, record::scan_number(cgroup.pids.read_short(room)));
  cgroup.score = score_of(cgroup.fields, ram_kib);
}

void FullCgroups::consider(std::uint64_t ram_kib) {
  const int memory = way_[depth_ - 1].directory.get();
  record::FixedText<260> below;
  below << "." << path() << std::string_view("\0", 1);
  Descriptor own_pids;
  if (first_version_ && pids_.get() >= 0) {
    own_pids = Descriptor(::openat(pids_.get(), below.view().data(), directory_flags));
  }
  const int pids = first_version_ ? own_pids.get() : memory;
  for (FullCgroup& known : fullest_) {
    if (known.id != 0 && known.path.view() == path()) {
      read_limits(memory, pids, known.fields);
      known.score = score_of(known.fields, ram_kib);
      return;
    }
  }
  record::CgroupFields fields;
  read_limits(memory, pids, fields);
  const char* current = first_version_ ? "memory.usage_in_bytes" : "memory.current";
  fields.set(Field::current, as_kib(read_number(memory, current)));
  if (pids >= 0) {
    fields.set(Field::pids, read_number(pids, "pids.current"));
  }
  if (!fields.has(Field::current)) {
    return;  // the top one has none
  }
  const std::uint64_t score = score_of(fields, ram_kib);
  const auto place = std::ranges::min_element(
      fullest_, {}, [](const FullCgroup& each) { return each.id == 0 ? 0 : each.score + 1; });
  if (score == 0 || (place->id != 0 && score <= place->score + place->score / 8)) {
    return;
  }
  *place = {};
  place->id = next_id_++;
  place->score = score;
  place->fields = fields;
  place->fields.set(Field::id, place->id);
  place->path << path();
  place->current = KeptFile(memory, current);
  place->events = KeptFile(memory, first_version_ ? "memory.oom_control" : "memory.events");
  if (pids >= 0) {
    place->pids = KeptFile(pids, "pids.current");
  }
}

bool FullCgroups::step(std::uint64_t ram_kib) {
  if (memory_.get() < 0) {
    return false;
  }
  if (depth_ == 0) {
    way_[0].directory = Descriptor(::openat(memory_.get(), ".", directory_flags));
    way_[0].entries.begin();
    path_size_ = way_[0].path_size = 0;
    depth_ = 1;
  }
  unsigned char type = 0;
  while (depth_ > 0) {
    Level& level = way_[depth_ - 1];
    const std::string_view name = level.entries.next(level.directory.get(), &type);
    if (name.empty()) {
      --depth_;
      path_size_ = depth_ > 0 ? way_[depth_ - 1].path_size : 0;
      level.directory.close();
      continue;
    }
    if (type != DT_DIR || name.starts_with('.') || depth_ == most_depth ||
        path_size_ + 1 + name.size() > path_.size()) {
      continue;
    }
    Level& next = way_[depth_];
    next.directory = Descriptor(::openat(level.directory.get(), name.data(), directory_flags));
    if (next.directory.get() < 0) {
      continue;  // removed in between
    }
    path_[path_size_] = '/';
    std::ranges::copy(name, path_.begin() + static_cast<std::ptrdiff_t>(path_size_) + 1);
    path_size_ += 1 + name.size();
    next.path_size = path_size_;
    next.entries.begin();
    ++depth_;
    ++seen_;
    consider(ram_kib);
    return true;
  }
  count_ = std::exchange(seen_, 0);
  return false;
}

void FullCgroups::look(unsigned most, std::uint64_t ram_kib, bool all, record::Sample& sample) {
  constexpr std::uint64_t half_full = 5'000;
  const std::uint64_t kills = sample.machine.of(record::Field::oom_kill);
  const bool killed = kills != std::exchange(kills_, kills);
  for (FullCgroup& cgroup : fullest_) {
    const bool due = all || killed || cgroup.score >= half_full || cgroup.fields.has(Field::high);
    if (cgroup.id != 0 && due) {
      measure(cgroup, killed, ram_kib);
    }
  }
  for (unsigned i = 0; i < most && step(ram_kib); ++i) {
  }
  for (std::size_t i = 0; i < fullest_.size(); ++i) {
    sample.cgroups[i] = fullest_[i].id != 0 ? fullest_[i].fields : record::CgroupFields();
  }
}

void FullCgroups::look_at_all(std::uint64_t ram_kib, record::Sample& sample) {
  while (step(ram_kib)) {
  }
  look(0, ram_kib, true, sample);
}

}  // namespace whyoom::linux
