// `whyoom history`
#include "render/history.h"

#include <ctime>
#include <memory>

#include "app/command.h"
#include "app/ring_history.h"
#include "app/when.h"
#include "base/language.h"
#include "base/text.h"
#include "linux/log_sources.h"
#include "linux/recorder/ring.h"
#include "linux/terminal.h"
#include "render/layout.h"
#include "render/render.h"

namespace whyoom::app {
namespace {

struct HistoryFlags {
  Options look;
  std::string store{linux::default_ring};
  std::string since, until;
};

// Milliseconds since 1970; `clock` is this machine's, for a time since boot.
std::optional<std::int64_t> since_ms(const std::string& text, const linux::MachineClock& clock) {
  const auto when = parse_when(text, std::time(nullptr));
  if (!when) {
    return std::nullopt;
  }
  report::Time epoch;
  if (std::holds_alternative<BootTime>(*when)) {
    return clock.booted_us / 1000 +
           static_cast<std::int64_t>(std::get<BootTime>(*when).seconds * 1000);
  }
  epoch.wall = "1970-01-02T00:00:00Z";
  const auto until = explain::seconds_after(*when, epoch);
  constexpr std::int64_t day_ms = 86'400'000;
  return until ? std::optional(day_ms - static_cast<std::int64_t>(*until * 1000)) : std::nullopt;
}

// Sets `at` where `text` is a time, or there is none; else says what is wrong.
bool take_time(std::string_view flag, const std::string& text, const linux::MachineClock& clock,
               std::int64_t& at, Console& io) {
  const auto when = text.empty() ? std::optional(at) : since_ms(text, clock);
  if (!when) {
    io.fail(
        tr("{}: \"{}\" is not a time; use a wall clock (\"2026-11-23 07:41\", 05:00, "
           "yesterday) or a time before now (-2h, \"2 days ago\")",
           flag, printable(text)));
  }
  at = when.value_or(at);
  return when.has_value();
}

int history(const HistoryFlags& flags, Console& io) {
  const linux::MachineClock clock = linux::machine_clock();
  record::HistoryOptions period;
  if (!take_time("--since", flags.since, clock, period.since_ms, io) ||
      !take_time("--until", flags.until, clock, period.until_ms, io)) {
    return trouble;
  }
  const auto style = flags.look.style();
  const bool as_lines = flags.look.format == Format::ndjson;
  std::vector<std::unique_ptr<diagnose::Event>> events;
  bool any = false;
  const auto history = read_ring(flags.store, period, flags.look.sandbox,
                                 [&](std::unique_ptr<diagnose::Event> event) {
                                   any = true;
                                   if (as_lines) {
                                     io.out.write(render::json_event(*event, false) + "\n");
                                   } else {
                                     events.push_back(std::move(event));
                                   }
                                 });
  if (!history) {
    return io.fail(history.error());
  }
  if (history->segments == 0) {
    return io.fail(
        tr("there are no records in {}. `whyoom watch` makes them", printable(flags.store)));
  }
  if (as_lines) {
    return any ? events_found : nothing_found;
  }
  render::HistoryView view{.history = *history, .store = flags.store, .running_boot = clock.boot};
  for (const auto& event : events) {
    view.events.push_back(event.get());
  }
  if (flags.look.format == Format::json) {
    io.out.write(render::json_history(view) + "\n");
  } else if (flags.look.format == Format::html) {
    io.out.write(render::html_history(view));
  } else {
    io.out.write_rendered(render::to_text(render::history_document(view, style.width), style));
  }
  return any ? events_found : nothing_found;
}

}  // namespace

const Command history_command{
    "history", "whyoom history [OPTIONS]",
    "Shows what was recorded: memory, what happened, what grew.\n"
    "Also of boots that ended in a panic or a power cut: the ring is there after them.",
    "Exit status: 0 no OOM event in it, 1 OOM events, 2 wrong use, or there is no ring.\n"
    "\nExamples:\n"
    "  sudo whyoom history\n"
    "  sudo whyoom history --since -2h --until -1h\n"
    "  sudo whyoom history --format html >memory.html\n"
    "  sudo whyoom history --format json | jq '.boots[-1].grew'\n",
    [](Flags& flags) -> Work {
      const auto given = std::make_shared<HistoryFlags>();
      flags.text("--store", "DIR", given->store,
                 "Where the records are; default /var/lib/whyoom/ring");
      flags.configured("store", "/var/lib/whyoom/ring");
      flags.text("--since", "WHEN", given->since, "From then on: -2h, 05:00, \"2026-11-23 07:41\"");
      flags.text("--until", "WHEN", given->until, "Up to then");
      flags.format(given->look,
                   "text (default), html or json; ndjson: the OOM events, as explain has them",
                   {Format::text, Format::html, Format::json, Format::ndjson});
      flags.look(given->look);
      flags.sandbox(given->look);
      return [given](Console& io) { return history(*given, io); };
    }};

}  // namespace whyoom::app
