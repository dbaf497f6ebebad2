#include "host/posted_files.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fixed.h"
#include "base/text.h"
#include "host/lines.h"
#include "host/meminfo.h"
#include "host/settings.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;

// What `free` prints, as the lines of /proc/meminfo that it read.
class FreeTable {
 public:
  void see(std::string_view line);
  [[nodiscard]] const std::string& meminfo() const { return meminfo_; }

 private:
  void take_row(std::string_view row, std::string_view what);
  std::optional<double> kib_ = std::nullopt;  // of a number without a unit
  std::vector<std::string> columns_;
  std::string meminfo_;
};

class PostedFiles : public Files {
 public:
  explicit PostedFiles(std::string_view text);
  [[nodiscard]] bool has(std::string_view path) const { return files_.contains(path); }

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  // Not "missing": the host has these directories, and nobody knows what is in them.
  tl::expected<Listing, FileError> list(std::string_view, std::size_t) override {
    return tl::unexpected(FileError{FileError::Kind::failed, "it is not in the text"});
  }
  tl::expected<std::string, FileError> read_link(std::string_view) override { return missing(); }
  tl::expected<FileStatus, FileError> status(std::string_view) override { return missing(); }

 private:
  static tl::unexpected<FileError> missing() {
    return tl::unexpected(FileError{FileError::Kind::missing, "it is not in the text"});
  }
  std::map<std::string, std::string, std::less<>> files_;  // by path
};

// "MemFree:  2155620 kB", "HugePages_Total:  12816"
bool is_meminfo(std::string_view line) {
  return line.find(':') != npos && key_value(line).has_value();
}

// "MemFree: 22516 kB: what nobody uses": what somebody wrote behind the size is left out.
std::string_view without_note(std::string_view line) {
  const std::size_t unit = line.find(" kB");
  const std::size_t end = unit == npos ? line.size() : unit + 3;
  return end < line.size() && !is_alnum(line[end]) && is_meminfo(line.substr(0, end))
             ? line.substr(0, end)
             : line;
}

// All but the first line of a zone are indented.
bool is_zoneinfo(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t') || line.starts_with("Node ");
}

// "# name  <active_objs> ...", "kmalloc-64  29822  29822  64  64  1 : tunables ..."
bool is_slabinfo(std::string_view line) {
  return line.starts_with("# name") || line.find(" : tunables") != npos;
}

struct Form {
  std::string_view path, begin;  // how its first line begins
  bool (*goes_on)(std::string_view line);
};
constexpr std::string_view meminfo_path = "/proc/meminfo";
constexpr Form forms[] = {{meminfo_path, "MemTotal:", is_meminfo},
                          {"/proc/zoneinfo", "Node 0, zone ", is_zoneinfo},
                          {"/proc/slabinfo", "slabinfo - version:", is_slabinfo}};

struct Block {
  const Form* form = nullptr;
  std::string_view mark;  // before each of its lines
};

std::optional<Block> block_at(std::string_view line) {
  for (const Form& form : forms) {
    const std::size_t at = line.find(form.begin);
    if (at != npos && std::ranges::none_of(line.substr(0, at), is_alnum) &&
        (form.goes_on != is_meminfo || is_meminfo(line.substr(at)))) {
      return Block{&form, line.substr(0, at)};
    }
  }
  return std::nullopt;
}

// A line that `grep` took out of /proc/meminfo, behind a mark at most.
std::string_view meminfo_row(std::string_view line) {
  const auto begin = std::ranges::find_if(line, is_alnum);
  line.remove_prefix(static_cast<std::size_t>(begin - line.begin()));
  return is_meminfo(line) && is_meminfo_field(line.substr(0, line.find(':'))) ? line
                                                                              : std::string_view();
}

bool is_numbers(std::string_view text) {
  return std::ranges::any_of(text, is_digit) && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || c == '-' || c == ' ' || c == '\t';
         });
}

// "$ cat /proc/sys/vm/min_free_kbytes": the path. The value is the next line.
std::string_view setting_shown(std::string_view line) {
  const std::size_t cat = line.rfind("cat /proc/sys/");
  const std::string_view path = cat == npos ? std::string_view() : trim(line.substr(cat + 4));
  const bool known = std::ranges::any_of(setting_files(), [path](const SettingFile& file) {
    return !path.empty() && setting_path(file.key) == path;
  });
  return known ? path : std::string_view();
}

// What `sysctl` prints and its files say: "vm.min_free_kbytes = 67584". The path, and the value.
std::optional<std::pair<std::string, std::string>> setting_at(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == npos) {
    return std::nullopt;
  }
  const std::string_view key = trim(line.substr(0, equals));
  const std::string_view value = trim(line.substr(equals + 1));
  const auto known = std::ranges::find(setting_files(), key, &SettingFile::key);
  return is_numbers(value) && known != setting_files().end()
             ? std::optional(std::pair(setting_path(key), std::string(value)))
             : std::nullopt;
}

// "free", "$ free -m", "root@db:~# free -h": how many KiB a number without a unit is.
std::optional<double> unit_of(std::string_view line) {
  const std::size_t at = line.rfind("free");
  if (at == npos || (at > 0 && line[at - 1] != ' ')) {
    return std::nullopt;
  }
  const std::string_view options = trim(line.substr(at + 4));
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
  return options.find('b') != npos ? 1.0 / 1024 : is_gib ? 1048576.0 : is_mib ? 1024.0 : 1.0;
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
    return 1.0 / 1024;
  }
  if (count >= enough && all % 4 == 0) {
    return total >= least_kib ? std::optional(1.0) : std::nullopt;
  }
  return all % 4 != 0 && total >= least_mib && total <= most_mib ? std::optional(1024.0)
                                                                 : std::nullopt;
}

