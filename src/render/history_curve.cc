#include "render/history_curve.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/html.h"
#include "render/recorded.h"

namespace whyoom::render {
namespace {

using record::History;
using record::HistoryEvent;
using record::HistoryPoint;
using record::Kind;

constexpr std::size_t chart_rows = 8;

// From the first sample to the last; a clock can have been set in between.
std::pair<std::int64_t, std::int64_t> range_of(const History& history) {
  const auto [first, last] = std::ranges::minmax(history.points, {}, &HistoryPoint::real_ms);
  return {first.real_ms, std::max(first.real_ms + 1, last.real_ms)};
}

// Where samples are further apart than columns, each holds until the next of its boot, unless there
// was none for so long that nobody knows.
void hold_between(std::vector<Slice>& parts, const History& history) {
  constexpr std::int64_t most_ms = 30'000;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::int64_t at = parts[i].from_ms;
    const auto next = std::ranges::upper_bound(history.points, at, {}, &HistoryPoint::real_ms);
    if (parts[i].any || !parts[i - 1].any || next == history.points.begin() ||
        next == history.points.end()) {
      continue;
    }
    const HistoryPoint& last = *std::prev(next);
    if (last.boot == next->boot && next->real_ms - last.real_ms <= most_ms) {
      parts[i] = parts[i - 1];
      parts[i].from_ms = at;
    }
  }
}

// 'K', '!', 's'; what people look for in a curve.
char mark_of(Kind kind) {
  const bool killed = kind == Kind::kmsg || kind == Kind::kill;
  return killed ? 'K' : kind == Kind::warning ? '!' : 's';
}

// What happened in each column, the most important of it.
std::string marks(const History& history, std::size_t count) {
  std::string line(count, ' ');
  const auto range = range_of(history);
  const std::int64_t from = range.first, to = range.second;  // clang 14 captures no bindings
  const auto put = [&](std::int64_t at_ms, char mark) {
    if (at_ms < from || at_ms > to) {
      return;
    }
    const double share =
        std::clamp(static_cast<double>(at_ms - from) / static_cast<double>(to - from), 0.0, 1.0);
    char& there = line[static_cast<std::size_t>(share * static_cast<double>(count - 1))];
    constexpr std::string_view order = " s!|K";
    there = order.find(mark) > order.find(there) ? mark : there;
  };
  for (const HistoryEvent& event : history.events) {
    put(event.real_ms, mark_of(event.kind));
  }
  for (std::size_t i = 1; i < history.boots.size(); ++i) {
    put(history.boots[i].first_ms, '|');
  }
  return line;
}

// What the axis goes up to.
Bytes top_of(const History& history) {
  Bytes top(1);
  for (const record::HistoryBoot& boot : history.boots) {
    top = std::max(top, boot.ram);
  }
  return top;
}

Bytes top_of(const record::CgroupCurve& curve) {
  return std::max({curve.peak, curve.limit.value_or(Bytes(0)), Bytes(1)});
}

std::string name_of(const record::CgroupCurve& curve) {
  const std::string path = printable(curve.path) + owner_text(curve.path);
  return curve.limit ? tr("cgroup {}, up to {} of {}", path, human(curve.peak), human(*curve.limit))
                     : tr("cgroup {}, up to {}", path, human(curve.peak));
}

// A line for each: the more memory it had, the darker the sign.
void write_cgroup_curves(Document& out, const History& history, std::size_t columns) {
  constexpr std::string_view signs = ".:-=+*#@";
  for (std::size_t i = 0; i < std::min(history.cgroups.size(), most_cgroup_curves); ++i) {
    const record::CgroupCurve& curve = history.cgroups[i];
    std::string line(columns, ' ');
    const auto parts = slices(history, curve, columns);
    for (std::size_t k = 0; k < columns; ++k) {
      if (parts[k]) {
        const double full = share(parts[k]->memory, top_of(curve));
        line[k] = signs[std::min(
            signs.size() - 1, static_cast<std::size_t>(full * static_cast<double>(signs.size())))];
      }
    }
    out.code("cgroup" + std::to_string(i + 1) + "    |" + line, Paint::plain, 0);
  }
  for (std::size_t i = 0; i < std::min(history.cgroups.size(), most_cgroup_curves); ++i) {
    out.text(std::to_string(i + 1) + ": " + name_of(history.cgroups[i]), Paint::dim, 2, 2);
  }
  if (!history.cgroups.empty()) {
    out.text(tr("a cgroup's row, from empty to its limit or its peak: {}", std::string(signs)),
             Paint::dim, 2, 2);
  }
}

}  // namespace

