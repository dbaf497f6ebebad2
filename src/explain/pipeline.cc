#include "explain/pipeline.h"

#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/shell.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "host/posted_files.h"
#include "host/posted_prompt.h"
#include "host/read_host.h"

namespace whyoom::explain {
namespace {

constexpr const char* looked_for =
    "looked for: the kernel's OOM reports and kills, page allocation failures, forks\n"
    "rejected by the pids controller, refused overcommit, full tables of the kernel,\n"
    "and kills by systemd-oomd, earlyoom and the like";

constexpr std::size_t most_symptoms = 8;

// Of memory that was short or refused, and of kills that others tell.
std::string told_of_memory(const report::Symptom& symptom) {
  using What = report::Symptom::What;
  switch (symptom.what) {
    case What::too_large:
      return tr(
          "the kernel refused a request above its largest block, however much was free\n"
          "  who asked: the lines behind it, from \"Call Trace\" on");
    case What::node_killed:
      return tr(
          "the kernel of a node killed {}: the node was out of memory, not a container\n"
          "  its lines say why: journalctl -k | whyoom, on that node",
          symptom.unit.empty() ? tr("a process") : printable(symptom.unit));
    case What::told_by_program:
      return tr(
          "{} wrote a kill in the kernel's words, as any program could\n"
          "  the kernel's own lines say whether and why: journalctl -k | whyoom; if it handed "
          "them\n"
          "  on, take its name and all before their words away",
          printable(symptom.unit));
    case What::driver_refused:
      return tr(
          "a driver was refused memory; a packet may be lost, and nothing was killed\n"
          "  if it comes often, how little is left for such requests: whyoom check, on that "
          "machine");
    case What::fewer_hugepages:
      return tr(
          "the kernel got {} of {} huge pages that were asked for at boot\n"
          "  what the pool has now: whyoom check, on that machine",
          grouped(symptom.got), grouped(symptom.asked));
    case What::data_limit:
      return tr(
          "{} was refused memory: with it, {} would be its data, and RLIMIT_DATA allows {}\n"
          "  raise it: LimitDATA= of its unit, or ulimit -d",
          printable(symptom.unit), human(Bytes(symptom.asked)), human(Bytes(symptom.got)));
    case What::swap_refused:
      return tr(
          "pages could not be written to swap: the disk failed, or zram got no memory for them\n"
          "  what swap holds, and on what: whyoom check; swapon --show; zramctl");
    case What::short_of_memory:
      return tr(
          "a service of systemd's was told that memory is short, and gave back its caches\n"
          "  how short, and who holds it: whyoom check, on that machine");
    default:
      return tr("memory was refused\n  by what: whyoom check, on that machine");
  }
}

// What the line of another program says, and where the reason stands.
std::string told(const report::Symptom& symptom, const std::string& file) {
  using What = report::Symptom::What;
  switch (symptom.what) {
    case What::unit_killed:
      return tr(
          "the kernel killed a process of {}\n"
          "  its lines say why: journalctl -k | whyoom, after a restart with -b -1",
          printable(symptom.unit));
    case What::unit_killed_by_oomd:
      return tr(
          "systemd-oomd killed processes of {}\n"
          "  its lines say why: journalctl -u systemd-oomd | whyoom",
          printable(symptom.unit));
    case What::unit_failed:
      return tr(
          "the kernel or systemd-oomd killed a process of {}\n"
          "  their lines say why: journalctl -k | whyoom, journalctl -u systemd-oomd | whyoom",
          printable(symptom.unit));
    case What::container_killed:
      return tr(
          "a container was killed for its memory\n"
          "  the kernel's lines of its node say why: journalctl -k | whyoom");
    case What::pod_evicted:
      return tr(
          "the kubelet evicted a pod: its node was short of memory\n"
          "  its lines say how short: journalctl -u kubelet | whyoom");
    case What::no_process:
      return tr(
          "a process was refused: a limit was full, not memory\n"
          "  which one: whyoom check, on that machine, or --root FILE, a text with its ulimit -a");
    case What::no_thread:
      return tr(
          "a thread was refused: a limit was full, or there was no memory for its stack\n"
          "  which one: whyoom check, on that machine");
    case What::posted_state: {
      const auto name = ShellOperand::from(file);  // none: "-", and what no shell can be given
      return tr(
          "what a machine's memory was like, and no event of its log\n"
          "  what it shows: {}",
          (name ? ShellCommand("whyoom check --root {}", *name)
                : ShellCommand("whyoom check --root FILE"))
              .text());
    }
    default:
      return told_of_memory(symptom);
  }
}

}  // namespace

std::unique_ptr<report::TurningReader> Pipeline::reader(const std::string& source) {
  auto reader = std::make_unique<report::TurningReader>(
      source, [this](report::Report&& report) { hear(std::move(report)); });
  if (quotes_) {
    reader->keep_lines();
  }
  return reader;
}

void Pipeline::hear(report::Report&& report) {
  const bool known = seen_.is_copy(report);
  if (!excerpt_ && (known || !report::is_excerpt(report))) {
    summary_.copies += known ? 1 : 0;
    if (!known) {
      tell(std::move(report));
    }
    return;
  }
  std::unique_ptr<report::EventCopy> heard(new report::EventCopy{std::move(report), {}, {}, 0});
  const bool whole = excerpt_ && report::completes(*heard, *excerpt_, known);
  summary_.copies += known || whole ? 1 : 0;
  if (known && !whole) {
    return;
  }
  if (whole) {
    excerpt_.reset();
  }
  release();
  if (report::is_excerpt(heard->report)) {
    excerpt_ = std::move(heard);
  } else {
    tell(std::move(heard->report));
  }
}

void Pipeline::release() {
  if (const auto excerpt = std::move(excerpt_)) {
    tell(std::move(excerpt->report));
  }
}

void Pipeline::take(report::Report&& report) {
  hear(std::move(report));
  release();
}

void Pipeline::tell(report::Report&& report) {
  const diagnose::StoryContext& context = story_.next(report);
  if (report.part && report.part->before) {
    return;
  }
  auto host = host_beside(report);
  take(diagnose::explain(std::move(report), context, std::move(host)));
}

#ifdef __wasm__
// The page reads no host: that would be a twentieth of its bytes.
std::optional<memory::Recorded> Pipeline::host_beside(const report::Report& /*report*/) {
  return std::nullopt;
}
#else
// What the text that the report stands in shows of its host, by prompts that are not of another.
std::optional<memory::Recorded> Pipeline::host_beside(const report::Report& report) {
  if (report.beside != beside_) {
    beside_ = report.beside;
    const auto files = beside_ ? host::posted_files(*beside_).files : nullptr;
    host_beside_ =
        files ? memory::host_as_it_is(host::read_marks(*files), tr("the same text")) : std::nullopt;
    if (host_beside_) {
      host_beside_->posted = true;
    }
  }
  return host_beside_ && host::is_of_other_host(*beside_, report.host) ? std::nullopt
                                                                       : host_beside_;
}
#endif

// "x.log:7: ..."
void Pipeline::note_symptoms(const std::string& file, const report::Symptoms& symptoms) {
  symptoms.each([&](const report::Symptom& symptom) {
    if (symptoms_.size() == most_symptoms) {
      return;
    }
    const std::string more =
        symptom.count == 1 ? std::string() : tr(" (and {} more)", grouped(symptom.count - 1));
    symptoms_.push_back(printable(file) + ":" + std::to_string(symptom.line) + more + ": " +
                        told(symptom, file));
  });
}

void Pipeline::failed(const std::string& file, const std::string& why) {
  summary_.note(file, why);
  ++summary_.failed_inputs;
}

void Pipeline::account(const std::string& file, const report::InputAccount& account) {
  release();
  summary_.add(file, account);
  note_symptoms(file, account.symptoms);
  if (account.turned) {
    summary_.note(file, tr("the newest line comes first: it was read from its last line on"));
  } else if (account.newest_first) {
    summary_.note(file, tr("the newest line comes first"));
    turned_.push_back(file);
  }
}

void Pipeline::finish() {
  release();
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
  for (const std::string& file : turned_) {
    const auto name = ShellOperand::from(file);  // none: "-", and what no shell can be given
    const ShellCommand turn = name ? ShellCommand("tac {} | whyoom explain -", *name)
                                   : ShellCommand("tac | whyoom explain -");
    remarks.push_back(
        tr("the newest line of {} comes first, so its reports are in pieces\n"
           "  turn it round: {}",
           printable(file), turn.text()));
  }
  if (summary_.events == 0 && any_read) {
    const std::string lines = tr("{} of {}", plural(summary_.lines, "line", "lines"), where);
    const std::string known = join(symptoms_, "\n");
    remarks.push_back(found() > 0 ? tr("{} in {}, but none of those asked for",
                                       plural(found(), "OOM event", "OOM events"), lines)
                                  : tr("no OOM event found in {}\n{}", lines,
                                       known.empty() ? tr(looked_for) : known));
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
