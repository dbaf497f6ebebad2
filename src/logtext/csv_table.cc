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

// Names in lower case; of a path ("host.hostname") the whole or its end.
using Names = std::array<std::string_view, 6>;
constexpr Names hosts{"host", "hostname", "host.name", "computer", "_hostname", "instance_id"};
constexpr Names tags{"processname", "syslog_identifier", "process.name",
                     "appname",     "program",           "ident"};

bool is_one_of(const Names& names, std::string_view name) {
  return std::ranges::any_of(names, [name](std::string_view each) {
    return name.ends_with(each) &&
           (name.size() == each.size() || name[name.size() - each.size() - 1] == '.');
  });
}

bool is_time(std::string_view name) {
  return name == "ts" || name.find("time") != npos || name.find("date") != npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && !is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return is_alnum(c) || std::string_view("_.@ []/()-").find(c) != npos;
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

std::optional<CsvTable::Columns> CsvTable::columns_of(std::string_view header) {
  for (const char separator : separators) {
    Row row;
    row.add(header, separator);
    if (row.quoted || row.cells.size() < 2 || row.cells.size() > most_columns ||
        !std::ranges::all_of(row.cells,
                             [](std::string_view cell) { return is_name(trim(cell)); })) {
      continue;
    }
    Columns columns{separator, row.cells.size(), {}, {}, {}, {}};
    int best = 0;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      std::string name(trim(row.cells[i]));
      std::ranges::transform(name, name.begin(), to_lower);
      if (const int rank = StructuredRecord::message_rank_of_column(name);
          rank != 0 && (best == 0 || rank < best)) {
        best = rank;
        columns.message = i;
      }
      const auto take = [i](std::optional<std::size_t>& column, bool fits) {
        column = !column && fits ? i : column;
      };
      take(columns.time, is_time(name));
      take(columns.host, is_one_of(hosts, name));
      take(columns.tag, is_one_of(tags, name));
    }
    if (columns.message && columns.time) {
      return columns;
    }
  }
  return std::nullopt;
}

bool CsvTable::fill(StructuredRecord& record) const {
  const auto& cells = row_.cells;
  if (cells.size() != columns_->count || std::ranges::none_of(cells[*columns_->time], is_digit)) {
    return false;
  }
  record.clear();
  const auto set = [&](std::string_view key, const std::optional<std::size_t>& column) {
    if (column && !cells[*column].empty()) {
      record.set(key, cells[*column]);
    }
  };
  record.set("message", cells[*columns_->message]);
  set("timestamp", columns_->time);
  set("host", columns_->host);
  set("SYSLOG_IDENTIFIER", columns_->tag);
  return true;
}

CsvTable::Took CsvTable::line(std::string_view text, LineNumber& number, StructuredRecord& record) {
  if (number == 1) {
    columns_ = columns_of(text);
    return columns_ ? Took::held : Took::no;
  }
  if (!columns_) {
    return Took::no;
  }
  if (held_.empty()) {
    number_ = number;
    row_ = {};
  }
  held_ += text;
  row_.add(text, columns_->separator);
  if (row_.quoted && held_.size() < most_held) {
    held_ += '\n';
    row_.add("\n", columns_->separator);
    return Took::held;
  }
  if (!row_.quoted && fill(record)) {
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
