#include "host/sysctl_path.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/text.h"
#include "host/sysctl_boot.h"
#include "host/writers.h"

namespace whyoom::host {
namespace {

using Fate = SysctlSetting::Fate;
using Kind = SysctlStatement::Kind;

SysctlTool tool_of(SysctlReader reader) {
  return reader == SysctlReader::systemd_sysctl ? SysctlTool::systemd : SysctlTool::procps;
}

// A line that concerns the key, on its way through a tool.
struct Step {
  Kind kind = Kind::assignment;
  bool glob = false;
  std::string path;         // as the tool compares it; for systemd's globs the text of the glob
  std::string value;        // as the line has it
  bool other = false;       // it sets the key that makes ours 0
  std::string result;       // the path under which the tool finds the key
  std::size_t setting = 0;  // in SysctlAnswer::settings; of no meaning for an exclusion
};

class Reading {
 public:
  Reading(SysctlFiles& files, SysctlReader reader, const SysctlKey& key)
      : files_(files),
        tool_(tool_of(reader)),
        target_(key.path()),
        range_(sysctl_range(key.dotted())),
        counterpart_(sysctl_counterpart(key.dotted())),
        other_range_(sysctl_range(counterpart_)),
        other_(sysctl_path_of(counterpart_)) {
    answer_.reader = reader;
  }

  SysctlAnswer run() {
    for (const auto& file : files_in_order()) {
      take(file, Fate::not_read);
    }
    if (tool_ == SysctlTool::systemd) {
      apply_as_systemd();
    } else {
      apply_as_procps();
    }
    steps_.clear();
    add_unread();
    return std::move(answer_);
  }

 private:
  std::vector<std::string> files_in_order();
  std::vector<std::string> expand_name(const std::string& path);
  void add_matches(std::string_view directory, const std::string& pattern,
                   std::vector<std::string>& result);
  void take(const std::string& file, Fate fate);
  void take(const SysctlStatement& statement, bool other, const std::string& file,
            const std::string& real, Fate fate);
  void apply_as_systemd();
  void apply_as_procps();
  void write(const Step& step);
  void lose(const Step& loser, Fate fate);
  void add_unread();

