#include "fix/record.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/language.h"
#include "base/text.h"
#include "fix/settings_file.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

constexpr std::string_view format_word = "whyoom-fix ";
constexpr std::uint32_t format = 1;
constexpr std::string_view hex_digits = "0123456789abcdef";

std::uint32_t crc_of(std::string_view text) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += hex_digits[byte >> 4U];
    text += hex_digits[byte & 15U];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string bytes;
  for (; text.size() >= 2; text.remove_prefix(2)) {
    const auto byte = parse_number<unsigned>(text.substr(0, 2), 16);
    if (!byte) {
      return std::nullopt;
    }
    bytes += static_cast<char>(*byte);
  }
  return text.empty() ? std::optional(bytes) : std::nullopt;
}

// A record has one fact a line: %XX for what would break a line.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '%') {
      out += "%" + hex({&c, 1});
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->empty()) {
      return std::nullopt;
    }
    out += *byte;
    i += 2;
  }
  return out;
}

std::optional<linux::FileAttributes> parse_attributes(std::string_view text) {
  Cursor cursor(text);
  const auto mode = parse_number<unsigned>(cursor.take_word(), 8);
  cursor.skip_spaces();
  const auto uid = parse_number<uid_t>(cursor.take_word());
  cursor.skip_spaces();
  const auto gid = parse_number<gid_t>(cursor.rest());
  return mode && *mode <= 07777 && uid && gid
             ? std::optional(linux::FileAttributes{*mode, *uid, *gid, {}})
             : std::nullopt;
}

std::string octal(unsigned mode) {
  std::string text = "0000";
  for (std::size_t i = 4; i-- > 0; mode >>= 3U) {
    text[i] = static_cast<char>('0' + (mode & 7U));
  }
  return text;
}

// The lines of a record, one after the other.
class Reader {
 public:
  Reader(std::string_view text, const RunningValues& values, ReadRecord& out)
      : rest_(text), values_(values), out_(out) {}

  // False at the first line that is not understood.
  bool read() {
    while (!rest_.empty()) {
      const std::string_view line = take_part(rest_, '\n');
      const std::size_t space = line.find(' ');
      if (space == std::string_view::npos || !take(line.substr(0, space), line.substr(space + 1))) {
        return false;
      }
    }
    const advise::Change& change = out_.record.change;
    return out_.record.number > 0 && !out_.record.meta.wanted.empty() && !key_ &&
           paths_are_whole() && out_.before.size() == change.files.size() &&
           out_.after.size() == change.files.size() &&
           out_.record.attributes.size() == change.files.size();
  }

 private:
  bool take(std::string_view what, std::string_view text) {
    FixRecord& record = out_.record;
    if (what == "number" || what == "time-us") {
      const auto number = parse_number<std::int64_t>(text);
      (what == "number" ? number_ : record.meta.time_us) = number.value_or(-1);
      record.number = number_ <= 1'000'000'000 ? static_cast<int>(number_) : 0;
      return number.has_value();
    }
    if (what == "key" && !key_) {
      key_ = take_key(text);
      return key_.has_value();
    }
    if (what == "value" && key_) {
      advise::Wanted& wanted = record.meta.wanted.emplace_back(advise::Wanted{*key_, {}});
      key_.reset();
      return take_text(text, wanted.value) && host::is_sysctl_value(wanted.value);
    }
    if (what == "command") {
      return take_text(text, record.meta.command);
    }
    if (what.starts_with("running")) {
      return take_running(what, text);
    }
    if (what == "made-directory") {
      return take_text(text, record.made_directories.emplace_back()) &&
             linux::is_plain_path(record.made_directories.back());
    }
    return take_file(what, text);
  }

  bool take_file(std::string_view what, std::string_view text) {
    auto& files = out_.record.change.files;
    if (what == "file") {
      return take_text(text, files.emplace_back().path) && is_settings_path(files.back().path);
    }
    if (files.empty()) {
      return false;
    }
    if (what == "before" || what == "after") {
      const bool before = what == "before";
      auto& sums = before ? out_.before : out_.after;
      sums.emplace_back(text);
      if (text != sum_of(std::nullopt)) {
        (before ? files.back().before : files.back().after).emplace();
      }
      return sums.size() == files.size() && !text.empty();
    }
    auto& attributes = out_.record.attributes;
    if (what == "attributes") {
      const auto parsed = parse_attributes(text);
      attributes.push_back(parsed.value_or(linux::FileAttributes()));
      return parsed && attributes.size() == files.size();
    }
    const std::size_t space = text.find(' ');
    if (what != "xattr" || space == std::string_view::npos || attributes.size() != files.size()) {
      return false;
    }
    auto& [name, value] = attributes.back().xattrs.emplace_back();
    const auto bytes = from_hex(text.substr(space + 1));
    value = bytes.value_or(std::string());
    return bytes && take_text(text.substr(0, space), name);
  }

