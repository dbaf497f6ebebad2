#include "logtext/journal_entry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t max_held = 256U << 10U;
constexpr std::uint64_t max_skipped = 64U << 20U;  // journald takes 32 MiB of a user
constexpr std::size_t length_size = 8;

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && !is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
}

// Field names that only a journal has; one of them begins an entry.
bool is_journal_field(std::string_view name) {
  constexpr std::array<std::string_view, 8> names{
      "MESSAGE",    "PRIORITY",  "SYSLOG_IDENTIFIER", "SYSLOG_FACILITY",
      "_TRANSPORT", "_HOSTNAME", "_BOOT_ID",          "_MACHINE_ID"};
  return name.starts_with("__CURSOR") || name.starts_with("__REALTIME") ||
         name.starts_with("__MONOTONIC") || name.starts_with("_SOURCE_") ||
         std::find(names.begin(), names.end(), name) != names.end();
}

// A length in 8 bytes, the lowest first, that a message can have.
bool begins_with_length(std::string_view raw) {
  constexpr std::string_view zeros("\0\0\0\0\0", 5);
  return raw.size() > length_size && raw.substr(3, zeros.size()) == zeros && raw[0] != '\0';
}

// `"KEY" : value` of json-pretty.
bool is_pretty_member(std::string_view text) {
  if (!text.starts_with('"')) {
    return false;
  }
  const std::size_t end = text.find('"', 1);
  if (end > 64 || text.substr(1, end - 1).find(' ') != npos) {
    return false;
  }
  return trim_left(text.substr(end + 1)).starts_with(':');
}

// A line inside of an object or of an array of byte numbers.
bool is_pretty_line(std::string_view text) {
  if (text.empty() || is_pretty_member(text)) {
    return true;
  }
  if (text.find_first_not_of("0123456789-, \t[]{}") == npos) {
    return true;
  }
  return text.front() == '"' && (text.ends_with('"') || text.ends_with("\","));
}

}  // namespace

void JournalEntry::open_as(Kind kind, LineNumber number) {
  kind_ = kind;
  number_ = number;
  record_.clear();
  text_.clear();
  field_.clear();
  value_.clear();
  binary_ = message_open_ = cut_ = verbose_ = begun_ = false;
  skip_ = 0;
  inside_ = 0;
}

JournalEntry::Took JournalEntry::line(std::string_view raw, std::string_view clean,
                                      LineNumber number) {
  if (skip_ != 0) {
    binary_ = skip(raw);
    return Took::held;
  }
  if (binary_) {
    return binary(raw) ? Took::held : Took::no;
  }
  if (kind_ == Kind::pretty) {
    return pretty_line(clean, number);
  }
  // The name alone proves nothing; with a length behind it, it is a field whose entry began in
  // lines that were left out.
  const bool named = std::exchange(after_name_, kind_ == Kind::none && clean == "MESSAGE");
  if (named && kind_ == Kind::none && begins_with_length(raw)) {
    open_as(Kind::fields, number);
    field_ = "MESSAGE";
    binary_ = true;
    return binary(raw) ? Took::held : Took::no;
  }
  const Took took = fields_line(raw, clean, number);
  return took == Took::no && kind_ == Kind::none ? pretty_line(clean, number) : took;
}

bool JournalEntry::hold(std::string_view text) {
  if (value_.size() + text.size() > max_held) {
    cut_ = true;
    return false;
  }
  value_ += text;
  return true;
}

// True while more of it is to come.
bool JournalEntry::skip(std::string_view raw) {
  skip_ -= std::min<std::uint64_t>(skip_, raw.size() + 1);
  return skip_ != 0;
}

// The length in 8 bytes, the bytes, a newline; cut at each newline inside. False: it is none.
bool JournalEntry::binary(std::string_view raw) {
  value_ += raw;
  if (value_.size() < length_size) {
    value_ += '\n';
    return true;
  }
  std::uint64_t length = 0;
  for (std::size_t i = length_size; i-- > 0;) {
    length = (length << 8U) | static_cast<unsigned char>(value_[i]);
  }
  if (length > max_held) {
    // What is in it may look like any line: it is passed over, not read.
    const bool believed = begun_ && length <= max_skipped;
    skip_ = believed ? length - std::min<std::uint64_t>(length, value_.size() - length_size) : 0;
    value_.clear();
    cut_ = true;
    binary_ = skip_ != 0;
    return believed;
  }
  if (value_.size() - length_size < length) {
    value_ += '\n';
    return true;
  }
  record_.set(field_,
              std::string_view(value_).substr(length_size, static_cast<std::size_t>(length)));
  value_.clear();
  binary_ = false;
  return true;
}

