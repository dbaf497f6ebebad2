// `whyoom explain`: logs in, explained events out.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cause_pages.h"
#include "app/command.h"
#include "app/explain_run.h"
#include "app/follow.h"
#include "app/host_root.h"
#include "app/implied.h"
#include "app/read_ahead.h"
#include "app/when.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "diagnose/engine.h"
#include "diagnose/event.h"
#include "explain/selection.h"
#include "explain/writer.h"
#include "linux/capture_file.h"
#include "linux/input.h"
#include "linux/pager.h"
#include "linux/publisher.h"
#include "linux/standard_input.h"
#include "linux/workers.h"

namespace whyoom::app {
namespace {

struct ExplainOptions : Options {
  std::vector<std::string> files;  // "-" = standard input
  bool host = false;               // this machine's own logs
  std::string since, until, at;    // as given; empty = not given
  std::string causes;              // ids with commas between them
  explain::SelectionRules rules;   // without what the texts above say
  std::string range;               // "A-B", as given
  bool whole = false, summary = false, quiet = false, no_pager = false, follow = false;
  bool exit_zero = false;
  linux::PublishTo publish;
  render::TaskList tasks;
};

// False, with a message, when a time cannot be understood.
bool read_time(const char* option, const std::string& text, std::optional<When>& target,
               Console& io) {
  if (text.empty()) {
    return true;
  }
  target = parse_when(text, std::time(nullptr));
  if (!target) {
    io.tell(
        tr("{}: \"{}\" is not a time; use seconds since boot (12.3), a wall clock (\"2026-11-23 "
           "07:41\",\n\"Nov 23 07:41:32\", 05:00, yesterday) or a time before now (-2h, \"2 days "
           "ago\")",
           std::string(option), printable(text)));
  }
  return target.has_value();
}

// False, with a message, when there is no such cause.
bool read_causes(const std::string& text, std::vector<std::string>& target, Console& io) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string id = text.substr(at, end - at);
    if (id != diagnose::undetermined && diagnose::find_cause(id) == nullptr) {
      io.tell(tr("--cause: {}", no_cause(id)));
      return false;
    }
    target.push_back(id);
    at = end + 1;
  }
  return true;
}

// "A-B", or "A-" for all from A on; empty: it is no such thing.
std::optional<report::ByteRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto begin = parse_number<std::uint64_t>(text.substr(0, dash));
  const std::string_view behind = dash == text.npos ? "" : text.substr(dash + 1);
  const auto end = behind.empty() && dash != text.npos
                       ? std::optional(std::numeric_limits<std::uint64_t>::max())
                       : parse_number<std::uint64_t>(behind);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!begin || !end || *begin >= *end || *begin > most) {
    return std::nullopt;
  }
  return report::ByteRange{*begin, *end};
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

std::map<std::string, memory::TaskOrder> task_orders() {
  using memory::TaskOrder;
  return {{"size", TaskOrder::size}, {"rss", TaskOrder::rss},
          {"swap", TaskOrder::swap}, {"pgtables", TaskOrder::page_tables},
          {"adj", TaskOrder::adj},   {"pid", TaskOrder::pid},
          {"name", TaskOrder::name}};
}

// Logs one after the other, or one capture.
int read_all(const std::vector<linux::Input>& inputs, linux::Workers& workers,
             const std::optional<report::ByteRange>& part, Run& run, Console& io) {
  const auto capture = std::ranges::find_if(inputs, linux::is_capture);
  if (capture != inputs.end() && inputs.size() > 1) {
    return io.fail(
        tr("{}: this is a capture of a host; give it alone", shown_name(capture->path())));
  }
  if (capture != inputs.end()) {
    run.guarded(capture->path(), [&] { run.read_host(capture_host(*capture)); });
    return run.finish(tr("the logs in {}", printable(capture->path())));
  }
  std::uint64_t total = 0;
  bool known = true;
  for (const linux::Input& input : inputs) {
    total += input.size();
    known = known && input.size() > 0;
  }
  run.expect(known ? total : 0);
  ReadAhead logs(inputs, workers, {.part = part, .keep_lines = run.quotes()});
  for (std::size_t i = 0; i < inputs.size() && !io.out.closed(); ++i) {
    run.guarded(inputs[i].path(), [&] { run.read(logs, i, inputs[i]); });
  }
  return run.finish(inputs.size() == 1 ? shown_name(inputs.front().path())
                                       : plural(inputs.size(), "file", "files"));
}

// Empty, or why they cannot go together.
std::string contradiction(const ExplainOptions& options) {
  const bool for_programs = options.format == Format::json || options.format == Format::ndjson;
  if (options.summary && for_programs) {
    return tr(
        "--summary is for people: use --format text, markdown or html. For programs, --format "
        "ndjson has an event a line");
  }
  if (options.tasks.wanted() && for_programs) {
    return tr("--top and --sort are for people: JSON has the ten biggest in tasks.top");
  }
  if (!options.range.empty() && !for_programs) {
    return tr(
        "the lines of a part of a log have numbers of their own: use --range with --format json or "
        "ndjson, which tell from which byte they count");
  }
  if (!options.range.empty() && options.files.size() != 1) {
    return tr("--range is a part of one file: name it");
  }
  if (options.follow && (options.format == Format::json || options.format == Format::html)) {
    return tr(
        "JSON and HTML are one whole with an end, and --follow has none: use --format ndjson, an "
        "event a line");
  }
  return {};
}

