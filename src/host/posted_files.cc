#include "host/posted_files.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "host/lines.h"
#include "host/meminfo.h"
#include "host/posted_parts.h"
#include "host/settings.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view cgroups = "/sys/fs/cgroup", version1_pids = "/sys/fs/cgroup/pids";

class PostedFiles : public Files {
 public:
  explicit PostedFiles(PostedParts&& parts)
      : files_(std::move(parts.files)), commands_(std::move(parts.commands)) {
    for (const auto& [path, text] : files_) {
      if (is_at_or_below(path, version1_pids)) {  // not also what systemctl says of it
        files_.erase(std::string(cgroups) + path.substr(version1_pids.size()));
      }
    }
    if (list(cgroups, 1)) {
      files_.emplace("/sys/fs/cgroup/cgroup.controllers", "memory pids\n");
    }
  }

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  // Of cgroups. The other directories are not "missing": the host has them, and nobody knows what
  // is in them.
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override;
  tl::expected<std::string, FileError> read_link(std::string_view) override { return missing(); }
  tl::expected<FileStatus, FileError> status(std::string_view) override { return missing(); }
  std::string_view said_by(std::string_view path) override {
    const auto command = commands_.find(path);
    return command == commands_.end() ? path : command->second;
  }

 private:
  static tl::unexpected<FileError> missing() {
    return tl::unexpected(FileError{FileError::Kind::missing, "it is not in the text"});
  }
  PostedParts::Texts files_, commands_;
};

// A directory of a controller of version 1, beside the tree of version 2.
bool is_version1(std::string_view directory) {
  return directory == "memory" || directory == "pids";
}

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