JournalEntry::Took JournalEntry::fields_line(std::string_view raw, std::string_view clean,
                                             LineNumber number) {
  const std::string_view text = trim_left(clean);
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const bool named = is_field_name(name);
  // Four blanks are journalctl -o verbose; one blank is the dictionary of a /dev/kmsg record.
  const std::size_t indent = clean.size() - text.size();
  const bool indent_fits = indent == 0 || indent == 4;
  if (kind_ == Kind::none) {
    if (!named || equals == npos || !indent_fits || !is_journal_field(name)) {
      return Took::no;
    }
    open_as(Kind::fields, number);
    begun_ = true;
    verbose_ = indent != 0;
  }
  if (text.empty() && !verbose_) {
    return Took::finished;
  }
  if (verbose_ && (text.empty() || indent > 4)) {  // a further line of a field
    if (message_open_ && hold("\n")) {
      hold(clean.substr(std::min<std::size_t>(indent, 12)));
    }
    return Took::held;
  }
  if (message_open_) {
    record_.set("MESSAGE", value_);
    message_open_ = false;
  }
  if (!named || !indent_fits) {
    return Took::no;
  }
  if (equals == npos) {  // the name alone: a binary field follows
    field_.assign(name);
    value_.clear();
    binary_ = raw == name;
    return binary_ ? Took::held : Took::no;
  }
  const std::string_view value = text.substr(equals + 1);
  if (name == "MESSAGE") {
    number_ = number;
  }
  if (name == "MESSAGE" && indent != 0) {
    value_.assign(value.substr(0, max_held));
    message_open_ = true;
  } else {
    record_.set(name, value);
  }
  return Took::held;
}

JournalEntry::Took JournalEntry::pretty_line(std::string_view clean, LineNumber number) {
  const std::string_view text = trim(clean);
  if (kind_ == Kind::none) {
    const bool opens = text == "{" || text == "[{" || text == "},{" || text == "}, {";
    if (!opens && !is_pretty_member(text)) {
      return Took::no;
    }
    open_as(Kind::pretty, number);
    first_line_ = number + (opens ? 1 : 0);
    cut_ = !opens;  // its beginning may say who wrote it
    text_ = "{";
    if (opens) {
      return Took::held;
    }
  }
  const bool closes = text == "}" || text == "},";
  if (closes && inside_ > 0) {
    --inside_;
  } else if (closes || text == "}]" || text == "},{" || text == "}, {") {
    return Took::finished;
  } else if (text.ends_with('{') && is_pretty_member(text)) {
    ++inside_;
  }
  // An object without a key is the next of a list: each of them is a record.
  if (text == "{" || !is_pretty_line(text) || text_.size() + text.size() > max_held) {
    cut_ = true;
    return Took::no;
  }
  if (text.starts_with("\"MESSAGE\"") || text.starts_with("\"message\"")) {
    number_ = number;
  }
  text_ += text;
  text_ += '\n';
  return Took::held;
}

LineNumber JournalEntry::take_lines(std::string& text) {
  text = std::exchange(text_, {});
  if (text.starts_with('{')) {
    text.erase(0, 1);
  }
  if (text.ends_with('}')) {
    text.pop_back();
  }
  return first_line_;
}

bool JournalEntry::take(StructuredRecord& record, LineNumber& number, bool& broken) {
  number = number_;
  broken = cut_ || binary_;
  seen_whole_ = seen_whole_ || (begun_ && record_.names_transport());
  if (kind_ == Kind::pretty) {
    text_ += '}';
    std::string_view whole = text_;
    broken = take_json_record(whole, record_).broken || broken;
  } else {
    if (message_open_) {
      record_.set("MESSAGE", value_);
    }
    if (binary_ && value_.size() > length_size) {
      record_.set(field_, std::string_view(value_).substr(length_size));
    }
  }
  kind_ = Kind::none;
  binary_ = message_open_ = false;
  std::swap(record, record_);
  return record.has_message() || record.message_is_null();
}

}  // namespace whyoom::logtext
