#include "linux/recorder/top_processes.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "host/redact.h"
#include "record/scan.h"

namespace whyoom::linux {
namespace {

constexpr std::uint64_t least_kib = 1024;  // below that nobody asks

// "0::/path", or of the first version the line of the memory controller.
std::string_view cgroup_of(std::string_view text) {
  std::string_view found;
  while (!text.empty()) {
    Cursor line(take_part(text, '\n'));
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

std::uint64_t size_of(const TopProcess& process) {
  return process.id == 0 ? 0 : process.rss_kib + process.swap_kib;
}

// Two of about the same size do not take turns: each time costs a note.
bool is_bigger(std::uint64_t size, std::uint64_t than) { return size > than + than / 8; }

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
  const std::span<char> kept = std::span(room).first(
      host::keep_command_line(std::span(room).first(command_line.size()), 128).size());
  std::ranges::replace(kept, '\0', ' ');
  place.command_line << std::string_view(kept.data(), kept.size());
}

// False: nothing had to be read.
bool TopProcesses::consider(std::string_view pid, bool swap_used) {
  const auto number = parse_number<std::uint64_t>(pid);
  const std::span<TopProcess> biggest = std::span(top_).first(record::most_biggest);
  const auto is_it = [&number](const TopProcess& each) {
    return each.id != 0 && each.pid == number;
  };
  if (!number) {
    return false;
  }
  ++seen_;
  const bool small_number = *number < empty_.size();
  if ((small_number && empty_[*number]) || std::ranges::any_of(biggest, is_it)) {
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
  const auto place = std::ranges::min_element(biggest, {}, size_of);
  if (is_bigger(rss + swap, size_of(*place)) && entries_left_ > 0) {
    const auto known = std::ranges::find_if(std::span(top_).subspan(record::most_biggest), is_it);
    --entries_left_;
    enter(*place, pid, rss, swap);
    if (known != std::span(top_).subspan(record::most_biggest).end()) {
      *known = {};
    }
  } else {
    consider_for_cgroup(pid, rss, swap);
  }
  return true;
}

void TopProcesses::want(std::size_t place, std::string_view path, std::uint64_t current_kib) {
  Wanted& wanted = wanted_[place];
  if (wanted.path.view() != path) {
    wanted.path.clear();
    wanted.path << path;
    top_[record::most_biggest + place] = {};
  }
  wanted.current_kib = current_kib;
}

// It is looked up only where it can be what fills one of them: a file more for each process would
// be felt.
void TopProcesses::consider_for_cgroup(std::string_view pid, std::uint64_t rss,
                                       std::uint64_t swap) {
  constexpr std::uint64_t least_part = 8;
  const auto can_be_of = [&](std::size_t i) {
    return !wanted_[i].path.view().empty() && rss + swap >= wanted_[i].current_kib / least_part &&
           is_bigger(rss + swap, size_of(top_[record::most_biggest + i]));
  };
  bool any = false;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    any = any || can_be_of(i);
  }
  const auto number = parse_number<std::uint64_t>(pid);
  if (!any || entries_left_ == 0 ||
      std::ranges::any_of(std::span(top_).subspan(record::most_biggest),
                          [&](const TopProcess& each) { return each.pid == number; })) {
    return;
  }
  std::array<char, 1024> room;
  const std::string_view path = cgroup_of(read_of(pid, "cgroup", room));
  // The innermost of them.
  std::size_t best = wanted_.size();
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const std::string_view each = wanted_[i].path.view();
    const bool within = !each.empty() && path.starts_with(each) &&
                        (path.size() == each.size() || path[each.size()] == '/');
    if (within && (best == wanted_.size() || each.size() > wanted_[best].path.view().size())) {
      best = i;
    }
  }
  if (best < wanted_.size() && can_be_of(best)) {
    --entries_left_;
    enter(top_[record::most_biggest + best], pid, rss, swap);
  }
}

void TopProcesses::measure_all(bool swap_used) {
  for (TopProcess& process : top_) {
    if (process.id != 0) {
      measure(process, swap_used);
    }
  }
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

// One more may enter, after `every` samples.
void TopProcesses::pass(unsigned every) {
  if (++samples_ % every == 0) {
    entries_left_ = std::min(entries_left_ + 1, most_entries);
  }
}

void TopProcesses::look(unsigned most, bool swap_used, bool near, record::Sample& sample) {
  pass(near ? 1 : samples_for_entry);
  measure_all(swap_used);
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
  fill(sample);
}

void TopProcesses::fill(record::Sample& sample) {
  using Field = record::ProcessField;
  for (std::size_t i = 0; i < top_.size(); ++i) {
    const TopProcess& process = top_[i];
    record::ProcessFields& fields = sample.processes[i];
    fields = {};
    if (process.id != 0) {
      std::uint64_t rss_kib = process.rss_kib;
      if (i >= record::most_biggest) {  // who it is counts, a little more or less takes room
        std::uint64_t& told = told_kib_[i - record::most_biggest];
        const std::uint64_t apart = rss_kib > told ? rss_kib - told : told - rss_kib;
        told = apart > rss_kib / 32 ? rss_kib : told;
        rss_kib = told;
      }
      fields.set(Field::id, process.id);
      fields.set(Field::rss_kib, rss_kib);
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
  measure_all(swap_used);
  fill(sample);
}

}  // namespace whyoom::linux
