#include "report/joiner.h"

#include "base/text.h"
#include "report/constraint_lines.h"
#include "report/zone_lines.h"

namespace whyoom::report {
namespace {

constexpr unsigned most_pieces = 64;
constexpr std::size_t longest_text = 16384;

bool same_kind(const LineKind* before, const LineKind* after) {
  if (before != &fragment) {
    return before == after;
  }
  return after == &oom_header || after == &failure_header || after == &victim_line ||
         after == &kill_intent || after == &constraint_line || after == &zone_line;
}

}  // namespace

void Joiner::emit(const logtext::Line& line, KernelLine& read) {
  if (read.kind == &task_columns) {
    const auto* columns = std::get_if<TaskColumns>(&read.part);
    columns_ = columns != nullptr ? columns->size() : 0;
  } else if (read.kind == &oom_header || read.kind == &nameless_oom) {
    columns_ = 0;
  }
  read.line = &line;
  sink_(read);
}

void Joiner::flush() {
  empty_frame_.valid = false;
  if (std::exchange(pending_.valid, false)) {
    emit(pending_.line, read_);
  }
}

void Joiner::go_on(const std::string& text, const logtext::Line& next) {
  pending_.set_text(text);
  pending_.line.lost_before += next.lost_before;
  ++pieces_;
}

// "... 0 stre" and "ss": the name is whole by the grammar, but its row was wrapped already.
bool Joiner::goes_on_in_name(std::string_view next) const {
  if (read_.kind != &task_row || pieces_ < 2 || next.find(' ') != std::string_view::npos) {
    return false;
  }
  const std::string_view text = pending_.line.text;
  const std::size_t blank = text.find_last_of(' ');
  const std::size_t tail = text.size() - (blank == std::string_view::npos ? 0 : blank + 1);
  return tail > 0 && tail + next.size() <= longest_comm && !is_digit(text.back());
}

bool Joiner::join(const logtext::Line& next, const LineKind& next_kind) {
  const logtext::Line& first = pending_.line;
  // The console has the kernel's prefix before each line of one record.
  const bool same_record =
      next.monotonic_us && next.monotonic_us == first.monotonic_us && next.caller == first.caller;
  if ((next.framed && !next.continued && !same_record) || next_kind.stands_alone ||
      pieces_ >= most_pieces || first.text.size() + next.text.size() > longest_text) {
    return false;
  }
  const std::string_view rest = trim(next.text);
  if (rest.empty()) {
    return false;
  }
  // A mail as it travels puts "=" where it breaks a line; these have none of their own there.
  const bool soft =
      first.text.ends_with('=') && (read_.kind == &victim_line || read_.kind == &zone_line ||
                                    read_.kind == &node_line || first.text.ends_with(":="));
  const std::string_view start = first.text.substr(0, first.text.size() - (soft ? 1 : 0));
  const std::string glued = std::string(start) + std::string(rest);
  if (goes_on_in_name(rest)) {
    go_on(glued, next);
    return true;
  }
  if (read_.fullness == Fullness::whole) {
    return false;
  }
  const std::string spaced = std::string(first.text) + " " + std::string(rest);
  KernelLine as_glued = read_line(glued, first.number, columns_);
  KernelLine as_spaced = read_line(spaced, first.number, columns_);
  const int before = read_.kind == &fragment ? -1 : read_.score;
  const bool glued_ok = same_kind(read_.kind, as_glued.kind) && as_glued.score > before;
  const bool spaced_ok = same_kind(read_.kind, as_spaced.kind) && as_spaced.score > before;
  if (!glued_ok && !spaced_ok) {
    return false;
  }
  // A tie goes to a cut inside of a word where the line has no blanks of its own.
  const bool tie = as_glued.score == as_spaced.score;
  const bool glue = glued_ok && (!spaced_ok || as_glued.score > as_spaced.score ||
                                 (tie && as_glued.kind->has_no_blanks));
  read_ = std::move(glue ? as_glued : as_spaced);
  go_on(glue ? glued : spaced, next);
  return true;
}

// Lines of a post that lost its newlines, each of them read by itself. What stands before is
// somebody's prose, or the kernel's; only behind the kernel's own words more of it can follow.
bool Joiner::take_apart(const logtext::Line& line, const KernelLine& read) {
  const auto is_known = [](std::string_view text) {
    const LineKind* kind = read_line(text).kind;
    return kind != &unknown_line && kind != &fragment;
  };
  const std::string_view before = trim(line.text.substr(0, read.begins));
  const std::string_view own = line.text.substr(read.begins, read.ends - read.begins);
  const std::string_view behind =
      trim(read.ends == std::string_view::npos ? std::string_view() : line.text.substr(read.ends));
  const bool is_excerpt = before.empty() || before == "...";
  const bool known_before = !is_excerpt && is_known(before);
  const bool known_behind = (is_excerpt || known_before) && !behind.empty() && is_known(behind);
  if (read.begins == 0 && !known_behind) {
    return false;
  }
  logtext::Line part = line;
  for (const auto& [text, there] :
       {std::pair(before, known_before), std::pair(own, true), std::pair(behind, known_behind)}) {
    if (there) {
      part.text = text;
      take(part);
      part.lost_before = 0;
    }
  }
  return true;
}

void Joiner::take(const logtext::Line& line) {
  // A post's. Each part is taken with all that is behind it, so that a line without a limit would
  // be read once for each of its parts, each deeper on the stack.
  constexpr std::size_t longest_glued = 8192;
  KernelLine read = read_line(line.text, line.number, columns_, is_exact(line));
  if ((read.begins != 0 || read.ends != std::string_view::npos) &&
      line.text.size() <= longest_glued && take_apart(line, read)) {
    return;
  }
  if (pending_.valid) {
    if (join(line, *read.kind)) {
      return;
    }
    const std::size_t columns = columns_;
    flush();
    if (columns != columns_ && read.kind == &task_row) {
      read = read_line(line.text, line.number, columns_, is_exact(line));
    }
  }
  if (line.text.empty()) {
    return;
  }
  if (read.fullness == Fullness::whole) {
    emit(line, read);
    return;
  }
  pending_.keep(line);
  pending_.set_text(trim_right(line.text));
  read_ = std::move(read);
  pieces_ = 1;
}

void Joiner::line(const logtext::Line& line) {
  if (line.framed && !line.continued && trim(line.text).empty()) {
    flush();
    empty_frame_.keep(line);
    return;
  }
  if (std::exchange(empty_frame_.valid, false) && !line.framed && !trim(line.text).empty()) {
    logtext::Line with_frame = empty_frame_.line;
    with_frame.text = line.text;
    with_frame.number = line.number;
    with_frame.lost_before += line.lost_before;
    take(with_frame);
    return;
  }
  take(line);
}

}  // namespace whyoom::report
