#include "render/tally.h"

#include <algorithm>
#include <string>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/story_text.h"

namespace whyoom::render {
namespace {

using diagnose::TallyRow;

constexpr std::size_t most_rows = 6;

// Whose they were, and who had most.
std::string whose(const TallyRow& row) {
  std::string text;
  const auto add = [&text](const std::string& words) {
    text += (text.empty() ? "" : tr("; ")) + words;
  };
  if (row.panics > 0) {
    add(plural(row.panics, "kernel panic", "kernel panics"));
  }
  if (row.killed > 0) {
    add(tr("{} killed{}", grouped(row.killed),
           row.biggest.empty()
               ? ""
               : tr(", the biggest {} with {}", row.biggest, human(row.biggest_size))));
  }
  if (const auto owner = row.owners.most()) {
    const std::uint64_t more = row.owners.names() - 1;
    add(owner->first +
        (more > 0 ? tr(" ({}) and {}", grouped(owner->second), plural(more, "other", "others"))
                  : std::string()));
  }
  return text;
}

std::string title(const TallyRow& row) {
  return row.cause.empty() ? tr("undetermined: {}", std::string(report::name(row.kind)))
                           : row.cause;
}

// " .:*#": none, up to a quarter of the fullest, a half, three quarters, more; of four events where
// none has more.
std::string picture(const std::vector<std::uint64_t>& bins) {
  constexpr std::string_view marks = ".:*#";
  const std::uint64_t fullest =
      std::max<std::uint64_t>(marks.size(), *std::ranges::max_element(bins));
  std::string text;
  for (const std::uint64_t bin : bins) {
    text += bin == 0 ? ' ' : marks[static_cast<std::size_t>((bin * marks.size() - 1) / fullest)];
  }
  return "|" + text + "|";
}

void add_timeline(Document& out, const diagnose::Timeline& timeline) {
  const auto bins = timeline.bins();
  if (bins.size() < 2) {
    return;
  }
  out.section(tr("{} to {}, a column for {}", short_time(timeline.first()),
                 short_time(timeline.last()),
                 seconds(static_cast<double>(timeline.span_seconds()))));
  out.code(picture(bins), Paint::plain, 2);
}

}  // namespace

Document tally_document(const diagnose::Tally& tally, Detail detail) {
  Document out;
  std::string head = tr("{} in {}", plural(tally.events(), "event", "events"),
                        plural(tally.stories(), "story", "stories"));
  if (tally.hosts().names() > 1) {
    head += tr(" on {}", plural(tally.hosts().names(), "host", "hosts"));
  }
  out.text(head, Paint::bold);
  // Times since boot of several logs say nothing beside each other.
  const bool timed = tally.share_a_clock();
  auto rows = tally.rows();
  std::ranges::stable_sort(rows, std::ranges::greater{}, &TallyRow::events);
  Table table{{{.head = tr("events"), .right = true},
               {.head = tr("cause"), .flexible = true, .least = 18},
               {.head = timed ? tr("first") : ""},
               {.head = timed ? tr("last") : ""},
               {.head = timed ? tr("every") : "", .right = true, .optional = true},
               {.head = tr("whose"), .whole = true}},
              true};
  const std::size_t shown = std::min(detail.page || detail.all ? SIZE_MAX : most_rows, rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const TallyRow& row = rows[i];
    table.add({{grouped(row.events)},
               {title(row)},
               {timed ? short_time(row.first) : ""},
               {timed && row.events > 1 ? short_time(row.last) : ""},
               {timed ? interval_text(row.events, row.seconds) : ""},
               {whose(row), Paint::dim}});
  }
  out.table(std::move(table));
  if (shown < rows.size()) {
    std::uint64_t more = 0;
    for (std::size_t i = shown; i < rows.size(); ++i) {
      more += rows[i].events;
    }
    out.text(tr("and {} of {}: --summary --all", plural(more, "event", "events"),
                plural(rows.size() - shown, "other cause", "other causes")),
             Paint::dim, 2);
  }
  if (timed) {
    add_timeline(out, tally.timeline());
  }
  out.blank();
  return out;
}

}  // namespace whyoom::render
