#include "advise/sysctl_edit.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "advise/overlay_files.h"
#include "base/language.h"
#include "base/text.h"
#include "host/sysctl_text.h"

namespace whyoom::advise {

namespace {

using host::SysctlAnswer;
using host::SysctlBoot;
using host::SysctlHistory;
using host::SysctlSetting;
using host::SysctlText;
using Kind = SysctlLineEdit::Kind;

constexpr std::string_view drop_in_folder = "/etc/sysctl.d";
// Each round changes one line or adds one; a host has a handful that matter.
constexpr int most_rounds = 64;

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> all;
  Cursor cursor(text);
  for (cursor.skip_spaces(); !cursor.at_end(); cursor.skip_spaces()) {
    all.push_back(cursor.take_word());
  }
  return all;
}

// The files while they are edited.
class Editing {
 public:
  // `last`: what has to be added comes after every file, whatever is in them.
  Editing(host::Files& files, const Wanted& wanted, std::string_view command_line, bool last)
      : below_(files), overlay_(files), wanted_(wanted), command_line_(command_line), last_(last) {
    edit_.before = history();
  }

  tl::expected<SysctlEdit, Message> run();

 private:
  using Done = tl::expected<void, Message>;

  [[nodiscard]] SysctlHistory history() {
    return host::find_sysctl(overlay_, wanted_.key, command_line_);
  }
  // What a program would leave instead of the value; null when it is the value.
  [[nodiscard]] const SysctlSetting* in_the_way(const SysctlHistory& history) const;
  [[nodiscard]] bool decided(const SysctlHistory& history) const;
  Done set_line(const SysctlSetting& line);
  Done comment_out(const SysctlSetting& line);
  Done add_line(const SysctlHistory& history);
  Done append_to(const std::string& path);
  [[nodiscard]] bool boot_reads_sysctl_conf();
  [[nodiscard]] std::string drop_in_name(const SysctlHistory& history);
  tl::expected<SysctlText, Message> text_of(const std::string& path, bool may_be_new);
  void put(const std::string& path, const SysctlText& text);

