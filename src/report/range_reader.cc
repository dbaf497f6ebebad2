#include "report/range_reader.h"

#include <algorithm>
#include <utility>

namespace whyoom::report {
namespace {

// Before the part. Most reports are below 1 MiB.
constexpr std::uint64_t most_before = std::uint64_t{4} << 20U;
// Behind it, for the end of a report.
constexpr std::uint64_t most_behind = std::uint64_t{16} << 20U;

}  // namespace

RangeReader::RangeReader(const std::string& source, ByteRange range, LogReader::Sink sink)
    : range_(range),
      from_(range.begin - std::min(range.begin, most_before)),
      at_(from_),
      at_line_(from_ == 0),
      sink_(std::move(sink)),
      reader_(
          source, [this](Report&& report) { on_report(std::move(report)); },
          LogReader::Copies::handed_on) {
  passed_begin_ = range.begin == 0;
}

void RangeReader::on_report(Report&& report) {
  if (passed_end_ && report.first_line > within_) {
    return;
  }
  report.part = PartOfLog{from_, !passed_begin_ || report.first_line <= before_};
  sink_(std::move(report));
}

// A line is of the part in which its first byte is: the one that has the byte before the part is
// not. What was fed is cut off the chunk. False: the part does not begin, or end, in it.
bool RangeReader::feed_up_to(std::uint64_t offset, std::string_view& chunk) {
  const std::uint64_t last = offset == 0 ? 0 : offset - 1;
  const std::uint64_t skip = last > at_ ? last - at_ : 0;
  const std::size_t newline = skip < chunk.size() ? chunk.find('\n', static_cast<std::size_t>(skip))
                                                  : std::string_view::npos;
  const bool found = newline != std::string_view::npos;
  const std::string_view some = chunk.substr(0, found ? newline + 1 : chunk.size());
  reader_.feed(some);
  at_ += some.size();
  chunk.remove_prefix(some.size());
  return found;
}

bool RangeReader::feed(std::string_view chunk) {
  if (!at_line_) {
    const std::size_t newline = chunk.find('\n');
    const std::size_t lost = newline == std::string_view::npos ? chunk.size() : newline + 1;
    at_ += lost;
    chunk.remove_prefix(lost);
    at_line_ = newline != std::string_view::npos;
    if (at_line_ && at_ >= range_.begin) {
      passed_begin_ = true;  // the line that was cut is longer than what is read before the part
    }
    from_ = at_;
  }
  if (!passed_begin_ && feed_up_to(range_.begin, chunk)) {
    passed_begin_ = true;
    before_ = reader_.lines();
  }
  if (passed_begin_ && !passed_end_ && at_ + chunk.size() >= range_.end) {
    passed_end_ = at_ >= range_.end || feed_up_to(range_.end, chunk);
    within_ = reader_.lines();
  }
  if (!chunk.empty()) {
    reader_.feed(chunk);
    at_ += chunk.size();
  }
  const auto open = reader_.first_open();
  return !passed_end_ || (open && *open <= within_ && at_ - range_.end < most_behind);
}

InputAccount RangeReader::finish() {
  InputAccount account = reader_.finish();
  const std::uint64_t end = std::min(at_, range_.end);
  account.bytes = end - std::min(end, range_.begin);
  account.lines = (passed_end_ ? within_ : account.lines) - before_;
  return account;
}

}  // namespace whyoom::report
