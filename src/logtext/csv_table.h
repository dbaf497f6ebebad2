// A table with a header row, as log stores export it (Kibana, Splunk, Grafana, the log explorers of
// Azure and Google, CloudWatch Insights): the header says which column is the message, the rows
// have the kernel's text without its time. Rows of RFC 4180; a quoted message may go over several
// lines.
//
// Whoever can write into a log could write a header. So only the first line of a log is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "logtext/structured_record.h"

namespace whyoom::logtext {

class CsvTable {
 public:
  enum class Took : std::uint8_t {
    no,    // it is no row, and what is held is none either; or there is no table
    held,  // the header, or a part of a row
    row    // fills `record`
  };

  // Each line of the log in its order; `number` is that of the first line of a row.
  Took line(std::string_view text, LineNumber& number, StructuredRecord& record);
  [[nodiscard]] bool open() const { return columns_.has_value(); }
  [[nodiscard]] bool holds() const { return !held_.empty(); }

  // The lines of a row that did not end, and the number of the first: they are lines after all.
  std::string take_held(LineNumber& number);

 private:
  struct Row {
    std::vector<std::string> cells = std::vector<std::string>(1);
    bool quoted = false;  // a quote is open at the end

    void add(std::string_view text, char separator);
  };

  struct Columns {
    char separator;
    std::size_t count;
    std::optional<std::size_t> message, time;  // there are these two
    std::optional<std::size_t> host, tag;
  };

  static std::optional<Columns> columns_of(std::string_view header);
  bool fill(StructuredRecord& record) const;

  std::optional<Columns> columns_;
  std::string held_;  // the lines of a row that goes on, as they stand
  Row row_;           // the same
  LineNumber number_ = 0;
};

}  // namespace whyoom::logtext
