#include "linux/recorder/top_processes.h"

#include <algorithm>

#include "base/text.h"
#include "record/scan.h"

namespace whyoom::linux {
namespace {

constexpr std::uint64_t least_kib = 1024;  // below that nobody asks

// "0::/path", or of the first version the line of the memory controller.
std::string_view cgroup_of(std::string_view text) {
  std::string_view found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Cursor line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    line.take_until(":");
    line.take(':');
    const auto controllers = line.take_until(":");
    line.take(':');
    if (controllers && controllers->find("memory") != std::string_view::npos) {
      return line.rest();
    }
    if (controllers && controllers->empty()) {
      found = line.rest();
    }
  }
  return found;
}

}  // namespace

std::string_view TopProcesses::read_of(std::string_view pid, const char* file,
                                       std::span<char> room) {
  record::FixedText<64> path;
  path << pid << "/" << file << std::string_view("\0", 1);
  return KeptFile(proc_.get(), path.view().data()).read_short(room);
}

void TopProcesses::measure(TopProcess& process, bool swap_used) {
  std::array<char, 4096> room;
  const auto pages = record::scan_statm(process.statm.read_short(room));
  if (!pages || *pages == 0) {  // it ended
    process = {};
    return;
  }
  process.rss_kib = to_kib(Pages(*pages), page_).count();
  process.swap_kib =
      swap_used ? record::scan_named(process.status.read_short(room), "VmSwap:").value_or(0) : 0;
}

void TopProcesses::enter(TopProcess& place, std::string_view pid, std::uint64_t rss,
                         std::uint64_t swap) {
  place = {};
  std::array<char, 4096> room;
  record::FixedText<64> path;
  path << pid << "/statm" << std::string_view("\0", 1);
  place.statm = KeptFile(proc_.get(), path.view().data());
  path.clear();
  path << pid << "/status" << std::string_view("\0", 1);
  place.status = KeptFile(proc_.get(), path.view().data());
  if (!place.statm || !place.status) {
    place = {};
    return;
  }
  place.id = next_id_++;
  place.pid = parse_number<std::uint64_t>(pid).value_or(0);
  place.rss_kib = rss;
  place.swap_kib = swap;
  place.start_ticks = record::scan_start(read_of(pid, "stat", room)).value_or(0);
  place.oom_score_adj = record::scan_signed(read_of(pid, "oom_score_adj", room)).value_or(0);
  place.name << trim(read_of(pid, "comm", room));
  place.cgroup << cgroup_of(read_of(pid, "cgroup", room));
  const std::string_view command_line = read_of(pid, "cmdline", room);
  place.command_line << record::keep_command_line(room.data(), command_line.size(), 128);
}

// False: nothing had to be read.
bool TopProcesses::consider(std::string_view pid, bool swap_used) {
  const auto number = parse_number<std::uint64_t>(pid);
  const auto is_it = [&number](const TopProcess& each) {
    return each.id != 0 && each.pid == number;
  };
  if (!number) {
    return false;
  }
  ++seen_;
  const bool small_number = *number < empty_.size();
  if ((small_number && empty_[*number]) || std::ranges::any_of(top_, is_it)) {
    return false;  // those at the top are measured by each look
  }
  std::array<char, 4096> room;
  std::uint64_t rss = 0, swap = 0;
  if (swap_used) {
    const std::string_view status = read_of(pid, "status", room);
    rss = record::scan_named(status, "VmRSS:").value_or(0);
    swap = record::scan_named(status, "VmSwap:").value_or(0);
  } else {
    const Pages pages(record::scan_statm(read_of(pid, "statm", room)).value_or(0));
    rss = to_kib(pages, page_).count();
  }
  if (small_number) {
    empty_[*number] = rss + swap == 0;
  }
  if (rss + swap < least_kib) {
    return true;
  }
  const auto place = std::ranges::min_element(top_, {}, [](const TopProcess& each) {
    return each.id == 0 ? 0 : each.rss_kib + each.swap_kib;
  });
  // Two of about the same size do not take turns: each time costs a note.
  const std::uint64_t smallest = place->id == 0 ? 0 : place->rss_kib + place->swap_kib;
  if (rss + swap > smallest + smallest / 8 && entries_left_ > 0) {
    --entries_left_;
    enter(*place, pid, rss, swap);
  }
  return true;
}

TopProcesses::Step TopProcesses::step(bool swap_used) {
  const std::string_view name = entries_.next(proc_.get());
  if (name.empty()) {
    constexpr unsigned forget_every = 16;
    if (++rounds_ % forget_every == 0) {
      empty_.reset();
    }
    count_ = seen_;
    seen_ = 0;
    return Step::end;
  }
  return is_digit(name.front()) && consider(name, swap_used) ? Step::read : Step::skipped;
}

void TopProcesses::look(unsigned most, bool swap_used, bool near, record::Sample& sample) {
  using Field = record::ProcessField;
  for (TopProcess& process : top_) {
    if (process.id != 0) {
      measure(process, swap_used);
    }
  }
  if (++looks_ % (near ? 1 : looks_for_entry) == 0) {
    entries_left_ = std::min(entries_left_ + 1, most_entries);
  }
  // Entries that need no reading are cheap, not free.
  constexpr unsigned most_skipped = 8;
  unsigned skipped = 0;
  for (unsigned read = 0; read < most && skipped < most * most_skipped;) {
    const Step done = step(swap_used);
    if (done == Step::end) {
      break;
    }
    ++(done == Step::read ? read : skipped);
  }
  for (std::size_t i = 0; i < top_.size(); ++i) {
    const TopProcess& process = top_[i];
    record::ProcessFields& fields = sample.processes[i];
    fields = {};
    if (process.id != 0) {
      fields.set(Field::id, process.id);
      fields.set(Field::rss_kib, process.rss_kib);
      if (process.swap_kib != 0) {
        fields.set(Field::swap_kib, process.swap_kib);
      }
      if (process.oom_score_adj != 0) {
        fields.set(Field::oom_score_adj, process.oom_score_adj);
      }
    }
  }
}

void TopProcesses::look_at_all(bool swap_used, record::Sample& sample) {
  entries_.rewind(proc_.get());
  seen_ = 0;
  while (step(swap_used) != Step::end) {
  }
  look(0, swap_used, false, sample);
}

}  // namespace whyoom::linux
