#include "render/history.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "record/wire.h"
#include "render/cgroup_tree.h"
#include "render/history_curve.h"
#include "render/html.h"
#include "render/json_writer.h"
#include "render/phrase.h"
#include "render/recorded.h"
#include "render/render.h"

namespace whyoom::render {
namespace {

using record::History;
using record::HistoryEvent;
using record::Kind;

constexpr std::size_t most_events = 20;

std::string event_text(const diagnose::Event& event) {
  return event_line(event) + (is_undetermined(event) ? tr("; cause undetermined")
                                                     : tr("; {}", printable(event.root_cause)));
}

void write_last(Document& out, const record::HistoryBoot& boot) {
  using record::Field;
  const record::MachineFields& machine = boot.last.machine;
  std::string line = tr("memory: {} of {} available",
                        human(to_bytes(KiB(machine.of(Field::mem_available)))), human(boot.ram));
  if (const auto left = record::headroom_of(boot.last, boot.page)) {
    line += tr(", {} left before requests fail", human(left->left));
  }
  line += tr("; tasks: {}; stalled: {}", grouped(machine.of(Field::tasks)),
             percent(static_cast<double>(machine.of(Field::psi_some_avg10)) / 10'000));
  out.text(line, Paint::plain, 2, 2);
}

// "900 MiB of 1 GiB"; the whole only where there is a limit.
std::string of_limit(const std::string& part, const std::string& limit) {
  return part + (limit.empty() ? "" : tr(" of {}", limit));
}

void write_cgroups(Document& out, const record::HistoryBoot& boot) {
  constexpr std::size_t most = 3;
  for (std::size_t i = 0; i < std::min(boot.cgroups.size(), most); ++i) {
    const record::FullGroup& group = boot.cgroups[i];
    std::string text = tr("cgroup {}{}:", printable(group.path), owner_text(group.path));
    if (group.memory) {
      text +=
          " " + of_limit(human(*group.memory), group.memory_max ? human(*group.memory_max) : "");
    }
    if (group.pids) {
      text += tr("{}{} tasks", std::string(group.memory ? tr(", ") : " "),
                 of_limit(std::to_string(*group.pids),
                          group.pids_max ? std::to_string(*group.pids_max) : ""));
    }
    if (group.pid != 0) {
      text += tr("; biggest {} (pid {}), {}", printable(group.process), std::to_string(group.pid),
                 human(group.size));
    }
    out.text(text, Paint::plain, 2, 2);
  }
}

void write_cgroup_tree(Document& out, const record::HistoryBoot& boot) {
  CgroupTree tree;
  for (const record::FullGroup& group : boot.cgroups) {
    CgroupTree::Node& node = tree.at(group.path);
    node.usage = group.memory;
    node.limit = group.memory_max;
    if (group.pids) {
      node.notes.push_back(
          {tr("{} tasks", of_limit(std::to_string(*group.pids),
                                   group.pids_max ? std::to_string(*group.pids_max) : ""))});
    }
    if (group.pid != 0) {
      node.notes.push_back(
          {tr("biggest: {}, {}", with_pid(group.process, static_cast<std::int64_t>(group.pid)),
              human(group.size))});
    }
  }
  add_cgroup_tree(out, tr("Fullest cgroups"), tree);
}

void write_boots(Document& out, const HistoryView& view) {
  const History& history = view.history;
  for (std::size_t i = 0; i < history.boots.size(); ++i) {
    const record::HistoryBoot& boot = history.boots[i];
    if (boot.samples == 0) {
      continue;
    }
    const bool running = boot.id == view.running_boot && i + 1 == history.boots.size();
    out.section(tr("Boot {}, kernel {}", printable(boot.id.substr(0, 8)), printable(boot.release)));
    const bool doubtful = !running && !boot.ended_in_order;
    out.text(tr("{} to {}, {}, {} of the kernel; {}", record::utc_text(boot.first_ms),
                record::utc_text(boot.last_ms), plural(boot.samples, "sample", "samples"),
                plural(boot.messages, "message", "messages"), end_text(boot, running)),
             doubtful ? Paint::yellow : Paint::plain, 2, 2);
    write_last(out, boot);
    write_cgroups(out, boot);
    write_growth(out, boot.growth);
  }
}

void write_ring(Document& out, const HistoryView& view) {
  if (view.history.segments > 0) {
    out.blank();
    out.text(tr("The ring: {} in {}, from {} to {}", human(view.history.bytes),
                plural(view.history.segments, "segment", "segments"),
                record::utc_text(view.history.first_ms), record::utc_text(view.history.last_ms)),
             Paint::dim);
  }
}

void write_damage(Document& out, const History& history) {
  const record::SegmentAccount& account = history.account;
  if (account.damages > 0 || account.lost_samples > 0) {
    out.labelled(tr("damaged:"), Paint::yellow,
                 tr("{} of the ring ({}); {} lost, the rest was read",
                    plural(account.damages, "place", "places"), human(Bytes(account.damaged_bytes)),
                    plural(account.lost_samples, "sample is", "samples are")));
  }
  if (history.newer > 0 || account.unknown > 0) {
    out.labelled(tr("newer:"), Paint::yellow,
                 tr("a newer whyoom wrote parts of this; {} not understood",
                    plural(account.unknown, "record is", "records are")));
  }
  if (history.cut) {
    out.labelled(tr("cut:"), Paint::yellow,
                 tr("there is more than is shown; give a later --since"));
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(history.gaps.size(), 5); ++i) {
    const record::HistoryGap& gap = history.gaps[i];
    out.labelled(tr("gap:"), Paint::yellow,
                 tr("no sample for {}, from {}",
                    seconds(static_cast<double>(gap.to_ms - gap.from_ms) / 1000),
                    record::utc_text(gap.from_ms)));
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

std::size_t shown_cgroups(const History& history) {
  return std::min(history.cgroups.size(), most_cgroup_curves);
}

}  // namespace

Document history_document(const HistoryView& view, std::size_t width) {
  const History& history = view.history;
  Document out;
  if (history.points.empty()) {
    out.text(tr("No samples in {}. `whyoom watch` records them; `whyoom watch --once` takes one",
                printable(view.store)));
    write_damage(out, history);
    return out;
  }
  if (width > 0) {
    write_chart(out, history, width);
  }
  if (!view.events.empty()) {
    out.section(tr("What the kernel reported"));
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
    out.section(tr("Events"));
    const std::size_t first = events.size() - std::min(events.size(), most_events);
    if (first > 0) {
      out.text(tr("{} older ones are left out; --format json has all", std::to_string(first)),
               Paint::dim, 2);
    }
    for (std::size_t i = first; i < events.size(); ++i) {
      const HistoryEvent& event = *events[i];
      out.text(record::utc_text(event.real_ms) + "  " + printable(event.text),
               event.kind == Kind::warning ? Paint::yellow : Paint::plain, 2, 2);
    }
  }
  write_boots(out, view);
  if (width == 0 && !history.boots.empty()) {
    write_cgroup_tree(out, history.boots.back());
  }
  write_ring(out, view);
  write_damage(out, history);
  return out;
}

std::string html_history(const HistoryView& view) {
  const std::string curve = chart_svg(view.history);
  return html_head(tr("Memory of this machine")) +
         (curve.empty() ? curve : "<article>\n" + curve + "</article>\n") +
         to_html(history_document(view, 0), "story") + html_tail();
}

namespace {

std::string utc(std::int64_t ms) { return record::utc_text(ms); }

void write_boots(JsonWriter& json, const HistoryView& view) {
  const History& history = view.history;
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
      json.object("biggest", group.pid != 0 ? &group : nullptr, [&](const record::FullGroup& of) {
        json("pid", of.pid);
        json("name", of.process);
        json("size", of.size);
      });
    });
    write_growth(json, "grew", boot.growth);
  });
}

constexpr std::size_t most_slices = 600;

void write_curve(JsonWriter& json, const History& history) {
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
}

void write_cgroups(JsonWriter& json, const History& history) {
  json.list("cgroups", std::span(history.cgroups).first(shown_cgroups(history)),
            [&](const record::CgroupCurve& curve) {
              json("path", curve.path);
              json("peak", curve.peak);
              json("memory_max", curve.limit);
              json.array("curve", [&] {
                for (const auto& slice : slices(history, curve, most_slices)) {
                  if (slice) {
                    json.object([&] {
                      json("from", utc(slice->real_ms));
                      json("memory", slice->memory);
                    });
                  }
                }
              });
            });
}

void write_ring(JsonWriter& json, const History& history) {
  const bool any = history.segments > 0;
  json.object("ring", [&] {
    json("segments", history.segments);
    json("bytes", history.bytes);
    json("from", any ? std::optional(utc(history.first_ms)) : std::nullopt);
    json("to", any ? std::optional(utc(history.last_ms)) : std::nullopt);
    json("records", history.account.records);
    json("samples", history.account.samples);
    json("lost_samples", history.account.lost_samples);
    json("damages", history.account.damages);
    json("damaged", Bytes(history.account.damaged_bytes));
    json("unknown_records", history.account.unknown);
  });
}

}  // namespace

std::string json_history(const HistoryView& view) {
  const History& history = view.history;
  JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json("store", view.store);
    write_boots(json, view);
    write_curve(json, history);
    write_cgroups(json, history);
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
    write_ring(json, history);
  });
  return json.take();
}

}  // namespace whyoom::render
