// The closing lines: what the input held, which logs of a host were read, how far back each
// reaches, and what that leaves open.
#include <algorithm>

#include "base/human.h"
#include "base/language.h"
#include "render/phrase.h"
#include "render/render.h"

namespace whyoom::render {
namespace {

constexpr std::size_t most_sources = 20;
constexpr std::size_t most_damage = 5;

void add_sources(Document& out, const std::vector<LogSource>& sources) {
  std::size_t shown = 0;
  for (const LogSource& source : sources) {
    if (++shown > most_sources) {
      out.text(tr("and {}", plural(sources.size() - most_sources, "more log", "more logs")),
               Paint::dim);
      break;
    }
    if (source.read) {
      out.labelled(tr("read:"), Paint::dim, tr("{}: {}", source.name, source_text(source)));
    }
    if (!source.gap.empty()) {
      out.labelled(source.read ? tr("but:") : tr("not read:"), Paint::yellow,
                   (source.read ? "" : tr("{}: ", source.name)) + source.gap);
    }
  }
}

}  // namespace

std::string source_text(const LogSource& source) {
  const std::string from = time_text(source.from);
  const std::string to = time_text(source.to);
  std::string text = tr("{} in {}", plural(source.events, "event", "events"),
                        plural(source.lines, "line", "lines"));
  if (from.empty() && to.empty()) {
    return tr("{}, no time in it", text);
  }
  return tr("{}, {}", text, from == to ? from : tr("from {} to {}", from, to));
}

Document log_sources(const std::vector<LogSource>& sources) {
  Document out;
  add_sources(out, sources);
  return out;
}

void Summary::note(std::string at, std::string what) {
  constexpr std::size_t most = 1000;
  if (damage.size() < most) {
    damage.push_back({std::move(at), std::move(what)});
  } else {
    ++damage_more;
  }
}

void Summary::add(const std::string& file, const report::InputAccount& input) {
  bytes += input.bytes;
  lines += input.lines;
  lines_lost += input.lines_lost;
  damage_more += input.damage_more;
  for (const report::Damage& each : input.damage) {
    note(file + (each.line > 0 ? ":" + std::to_string(each.line) : ""), each.what);
  }
}

Document summary(const Summary& summary, Detail detail) {
  Document out;
  std::string line = summary.events > 0 ? plural(summary.events, "event", "events")
                     : detail.page      ? tr("No events")
                                        : tr("no events");
  line += tr(" in {} ({})", plural(summary.lines, "line", "lines"), human(Bytes(summary.bytes)));
  if (summary.copies > 0) {
    line += tr(", {} left out", plural(summary.copies, "repeated copy", "repeated copies"));
  }
  line += detail.brief && summary.events > 0 ? tr("; -v shows the whole proof") : "";
  out.text(line + (detail.page ? tr(".") : ""), Paint::dim);
  if (summary.lines_lost > 0) {
    out.labelled(tr("lost:"), Paint::yellow,
                 tr("{}, as the log itself says; what they held is not known",
                    plural(summary.lines_lost, "line", "lines")));
  }
  const std::size_t shown = std::min(detail.page ? SIZE_MAX : most_damage, summary.damage.size());
  for (std::size_t i = 0; i < shown; ++i) {
    out.labelled(tr("damaged:"), Paint::yellow,
                 tr("{}: {}", summary.damage[i].at, summary.damage[i].what));
  }
  if (const std::uint64_t more = summary.damage.size() - shown + summary.damage_more; more > 0) {
    out.text(tr("and {}", plural(more, "more damaged place", "more damaged places")), Paint::dim);
  }
  if (summary.events_left_out > 0) {
    out.labelled(tr("left out:"), Paint::yellow,
                 tr("{}, for which there was no room; --until and a FILE show them",
                    plural(summary.events_left_out, "older event", "older events")));
  }
  add_sources(out, summary.sources);
  return out;
}

}  // namespace whyoom::render
