#include "render/history.h"

#include <algorithm>
#include <iterator>

#include "base/human.h"
#include "base/text.h"
#include "record/wire.h"
#include "render/json_writer.h"
#include "render/phrase.h"
#include "render/recorded.h"
#include "render/render.h"

namespace whyoom::render {
namespace {

using record::History;
using record::HistoryEvent;
using record::HistoryPoint;
using record::Kind;

constexpr std::size_t chart_rows = 8;
constexpr std::size_t most_events = 20;

// A piece of the time: the least memory in it.
struct Slice {
  bool any = false;
  Bytes free, available, left, reach;
  std::uint64_t some_avg10 = 0, tasks = 0;
  std::int64_t from_ms = 0;
};

// From the first sample to the last; a clock can have been set in between.
std::pair<std::int64_t, std::int64_t> range_of(const History& history) {
  const auto [first, last] = std::ranges::minmax(history.points, {}, &HistoryPoint::real_ms);
  return {first.real_ms, std::max(first.real_ms + 1, last.real_ms)};
}

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
    const bool killed = event.kind == Kind::kmsg || event.kind == Kind::kill;
    put(event.real_ms, killed ? 'K' : event.kind == Kind::warning ? '!' : 's');
  }
  for (std::size_t i = 1; i < history.boots.size(); ++i) {
    put(history.boots[i].first_ms, '|');
  }
  return line;
}

void write_chart(Document& out, const History& history, std::size_t width) {
  Bytes top(1);
  for (const record::HistoryBoot& boot : history.boots) {
    top = std::max(top, boot.ram);
  }
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
  out.text(
      "# free, + more that can be made free, - what no ordinary request gets; blank: used, or "
      "no sample. K killed, ! warning, s other event, | restart",
      Paint::dim);
}

std::string event_text(const diagnose::Event& event) {
  const std::string time = time_text(event.report.time);
  std::string line = (time.empty() ? source_range(event.report) : time) + "  " + headline(event);
  line += is_undetermined(event) ? "; cause undetermined" : "; " + printable(event.root_cause);
  return line;
}

void write_last(Document& out, const record::HistoryBoot& boot) {
  using record::Field;
  const record::MachineFields& machine = boot.last.machine;
  std::string line = "memory: " + human(to_bytes(KiB(machine.of(Field::mem_available)))) + " of " +
                     human(boot.ram) + " available";
  if (const auto left = record::headroom_of(boot.last, boot.page)) {
    line += ", " + human(left->left) + " left before requests fail";
  }
  line += "; tasks: " + grouped(machine.of(Field::tasks)) +
          "; stalled: " + percent(static_cast<double>(machine.of(Field::psi_some_avg10)) / 10'000);
  out.text(line, Paint::plain, 2, 2);
}

// "900 MiB of 1 GiB"; the whole only where there is a limit.
std::string of_limit(const std::string& part, const std::string& limit) {
  return part + (limit.empty() ? "" : " of " + limit);
}

void write_cgroups(Document& out, const record::HistoryBoot& boot) {
  constexpr std::size_t most = 3;
  for (std::size_t i = 0; i < std::min(boot.cgroups.size(), most); ++i) {
    const record::FullGroup& group = boot.cgroups[i];
    std::string text = "cgroup " + printable(group.path) + owner_text(group.path) + ":";
    if (group.memory) {
      text +=
          " " + of_limit(human(*group.memory), group.memory_max ? human(*group.memory_max) : "");
    }
    if (group.pids) {
      text += std::string(group.memory ? ", " : " ") +
              of_limit(std::to_string(*group.pids),
                       group.pids_max ? std::to_string(*group.pids_max) : "") +
              " tasks";
    }
    out.text(text, Paint::plain, 2, 2);
  }
}

void write_boots(Document& out, const HistoryView& view) {
  const History& history = view.history;
  for (std::size_t i = 0; i < history.boots.size(); ++i) {
    const record::HistoryBoot& boot = history.boots[i];
    if (boot.samples == 0) {
      continue;
    }
    const bool running = boot.id == view.running_boot && i + 1 == history.boots.size();
    out.section("Boot " + printable(boot.id.substr(0, 8)) + ", kernel " + printable(boot.release));
    const bool doubtful = !running && !boot.ended_in_order;
    out.text(record::utc_text(boot.first_ms) + " to " + record::utc_text(boot.last_ms) + ", " +
                 plural(boot.samples, "sample", "samples") + ", " +
                 plural(boot.messages, "message", "messages") + " of the kernel; " +
                 end_text(boot, running),
             doubtful ? Paint::yellow : Paint::plain, 2, 2);
    write_last(out, boot);
    write_cgroups(out, boot);
    write_growth(out, boot.growth);
  }
}

void write_damage(Document& out, const History& history) {
  const record::SegmentAccount& account = history.account;
  if (account.damages > 0 || account.lost_samples > 0) {
    out.labelled("damaged:", Paint::yellow,
                 plural(account.damages, "place", "places") + " of the ring (" +
                     human(Bytes(account.damaged_bytes)) + "); " +
                     plural(account.lost_samples, "sample is", "samples are") +
                     " lost, the rest was read");
  }
  if (history.newer > 0 || account.unknown > 0) {
    out.labelled("newer:", Paint::yellow,
                 "a newer whyoom wrote parts of this; " +
                     plural(account.unknown, "record is", "records are") + " not understood");
  }
  if (history.cut) {
    out.labelled("cut:", Paint::yellow, "there is more than is shown; give a later --since");
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(history.gaps.size(), 5); ++i) {
    const record::HistoryGap& gap = history.gaps[i];
    out.labelled("gap:", Paint::yellow,
                 "no sample for " + seconds(static_cast<double>(gap.to_ms - gap.from_ms) / 1000) +
                     ", from " + record::utc_text(gap.from_ms));
  }
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kmsg:
      return "kill";
    case Kind::kill:
      return "silent-kill";
    case Kind::kmsg_gap:
      return "messages-lost";
    case Kind::setting:
      return "setting";
    case Kind::warning:
      return "warning";
    case Kind::clock:
      return "clock-set";
    case Kind::asleep:
      return "asleep";
    case Kind::stopped:
      return "stopped";
    default:
      return "trouble";
  }
}

}  // namespace