std::vector<Slice> slices(const History& history, std::size_t count) {
  std::vector<Slice> result(count);
  const auto [from, to] = range_of(history);
  for (std::size_t i = 0; i < count; ++i) {
    result[i].from_ms =
        from + (to - from) * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(count);
  }
  for (const HistoryPoint& point : history.points) {
    const double share = static_cast<double>(point.real_ms - from) / static_cast<double>(to - from);
    const auto at =
        static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(count - 1));
    Slice& slice = result[at];
    if (!slice.any || point.available < slice.available) {
      slice.free = point.free;
      slice.available = point.available;
      slice.left = point.left;
    }
    slice.reach = std::max(slice.reach, point.reach);
    slice.some_avg10 = std::max(slice.some_avg10, point.some_avg10);
    slice.tasks = std::max(slice.tasks, point.tasks);
    slice.any = true;
  }
  return result;
}

std::vector<std::optional<record::CgroupCurve::Point>> slices(const History& history,
                                                              const record::CgroupCurve& curve,
                                                              std::size_t count) {
  std::vector<std::optional<record::CgroupCurve::Point>> result(count);
  if (history.points.empty() || count == 0) {
    return result;
  }
  const auto [from, to] = range_of(history);
  const auto place = [&, from = from, to = to](std::int64_t at_ms) {
    const double share = static_cast<double>(at_ms - from) / static_cast<double>(to - from);
    return static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(count - 1));
  };
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    const auto& point = curve.points[i];
    const bool near = i + 1 < curve.points.size() && curve.points[i + 1].real_ms > point.real_ms &&
                      curve.points[i + 1].real_ms - point.real_ms <= curve.hold_ms;
    const std::size_t last = near ? place(curve.points[i + 1].real_ms) : place(point.real_ms);
    for (std::size_t k = place(point.real_ms); k <= last; ++k) {
      if (!result[k] || result[k]->memory < point.memory) {
        result[k] = point;
      }
    }
  }
  return result;
}

void write_chart(Document& out, const History& history, std::size_t width) {
  const Bytes top = top_of(history);
  constexpr std::size_t label = 11, margin = 2;
  const std::size_t columns = std::max<std::size_t>(width, 60) - label - margin - 1;
  auto parts = slices(history, columns);
  hold_between(parts, history);
  for (std::size_t row = chart_rows; row > 0; --row) {
    const Bytes bottom = top * (row - 1) / chart_rows;
    const Bytes middle = bottom + top / (2 * chart_rows);
    std::string line(row == chart_rows ? human(top) : "");
    line.insert(0, label - std::min(label, line.size() + 1), ' ');
    line.resize(label - 1, ' ');
    line += " |";
    for (const Slice& slice : parts) {
      line += !slice.any                  ? ' '
              : slice.available <= middle ? (slice.reach > bottom ? '-' : ' ')
              : slice.free > middle       ? '#'
                                          : '+';
    }
    out.code(line, Paint::plain, 0);
  }
  out.code(std::string(label - 2, ' ') + "0 +" + std::string(columns, '-'), Paint::plain, 0);
  if (const std::string events = marks(history, columns);
      events.find_first_not_of(' ') != std::string::npos) {
    out.code(std::string(label + 1, ' ') + events, Paint::plain, 0);
  }
  std::string times = record::utc_text(history.points.front().real_ms);
  const std::string last = record::utc_text(history.points.back().real_ms);
  times.append(std::max<std::size_t>(2, columns - std::min(columns, times.size() + last.size())),
               ' ');
  out.code(std::string(label + 1, ' ') + times + last, Paint::dim, 0);
  write_cgroup_curves(out, history, columns);
  out.text(tr("# free, + more that can be made free, - what no ordinary request gets; blank: used, "
              "or no sample. K killed, ! warning, s other event, | restart"),
           Paint::dim);
}

