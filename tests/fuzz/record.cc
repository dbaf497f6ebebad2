// Records of fixes: text of any kind, and records made of the input that are written and read.
#include "fix/record.h"

#include <zlib.h>

#include <algorithm>

#include "base/text.h"
#include "fix/settings_file.h"
#include "fuzz.h"

namespace whyoom::fuzz {
namespace {

using fix::FixRecord;

const fix::RunningValues values;

// Absolute, and no part of it leads elsewhere than it says.
bool stays_where_it_says(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) {
    return false;
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    path.remove_prefix(part.size());
  }
  return true;
}

void check_paths(const FixRecord& record) {
  for (const advise::FileEdit& file : record.change.files) {
    require(stays_where_it_says(file.path), "a record names a path of no file", file.path);
  }
  for (const std::string& directory : record.made_directories) {
    require(stays_where_it_says(directory), "a record names a path of no directory", directory);
  }
  for (const advise::RunningEdit& value : record.change.running) {
    require(stays_where_it_says(value.key.file()) && value.key.file() == values.place(value.key),
            "a record sets a value elsewhere", value.key.file());
  }
}

// A text with the checksum that it should have, so that mutations come behind it.
std::string with_checksum(std::string_view text) {
  const std::size_t at = text.rfind("\ncrc32 ");
  const std::string body(text.substr(0, at == std::string_view::npos ? text.size() : at + 1));
  const auto sum = ::crc32_z(0, reinterpret_cast<const unsigned char*>(body.data()), body.size());
  return body + "crc32 " + std::to_string(sum) + "\n";
}

void check_text(std::string_view text) {
  const auto read = fix::parse_record(text, values);
  if (!read) {
    require_printable(read.error(), "what is wrong with a record");
    return;
  }
  check_paths(read->record);
  const FixRecord& record = read->record;
  require(read->before.size() == record.change.files.size() &&
              read->after.size() == record.change.files.size() &&
              record.attributes.size() == record.change.files.size(),
          "a record has files without sums or attributes");
  // The contents are kept elsewhere, so their sums are not those of the text. All else is.
  const auto again = fix::parse_record(fix::record_text(record, values), values);
  require(again.has_value(), "a record that was read cannot be written",
          again ? "" : again.error());
  require(fix::record_text(again->record, values) == fix::record_text(record, values),
          "a record is another one after it was written and read", text);
}

// Takes pieces off the input.
class Pieces {
 public:
  explicit Pieces(std::string_view rest) : rest_(rest) {}
  std::string text() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string piece(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return piece;
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4 && !rest_.empty(); ++i) {
      value = value << 8U | static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
    }
    return value;
  }
  std::optional<std::string> content() {
    return number() % 4 == 0 ? std::nullopt : std::optional(text() + "\n" + text());
  }

 private:
  std::string_view rest_;
};

// A line of the input where that is a key.
host::SysctlKey key_of(Pieces& pieces) {
  const auto key = host::SysctlKey::parse(pieces.text());
  return key ? *key : *host::SysctlKey::parse("vm.min_free_kbytes");
}