  bool take_running(std::string_view what, std::string_view text) {
    auto& running = out_.record.change.running;
    if (what == "running") {
      const auto key = take_key(text);
      if (key) {
        running.push_back({*key, {}, {}});
      }
      return key.has_value();
    }
    if (running.empty()) {
      return false;
    }
    if (what == "running-path") {
      std::string path;
      return take_text(text, path) && path == values_.place(running.back().key);
    }
    std::string value;
    if ((what != "running-before" && what != "running-after") || !take_text(text, value) ||
        !host::is_running_value(value)) {
      return false;
    }
    (what == "running-before" ? running.back().before : running.back().after) = std::move(value);
    return true;
  }

  // Each directory that was made is one on the way to a file of this record.
  [[nodiscard]] bool paths_are_whole() const {
    return std::ranges::all_of(out_.record.made_directories, [this](const std::string& made) {
      return std::ranges::any_of(out_.record.change.files, [&made](const advise::FileEdit& file) {
        return file.path.starts_with(made + "/");
      });
    });
  }

  static std::optional<host::SysctlKey> take_key(std::string_view text) {
    std::string plain;
    const auto key = take_text(text, plain)
                         ? host::SysctlKey::parse(plain)
                         : tl::expected<host::SysctlKey, Message>(tl::unexpected(Message()));
    return key && *key == plain ? std::optional(*key) : std::nullopt;
  }

  static bool take_text(std::string_view text, std::string& target) {
    const auto plain = unescaped(text);
    target = plain.value_or(std::string());
    return plain.has_value();
  }

  std::string_view rest_;
  const RunningValues& values_;
  ReadRecord& out_;
  std::optional<host::SysctlKey> key_;  // its value comes next
  std::int64_t number_ = 0;
};

}  // namespace

std::string_view state_name(FixState state) {
  constexpr std::array<std::string_view, 5> names{"planned", "applied", "rolled-back", "undoing",
                                                  "undone"};
  return names[static_cast<std::size_t>(state)];
}

std::string keys_of(const FixMeta& meta) {
  return join(meta.wanted, tr(", "), [](const auto& wanted) { return wanted.key.dotted(); });
}

std::string sum_of(const std::optional<std::string>& content) {
  return content ? std::to_string(content->size()) + " " + std::to_string(crc_of(*content))
                 : "none";
}

std::string record_text(const FixRecord& record, const RunningValues& values) {
  std::string text = std::string(format_word) + std::to_string(format) + "\n";
  const auto line = [&text](std::string_view what, std::string_view value) {
    text.append(what).append(" ").append(value).append("\n");
  };
  line("number", std::to_string(record.number));
  line("time-us", std::to_string(record.meta.time_us));
  for (const advise::Wanted& wanted : record.meta.wanted) {
    line("key", wanted.key.dotted());
    line("value", escaped(wanted.value));
  }
  line("command", escaped(record.meta.command));
  for (std::size_t i = 0; i < record.change.files.size(); ++i) {
    const advise::FileEdit& file = record.change.files[i];
    const linux::FileAttributes& attributes = record.attributes[i];
    line("file", escaped(file.path));
    line("before", sum_of(file.before));
    line("after", sum_of(file.after));
    line("attributes", octal(attributes.mode) + " " + std::to_string(attributes.uid) + " " +
                           std::to_string(attributes.gid));
    for (const auto& [name, value] : attributes.xattrs) {
      line("xattr", replaced(escaped(name), " ", "%20") + " " + hex(value));
    }
  }
  for (const std::string& directory : record.made_directories) {
    line("made-directory", escaped(directory));
  }
  for (const advise::RunningEdit& value : record.change.running) {
    line("running", value.key.dotted());
    line("running-path", escaped(values.place(value.key)));
    line("running-before", escaped(value.before));
    line("running-after", escaped(value.after));
  }
  const std::uint32_t crc = crc_of(text);
  line("crc32", std::to_string(crc));
  return text;
}

tl::expected<ReadRecord, std::string> parse_record(std::string_view text,
                                                   const RunningValues& values) {
  const auto failed = [](std::string_view what) { return tl::unexpected(std::string(what)); };
  const std::size_t first_end = text.find('\n');
  if (!text.starts_with(format_word) || first_end == std::string_view::npos) {
    return failed(tr("it does not begin like a record of a fix"));
  }
  const auto version =
      parse_number<std::uint32_t>(text.substr(format_word.size(), first_end - format_word.size()));
  if (version && *version > format) {
    return tl::unexpected(tr("a newer whyoom wrote it (format {}, this one reads {})",
                             std::to_string(*version), std::to_string(format)));
  }
  const std::size_t last = text.rfind("\ncrc32 ");
  if (!version || *version != format || last == std::string_view::npos || text.back() != '\n') {
    return failed(tr("it is cut or damaged"));
  }
  const std::string_view body = text.substr(0, last + 1);
  const std::string_view sum = text.substr(last + 7, text.size() - last - 8);
  if (parse_number<std::uint32_t>(sum) != crc_of(body)) {
    return failed(tr("it is damaged: its checksum does not fit"));
  }
  ReadRecord result;
  if (!Reader(body.substr(first_end + 1), values, result).read()) {
    return failed(tr("it has a line that no fix writes"));
  }
  return result;
}

}  // namespace whyoom::fix