namespace {

// A drawing's own units.
constexpr std::size_t svg_columns = 600;
constexpr std::size_t svg_height = 240, svg_cgroup_height = 60;

std::string height_of(Bytes size, Bytes top, std::size_t height) {
  const double y = (1 - std::min(share(size, top), 1.0)) * static_cast<double>(height);
  return std::to_string(std::lround(y));
}

std::string rectangle(std::string_view class_name, std::size_t x, std::string_view y,
                      std::size_t width, std::size_t bottom) {
  const auto top = static_cast<std::size_t>(parse_number<std::uint32_t>(y).value_or(0));
  return "<rect class=\"" + std::string(class_name) + "\" x=\"" + std::to_string(x) + "\" y=\"" +
         std::to_string(top) + "\" width=\"" + std::to_string(width) + "\" height=\"" +
         std::to_string(bottom - std::min(top, bottom)) + "\"/>";
}

// One for each run of columns with the same height: a quiet machine is a few of them.
template <class Parts, class Size>
std::string columns_svg(const Parts& parts, std::string_view class_name, Bytes top,
                        std::size_t height, const Size& size_of) {
  std::string out;
  for (std::size_t i = 0; i < parts.size();) {
    const std::optional<Bytes> size = size_of(parts[i]);
    const std::string y = size ? height_of(*size, top, height) : std::string();
    std::size_t end = i + 1;
    while (end < parts.size()) {
      const std::optional<Bytes> next = size_of(parts[end]);
      if (next.has_value() != size.has_value() || (next && height_of(*next, top, height) != y)) {
        break;
      }
      ++end;
    }
    out += size ? rectangle(class_name, i, y, end - i, height) : std::string();
    i = end;
  }
  return out;
}

std::string marks_svg(const History& history, std::size_t height) {
  std::string out;
  const std::string line = marks(history, svg_columns);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char mark = line[i];
    if (mark != ' ' && mark != 's') {
      out += rectangle(mark == 'K'   ? "killed"
                       : mark == '!' ? "warned"
                                     : "restart",
                       i, "0", 1, height);
    }
  }
  return out;
}

std::string svg_of(std::string_view label, std::size_t height, const std::string& inside) {
  const std::string words = html_text(label);
  return R"(<svg class="curve" role="img" viewBox="0 0 )" + std::to_string(svg_columns) + " " +
         std::to_string(height) + R"(" preserveAspectRatio="none" aria-label=")" + words +
         "\"><title>" + words + "</title>" + rectangle("rail", 0, "0", svg_columns, height) +
         inside + "</svg>\n";
}

}  // namespace

std::string chart_svg(const History& history) {
  if (history.points.empty()) {
    return {};
  }
  const Bytes top = top_of(history);
  auto parts = slices(history, svg_columns);
  hold_between(parts, history);
  const auto line = [&](std::string_view class_name, Bytes Slice::*size) {
    return columns_svg(parts, class_name, top, svg_height, [size](const Slice& slice) {
      return slice.any ? std::optional(slice.*size) : std::nullopt;
    });
  };
  const auto range = range_of(history);
  const std::string from = record::utc_text(range.first);
  const std::string to = record::utc_text(range.second);
  const std::string span = tr("{} to {}", from, to);
  std::string out = "<h3>" + html_text(tr("Memory, up to {}", human(top))) + "</h3>\n";
  out += svg_of(tr("Memory from {} to {}", from, to), svg_height,
                line("available", &Slice::available) + line("fill", &Slice::free) +
                    line("reach", &Slice::reach) + marks_svg(history, svg_height));
  out += "<p class=\"dim\">" + span + "</p>\n<p class=\"dim\">" + memory_keys() +
         key_html("line", tr("killed")) + key_html("line warned", tr("warning")) +
         key_html("line restart", tr("restart")) + "</p>\n";
  for (std::size_t i = 0; i < std::min(history.cgroups.size(), most_cgroup_curves); ++i) {
    const record::CgroupCurve& curve = history.cgroups[i];
    const auto own = slices(history, curve, svg_columns);
    out += "<h3>" + html_text(name_of(curve)) + "</h3>\n" +
           svg_of(name_of(curve), svg_cgroup_height,
                  columns_svg(own, "fill", top_of(curve), svg_cgroup_height,
                              [](const std::optional<record::CgroupCurve::Point>& slice) {
                                return slice ? std::optional(slice->memory) : std::nullopt;
                              }));
  }
  return out;
}

}  // namespace whyoom::render