  host::Files& below_;
  OverlayFiles overlay_;
  const Wanted& wanted_;
  std::string_view command_line_;
  bool last_;
  SysctlEdit edit_;
  std::string home_;  // the file with the line that decides
  std::map<std::string, FileEdit> files_;
};

// The answer that counts at boot; where nothing applies files then, that of `sysctl --system`.
const SysctlAnswer& main_answer(const SysctlHistory& history) {
  return history.boot_reader == SysctlBoot::nothing ? history.system : history.boot;
}

const SysctlSetting* Editing::in_the_way(const SysctlHistory& history) const {
  for (const SysctlAnswer* answer : {&main_answer(history), &history.system, &history.load}) {
    const SysctlSetting* winner = answer->winning();
    if (winner != nullptr && !same_sysctl_value(winner->value, wanted_.value)) {
      return winner;
    }
  }
  return nullptr;
}

bool Editing::decided(const SysctlHistory& history) const {
  return main_answer(history).winning() != nullptr && in_the_way(history) == nullptr;
}

tl::expected<SysctlText, Message> Editing::text_of(const std::string& path, bool may_be_new) {
  auto text = overlay_.read(path);
  if (text) {
    return SysctlText::parse(std::move(*text));
  }
  if (may_be_new && text.error().kind == host::FileError::Kind::missing) {
    return SysctlText::parse({});
  }
  return tl::unexpected(
      Message("{} cannot be read: {}", printable(path), printable(translated(text.error().text))));
}

void Editing::put(const std::string& path, const SysctlText& text) {
  const auto [at, is_new] = files_.try_emplace(path);
  if (is_new) {
    at->second.path = path;
    if (auto before = below_.read(path)) {
      at->second.before = std::move(*before);
    }
  }
  at->second.after = text.text();
  overlay_.put(path, text.text());
}

Editing::Done Editing::set_line(const SysctlSetting& line) {
  auto text = text_of(line.real, false);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const std::string before(text->line(line.line).content);
  if (const auto done = text->replace_value(line.line, wanted_.value); !done) {
    return tl::unexpected(Message("{}:{}: {}", printable(line.real), line.line, done.error()));
  }
  edit_.lines.push_back({Kind::set, line.real, line.line, before,
                         std::string(text->line(line.line).content), line.value, false});
  put(line.real, *text);
  home_ = line.real;
  return {};
}

Editing::Done Editing::comment_out(const SysctlSetting& line) {
  auto text = text_of(line.real, false);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const std::string before(text->line(line.line).content);
  if (const auto done = text->comment_out(line.line); !done) {
    return tl::unexpected(Message("{}:{}: {}", printable(line.real), line.line, done.error()));
  }
  const std::string after(text->line(line.line).content);
  if (after == before) {
    return tl::unexpected(Message("{}:{} sets it to {} and cannot be commented out",
                                  printable(line.real), line.line, printable(line.value)));
  }
  edit_.lines.push_back(
      {Kind::comment_out, line.real, line.line, before, after, line.value, false});
  put(line.real, *text);
  return {};
}

bool Editing::boot_reads_sysctl_conf() {
  const auto real = host::real_path(overlay_, host::sysctl_conf);
  if (!real || !may_be_edited(*real) || !overlay_.read(*real)) {
    return false;
  }
  if (edit_.before.boot_reader != SysctlBoot::systemd_sysctl) {
    return true;
  }
  host::SysctlFiles files(overlay_);
  return std::ranges::any_of(files.found(), [&](const host::SysctlFile& file) {
    return file.masked_by.empty() && files.load(file.path).real == *real;
  });
}

// A name that comes after every file which sets the key now: names decide, not directories.
std::string Editing::drop_in_name(const SysctlHistory& history) {
  host::SysctlFiles files(overlay_);
  std::string last = last_ && !files.found().empty()
                         ? std::string(last_part(files.found().back().path))
                         : std::string();
  for (const SysctlAnswer* answer : {&history.boot, &history.system}) {
    for (const SysctlSetting& setting : answer->settings) {
      last = std::max(last, std::string(last_part(setting.file)));
    }
  }
  constexpr std::array<std::string_view, 5> names = {"90-whyoom.conf", "99-whyoom.conf",
                                                     "99-zz-whyoom.conf", "zz-whyoom.conf",
                                                     "zzzz-whyoom.conf"};
  const auto later = std::ranges::find_if(names, [&](auto name) { return name > last; });
  return std::string(later == names.end() ? "~whyoom.conf" : *later);
}

Editing::Done Editing::append_to(const std::string& path) {
  const auto real = host::real_path(overlay_, path);
  if (!real) {
    return tl::unexpected(Message("{}: {}", path, translated(real.error().text)));
  }
  if (!may_be_edited(*real)) {
    return tl::unexpected(
        Message("{} is {}, where packages and programs keep their own files; these are not edited",
                path, printable(*real)));
  }
  auto text = text_of(*real, true);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const bool is_new = text->text().empty() && !overlay_.read(*real);
  if (is_new) {
    (void)text->append_comment("Made by whyoom fix; `whyoom undo` removes it.");
  }
  if (const auto done = text->append(wanted_.key.dotted(), wanted_.value); !done) {
    return tl::unexpected(Message("{}: {}", printable(*real), done.error()));
  }
  const std::uint32_t line = text->line_count();
  edit_.lines.push_back(
      {Kind::add, *real, line, {}, std::string(text->line(line).content), {}, is_new});
  put(*real, *text);
  home_ = *real;
  return {};
}

// Where a key goes that no editable line sets: to /etc/sysctl.conf when that is read at boot and
// nothing else sets the key, else to a file of its own that is read last.
Editing::Done Editing::add_line(const SysctlHistory& history) {
  const SysctlSetting* winner = main_answer(history).winning();
  if (!last_ && winner != nullptr && may_be_edited(winner->real)) {
    // A glob: the key itself goes before it wherever it stands. Or one that makes ours 0 before.
    return append_to(winner->real);
  }
  if (!last_ && winner == nullptr && boot_reads_sysctl_conf()) {
    return append_to(std::string(host::sysctl_conf));
  }
  return append_to(std::string(drop_in_folder) + "/" + drop_in_name(history));
}

// What could not be read when the line was chosen, and could afterwards: another may decide.
const host::SysctlGap* passing_gap(const SysctlHistory& before, const SysctlHistory& after) {
  const auto found = std::ranges::find_if(before.gaps, [&](const host::SysctlGap& gap) {
    return std::ranges::find(after.gaps, gap.path, &host::SysctlGap::path) == after.gaps.end();
  });
  return found == before.gaps.end() ? nullptr : &*found;
}

tl::expected<SysctlEdit, Message> Editing::run() {
  SysctlHistory now = edit_.before;
  for (int round = 0; !decided(now); ++round) {
    const SysctlSetting* decides = main_answer(now).winning();
    const SysctlSetting* obstacle = in_the_way(now);
    if (round == most_rounds) {
      return tl::unexpected(Message(
          "too many lines set {}; the files have to be put in order first", wanted_.key.dotted()));
    }
    Done done;
    const bool placed =
        !home_.empty() || (decides != nullptr && same_sysctl_value(decides->value, wanted_.value));
    if (!placed) {
      const bool has_line = decides != nullptr && may_be_edited(decides->real) && !decides->glob &&
                            decides->through.empty();
      done = has_line ? set_line(*decides) : add_line(now);
    } else if (obstacle == nullptr) {
      done = tl::unexpected(
          Message("another line keeps every program from the one in {}", printable(home_)));
    } else if (may_be_edited(obstacle->real)) {
      done = comment_out(*obstacle);
    } else {
      done = tl::unexpected(
          Message("line {} of {} sets it to {} after every file that can be edited", obstacle->line,
                  printable(obstacle->file), printable(obstacle->value)));
    }
    if (!done) {
      return tl::unexpected(done.error());
    }
    now = history();
  }
  const host::SysctlGap* gap = deciding_gap(now);
  if (gap == nullptr) {
    gap = passing_gap(edit_.before, now);
  }
  if (gap != nullptr) {
    return tl::unexpected(Message("{} could not be read ({}), and a line in it could decide. {}",
                                  printable(gap->path), printable(translated(gap->error.text)),
                                  gap->error.kind == host::FileError::Kind::denied
                                      ? tr("Run this as root")
                                      : tr("Mend that first")));
  }
  edit_.after = std::move(now);
  for (auto& [path, file] : files_) {
    edit_.files.push_back(std::move(file));
  }
  return std::move(edit_);
}

}  // namespace

