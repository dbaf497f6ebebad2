#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/fixed.h"
#include "base/text.h"
#include "host/lines.h"
#include "host/posted_parts.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr double kib = 1024;

// "free", "$ free -m", "root@db:~# free -h": how many bytes a number without a unit is.
std::optional<double> unit_of(std::string_view line) {
  const std::size_t at = line.rfind("free");
  if (at == npos || (at > 0 && line[at - 1] != ' ')) {
    return std::nullopt;
  }
  std::string_view options = line.substr(at + 4);
  options = trim(options.substr(0, options.find_first_of("|;&>")));
  const std::string_view before = trim_right(line.substr(0, at));
  if (options.empty() && !before.empty() &&
      std::string_view("$#>%-|").find(before.back()) == npos) {
    return std::nullopt;  // a sentence: "3 GB of memory are free"
  }
  if (!options.empty() && (options.size() < 2 || options.front() != '-' || options[1] == '-')) {
    return std::nullopt;  // "--mega" counts in thousands
  }
  const bool is_mib = options.find('m') != npos;
  const bool is_gib = options.find('g') != npos;
  return options.find('b') != npos ? 1.0 : is_gib ? 0x1p30 : is_mib ? 0x1p20 : kib;
}

// The same, of a row that nobody says the unit of. The kernel counts pages, so that in bytes or KiB
// all is a multiple of their size, which five numbers of another unit are not. In GiB nearly all is
// rounded away, and a small machine in MiB looks like a large one in GiB.
std::optional<double> unit_of_row(std::string_view row) {
  constexpr std::uint64_t page = 4096, least_kib = 16384, least_mib = 4096, most_mib = 1U << 26U;
  constexpr int enough = 5;
  std::uint64_t total = 0, all = 0;
  int count = 0;
  while (!row.empty()) {
    const std::string_view word = next_word(row);
    const auto number = parse_number<std::uint64_t>(word);
    if (!number && !word.empty()) {
      return std::nullopt;
    }
    total = total == 0 ? number.value_or(0) : total;
    all |= number.value_or(0);
    count += number.value_or(0) != 0 ? 1 : 0;
  }
  if (count >= enough && all % page == 0 && total / page >= least_kib) {
    return 1;
  }
  if (count >= enough && all % 4 == 0) {
    return total >= least_kib ? std::optional(kib) : std::nullopt;
  }
  return all % 4 != 0 && total >= least_mib && total <= most_mib ? std::optional(0x1p20)
                                                                 : std::nullopt;
}

// The column that has shared memory in it. What is larger than this cannot be "Shmem:", and 0 says
// nothing: procps before 3.3.9 read a line of /proc/meminfo ("MemShared:") that Linux 2.6 lacks.
bool is_cache(std::string_view column) {
  constexpr std::string_view names[] = {"cached", "cache", "buff/cache", "缓冲/缓存"};
  return std::ranges::find(names, column) != std::end(names);
}

