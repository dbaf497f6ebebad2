#include "app/explain_run.h"

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "app/host_log.h"
#include "base/human.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "render/layout.h"

namespace whyoom::app {
namespace {

constexpr std::size_t most_damage = 1000;

constexpr const char* looked_for =
    "looked for: the kernel's OOM reports and kills, page allocation failures, forks rejected by\n"
    "the pids controller, refused overcommit, full tables of the kernel, and kills by\n"
    "systemd-oomd, earlyoom and the like\n";

}  // namespace

std::string shown_name(const std::string& file) {
  return file == "-" ? "standard input" : printable(file);
}

void Run::found(report::Report&& report) {
  if (seen_.is_copy(report)) {
    ++summary_.copies;
    return;
  }
  const diagnose::StoryContext& context = story_.next(report);
  selection_.offer(diagnose::explain(std::move(report), context));
}

void Run::note_damage(std::string at, std::string what) {
  if (summary_.damage.size() < most_damage) {
    summary_.damage.push_back({std::move(at), std::move(what)});
  } else {
    ++summary_.damage_more;
  }
}

void Run::fail(const std::string& file, const std::string& why) {
  clear_progress();
  io_.tell(shown_name(file) + ": " + why);
  io_.errors.flush();
  note_damage(file, why);
  ++summary_.failed_inputs;
  failed_ = true;
}

void Run::account(const std::string& file, const report::InputAccount& account) {
  summary_.bytes += account.bytes;
  summary_.lines += account.lines;
  summary_.lines_lost += account.lines_lost;
  summary_.damage_more += account.damage_more;
  for (const report::Damage& damage : account.damage) {
    note_damage(file + (damage.line > 0 ? ":" + std::to_string(damage.line) : ""), damage.what);
  }
}

// What was found before stays, and the other inputs are read.
void Run::guarded(const std::string& file, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    fail(file, out_of_memory());
  }
}

void Run::read(ReadAhead& logs, std::size_t index, const linux::Input& source) {
  const std::string& file = source.path();
  const std::uint64_t before = selection_.offered();
  const auto show = [&](std::uint64_t bytes) {
    progress_->show(done_ + bytes, selection_.offered());
  };
  const auto [input, result] =
      logs.read(index, {.found = [this](report::Report&& report) { found(std::move(report)); },
                        .quiet =
                            [this] {
                              writer_.quiet();
                              io_.out.flush();
                            },
                        .stop = [this] { return io_.out.closed(); },
                        .progress = show});
  done_ += source.size() > 0 ? source.size() : input.bytes;
  account(file, input);
  if (!result) {
    fail(file, result.error());
  } else if (!result->damage.empty()) {
    fail(file, result->damage);
  } else if (input.bytes == 0) {
    io_.tell(shown_name(file) + ": the file is empty");
  } else if (input.binary && selection_.offered() == before) {
    fail(file, "looks like a binary file, not a log; no OOM event found in it");
  } else {
    any_read_ = true;
  }
}

// All logs of a host: events come when all are read, in the order of time.
void Run::read_host(const tl::expected<HostRoot, std::string>& opened) {
  const HostLogOptions options{.stop = [this] { return io_.out.closed(); }};
  if (!opened) {
    io_.tell(opened.error());
    failed_ = true;
    return;
  }
  auto host = read_host_log(*opened, options, [this](std::unique_ptr<diagnose::Event> event) {
    selection_.offer(std::move(event));
  });
  if (!host) {
    fail(opened->name, host.error());
    return;
  }
  summary_ = std::move(*host);
  any_read_ = summary_.any_source_read();
  if (!any_read_ && !io_.out.closed()) {
    io_.tell(printable(opened->name) + ": no kernel log could be read here");
    failed_ = true;
  }
}

void Run::expect(std::uint64_t bytes) {
  progress_.emplace(io_.errors, !quiet_, bytes);
  io_.out.before_next([this] { clear_progress(); });
}

void Run::clear_progress() {
  if (progress_) {
    progress_->clear();
  }
}

int Run::finish(const std::string& what) {
  clear_progress();
  selection_.finish();
  if (lines_only_ && !quiet_) {  // nothing in the output tells which logs were read
    io_.errors.write(render::to_text(render::log_sources(summary_.sources), {.width = 200}));
  }
  summary_.events = selection_.chosen();
  writer_.finish(summary_);
  io_.out.flush();
  if (selection_.without_time() > 0) {
    io_.tell(plural(selection_.without_time(), "event has", "events have") +
             " no time that can be compared with the one asked for; kept");
  }
  if (selection_.without_room() > 0) {
    io_.tell(plural(selection_.without_room(), "older event", "older events") +
             " of those asked for with --last had no room in memory");
  }
  if (summary_.events == 0 && any_read_ && !io_.out.closed() && !quiet_) {
    const std::string where = plural(summary_.lines, "line", "lines") + " of " + what;
    if (selection_.offered() > 0) {
      io_.tell(plural(selection_.offered(), "OOM event", "OOM events") + " in " + where +
               ", but none of those asked for");
    } else {
      io_.errors.write("whyoom: no OOM event found in " + where + "\n" + looked_for);
    }
  }
  if (failed_) {
    return trouble;
  }
  return summary_.events > 0 ? events_found : nothing_found;
}

}  // namespace whyoom::app
