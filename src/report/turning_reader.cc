#include "report/turning_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "logtext/literal_scan.h"
#include "report/line_order.h"
#include "report/symptoms.h"

namespace whyoom::report {
namespace {

constexpr std::size_t shows_order = std::size_t{64} << 10U;

// What is posted with logs of several is of one of them, and nobody knows of which.
bool are_of_one_host(const std::vector<Report>& reports) {
  return std::ranges::all_of(reports,
                             [&](const Report& each) { return each.host == reports.front().host; });
}

bool shows_host(std::string_view text) {
  while (!text.empty()) {
    if (is_posted_state(take_part(text, '\n'))) {
      return true;
    }
  }
  return false;
}

}  // namespace

TurningReader::TurningReader(const std::string& source, LogReader::Sink sink)
    : source_(source),
      sink_(std::move(sink)),
      reader_(
          source, [this](Report&& report) { on_report(std::move(report)); },
          LogReader::Copies::handed_on) {}

void TurningReader::keep_lines() {
  keeps_lines_ = true;
  reader_.keep_lines();
}

// Of the first part it waits: what is posted may stand behind it.
void TurningReader::on_report(Report&& report) {
  if (may_turn_) {
    pieces_.push_back(std::move(report));
  } else {
    tell(std::move(report));
  }
}

void TurningReader::tell(Report&& report) {
  report.beside = beside_;
  sink_(std::move(report));
}

// It goes forth, or it cannot be turned: what it says is what it says.
void TurningReader::hand_on() {
  may_turn_ = false;
  text_ = {};
  for (Report& report : pieces_) {
    tell(std::move(report));
  }
  pieces_.clear();
}

void TurningReader::feed(std::string_view chunk) {
  while (may_turn_ && !chunk.empty()) {
    const std::string_view some = chunk.substr(0, shows_order);
    chunk.remove_prefix(some.size());
    text_.append(some);
    reader_.feed(some);
    if (text_.size() > most_turned || (text_.size() >= shows_order && !reader_.newest_first())) {
      hand_on();
    }
  }
  reader_.feed(chunk);
}

std::size_t TurningReader::pass_over(std::string_view text) {
  return may_turn_ ? 0 : reader_.pass_over(text);
}

void TurningReader::idle() {
  reader_.idle();
  hand_on();
}

InputAccount TurningReader::turned() {
  const std::string text = report::turned(text_);
  const LineNumber lines = logtext::count_newlines(text);
  LogReader reader(
      source_,
      [this, lines](Report&& report) {
        report.turned_lines = lines;
        tell(std::move(report));
      },
      LogReader::Copies::handed_on);
  if (keeps_lines_) {
    reader.keep_lines();
  }
  reader.feed(text);
  InputAccount account = reader.finish();
  account.turned = true;
  account.symptoms.turn(lines);
  for (Damage& damage : account.damage) {
    damage.line = damage.line == 0 ? 0 : lines + 1 - damage.line;
  }
  return account;
}

InputAccount TurningReader::finish() {
  InputAccount account = reader_.finish();
  if (may_turn_ && !pieces_.empty() && are_of_one_host(pieces_) && shows_host(text_)) {
    beside_ = std::make_shared<const std::string>(text_);
  }
  if (may_turn_ && account.newest_first) {
    return turned();
  }
  hand_on();
  return account;
}

}  // namespace whyoom::report
