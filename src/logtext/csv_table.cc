#include "logtext/csv_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t most_columns = 64, longest_name = 64;
constexpr std::size_t most_held = 64U << 10U;
constexpr std::string_view separators = ",;\t";

// Names in lower case; of a path ("host.hostname", "jsonPayload.message") the whole or its end.
using Names = std::array<std::string_view, 6>;
constexpr std::array<std::string_view, 11> messages{
    "message", "@message", "syslogmessage", "textpayload", "_raw",          "line",
    "log",     "msg",      "text",          "content",     "event.original"};
constexpr Names hosts{"host", "hostname", "host.name", "computer", "_hostname", "instance_id"};
constexpr Names tags{"processname", "syslog_identifier", "process.name",
                     "appname",     "program",           "ident"};

std::string lower(std::string_view text) {
  std::string out(trim(text));
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

template <class List>
bool is_one_of(const List& names, std::string_view name) {
  return std::ranges::any_of(names, [name](std::string_view each) {
    return !each.empty() &&
           (name == each || (name.ends_with(each) && name[name.size() - each.size() - 1] == '.'));
  });
}

bool is_time(std::string_view name) {
  return name == "ts" || name.find("time") != npos || name.find("date") != npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && !is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || std::string_view("_.@ []/()-").find(c) != npos;
         });
}

}  // namespace

// RFC 4180: a quote begins a cell, and a doubled one in it is one.
void CsvTable::Row::add(std::string_view text, char separator) {
  for (std::size_t at = 0; at < text.size() && cells.size() <= most_columns; ++at) {
    const char c = text[at];
    if (c == '"' && quoted && text.substr(at + 1).starts_with('"')) {
      cells.back() += c;
      ++at;
    } else if (c == '"' && (quoted || cells.back().empty())) {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
}

bool CsvTable::take_header(std::string_view text) {
  for (const char separator : separators) {
    Row row;
    row.add(text, separator);
    const auto& cells = row.cells;
    if (row.quoted || cells.size() < 2 || cells.size() > most_columns ||
        !std::ranges::all_of(cells, [](const std::string& cell) { return is_name(trim(cell)); })) {
      continue;
    }
    std::optional<std::size_t> message;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string name = lower(cells[i]);
      const auto first_of = [i](std::optional<std::size_t>& column, bool fits) {
        column = !column && fits ? i : column;
      };
      first_of(message, is_one_of(messages, name));
      first_of(time_, is_time(name));
      first_of(host_, is_one_of(hosts, name));
      first_of(tag_, is_one_of(tags, name));
    }
    if (message && time_) {
      separator_ = separator;
      columns_ = cells.size();
      message_ = *message;
      return true;
    }
  }
  return false;
}

bool CsvTable::fill(const std::vector<std::string>& cells, StructuredRecord& record) const {
  if (cells.size() != columns_ || std::ranges::none_of(cells[*time_], is_digit)) {
    return false;
  }
  record.clear();
  record.set("message", cells[message_]);
  record.set("timestamp", cells[*time_]);
  const auto set = [&](std::string_view key, const std::optional<std::size_t>& column) {
    if (column && !cells[*column].empty()) {
      record.set(key, cells[*column]);
    }
  };
  set("host", host_);
  set("SYSLOG_IDENTIFIER", tag_);
  return true;
}

CsvTable::Took CsvTable::line(std::string_view text, LineNumber& number, StructuredRecord& record) {
  if (!std::exchange(begun_, true) && number == 1) {
    return take_header(text) ? Took::held : Took::no;
  }
  if (columns_ == 0) {
    return Took::no;
  }
  if (held_.empty()) {
    number_ = number;
    row_ = {};
  }
  held_ += text;
  row_.add(text, separator_);
  if (row_.quoted && held_.size() < most_held) {
    held_ += '\n';
    row_.add("\n", separator_);
    return Took::held;
  }
  if (!row_.quoted && fill(row_.cells, record)) {
    held_.clear();
    number = number_;
    return Took::row;
  }
  if (held_.size() == text.size()) {
    held_.clear();
  }
  return Took::no;
}

std::string CsvTable::take_held(LineNumber& number) {
  number = number_;
  return std::exchange(held_, {});
}

}  // namespace whyoom::logtext
