
// `whyoom explain`: logs in, explained events out.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cause_name.h"
#include "app/command.h"
#include "app/host_log.h"
#include "app/host_root.h"
#include "app/implied.h"
#include "app/progress.h"
#include "app/read_ahead.h"
#include "app/selection.h"
#include "app/writer.h"
#include "base/human.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "diagnose/engine.h"
#include "diagnose/story.h"
#include "linux/capture_file.h"
#include "linux/input.h"
#include "linux/pager.h"
#include "linux/workers.h"
#include "render/layout.h"
#include "report/fingerprint.h"
#include "report/log_reader.h"

namespace whyoom::app {
namespace {

struct ExplainOptions : Options {
  std::vector<std::string> files;  // "-" = standard input
  bool host = false;               // this machine's own logs
  std::string since, until, at;    // as given; empty = not given
  std::string causes;              // ids with commas between them
  SelectionRules rules;            // without what the texts above say
  bool whole = false, summary = false, quiet = false, no_pager = false;
};

constexpr std::size_t most_damage = 1000;

constexpr const char* looked_for =
    "looked for: the kernel's OOM reports and kills, page allocation failures, forks rejected by\n"
    "the pids controller, refused overcommit, full tables of the kernel, and kills by\n"
    "systemd-oomd, earlyoom and the like\n";

std::string shown_name(const std::string& file) {
  return file == "-" ? "standard input" : printable(file);
}

// One run over all inputs.
class Run {
 public:
  Run(const SelectionRules& rules, Writer& writer, const Telling& telling, Console& io)
      : writer_(writer),
        io_(io),
        lines_only_(telling.format == Format::ndjson),
        quiet_(telling.nothing),
        selection_(rules, [this](auto event) { writer_.event(std::move(event)); }) {}

  // Of all inputs that will be read; 0 = not known.
  void expect(std::uint64_t bytes);
  void guarded(const std::string& file, const std::function<void()>& work);
  void read(ReadAhead& logs, std::size_t index, const linux::Input& source);
  void read_host(const tl::expected<HostRoot, std::string>& opened);
  int finish(const std::string& what);

 private:
  void found(report::Report&& report);
  void clear_progress();
  void account(const std::string& file, const report::InputAccount& account);
  void note_damage(std::string at, std::string what);
  // An input that could not be used. The others still are.
  void fail(const std::string& file, const std::string& why);

  Writer& writer_;
  Console& io_;
  bool lines_only_, quiet_;
  Selection selection_;
  diagnose::StoryBuilder story_;
  report::Fingerprints seen_;  // in all logs: a copy in another file counts once
  render::Summary summary_;
  std::optional<Progress> progress_;
  std::uint64_t done_ = 0;  // bytes of the inputs before this one
  bool any_read_ = false;
  bool failed_ = false;
};

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

// False, with a message, when a time cannot be understood.
bool read_time(const char* option, const std::string& text, std::optional<When>& target,
               Console& io) {
  if (text.empty()) {
    return true;
  }
  target = parse_when(text, std::time(nullptr));
  if (!target) {
    io.tell(std::string(option) + ": \"" + printable(text) +
            "\" is not a time; use seconds since boot (12.3), a wall clock (\"2026-11-23 "
            "07:41\",\n\"Nov 23 07:41:32\", 05:00, yesterday) or a time before now (-2h, \"2 days "
            "ago\")");
  }
  return target.has_value();
}

// False, with a message, when there is no such cause.
bool read_causes(const std::string& text, std::vector<std::string>& target, Console& io) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string id = text.substr(at, end - at);
    if (id != diagnose::undetermined && diagnose::find_cause(id) == nullptr) {
      io.tell("--cause: " + no_cause(id));
      return false;
    }
    target.push_back(id);
    at = end + 1;
  }
  return true;
}

std::map<std::string, report::Kind> kinds() {
  using report::Kind;
  std::map<std::string, Kind> result;
  for (const Kind kind :
       {Kind::oom_kill, Kind::memcg_oom_kill, Kind::oom_panic, Kind::page_allocation_failure,
        Kind::fork_rejected, Kind::overcommit_refused, Kind::limit_reached, Kind::userspace_kill}) {
    result.emplace(report::name(kind), kind);
  }
  return result;
}

// Logs one after the other, or one capture.
int read_all(const std::vector<linux::Input>& inputs, linux::Workers& workers, Run& run,
             Console& io) {
  const auto capture = std::ranges::find_if(inputs, linux::is_capture);
  if (capture != inputs.end() && inputs.size() > 1) {
    return io.fail(shown_name(capture->path()) + ": this is a capture of a host; give it alone");
  }
  if (capture != inputs.end()) {
    run.guarded(capture->path(), [&] { run.read_host(capture_host(*capture)); });
    return run.finish("the logs in " + printable(capture->path()));
  }
  std::uint64_t total = 0;
  bool known = true;
  for (const linux::Input& input : inputs) {
    total += input.size();
    known = known && input.size() > 0;
  }
  run.expect(known ? total : 0);
  ReadAhead logs(inputs, workers);
  for (std::size_t i = 0; i < inputs.size() && !io.out.closed(); ++i) {
    run.guarded(inputs[i].path(), [&] { run.read(logs, i, inputs[i]); });
  }
  return run.finish(inputs.size() == 1 ? shown_name(inputs.front().path())
                                       : plural(inputs.size(), "file", "files"));
}