int follow_logs(const ExplainOptions& options, bool host, Run& run, explain::Writer& writer,
                Console& io) {
  FollowOptions what;
  what.from_start = !options.since.empty() || options.rules.last.has_value();
  what.until_first = options.quiet;
  what.sandbox = options.sandbox;
  if (host) {
    what.logs.push_back(linux::own_kernel_log());
  }
  for (const std::string& file : options.files) {
    what.logs.push_back({linux::FollowedLog::Kind::file, file});
  }
  if (what.logs.empty()) {
    what.logs.push_back({linux::FollowedLog::Kind::file, "-"});
  }
  return follow(what, run, writer, io);
}

int explain(const ExplainOptions& options, Console& io) {
  explain::SelectionRules rules = options.rules;
  if (!read_time("--since", options.since, rules.since, io) ||
      !read_time("--until", options.until, rules.until, io) ||
      !read_time("--at", options.at, rules.at, io)) {
    return trouble;
  }
  if (!read_causes(options.causes, rules.causes, io)) {
    return trouble;
  }
  if (const std::string why = contradiction(options); !why.empty()) {
    return io.fail(why);
  }
  const auto part = parse_range(options.range);
  if (!part && !options.range.empty()) {
    return io.fail(tr("--range: \"{}\" are no bytes; use FROM-TO, or FROM- for all that follows",
                      printable(options.range)));
  }
  std::vector<std::string> files = options.files;
  const bool host = options.host || !options.root.empty() ||
                    (files.empty() &&
                     (isatty(STDIN_FILENO) == 1 || (options.follow && !linux::input_is_piped())));
  const explain::Telling telling{options.format,  options.style(), options.whole,
                                 options.summary, options.quiet,   options.tasks};
  const bool read_by_people =
      options.format == Format::text && !options.quiet && !options.no_pager && !options.follow;
  const auto pager = read_by_people ? linux::Pager::start(io.out) : nullptr;
  const auto writer =
      explain::make_writer(telling, {.write = [&io](std::string_view text) { io.out.write(text); },
                                     .flush = [&io] { io.out.flush(); }});
  Run run(rules, *writer, telling, io);
  if (options.follow) {
    return follow_logs(options, host, run, *writer, io);
  }
  if (host) {
    const std::string root = options.root.empty() ? "/" : options.root;
    run.guarded(root, [&] { run.read_host(open_host(root, options.sandbox)); });
    return run.finish(root == "/" ? tr("this machine's logs")
                                  : tr("the logs in {}", printable(root)));
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
  return read_all(*inputs, workers, part, run, io);
}

int explain_to(ExplainOptions& options, Console& io) {
  if (options.publish.url.empty()) {
    return explain(options, io);
  }
  options.format = Format::ndjson;
  const auto publisher = linux::Publisher::start(io.out, options.publish);
  if (!publisher) {
    return io.fail(publisher.error());
  }
  const int status = explain(options, io);
  return (*publisher)->finish() ? status : int{trouble};
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
    "  05:00, today, yesterday, \"last night\" on this machine's clock\n"
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
    "  whyoom explain --summary --since \"last week\" --host\n"
    "  whyoom explain --follow               watch this machine for the next one\n"
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
      flags.flag("-f,--follow", options->follow,
                 "Tell of events as they come; without FILE this machine's");
      flags.only_one_of({"--follow", "--at"});
      flags.only_one_of({"--follow", "--root"});
      flags.format(*options, "text (default), json, ndjson, markdown or html",
                   {Format::text, Format::json, Format::ndjson, Format::markdown, Format::html});
      flags.text("--cause", "ID,...", options->causes, "Only events of these causes");
      flags.choice("--kind", "KIND",
                   "Only events of this kind: oom-kill, memcg-oom-kill and others", kinds(),
                   options->rules.kind);
      flags.text("--victim", "NAME", options->rules.victim,
                 "Only events that killed such a process");
      flags.text("--cgroup", "NAME", options->rules.cgroup,
                 "Only events of such a cgroup, unit, container or pod");
      flags.number("--top", "N", options->tasks.most, 1, 10000,
                   "List so many processes of each report");
      flags.choice("--sort", "COLUMN", "By size (default), rss, swap, pgtables, adj, pid or name",
                   task_orders(), options->tasks.order);
      flags.flag("--summary", options->summary, "Add the events up, and tell no story");
      flags.flag("-v,--verbose", options->whole, "Show the whole proof of every story");
      flags.flag("--all", options->all, "The same, and what was ruled out, and why");
      flags.flag("-q,--quiet", options->quiet, "Print no event; the exit status tells");
      flags.text("--range", "FROM-TO", options->range,
                 "Only events that begin in these bytes of FILE");
      flags.only_one_of({"--range", "--host", "--root", "--follow"});
      flags.text("--publish", "URL", options->publish.url,
                 "Send them there by whyoom-publish, and print nothing");
      flags.text("--credentials", "FILE", options->publish.credentials,
                 "Who this is to the receiver; for its owner alone");
      flags.only_one_of({"--publish", "--format"});
      flags.only_one_of({"--publish", "--quiet"});
      flags.flag("--exit-zero", options->exit_zero, "Exit with 0 also when events were found");
      flags.flag("--no-pager", options->no_pager, "Do not page what is longer than the screen");
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) {
        const int status = explain_to(*options, io);
        return options->exit_zero && status == events_found ? int{nothing_found} : status;
      };
    }};

}  // namespace whyoom::app