// "936", "15Gi", "1.9G" in KiB.
std::optional<std::uint64_t> kib_of(std::string_view word, const std::optional<double>& unit) {
  const std::size_t end = std::min(word.find_first_not_of("0123456789."), word.size());
  const auto number = parse_fixed(word.substr(0, end));
  double kib = unit.value_or(0);
  if (end < word.size()) {
    const std::size_t which = std::string_view("BKMGT").find(word[end]);
    kib = which == npos ? 0 : std::pow(1024.0, static_cast<double>(which) - 1);
  }
  constexpr double most = 0x1p60;
  return number && kib > 0 && *number * kib < most
             ? std::optional(static_cast<std::uint64_t>(*number * kib))
             : std::nullopt;
}

void FreeTable::see(std::string_view line) {
  const std::size_t total = line.find("total ");
  const std::size_t used = line.find(" used ", total);
  if (total != npos && used != npos && line.find(" free", used) != npos) {
    columns_.clear();
    for (std::string_view rest = line.substr(total); !rest.empty();) {
      columns_.emplace_back(next_word(rest));
    }
    return;
  }
  if (const auto unit = unit_of(line)) {
    kib_ = unit;
  }
  const std::size_t mark = line.find_first_not_of(" >-|");
  const std::string_view row = mark == npos ? std::string_view() : line.substr(mark);
  if (row.starts_with("Mem:") && meminfo_.empty()) {
    take_row(row.substr(4), "Mem");
  } else if (row.starts_with("Swap:") && !meminfo_.empty() &&
             meminfo_.find("SwapTotal") == std::string::npos) {
    take_row(row.substr(5), "Swap");
  }
}

void FreeTable::take_row(std::string_view row, std::string_view what) {
  kib_ = kib_ ? kib_ : unit_of_row(row);
  for (const std::string& column : columns_) {
    const auto size = kib_of(next_word(row), kib_);
    const std::string_view name = column == "total"       ? "Total"
                                  : column == "free"      ? "Free"
                                  : column == "available" ? "Available"
                                                          : "";
    if (size && !name.empty()) {
      meminfo_.append(what).append(name).append(": ").append(std::to_string(*size)) += " kB\n";
    }
  }
}

// The number behind "name:" at the start of a line; 0: there is none.
std::uint64_t kib_in(std::string_view meminfo, std::string_view name) {
  while (!meminfo.empty()) {
    std::string_view line = take_part(meminfo, '\n');
    if (line.starts_with(name)) {
      return Cursor(trim_left(line.substr(name.size()))).take_unsigned().value_or(0);
    }
  }
  return 0;
}

// Of a meminfo that is cut, what `free` says beside it, where both are of a machine of that size,
// or where only some lines of it were taken out, which do not tell the size.
void complete_meminfo(std::string& meminfo, std::string_view free) {
  constexpr std::string_view total = "MemTotal:";
  const std::uint64_t one = kib_in(meminfo, total);
  const std::uint64_t other = kib_in(free, total);
  if (one != 0 && (one > other ? one - other : other - one) > one / 100) {
    return;
  }
  while (!free.empty()) {
    const std::string_view line = take_part(free, '\n');
    if (meminfo.find(line.substr(0, line.find(':') + 1)) == npos) {
      meminfo.append(line) += '\n';
    }
  }
}

PostedFiles::PostedFiles(std::string_view text) {
  FreeTable free;
  std::optional<Block> block;
  std::string contents;
  std::string rows;        // lines of a meminfo without its first
  std::string_view shown;  // the file that the last command showed
  const auto end_block = [&] {
    if (block) {
      files_.emplace(block->form->path, std::move(contents));
      block.reset();
    }
    contents.clear();
  };
  while (!text.empty()) {
    std::string_view line = take_part(text, '\n');
    line = without_note(line.substr(0, line.find_last_not_of(" \t\r") + 1));
    // A page in a browser has an empty line between each two.
    if (line.empty() || (block && line == trim(block->mark))) {
      continue;
    }
    const std::string_view path = std::exchange(shown, setting_shown(line));
    if (!path.empty() && is_numbers(line)) {
      files_.emplace(path, line);
      continue;
    }
    const auto begun = block_at(line);
    if (block && line.starts_with(block->mark) &&
        block->form->goes_on(line.substr(block->mark.size())) &&
        !(begun && block->form->path == meminfo_path)) {
      contents += std::string(line.substr(block->mark.size())) + '\n';
      continue;
    }
    end_block();
    free.see(line);
    block = begun;
    if (block) {
      contents = std::string(line.substr(block->mark.size())) + '\n';
    } else if (auto setting = setting_at(line)) {
      files_.insert(std::move(*setting));
    } else if (const std::string_view row = meminfo_row(line); !row.empty()) {
      rows.append(row) += '\n';
    }
  }
  end_block();
  if (!rows.empty()) {
    files_.emplace(meminfo_path, std::move(rows));
  }
  if (free.meminfo().starts_with("MemTotal:")) {
    auto [meminfo, only_free] = files_.emplace(meminfo_path, free.meminfo());
    if (!only_free) {
      complete_meminfo(meminfo->second, free.meminfo());
    }
  }
}

tl::expected<std::string, FileError> PostedFiles::read(std::string_view path, std::size_t most) {
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return missing();
  }
  return found->second.size() > most
             ? tl::unexpected(FileError{FileError::Kind::too_big, "File too large"})
             : tl::expected<std::string, FileError>(found->second);
}

}  // namespace

std::unique_ptr<Files> posted_files(std::string_view text) {
  auto files = std::make_unique<PostedFiles>(text);
  const bool any = files->has("/proc/meminfo") || files->has("/proc/zoneinfo");
  return any ? std::move(files) : nullptr;
}

}  // namespace whyoom::host
