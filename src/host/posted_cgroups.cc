#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "host/lines.h"
#include "host/posted_parts.h"
#include "host/settings.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view cgroups = "/sys/fs/cgroup/", loadavg = "/proc/loadavg",
                           sockstat = "/proc/net/sockstat";

// In one rows of "name number", in the others one value.
constexpr std::string_view files_of_rows[] = {"pids.events", "memory.events", "memory.oom_control",
                                              "memory.pressure"};
constexpr std::string_view files_of_one[] = {
    "pids.max",    "pids.current",          "memory.current",       "memory.max",
    "memory.high", "memory.usage_in_bytes", "memory.limit_in_bytes"};

bool is_path(std::string_view text) {
  constexpr std::size_t longest = 4096;
  return text.size() <= longest && text.find("..") == npos && text.find("//") == npos &&
         text.find_first_of("*?{ \t") == npos;
}

// The path by which it is read; empty: it is no file of a setting.
std::string path_of_setting(std::string_view path) {
  constexpr std::string_view top = "/proc/sys/";
  if (!path.starts_with(top)) {
    return {};
  }
  std::string key(path.substr(top.size()));
  std::ranges::replace(key, '/', '.');
  const std::string_view now = name_of_today(key);
  return std::ranges::find(setting_files(), now, &SettingFile::key) == setting_files().end()
             ? std::string()
             : setting_path(now);
}

bool is_count(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// "ps -eLf | wc -l", "ps auxH | wc -l", "ls -1d /proc/*/task/* | wc -l": each thread of the host.
bool counts_threads(std::string_view line) {
  const std::size_t wc = line.find("wc -l");
  const std::size_t bar = line.substr(0, wc).rfind('|');
  if (wc == npos || bar == npos) {
    return false;
  }
  const std::string_view command = trim(line.substr(0, bar));
  if (command.ends_with(" /proc/*/task/*")) {
    return true;
  }
  const std::size_t at = command.rfind("ps ");
  std::string_view options = at == npos ? std::string_view() : trim(command.substr(at + 3));
  const auto has = [&options](char c) { return options.find(c) != npos; };
  if (options.starts_with('-')) {
    return options.find_first_not_of("-efFlyALT") == npos && (has('e') || has('A')) &&
           (has('L') || has('T'));
  }
  return options.find_first_not_of("aefuvxwH") == npos && has('a') && has('x') && has('H');
}

constexpr std::size_t longest_unit = 255;

// "● docker.service - Docker Application Container Engine": the unit.
std::string_view unit_at(std::string_view line) {
  const auto letter = static_cast<std::size_t>(std::ranges::find_if(line, is_alnum) - line.begin());
  constexpr std::size_t longest_mark = 8;  // a bullet, or what a wrong encoding made of it
  std::string_view rest = line.substr(std::min(letter, line.size()));
  const std::string_view word = letter > longest_mark ? std::string_view() : next_word(rest);
  for (const std::string_view kind : {".service", ".scope", ".slice", ".socket", ".mount"}) {
    if (word.size() > kind.size() && word.size() <= longest_unit && word.ends_with(kind) &&
        (rest.empty() || rest.starts_with(" - ")) && word.find('/') == npos) {
      return word;
    }
  }
  return {};
}

// "$ sudo systemctl status -l docker | grep Tasks": the unit. Not in a sentence.
std::string_view unit_asked(std::string_view line) {
  std::size_t at = line.find("systemctl status ");
  at = std::min(at, line.find("systemctl show "));
  line = at == npos ? std::string_view() : line.substr(at);
  next_word(line);
  next_word(line);
  std::string_view word = next_word(line);
  while (word.starts_with('-')) {
    word = next_word(line);
  }
  const bool is_name = word.size() <= longest_unit && std::ranges::all_of(word, [](char c) {
                         return is_alnum(c) || std::string_view(":-_.\\@").find(c) != npos;
                       });
  line = trim_left(line);
  const bool ends = line.empty() || std::string_view("|;&-").find(line.front()) != npos;
  return is_name && ends ? word : std::string_view();
}

// Of "(high: 1.8G max: 2.0G swap max: 1.0G)": what stands behind "max:".
std::string_view size_behind(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != npos; at = text.find(name, at + 1)) {
    const std::string_view before = text.substr(0, at);
    if (before.ends_with('(') || (before.ends_with(' ') && !before.ends_with("swap "))) {
      const std::string_view rest = trim_left(text.substr(at + name.size()));
      return rest.substr(0, rest.find_first_of(" )"));
    }
  }
  return {};
}

enum class Kind : std::uint8_t { numbers, rows, load, count, sockets };

Kind kind_of(std::string_view path) {
  return !path.starts_with('/') ? Kind::count
         : path == loadavg      ? Kind::load
         : path == sockstat     ? Kind::sockets
         : std::ranges::find(files_of_rows, last_part(path)) == std::end(files_of_rows)
             ? Kind::numbers
             : Kind::rows;
}