const host::SysctlGap* deciding_gap(const SysctlHistory& history) {
  const SysctlSetting* decides = main_answer(history).winning();
  const auto comes_before = [decides](const host::SysctlGap& gap) {
    const bool drop_in = gap.path.ends_with(".conf") && gap.path != host::sysctl_conf;
    return drop_in && decides != nullptr && !decides->glob &&
           (decides->file == host::sysctl_conf || last_part(gap.path) < last_part(decides->file));
  };
  const auto found = std::ranges::find_if(
      history.gaps, [&](const host::SysctlGap& gap) { return !gap.masked && !comes_before(gap); });
  return found == history.gaps.end() ? nullptr : &*found;
}

bool may_be_edited(std::string_view real) {
  // /dev/shm is a disk like another.
  constexpr std::array<std::string_view, 7> owned = {"/usr/", "/lib/",  "/run/", "/dev/",
                                                     "/nix/", "/proc/", "/sys/"};
  return real.starts_with("/usr/local/") || real.starts_with("/dev/shm/") ||
         std::ranges::none_of(owned,
                              [real](std::string_view top) { return real.starts_with(top); });
}

bool same_sysctl_value(std::string_view a, std::string_view b) {
  const auto left = host::parse_sysctl_integer(a);
  const auto right = host::parse_sysctl_integer(b);
  const auto left_words = words(a);
  const auto right_words = words(b);
  if (left && right && left_words.size() == 1 && right_words.size() == 1) {
    return *left == *right;
  }
  return left_words == right_words;
}

tl::expected<SysctlEdit, Message> edit_sysctl_files(host::Files& files, const Wanted& wanted,
                                                    std::string_view command_line) {
  if (auto edit = Editing(files, wanted, command_line, false).run()) {
    return edit;
  }
  return Editing(files, wanted, command_line, true).run();
}

}  // namespace whyoom::advise
