#include "app/overview.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/host_log.h"
#include "app/host_root.h"
#include "app/run.h"
#include "app/text_style.h"
#include "base/text.h"
#include "diagnose/host_check.h"
#include "linux/terminal.h"
#include "render/check.h"
#include "render/json_writer.h"
#include "render/overview.h"
#include "render/phrase.h"

namespace whyoom::app {
namespace {

using Events = std::vector<std::unique_ptr<diagnose::Event>>;

render::Overview overview_of(const Events& events, const HostLogAccount& account) {
  render::Overview overview;
  for (const auto& event : events) {
    if (!event->report.unverified.empty()) {
      ++overview.unverified;
      overview.unverified_why = event->report.unverified.str();
    } else if (event->in_story <= 1 || overview.stories.empty()) {
      overview.stories.push_back({event.get(), 0});
    } else {
      ++overview.stories.back().followers;
    }
  }
  overview.sources = account.sources;
  return overview;
}

bool sees_too_little(const HostLogAccount& account, const diagnose::HostCheck& check) {
  return std::ranges::any_of(account.sources,
                             [](const render::LogSource& source) { return !source.gap.empty(); }) ||
         std::ranges::any_of(check.facts.host.gaps, [](const host::Gap& gap) {
           return gap.kind == host::FileError::Kind::denied;
         });
}

void write_json(const Events& events, const HostLogAccount& account,
                const diagnose::HostCheck& check, linux::Output& out) {
  render::Summary summary;
  summary.events = events.size();
  summary.bytes = account.bytes;
  summary.lines = account.lines;
  summary.lines_lost = account.lines_lost;
  summary.copies = account.copies;
  summary.damage = account.damage;
  summary.damage_more = account.damage_more;
  summary.sources = account.sources;
  summary.events_left_out = account.left_out;
  render::JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.array("events", [&] {
      for (const auto& event : events) {
        json.raw(render::json_event(*event, true));
      }
    });
    json.raw("input", render::json_input(summary, true));
    json.raw("check", render::json_check(check));
  });
  out.write(json.take() + "\n");
}

}  // namespace

int overview(const OverviewOptions& options, linux::Output& out, linux::Output& errors) {
  const auto root = open_host(options.root, options.sandbox);
  if (!root) {
    errors.write("whyoom: " + root.error() + "\n");
    return trouble;
  }
  Events events;
  HostLogAccount account;
  const auto read = read_host_log(
      *root, {.stop = [&out] { return out.closed(); }},
      [&events](std::unique_ptr<diagnose::Event> event) { events.push_back(std::move(event)); });
  if (read) {
    account = *read;
  } else {
    errors.write("whyoom: " + printable(root->name) + ": " + read.error() + "\n");
  }
  const auto check = diagnose::check(host::read_facts(*root->files, root->options));
  if (options.format == Format::json) {
    write_json(events, account, *check, out);
  } else {
    render::Overview story = overview_of(events, account);
    story.root = options.root;
    story.more_as_root = root->name == "/" && ::geteuid() != 0 && sees_too_little(account, *check);
    out.write(render::text_overview(story, *check, text_style(options)));
  }
  return events.empty() && !render::has_findings(*check) ? nothing_found : events_found;
}

}  // namespace whyoom::app