bool may_be(Kind kind, std::string_view line) {
  switch (kind) {
    case Kind::numbers:
      return is_numbers(line) || line == "max";
    case Kind::rows: {
      const bool stalled = line.starts_with("some avg10=") || line.starts_with("full avg10=");
      const auto row = line.find(':') == npos ? key_value(line) : std::nullopt;
      return stalled || (row && !row->kb);
    }
    case Kind::load:
      return line.find('/') != npos && line.find_first_not_of("0123456789./ ") == npos;
    case Kind::sockets:
      return line.starts_with("sockets:") || line.find(": inuse ") != npos;
    case Kind::count:
      return parse_number<std::uint64_t>(line).has_value();
  }
  return false;
}

// The directory of a cgroup, or the file.
std::string_view name_of(std::string_view path) {
  return path.starts_with(cgroups) ? path.substr(0, path.rfind('/')) : path;
}

}  // namespace

// Of a word that names a file which is read here; else empty.
std::string ShownFiles::path_of(std::string_view word) const {
  constexpr std::string_view quotes = "\"'`;,:";
  word.remove_prefix(std::min(word.find_first_not_of(quotes), word.size()));
  word = word.substr(0, word.find_last_not_of(quotes) + 1);
  if (word == loadavg || word == sockstat) {
    return std::string(word);
  }
  if (std::string setting = path_of_setting(word); !setting.empty()) {
    return setting;
  }
  const std::string_view name = last_part(word);
  const auto is_name = [name](const auto& names) {
    return std::ranges::find(names, name) != std::end(names);
  };
  if (!is_name(files_of_rows) && !is_name(files_of_one)) {
    return {};
  }
  std::string path = word == name ? directory_ : std::string();
  path += word;
  return path.starts_with(cgroups) && is_path(path) ? path : std::string();
}

void ShownFiles::wait_for(std::string_view path) {
  constexpr std::size_t most = 16384;
  if (!path.empty() && waiting_.size() + path.size() < most) {
    waiting_.append(path) += '\n';
  }
}

void ShownFiles::end_file(PostedParts& parts) {
  const std::string_view path = std::string_view(waiting_).substr(0, waiting_.find('\n'));
  if (!contents_.empty() && kind_of(path) == Kind::count) {
    parts.add_tasks(trim(contents_), path);
  } else if (!contents_.empty()) {
    parts.add(path, contents_, name_of(path));
  }
  contents_.clear();
  waiting_.erase(0, path.size() + 1);
}

// Whether the line is of a file that was to come.
bool ShownFiles::take_contents(std::string_view line, PostedParts& parts) {
  while (!waiting_.empty()) {
    const Kind kind = kind_of(std::string_view(waiting_).substr(0, waiting_.find('\n')));
    if (may_be(kind, line)) {
      contents_.append(line) += '\n';
      if (kind != Kind::rows && kind != Kind::sockets) {
        end_file(parts);
      }
      return true;
    }
    if (contents_.empty()) {
      waiting_.clear();  // an error, or something else: what comes next is of no file
      return false;
    }
    end_file(parts);
  }
  return false;
}

// "/sys/fs/cgroup/pids.max:2048"
bool ShownFiles::take_behind_name(std::string_view line, PostedParts& parts) const {
  const std::size_t colon = line.find(':');
  if (colon == npos || line.find(' ') < colon) {
    return false;
  }
  const std::string_view value = trim(line.substr(colon + 1));
  const std::string path = path_of(line.substr(0, colon));
  if (path.empty() || !may_be(kind_of(path), value)) {
    return false;
  }
  if (kind_of(path) == Kind::rows || kind_of(path) == Kind::sockets) {
    parts.add_rows(path, value, value.substr(0, value.find(' ') + 1), name_of(path), parts.line);
  } else {
    parts.add(path, value, name_of(path));
  }
  return true;
}

// What `pwd` prints, "cd /sys/fs/cgroup/pids", "root@h:/sys/fs/cgroup/pids# cat pids.max"
void ShownFiles::take_directory(std::string_view line) {
  const std::size_t at = line.find(cgroups.substr(0, cgroups.size() - 1));
  if (at == npos) {
    return;
  }
  const std::string_view before = line.substr(0, at);
  const std::string_view path = line.substr(at, line.find_first_of(" \t#$>];", at) - at);
  const std::string_view behind = line.substr(at + path.size());
  const bool is_prompt = before.ends_with(':') && !behind.empty() && !is_space(behind.front());
  const bool is_alone = before.empty() && behind.empty();
  if ((is_alone || is_prompt || before.ends_with("cd ")) && is_path(path)) {
    directory_ = path;
    directory_ += directory_.ends_with('/') ? "" : "/";
  }
}

