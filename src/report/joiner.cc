#include "report/joiner.h"

#include <utility>

#include "base/text.h"
#include "report/open_event.h"
#include "report/task_lines.h"

namespace whyoom::report {
namespace {

constexpr unsigned kMaxPieces = 64;
constexpr std::size_t kMaxText = 16384;

// The pieces of these hold no blanks of their own where a wrap is likely, so that a tie goes to a
// cut inside a word.
bool has_no_blanks(Shape shape) {
  return shape == Shape::constraint || shape == Shape::memcg_stats || shape == Shape::task_in;
}

bool same_kind(Shape before, Shape after) {
  if (before != Shape::fragment) {
    return before == after;
  }
  return after == Shape::oom_header || after == Shape::failure_header || after == Shape::victim ||
         after == Shape::kill_intent;
}

}  // namespace

logtext::Line Joiner::Owned::view() const {
  logtext::Line line = meta;
  line.text = text;
  line.wall = wall;
  line.host = host;
  line.caller = caller;
  line.tag = tag;
  line.boot = boot;
  return line;
}

Joiner::Owned Joiner::own(const logtext::Line& line) {
  Owned owned;
  owned.text = line.text;
  owned.wall = line.wall;
  owned.host = line.host;
  owned.caller = line.caller;
  owned.tag = line.tag;
  owned.boot = line.boot;
  owned.meta = line;
  return owned;
}

void Joiner::emit(const logtext::Line& line, Shape shape) {
  if (shape == Shape::task_columns) {
    const auto columns = parse_task_columns(line.text);
    columns_ = columns ? columns->size() : 0;
  } else if (shape == Shape::oom_header) {
    columns_ = 0;
  }
  sink_(line, shape);
}

void Joiner::flush() {
  empty_frame_.reset();
  if (pending_) {
    const Owned owned = std::move(*pending_);
    pending_.reset();
    emit(owned.view(), owned.shape);
  }
}

void Joiner::accept(std::string text, Shape shape, Grade grade, const logtext::Line& next) {
  pending_->text = std::move(text);
  pending_->shape = shape;
  pending_->grade = grade;
  pending_->meta.lost_before += next.lost_before;
  ++pending_->pieces;
}

// "... 0 stre" and "ss": the name is whole by the grammar, but its row was wrapped already.
bool Joiner::join_name(std::string_view next) {
  if (pending_->shape != Shape::task_row || pending_->pieces < 2 ||
      next.find(' ') != std::string_view::npos) {
    return false;
  }
  const std::string& text = pending_->text;
  const std::size_t blank = text.find_last_of(' ');
  const std::size_t tail = text.size() - (blank == std::string::npos ? 0 : blank + 1);
  return tail > 0 && tail + next.size() <= kMaxComm && !is_digit(text.back());
}

bool Joiner::join(const logtext::Line& next, Shape next_shape) {
  // The console has the kernel's prefix before each line of one record.
  const bool same_record = next.monotonic_us && next.monotonic_us == pending_->meta.monotonic_us &&
                           next.caller == pending_->caller;
  if ((next.framed && !next.continued && !same_record) || stands_alone(next_shape) ||
      pending_->pieces >= kMaxPieces || pending_->text.size() + next.text.size() > kMaxText) {
    return false;
  }
  const std::string_view rest = trim(next.text);
  if (rest.empty()) {
    return false;
  }
  if (join_name(rest)) {
    accept(pending_->text + std::string(rest), pending_->shape, pending_->grade, next);
    return true;
  }
  if (pending_->grade.fullness == Fullness::whole) {
    return false;
  }
  std::string glued = pending_->text + std::string(rest);
  std::string spaced = pending_->text + " " + std::string(rest);
  const Shape glued_shape = shape_of(glued);
  const Shape spaced_shape = shape_of(spaced);
  const Grade glued_grade = grade(glued_shape, glued, columns_);
  const Grade spaced_grade = grade(spaced_shape, spaced, columns_);
  const int before = pending_->shape == Shape::fragment ? -1 : pending_->grade.score;
  const bool glued_ok = same_kind(pending_->shape, glued_shape) && glued_grade.score > before;
  const bool spaced_ok = same_kind(pending_->shape, spaced_shape) && spaced_grade.score > before;
  if (!glued_ok && !spaced_ok) {
    return false;
  }
  const bool tie = glued_grade.score == spaced_grade.score;
  const bool glue = glued_ok && (!spaced_ok || glued_grade.score > spaced_grade.score ||
                                 (tie && has_no_blanks(glued_shape)));
  if (glue) {
    accept(std::move(glued), glued_shape, glued_grade, next);
  } else {
    accept(std::move(spaced), spaced_shape, spaced_grade, next);
  }
  return true;
}

void Joiner::take(const logtext::Line& line) {
  const Shape shape = shape_of(line.text);
  if (pending_) {
    if (join(line, shape)) {
      return;
    }
    flush();
  }
  if (line.text.empty()) {
    return;
  }
  const Grade whole = grade(shape, line.text, columns_);
  if (whole.fullness == Fullness::whole) {
    emit(line, shape);
    return;
  }
  pending_ = own(line);
  pending_->text = trim_right(line.text);
  pending_->shape = shape;
  pending_->grade = whole;
}

void Joiner::line(const logtext::Line& line) {
  if (line.framed && !line.continued && trim(line.text).empty()) {
    flush();
    empty_frame_ = own(line);
    return;
  }
  if (empty_frame_) {
    const Owned frame = std::move(*empty_frame_);
    empty_frame_.reset();
    if (!line.framed && !trim(line.text).empty()) {
      logtext::Line with_frame = frame.view();
      with_frame.text = line.text;
      with_frame.number = line.number;
      with_frame.lost_before += line.lost_before;
      take(with_frame);
      return;
    }
  }
  take(line);
}

}  // namespace whyoom::report