  SysctlFiles& files_;
  SysctlTool tool_;
  const std::string& target_;
  std::optional<SysctlRange> range_;
  std::string_view counterpart_;  // empty: none
  std::optional<SysctlRange> other_range_;
  std::string other_;  // its path
  SysctlAnswer answer_;
  std::vector<Step> steps_;
  std::vector<std::string> read_;  // real paths
  std::size_t compared_ = 0;       // names of files with patterns
};

// procps 4.0.2 hands each name that it found to glob(3) once more, with braces: a file "[ab].conf"
// is not read, "a.conf" and "b.conf" are in its place. When no alternative matches, glob takes the
// braces literally, and when that does not match either, the name is the file itself.
std::vector<std::string> Reading::expand_name(const std::string& path) {
  // A directory full of names that are patterns, each of which finds all the others. Past this a
  // name is the file itself.
  constexpr std::size_t most_compared = 500'000;
  const auto name = last_part(path);
  if (name.find_first_of("*?[\\{") == std::string_view::npos || compared_ > most_compared) {
    return {path};
  }
  const auto directory = std::string_view(path).substr(0, path.size() - name.size());
  std::vector<std::string> result;
  for (const auto& pattern : expand_braces(name)) {
    add_matches(directory, pattern, result);
  }
  if (result.empty()) {
    add_matches(directory, std::string(name), result);
  }
  return result.empty() ? std::vector<std::string>{path} : result;
}

void Reading::add_matches(std::string_view directory, const std::string& pattern,
                          std::vector<std::string>& result) {
  compared_ += files_.found().size();
  const auto before = static_cast<std::ptrdiff_t>(result.size());
  for (const auto& file : files_.found()) {
    const auto name = last_part(file.path);
    if (file.path.size() - name.size() == directory.size() && file.path.starts_with(directory) &&
        fnmatch(pattern.c_str(), std::string(name).c_str(), FNM_PERIOD) == 0) {
      result.push_back(file.path);
    }
  }
  std::sort(result.begin() + before, result.end());
}

std::vector<std::string> Reading::files_in_order() {
  std::vector<std::string> order;
  if (answer_.reader == SysctlReader::procps_load) {
    return {std::string(sysctl_conf)};
  }
  for (const auto& file : files_.found()) {
    if (!file.masked_by.empty()) {
      continue;
    }
    if (tool_ == SysctlTool::procps) {
      for (auto& path : expand_name(file.path)) {
        // A file that cannot be opened ends this list, not the whole run.
        if (files_.load(path).missing) {
          break;
        }
        order.push_back(std::move(path));
      }
    } else if (!last_part(file.path).starts_with('.')) {
      // systemd 252 passes over hidden files, procps 4.0.2 reads them.
      order.push_back(file.path);
    }
  }
  if (tool_ == SysctlTool::procps) {
    order.emplace_back(sysctl_conf);
  } else {
    // LoadCredential=sysctl.extra of systemd-sysctl.service: read last, the first that is there.
    constexpr std::array<std::string_view, 6> stores = {
        "/run/credentials/@system", "/etc/credstore",     "/run/credstore",
        "/usr/local/lib/credstore", "/usr/lib/credstore", "/lib/credstore"};
    for (const auto store : stores) {
      std::string path = std::string(store) + "/sysctl.extra";
      if (files_.load(path).text != nullptr) {
        order.push_back(std::move(path));
        break;
      }
    }
  }
  return order;
}

// Notes every statement of the file that concerns the key.
void Reading::take(const std::string& file, Fate fate) {
  const auto loaded = files_.load(file);
  if (loaded.text == nullptr) {
    return;
  }
  read_.push_back(loaded.real);
  const bool other_first = other_ < target_;  // a glob finds them in this order
  for (const auto& statement : loaded.text->read_as(tool_).statements) {
    if (statement.kind != Kind::assignment && statement.kind != Kind::exclusion) {
      continue;
    }
    for (const bool other : {other_first, !other_first}) {
      if (!other || !counterpart_.empty()) {
        take(statement, other, file, loaded.real, fate);
      }
    }
  }
}

void Reading::take(const SysctlStatement& statement, bool other, const std::string& file,
                   const std::string& real, Fate fate) {
  const std::string& target = other ? other_ : target_;
  const auto found = statement.glob ? glob_reaches(tool_, statement.path, target)
                     : path_reaches(tool_, statement.path, target) ? std::optional<std::string>("")
                                                                   : std::nullopt;
  if (!found) {
    return;
  }
  steps_.push_back({statement.kind, statement.glob, statement.path, statement.value, other, *found,
                    answer_.settings.size()});
  if (statement.kind == Kind::assignment) {
    answer_.settings.push_back({file, real, statement.line, other ? "0" : statement.value,
                                other ? counterpart_ : std::string_view(), statement.glob, fate});
  }
}

void Reading::lose(const Step& loser, Fate fate) {
  if (loser.kind == Kind::assignment) {
    answer_.settings[loser.setting].fate = fate;
  }
}

void Reading::write(const Step& step) {
  auto& setting = answer_.settings[step.setting];
  if (!kernel_takes(step.other ? other_range_ : range_, step.value)) {
    setting.fate = Fate::rejected;
    return;
  }
  if (answer_.winner) {
    answer_.settings[*answer_.winner].fate = Fate::overridden;
  }
  setting.fate = Fate::wins;
  answer_.winner = step.setting;
}

// systemd keeps one entry for each key or glob as it is spelled. Surprises of 252:
// - "-key" without a value also takes back an assignment of the same key that stands before it;
// - the same glob with the same value again keeps its old place in the order, another value moves
//   it to the end;
// - a key without a glob wins over every glob, also over a later one.
void Reading::apply_as_systemd() {
  std::vector<const Step*> entries;  // null: moved to a later place
  std::map<std::pair<std::string_view, bool>, std::size_t> place;
  for (const auto& step : steps_) {
    const auto [known, is_new] = place.try_emplace({step.path, step.other}, entries.size());
    if (!is_new) {
      const Step& before = *entries[known->second];
      const bool excludes = step.kind == Kind::exclusion;
      const bool equal = before.kind == step.kind && (excludes || before.value == step.value);
      lose(before, excludes ? Fate::excluded : Fate::overridden);
      if (equal) {
        entries[known->second] = &step;
        continue;
      }
      entries[known->second] = nullptr;
      known->second = entries.size();
    }
    entries.push_back(&step);
  }
  const bool exact[] = {place.contains({target_, false}), place.contains({other_, true})};
  for (const auto* entry : entries) {
    if (entry == nullptr || entry->kind == Kind::exclusion) {
      continue;
    }
    if (entry->glob && exact[entry->other ? 1 : 0]) {
      lose(*entry, Fate::excluded);
    } else {
      write(*entry);
    }
  }
}

// procps writes in the order of reading. A glob passes over a path that any other line, wherever it
// stands, spells exactly so; "-key" only keeps globs away, not assignments.
void Reading::apply_as_procps() {
  // The first line of each spelling, so that many globs and many lines stay cheap.
  std::map<std::string_view, const Step*> spelled;
  for (const auto& step : steps_) {
    spelled.emplace(step.path, &step);
  }
  for (const auto& step : steps_) {
    if (step.kind == Kind::exclusion) {
      continue;
    }
    const auto found = step.glob ? spelled.find(step.result) : spelled.end();
    if (found != spelled.end()) {
      lose(step, Fate::excluded);
    } else {
      write(step);
    }
  }
}

void Reading::add_unread() {
  std::vector<std::string> read = std::move(read_);
  std::sort(read.begin(), read.end());
  const auto was_read = [&](const std::string& path) {
    return std::binary_search(read.begin(), read.end(), files_.load(path).real);
  };
  for (const auto& file : files_.found()) {
    if (!was_read(file.path)) {
      const bool masked = !file.masked_by.empty() && answer_.reader != SysctlReader::procps_load;
      take(file.path, masked ? Fate::masked : Fate::not_read);
    }
  }
  if (!was_read(std::string(sysctl_conf))) {
    take(std::string(sysctl_conf), Fate::not_read);
  }
}

std::optional<std::string> value_of(const SysctlAnswer& answer,
                                    std::optional<std::string> otherwise) {
  const auto* setting = answer.winning();
  return setting != nullptr ? std::optional(setting->value) : std::move(otherwise);
}

void add_open(SysctlOpenLine found, OpenToOthers others, std::vector<SysctlOpenLine>& open) {
  const bool told = std::ranges::find(open, others.path, &SysctlOpenLine::path) != open.end();
  if (!others.who.empty() && !told) {
    found.path = std::move(others.path);
    found.who = std::move(others.who);
    open.push_back(std::move(found));
  }
}

// Besides the file that a link leads to, the directory counts in which the link lies. Of the
// directories that are searched only those themselves: /usr/local is often a group's.
std::vector<SysctlOpenLine> open_lines(Files& files, const SysctlHistory& history) {
  std::vector<SysctlOpenLine> open;
  for (const SysctlAnswer* answer : {&history.boot, &history.system, &history.load}) {
    if (const SysctlSetting* line = answer->winning()) {
      const SysctlOpenLine found{line->real, line->line, {}, {}};
      const auto directory = real_path(files, line->file.substr(0, line->file.rfind('/')));
      add_open(found, open_to_others(files, line->real), open);
      add_open(found, open_to_others(files, directory.value_or("/")), open);
    }
  }
  for (const std::string_view directory : sysctl_directories) {
    const auto real = real_path(files, directory).value_or(std::string(directory));
    if (const auto status = files.status(real)) {
      add_open({real, 0, {}, {}}, {real, other_writers(*status)}, open);
    }
  }
  return open;
}

}  // namespace

std::optional<std::string> SysctlHistory::value_after_boot() const {
  return value_of(boot, command_line);
}

std::optional<std::string> SysctlHistory::value_after_system() const {
  return value_of(system, value_after_boot());
}

std::optional<std::string> SysctlHistory::value_after_load() const {
  return value_of(load, value_after_boot());
}

SysctlHistory find_sysctl(Files& files, const SysctlKey& key, std::string_view command_line) {
  return std::move(find_sysctl(files, std::span(&key, 1), command_line).front());
}

std::vector<SysctlHistory> find_sysctl(Files& files, std::span<const SysctlKey> keys,
                                       std::string_view command_line) {
  std::vector<SysctlHistory> histories;
  std::vector<SysctlGap> gaps;
  const SysctlBootReader boot = boot_reader_of(files, command_line, gaps);
  SysctlFiles sysctl_files(files);
  for (const SysctlKey& key : keys) {
    SysctlHistory& history = histories.emplace_back();
    history.key = key.dotted();
    history.boot_reader = boot.reader;
    history.other_command = boot.other_command;
    history.masked_by_command_line = boot.masked_by_command_line;
    history.command_line = sysctl_of_command_line(command_line, key);
    history.system = Reading(sysctl_files, SysctlReader::procps_system, key).run();
    history.load = Reading(sysctl_files, SysctlReader::procps_load, key).run();
    if (boot.reader == SysctlBoot::systemd_sysctl) {
      history.boot = Reading(sysctl_files, SysctlReader::systemd_sysctl, key).run();
    } else if (boot.reader == SysctlBoot::procps_system) {
      history.boot = history.system;
    }
    history.open = open_lines(files, history);
  }
  gaps.insert(gaps.end(), sysctl_files.gaps().begin(), sysctl_files.gaps().end());
  for (SysctlHistory& history : histories) {
    history.gaps = gaps;
  }
  return histories;
}

std::optional<std::string> sysctl_of_command_line(std::string_view command_line,
                                                  const SysctlKey& key) {
  const auto range = sysctl_range(key.dotted());
  std::optional<std::string> value;
  std::string_view rest = trim(command_line);
  while (!rest.empty()) {
    // A parameter goes on to the first blank outside of double quotes.
    bool quoted = false;
    std::size_t end = 0;
    while (end < rest.size() && (quoted || !is_space(rest[end]))) {
      quoted = (rest[end] == '"') != quoted;
      ++end;
    }
    auto parameter = rest.substr(0, end);
    rest = trim_left(rest.substr(end));
    if (parameter == "--") {
      break;
    }
    const bool around = parameter.size() > 1 && parameter.front() == '"';
    parameter.remove_prefix(around ? 1 : 0);
    parameter.remove_suffix(around && parameter.ends_with('"') ? 1 : 0);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos ||
        !(parameter.starts_with("sysctl.") || parameter.starts_with("sysctl/"))) {
      continue;
    }
    // Every dot is a slash here, whichever comes first (process_sysctl_arg of fs/proc).
    std::string path(parameter.substr(7, equals - 7));
    std::replace(path.begin(), path.end(), '.', '/');
    auto text = parameter.substr(equals + 1);
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    if (tool_path_of(SysctlTool::systemd, "/" + path) == key.path() && !text.empty() &&
        kernel_takes(range, text)) {
      value = std::string(text);
    }
  }
  return value;
}

}  // namespace whyoom::host