// All but the first line of a zone are indented. In /proc/buddyinfo numbers follow on that.
bool is_zoneinfo(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return true;
  }
  constexpr std::string_view zone = ", zone";
  const std::size_t at = line.find(zone);
  return line.starts_with("Node ") && at != npos &&
         trim(line.substr(at + zone.size())).find_first_of(" \t") == npos;
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
// What tells parts of files, the best first. `rows_key`: lines of a meminfo without its first.
constexpr std::string_view rows_key = "rows", slab_key = "slabtop";
constexpr std::pair<std::string_view, std::string_view> parts_of_files[] = {
    {rows_key, meminfo_path},
    {"free", meminfo_path},
    {"top", meminfo_path},
    {slab_key, "/proc/slabinfo"}};
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
        (form.goes_on == is_slabinfo || form.goes_on(line.substr(at)))) {
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

// What `sysctl` prints and its files say: "vm.min_free_kbytes = 67584". The path, and the value.
std::optional<std::pair<std::string, std::string>> setting_at(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == npos) {
    return std::nullopt;
  }
  const std::string_view key = name_of_today(trim(line.substr(0, equals)));
  const std::string_view value = trim(line.substr(equals + 1));
  const auto known = std::ranges::find(setting_files(), key, &SettingFile::key);
  return is_numbers(value) && known != setting_files().end()
             ? std::optional(std::pair(setting_path(key), std::string(value)))
             : std::nullopt;
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

// All lines of a text, each to those who may know it.
class Post {
 public:
  PostedParts read(std::string_view text);
  [[nodiscard]] std::optional<ShellLimits> shell() const { return shell_.limits(); }

 private:
  void see(std::string_view line);
  void end_block();
  PostedParts parts_;
  MemoryTable table_;
  ShownFiles shown_;
  UnitStatus unit_;
  ShellText shell_;
  std::optional<Block> block_;
  std::string contents_;     // of the block
  std::uint64_t begin_ = 0;  // its line
};

void Post::end_block() {
  if (block_) {
    const std::string_view path = block_->form->path;
    const std::string_view first = std::string_view(contents_).substr(0, contents_.find('\n') + 1);
    parts_.add_rows(path, contents_, first.substr(0, first.find(path == meminfo_path ? ':' : '\n')),
                    path, begin_);
    block_.reset();
  }
  contents_.clear();
}

void Post::see(std::string_view line) {
  // A page in a browser has an empty line between each two.
  if (line.empty() || (block_ && line == trim(block_->mark))) {
    return;
  }
  if (shown_.see(line, parts_)) {
    end_block();
    return;
  }
  const auto begun = block_at(line);
  if (block_ && line.starts_with(block_->mark) &&
      block_->form->goes_on(line.substr(block_->mark.size())) &&
      !(begun && block_->form->path == meminfo_path)) {
    contents_ += std::string(line.substr(block_->mark.size())) + '\n';
    return;
  }
  end_block();
  table_.see(line, parts_);
  unit_.see(line, parts_);
  shell_.see(line, parts_.line);
  block_ = begun;
  if (block_) {
    contents_ = std::string(line.substr(block_->mark.size())) + '\n';
    begin_ = parts_.line;
  } else if (auto setting = setting_at(unmarked(line))) {
    parts_.add(setting->first, setting->second, "sysctl");
  } else if (const std::string_view row = meminfo_row(line); !row.empty()) {
    parts_.add_rows(rows_key, row, row.substr(0, row.find(':') + 1), meminfo_path, parts_.line);
  } else if (const std::string slab = slabinfo_row(unmarked(line)); !slab.empty()) {
    parts_.add_rows(slab_key, slab, slab.substr(0, slab.find(' ') + 1), slab_key, parts_.line);
  }
}

PostedParts Post::read(std::string_view text) {
  while (!text.empty()) {
    ++parts_.line;
    std::string_view line = take_part(text, '\n');
    see(without_note(line.substr(0, line.find_last_not_of(" \t\r") + 1)));
  }
  end_block();
  shown_.end(parts_);
  unit_.end(parts_);
  table_.end(parts_);
  parts_.choose();
  for (const auto& [key, path] : parts_of_files) {
    const auto part = parts_.files.find(key);
    if (part == parts_.files.end()) {
      continue;
    }
    const auto [file, is_first] = parts_.files.emplace(path, part->second);
    if (is_first && key != rows_key) {
      parts_.commands.emplace(path, key);
    } else if (path == meminfo_path) {
      complete_meminfo(file->second, part->second);
    }
    parts_.files.erase(part);
  }
  return std::move(parts_);
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

tl::expected<Listing, FileError> PostedFiles::list(std::string_view path, std::size_t most) {
  const std::string top = std::string(path) + '/';
  Listing listing;
  for (auto at = files_.lower_bound(top); at != files_.end() && at->first.starts_with(top); ++at) {
    const std::string_view rest = std::string_view(at->first).substr(top.size());
    const std::string_view name = rest.substr(0, rest.find('/'));
    const bool is_directory = name.size() < rest.size();
    if ((!listing.entries.empty() && listing.entries.back().name == name) ||
        (path == cgroups && is_version1(name))) {
      continue;
    }
    listing.cut = listing.entries.size() >= most;
    if (listing.cut) {
      break;
    }
    listing.entries.push_back({std::string(name), is_directory, false});
  }
  return listing.entries.empty() || !is_at_or_below(path, cgroups)
             ? tl::unexpected(FileError{FileError::Kind::failed, "it is not in the text"})
             : tl::expected<Listing, FileError>(std::move(listing));
}

}  // namespace

std::string_view unmarked(std::string_view line) {
  line = trim_left(line);
  while (line.size() > 1 && std::string_view(">|-+*").find(line.front()) != npos &&
         line[1] == ' ') {
    line = trim_left(line.substr(1));
  }
  return line;
}

bool is_numbers(std::string_view text) {
  return std::ranges::any_of(text, is_digit) && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || c == '-' || c == ' ' || c == '\t';
         });
}

Posted posted_files(std::string_view text) {
  Post post;
  PostedParts parts = post.read(text);
  const auto shell = post.shell();
  if (shell) {
    parts.names.emplace_back("ulimit -a");
  }
  const bool any = shell || std::ranges::any_of(parts.files, [](const auto& file) {
                     return !is_at_or_below(file.first, "/proc/sys") ||
                            file.first == setting_path("net.netfilter.nf_conntrack_count");
                   });
  Posted posted{nullptr, std::move(parts.names), std::move(parts.left_out), shell};
  if (any) {
    posted.files = std::make_unique<PostedFiles>(std::move(parts));
  }
  return posted;
}

}  // namespace whyoom::host