Document history_document(const HistoryView& view, std::size_t width) {
  const History& history = view.history;
  Document out;
  if (history.points.empty()) {
    out.text("No samples in " + printable(view.store) +
             ". `whyoom watch` records them; `whyoom watch --once` takes one");
    write_damage(out, history);
    return out;
  }
  write_chart(out, history, width);
  if (!view.events.empty()) {
    out.section("What the kernel reported");
    const std::size_t first = view.events.size() - std::min(view.events.size(), most_events);
    for (std::size_t i = first; i < view.events.size(); ++i) {
      out.text(event_text(*view.events[i]), Paint::plain, 2, 2);
    }
  }
  // What the kernel reported stands above with its cause.
  std::vector<const HistoryEvent*> events;
  for (const HistoryEvent& event : history.events) {
    if (event.kind != Kind::kmsg || view.events.empty()) {
      events.push_back(&event);
    }
  }
  if (!events.empty()) {
    out.section("Events");
    const std::size_t first = events.size() - std::min(events.size(), most_events);
    if (first > 0) {
      out.text(std::to_string(first) + " older ones are left out; --format json has all",
               Paint::dim, 2);
    }
    for (std::size_t i = first; i < events.size(); ++i) {
      const HistoryEvent& event = *events[i];
      out.text(record::utc_text(event.real_ms) + "  " + printable(event.text),
               event.kind == Kind::warning ? Paint::yellow : Paint::plain, 2, 2);
    }
  }
  write_boots(out, view);
  write_damage(out, history);
  return out;
}

std::string json_history(const HistoryView& view) {
  const History& history = view.history;
  JsonWriter json(true);
  const auto utc = [](std::int64_t ms) { return record::utc_text(ms); };
  json.document([&] {
    json("schema", "whyoom/1");
    json("store", view.store);
    json.list("boots", history.boots, [&](const record::HistoryBoot& boot) {
      const bool running = boot.id == view.running_boot && &boot == &history.boots.back();
      json("boot", boot.id);
      json("kernel", text_or_null(boot.release));
      json("from", utc(boot.first_ms));
      json("to", utc(boot.last_ms));
      json("samples", boot.samples);
      json("messages", boot.messages);
      json("end", boot.ended_in_order ? "in-order" : running ? "running" : "no-mark");
      json("likely_oom_panic", !running && looks_like_oom_panic(boot));
      json.list("cgroups", boot.cgroups, [&](const record::FullGroup& group) {
        json("path", group.path);
        json("memory", group.memory);
        json("memory_max", group.memory_max);
        json("pids", group.pids);
        json("pids_max", group.pids_max);
      });
      write_growth(json, "grew", boot.growth);
    });
    constexpr std::size_t most_slices = 600;
    json.array("curve", [&] {
      if (history.points.empty()) {
        return;
      }
      for (const Slice& slice : slices(history, std::min(most_slices, history.points.size()))) {
        if (slice.any) {
          json.object([&] {
            json("from", utc(slice.from_ms));
            json("free", slice.free);
            json("available", slice.available);
            json("left_before_requests_fail", slice.left);
            json("out_of_reach", slice.reach);
            json("stalled", static_cast<double>(slice.some_avg10) / 10'000);
            json("tasks", slice.tasks);
          });
        }
      }
    });
    json.list("events", history.events, [&](const HistoryEvent& event) {
      json("at", utc(event.real_ms));
      json("kind", kind_name(event.kind));
      json("text", event.text);
    });
    json.array("reports", [&] {
      for (const diagnose::Event* event : view.events) {
        json.raw(json_event(*event, true));
      }
    });
    json.list("gaps", history.gaps, [&](const record::HistoryGap& gap) {
      json("from", utc(gap.from_ms));
      json("to", utc(gap.to_ms));
    });
    json.object("ring", [&] {
      json("records", history.account.records);
      json("samples", history.account.samples);
      json("lost_samples", history.account.lost_samples);
      json("damages", history.account.damages);
      json("damaged", Bytes(history.account.damaged_bytes));
      json("unknown_records", history.account.unknown);
    });
  });
  return json.take();
}

}  // namespace whyoom::render