void ShownFiles::take_command(std::string_view line) {
  if (counts_threads(line)) {
    waiting_.clear();
    wait_for(line.substr(std::min({line.rfind("ps "), line.rfind("ls "), line.size()})));
    return;
  }
  const bool is_heading = line.starts_with("==> ") && line.ends_with(" <==");
  bool shows = is_heading;
  while (!trim(line).empty()) {
    const std::string_view word = next_word(line);
    const std::string_view plain =
        word.substr(std::min(word.find_first_not_of("\"'"), word.size()));
    if (plain == "cat" || plain == "more" || plain == "head" || plain == "tail" ||
        plain == "grep") {
      shows = true;
      waiting_.clear();
    } else if (!is_heading && word.find_first_of("|&<>") != npos) {
      shows = false;
      if (word.starts_with("2>") && waiting_.find('\n') + 1 < waiting_.size()) {
        waiting_.clear();  // of several nobody sees which are not there
      }
    }
    wait_for(shows ? path_of(word) : std::string());
  }
}

bool ShownFiles::see(std::string_view line, PostedParts& parts) {
  line = unmarked(line);
  if (take_contents(line, parts) || take_behind_name(line, parts)) {
    return true;
  }
  constexpr std::string_view of_top = "Threads: ";
  if (line.starts_with(of_top) && line.find(" total,") != npos) {
    std::string_view rest = line.substr(of_top.size());
    if (const auto number = next_word(rest); may_be(Kind::count, number)) {
      parts.add_tasks(number, "top");
    }
    return true;
  }
  take_directory(line);
  take_command(line);
  return false;
}

// "Tasks: 502 (limit: 512)", "Memory: 1.9G (high: 1.8G max: 2.0G available: 60.2M)",
// "CGroup: /system.slice/docker.service", which is the last of them.
void UnitStatus::take_status(std::string_view line) {
  const std::string_view key = next_word(line);
  const std::string_view value = next_word(line);
  if (key == "CGroup:" && value.starts_with('/') && is_path(value)) {
    cgroup_ = value;
  } else if (key == "Tasks:" && is_count(value) &&
             (line.empty() || line.starts_with(" (limit: "))) {
    contents_[0] = value;
    contents_[1] = size_behind(line, "limit:");
  } else if (key == "Memory:" && (line.empty() || line.starts_with(" ("))) {
    const std::string_view sizes[] = {value, size_behind(line, "high:"), size_behind(line, "max:")};
    for (std::size_t i = 0; i < std::size(sizes); ++i) {
      const auto bytes = size_of(sizes[i], std::nullopt);
      contents_[2 + i] = bytes ? std::to_string(static_cast<std::uint64_t>(*bytes)) : "";
    }
  }
}

// "TasksMax=4915"
void UnitStatus::take_property(std::string_view name, std::string_view value) {
  constexpr std::string_view names[files] = {"TasksCurrent", "TasksMax", "MemoryCurrent",
                                             "MemoryHigh", "MemoryMax"};
  for (std::size_t i = 0; i < files; ++i) {
    if (name == names[i] && (is_count(value) || value == "infinity")) {
      contents_[i] = is_count(value) ? value : std::string_view("max");
    }
  }
  if (name == "ControlGroup" && value.starts_with('/') && is_path(value)) {
    cgroup_ = value;
  } else if (name == "Id") {
    unit_ = unit_at(value);
  }
}

void UnitStatus::see(std::string_view line, PostedParts& parts) {
  line = trim(unmarked(line));
  const std::size_t equals = line.find('=');
  const bool is_property =
      equals != 0 && equals != npos && std::ranges::all_of(line.substr(0, equals), is_alnum);
  const bool has_begun = !contents_[0].empty() || !contents_[2].empty();
  // A file of the unit may stand behind its status; and what `show` says ends with its lines.
  if (is_property != properties_ && has_begun) {
    end(parts);
  }
  properties_ = is_property;
  if (is_property) {
    take_property(line.substr(0, equals), line.substr(equals + 1));
    return;
  }
  std::string_view unit = unit_asked(line);
  unit = unit.empty() ? unit_at(line) : unit;
  if (!unit.empty()) {
    end(parts);
    unit_ = unit;
    unit_ += unit.find('.') == npos ? ".service" : "";
  } else if (!unit_.empty()) {
    take_status(line);
    if (!cgroup_.empty()) {
      end(parts);
    }
  }
}

void UnitStatus::end(PostedParts& parts) {
  constexpr std::string_view names[files] = {"/pids.current", "/pids.max", "/memory.current",
                                             "/memory.high", "/memory.max"};
  std::string path(cgroups);
  path.append(cgroup_.empty() ? unit_ : cgroup_, cgroup_.empty() ? 0 : 1);
  const bool any = !contents_[0].empty() || !contents_[2].empty();
  const std::size_t directory = path.size();
  unit_ =
      (properties_ ? "systemctl show " : "systemctl status ") + (unit_.empty() ? cgroup_ : unit_);
  for (std::size_t i = files; i-- > 0;) {  // a limit before what is below it
    if (any && directory > cgroups.size() && !contents_[i].empty()) {
      parts.add(path.append(names[i]), contents_[i], unit_);
      path.resize(directory);
    }
    contents_[i].clear();
  }
  unit_.clear();
  cgroup_.clear();
}

}  // namespace whyoom::host