int explain(const ExplainOptions& options, Console& io) {
  SelectionRules rules = options.rules;
  if (!read_time("--since", options.since, rules.since, io) ||
      !read_time("--until", options.until, rules.until, io) ||
      !read_time("--at", options.at, rules.at, io)) {
    return trouble;
  }
  if (!read_causes(options.causes, rules.causes, io)) {
    return trouble;
  }
  if (options.summary && (options.format == Format::json || options.format == Format::ndjson)) {
    return io.fail(
        "--summary is for people: use --format text, markdown or html. For programs, "
        "--format ndjson has an event a line");
  }
  std::vector<std::string> files = options.files;
  const bool host =
      options.host || !options.root.empty() || (files.empty() && isatty(STDIN_FILENO) == 1);
  const Telling telling{options.format, options.style(), options.whole, options.summary,
                        options.quiet};
  const bool read_by_people = options.format == Format::text && !options.quiet && !options.no_pager;
  const auto pager = read_by_people ? linux::Pager::start(io.out) : nullptr;
  const auto writer = make_writer(telling, io.out);
  Run run(rules, *writer, telling, io);
  if (host) {
    const std::string root = options.root.empty() ? "/" : options.root;
    run.guarded(root, [&] { run.read_host(open_host(root, options.sandbox)); });
    return run.finish(root == "/" ? "this machine's logs" : "the logs in " + printable(root));
  }
  if (files.empty()) {
    wait_for_log(io);
    files.emplace_back("-");
  }
  linux::Workers workers;
  const auto inputs = linux::open_inputs(files, options.sandbox, &workers);
  if (!inputs) {
    return io.fail(inputs.error());
  }
  return read_all(*inputs, workers, run, io);
}

}  // namespace

const Command explain_command{
    "explain", "whyoom explain [OPTIONS] [FILE...|-]",
    "Explains every OOM event in kernel logs.\n"
    "For each: what happened, why, the numbers that prove it, and what to do.\n"
    "A log may have any framing (dmesg, journal, syslog, console, container) and may be\n"
    "compressed with gzip, xz, zstd, bzip2 or lz4. The framing is found out from the text.\n"
    "Without FILE, on a terminal or with --host, it reads this machine's logs: the journal,\n"
    "the kernel's ring buffer, /var/log, pstore and kdump's dumps. An event that several of\n"
    "them have counts once.",
    "TIME is one of:\n"
    "  1234.5 or [1234.5]                    seconds since boot, as the kernel prints them\n"
    "  05:00, today, yesterday               on this machine's clock\n"
    "  \"2026-11-23 07:41\"                    wall clock; with or without seconds and zone\n"
    "  \"Nov 23 07:41:32\"                     wall clock as syslog writes it\n"
    "  -2h, \"2 days ago\"                    before now (s, m, h, d, w)\n"
    "\nExit status: 0 no event, 1 events found, 2 wrong use or unreadable input.\n"
    "\nExamples:\n"
    "  whyoom explain --host\n"
    "  dmesg | whyoom explain -\n"
    "  journalctl -k -b -1 | whyoom explain -\n"
    "  whyoom explain /var/log/kern.log*\n"
    "  whyoom explain --last 1 --all console.log\n"
    "  whyoom explain --since \"2026-11-23 07:00\" --format json kern.log | jq .events\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<ExplainOptions>();
      flags.texts("FILE", options->files, "Logs to read; - is standard input", false);
      flags.text("--since", "TIME", options->since, "Only events at or after this time");
      flags.text("--until", "TIME", options->until, "Only events at or before this time");
      flags.text("--at", "TIME", options->at, "Only the event nearest to this time");
      flags.flag("--host", options->host, "Read this machine's own logs");
      flags.text("--root", "DIR|FILE", options->root,
                 "Read the logs of a copy of a machine, or of a capture");
      flags.only_one_of({"FILE", "--host", "--root"});
      flags.number("--last", "N", options->rules.last, 1, 100000, "Only the last N events");
      flags.only_one_of({"--at", "--last"});
      flags.format(*options, "text (default), json, ndjson, markdown or html",
                   {Format::text, Format::json, Format::ndjson, Format::markdown, Format::html});
      flags.text("--cause", "ID,...", options->causes, "Only events of these causes");
      flags.choice("--kind", "KIND", "Only events of this kind: oom-kill, memcg-oom-kill, ...",
                   kinds(), options->rules.kind);
      flags.text("--victim", "NAME", options->rules.victim,
                 "Only events that killed such a process");
      flags.text("--cgroup", "NAME", options->rules.cgroup,
                 "Only events of such a cgroup, unit, container or pod");
      flags.flag("--summary", options->summary, "Add the events up, and tell no story");
      flags.flag("-v,--verbose", options->whole, "Show the whole proof of every story");
      flags.flag("--all", options->all, "The same, and what was ruled out, and why");
      flags.flag("-q,--quiet", options->quiet, "Print no event; the exit status tells");
      flags.flag("--no-pager", options->no_pager, "Do not page what is longer than the screen");
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) { return explain(*options, io); };
    }};

}  // namespace whyoom::app
