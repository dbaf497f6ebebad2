#include "explain/pipeline.h"

#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "diagnose/engine.h"

namespace whyoom::explain {
namespace {

constexpr std::size_t most_damage = 1000;

constexpr const char* looked_for =
    "looked for: the kernel's OOM reports and kills, page allocation failures, forks rejected by\n"
    "the pids controller, refused overcommit, full tables of the kernel, and kills by\n"
    "systemd-oomd, earlyoom and the like";

}  // namespace

std::unique_ptr<report::LogReader> Pipeline::reader(const std::string& source) {
  auto reader = std::make_unique<report::LogReader>(
      source, [this](report::Report&& report) { take(std::move(report)); }, nullptr);
  if (quotes_) {
    reader->keep_lines();
  }
  return reader;
}

void Pipeline::take(report::Report&& report) {
  if (seen_.is_copy(report)) {
    ++summary_.copies;
    return;
  }
  const diagnose::StoryContext& context = story_.next(report);
  if (report.part && report.part->before) {
    return;
  }
  take(diagnose::explain(std::move(report), context));
}

void Pipeline::note_damage(std::string at, std::string what) {
  if (summary_.damage.size() < most_damage) {
    summary_.damage.push_back({std::move(at), std::move(what)});
  } else {
    ++summary_.damage_more;
  }
}

void Pipeline::failed(const std::string& file, const std::string& why) {
  note_damage(file, why);
  ++summary_.failed_inputs;
}

void Pipeline::account(const std::string& file, const report::InputAccount& account) {
  summary_.bytes += account.bytes;
  summary_.lines += account.lines;
  summary_.lines_lost += account.lines_lost;
  summary_.damage_more += account.damage_more;
  for (const report::Damage& damage : account.damage) {
    note_damage(file + (damage.line > 0 ? ":" + std::to_string(damage.line) : ""), damage.what);
  }
}

void Pipeline::finish() {
  selection_.finish();
  summary_.events = selection_.chosen();
  writer_.finish(summary_);
}

std::vector<std::string> Pipeline::remarks(const std::string& where, bool any_read) const {
  std::vector<std::string> remarks;
  if (const std::uint64_t count = selection_.without_time(); count > 0) {
    remarks.push_back(tr("{} no time that can be compared with the one asked for; kept",
                         plural(count, "event has", "events have")));
  }
  if (const std::uint64_t count = selection_.without_room(); count > 0) {
    remarks.push_back(tr("{} of those asked for with --last had no room in memory",
                         plural(count, "older event", "older events")));
  }
  if (summary_.events == 0 && any_read) {
    const std::string lines = tr("{} of {}", plural(summary_.lines, "line", "lines"), where);
    remarks.push_back(found() > 0 ? tr("{} in {}, but none of those asked for",
                                       plural(found(), "OOM event", "OOM events"), lines)
                                  : tr("no OOM event found in {}\n{}", lines, tr(looked_for)));
  }
  return remarks;
}

std::string_view trouble_of(const report::InputAccount& account, std::uint64_t found) {
  if (account.bytes == 0) {
    return empty_input;
  }
  return account.binary && found == 0
             ? "looks like a binary file, not a log; no OOM event found in it"
             : std::string_view();
}

}  // namespace whyoom::explain