FixRecord made_of(std::string_view input) {
  Pieces pieces(input);
  FixRecord record;
  record.number = static_cast<int>(1 + pieces.number() % 1'000'000'000U);
  record.meta.time_us = std::int64_t{pieces.number()} * (pieces.number() >> 1U);
  for (std::uint32_t n = pieces.number() % 3; n < 3; ++n) {
    const host::SysctlKey key = key_of(pieces);
    record.meta.wanted.push_back({key, pieces.text()});
  }
  record.meta.command = pieces.text();
  const std::uint32_t counts = pieces.number();
  for (std::uint32_t i = counts % 4; i > 0; --i) {
    record.change.files.push_back({"/etc/" + pieces.text(), pieces.content(), pieces.content()});
    linux::FileAttributes& attributes = record.attributes.emplace_back();
    attributes.mode = pieces.number() & 07777U;
    attributes.uid = pieces.number();
    attributes.gid = pieces.number();
    for (std::uint32_t n = pieces.number() % 3; n > 0; --n) {
      attributes.xattrs.emplace_back(pieces.text(), pieces.text());
    }
  }
  for (std::uint32_t i = counts / 4 % 3; i > 0; --i) {
    record.made_directories.push_back("/etc/" + pieces.text());
  }
  for (std::uint32_t i = counts / 16 % 4; i > 0; --i) {
    const host::SysctlKey key = key_of(pieces);
    const std::string before = pieces.text();
    record.change.running.push_back({key, before, pieces.text()});
  }
  return record;
}

// Written and read it is the same record, or is refused for one of its paths.
void check_round_trip(const FixRecord& record) {
  const std::string text = fix::record_text(record, values);
  const auto read = fix::parse_record(text, values);
  if (!read) {
    const auto is_way_to_a_file = [&](const std::string& made) {
      return std::ranges::any_of(record.change.files, [&](const advise::FileEdit& file) {
        return file.path.starts_with(made + "/");
      });
    };
    require(
        !std::ranges::all_of(record.change.files, fix::is_settings_path, &advise::FileEdit::path) ||
            !std::ranges::all_of(record.made_directories, stays_where_it_says) ||
            !std::ranges::all_of(record.made_directories, is_way_to_a_file) ||
            !std::ranges::all_of(record.meta.wanted, host::is_sysctl_value,
                                 &advise::Wanted::value) ||
            !std::ranges::all_of(record.change.running,
                                 [](const advise::RunningEdit& edit) {
                                   return host::is_running_value(edit.before) &&
                                          host::is_running_value(edit.after);
                                 }),
        "a good record cannot be read", read.error() + "\n" + text);
    return;
  }
  check_paths(read->record);
  FixRecord whole = read->record;
  require(whole.change.files.size() == record.change.files.size(), "files of a record were lost");
  for (std::size_t i = 0; i < whole.change.files.size(); ++i) {
    const advise::FileEdit& file = record.change.files[i];
    require(
        read->before[i] == fix::sum_of(file.before) && read->after[i] == fix::sum_of(file.after),
        "the sums of a file are others");
    whole.change.files[i].before = file.before;
    whole.change.files[i].after = file.after;
  }
  require(fix::record_text(whole, values) == text, "a record is read as another one",
          text + "---\n" + fix::record_text(whole, values));
  const auto same = [](const advise::Wanted& a, const advise::Wanted& b) {
    return a.key == b.key && a.value == b.value;
  };
  require(std::ranges::equal(whole.meta.wanted, record.meta.wanted, same) &&
              whole.meta.command == record.meta.command,
          "the words of a record are others");
}

}  // namespace

void run(std::string_view input) {
  constexpr Cost cost{.bytes = 1U << 20U, .bytes_each = 4000, .peak = 1U << 20U, .peak_each = 400};
  const Budget budget(input.size(), cost);
  check_text(input);
  check_text(with_checksum(input));
  check_round_trip(made_of(input));
  budget.check("a record");
}

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  FixRecord record;
  record.number = 3;
  const auto key = [](const char* text) { return *host::SysctlKey::parse(text); };
  record.meta = {1'795'419'000'000'000,
                 {{key("vm.min_free_kbytes"), "45056"}, {key("kernel.pid_max"), "4194304"}},
                 "whyoom fix a=\x1b[31m%"};
  record.change.files = {{"/etc/sysctl.conf", "a=1\n", "a=2\n"},
                         {"/etc/sysctl.d/90-whyoom.conf", std::nullopt, "b=1\n"}};
  record.attributes = {{0644, 0, 0, {{"security.selinux", std::string("a\0b", 3)}, {"a b", ""}}},
                       {0600, 1000, 1000, {}}};
  record.made_directories = {"/etc/sysctl.d"};
  record.change.running = {{key("vm.min_free_kbytes"), "67584", "45056"},
                           {key("vm.a"), "256\t256\t32", "1"}};
  FixRecord least;
  least.number = 1;
  least.meta.wanted = {{key("vm.a"), "1"}};
  return {fix::record_text(record, values), fix::record_text(least, values),
          "\0\0\0\1\0\0\1\0\0\0\1\0\0\0\0\2key\nrest\nvalue\nwords\n\0\0\0\x56"
          "a\nsysctl.conf\n\0\0\0\1x\ny\n\0\0\0\0\0\0\1\xa4\0\0\0\0\0\0\0\0\0\0\0\1name\nvalue\n"s};
}

}  // namespace whyoom::fuzz