// procps has these words in Chinese.
bool take_any(std::string_view& row, std::initializer_list<std::string_view> heads) {
  for (const std::string_view head : heads) {
    if (row.starts_with(head)) {
      row.remove_prefix(head.size());
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<double> size_of(std::string_view word, std::optional<double> bytes) {
  const std::size_t end = std::min(word.find_first_not_of("0123456789."), word.size());
  const auto number = parse_fixed(word.substr(0, end));
  if (end < word.size()) {
    const std::size_t which = std::string_view("BKMGTPE").find(to_upper(word[end]));
    bytes =
        which == npos ? std::nullopt : std::optional(std::ldexp(1, 10 * static_cast<int>(which)));
  }
  constexpr double most = 0x1p63;
  return number && bytes && *number * *bytes < most ? std::optional(*number * *bytes)
                                                    : std::nullopt;
}

void MemoryTable::end(PostedParts& parts) {
  if (meminfo_.starts_with("MemTotal:")) {
    parts.add(name_, meminfo_, name_, line_);
    is_asked_ = false;
  }
  meminfo_.clear();
  name_ = {};
  line_ = parts.line;
}

void MemoryTable::see(std::string_view line, PostedParts& parts) {
  std::size_t total = line.find("total ");
  const std::size_t used = line.find(" used ", total);
  const bool english = total != npos && used != npos && line.find(" free", used) != npos;
  if (!english) {
    total = line.find("总计 ");
  }
  if (english || (total != npos && line.find(" 已用 ", total) != npos)) {
    columns_ = line.substr(total);
    return;
  }
  if (const auto unit = unit_of(line)) {
    end(parts);
    unit_ = unit;
    is_asked_ = true;
  }
  std::string_view row = unmarked(line);
  if (take_head_of_top(row, parts)) {
    return;
  }
  if (take_any(row, {"Mem:", "内存：", "内存:"})) {
    end(parts);
    take_row(row, "Mem");
  } else if (!meminfo_.empty() && take_any(row, {"Swap:", "交换：", "交换:"})) {
    take_row(row, "Swap");
  } else {
    for (const std::string_view part : {"Low", "High"}) {  // of `free -l`
      if (!meminfo_.empty() && row.starts_with(part) && row.substr(part.size()).starts_with(':')) {
        take_row(row.substr(part.size() + 1), part);
      }
    }
  }
}

// Of two sizes of the same name the first counts.
void MemoryTable::put(std::string_view what, std::string_view name, double bytes) {
  std::string row(what);
  row.append(name) += ':';
  if (meminfo_.find(row) == std::string::npos) {
    meminfo_.append(row) += ' ';
    meminfo_.append(std::to_string(static_cast<std::uint64_t>(bytes / kib))) += " kB\n";
  }
}

void MemoryTable::take_row(std::string_view row, std::string_view what) {
  constexpr std::string_view names[][3] = {
      {"total", "总计", "Total"}, {"free", "空闲", "Free"}, {"available", "可用", "Available"}};
  double shared = 0;
  const auto told = is_asked_ || what != "Mem" ? std::nullopt : unit_of_row(row);
  unit_ = told ? told : unit_;
  for (std::string_view rest = columns_; !rest.empty();) {
    const std::string_view column = next_word(rest);
    const auto size = size_of(next_word(row), unit_);
    if (size && column == "cached") {  // of procps before 3.3.10: what /proc/meminfo says
      put("Cached", "", *size);
    }
    if (size && (column == "shared" || column == "共享")) {
      shared = *size;
    } else if (size && is_cache(column) && shared > 0 && shared <= *size) {
      put("Shmem", "", shared);
    }
    for (const auto& name : names) {
      if (size && (column == name[0] || column == name[1])) {
        put(what, name[2], *size);
        name_ = name_.empty() ? "free" : name_;
      }
    }
  }
}

// "KiB Mem : 16266276 total, 150480 free, ..., 1195476 buff/cache", "MiB Swap: 2.0 total, 1.0 free,
// 1.0 used. 300.0 avail Mem", "Mem:  16431360k total, ...". A number that its column had no room
// for is cut ("13174976+total"); one with a decimal comma falls apart, and all with it.
bool MemoryTable::take_head_of_top(std::string_view line, PostedParts& parts) {
  const std::size_t colon = line.find(':');
  std::string_view head = trim(line.substr(0, colon));
  std::optional<double> unit;
  if (head.size() > 4 && head.substr(1).starts_with("iB ")) {
    const char number[] = {'1', head[0]};
    unit = size_of({number, 2}, std::nullopt);
    head.remove_prefix(4);
  }
  if (colon == npos || (head != "Mem" && head != "Swap")) {
    return false;
  }
  if (head == "Mem" && line.find(" total") != npos) {
    end(parts);
  }
  const std::size_t before = meminfo_.size();
  bool whole = true;
  for (std::string_view rest = line.substr(colon + 1); !rest.empty();) {
    std::string_view part = take_part(rest, ',');
    while (!trim(part).empty()) {
      const auto size = size_of(next_word(part), unit);
      const std::string_view name = next_word(part);
      whole = whole && !(size && name.empty());
      if (size && name == "avail") {
        put("MemAvailable", "", *size);
      } else if (size && (name == "total" || name.starts_with("free"))) {
        put(head, name == "total" ? "Total" : "Free", *size);
      }
    }
  }
  if (!whole || !meminfo_.starts_with("MemTotal")) {
    meminfo_.resize(before);
    return false;
  }
  name_ = name_.empty() && before < meminfo_.size() ? "top" : name_;
  return before < meminfo_.size();
}

// "328160  80830  24%    0.50K  10255       32    164080K kmalloc-512": objects, active ones, use,
// size of one, slabs, objects of a slab, size of all, name.
std::string slabinfo_row(std::string_view line) {
  constexpr std::uint64_t kib_of_page = 4;  // whatever it is: both sides count in it
  std::string_view words[8];
  for (std::string_view& word : words) {
    word = next_word(line);
  }
  std::string_view size = words[6];
  if (!words[2].ends_with('%') || !words[3].ends_with('K') || !size.ends_with('K') ||
      words[7].empty() || !parse_number<std::uint64_t>(words[0])) {
    return {};
  }
  size.remove_suffix(1);
  const auto all = parse_number<std::uint64_t>(size);
  return all ? std::string(words[7]) + " 0 0 0 0 " + std::to_string(*all / kib_of_page) +
                   " : tunables 0 0 0 : slabdata 1 1 0\n"
             : std::string();
}

}  // namespace whyoom::host
