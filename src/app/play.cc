// `whyoom play`: from the events of a fleet to a play that fixes the hosts.
#include "advise/play.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/cause_pages.h"
#include "app/command.h"
#include "app/event_files.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "linux/input.h"
#include "memory/usual_machine.h"

namespace whyoom::app {
namespace {

struct PlayOptions : Options {
  std::vector<std::string> files;
  std::string cause = "min-free-too-high", setting;
  std::string batches = "1,10%,25%";
};

// The hosts on which the cause was found, and what was left out.
struct Hosts {
  std::set<std::string> names;
  std::set<std::string> refused;
  std::uint64_t nameless = 0;

  void take(const explain::EventFacts& event, const std::string& cause) {
    if (event.cause != cause) {
      return;
    }
    if (event.host.empty()) {
      ++nameless;
    } else if (advise::is_host_name(event.host)) {
      names.insert(event.host);
    } else {
      refused.insert(event.host);
    }
  }
};

// Why there can be no play; empty: there can.
std::string wrong_in(const PlayOptions& options) {
  constexpr Bytes some_ram{std::uint64_t{16} << 30U};  // for "1%" and "default"
  if (diagnose::find_cause(options.cause) == nullptr) {
    return no_cause(options.cause);
  }
  if (const auto batches = advise::parse_batches(options.batches); !batches) {
    return tr("--batch {}", batches.error().str());
  }
  if (options.setting.empty()) {
    return {};
  }
  const auto wanted = advise::parse_wanted(options.setting, memory::usual_machine(some_ram));
  return !wanted ? wanted.error().str()
         : printable(options.setting) != options.setting
             ? tr("--set: the value has characters that no play can have")
             : std::string();
}

int play(const PlayOptions& options, Console& io) {
  if (const std::string why = wrong_in(options); !why.empty()) {
    return io.fail(why);
  }
  Hosts hosts;
  EventFiles events(io,
                    [&](const explain::EventFacts& event) { hosts.take(event, options.cause); });
  const auto all_read = events.read_all(options.files, options.sandbox);
  if (!all_read) {
    return trouble;
  }
  events.tell_refused();
  if (hosts.nameless > 0) {
    io.tell(tr("{} left out: no host is named", plural(hosts.nameless, "event", "events")));
  }
  if (!hosts.refused.empty()) {
    io.tell(tr("{} left out, as no host is called so: {}",
               plural(hosts.refused.size(), "name", "names"), printable(*hosts.refused.begin())));
  }
  if (hosts.names.empty()) {
    return io.fail(tr("no host has an event of {}; nothing was written", options.cause));
  }
  io.out.write(advise::play_text({options.cause,
                                  options.setting,
                                  {hosts.names.begin(), hosts.names.end()},
                                  *advise::parse_batches(options.batches)}));
  io.tell(tr("{} to fix", plural(hosts.names.size(), "host", "hosts")));
  return *all_read && events.refused() == 0 && hosts.refused.empty() ? nothing_found : trouble;
}

}  // namespace

const Command play_command{
    "play", "whyoom play [OPTIONS] [EVENTS...|-]",
    "Writes an Ansible play that fixes the hosts of a fleet.\n"
    "EVENTS are what `whyoom explain --format ndjson` or json wrote, and summaries as JSON. The\n"
    "play takes the hosts with events of one cause, in batches: `whyoom fix` on each, then "
    "`whyoom\ncheck`, and it stops at the first that fails. A second run changes nothing.",
    "BATCHES: 1,10%,25%: one host, then a tenth of them, then a quarter at a time.\n"
    "\nExit status: 0 a play was written of all that was read, 2 wrong use, unreadable input, "
    "events or\nnames of hosts that were left out, or no host.\n"
    "\nExamples:\n"
    "  whyoom summary --format json events/*.ndjson | whyoom play > whyoom-play.yml\n"
    "  ansible-playbook -i inventory whyoom-play.yml -e whyoom_binary=$PWD/whyoom\n"
    "  whyoom play --set vm.min_free_kbytes=default --batch 5 events.ndjson\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<PlayOptions>();
      flags.texts("EVENTS", options->files, "Events, summaries, or - for standard input", false);
      flags.text("--cause", "ID", options->cause,
                 "The hosts with events of this cause (default min-free-too-high)");
      flags.text("--set", "KEY=VALUE", options->setting,
                 "Set this instead of what each host's own check advises");
      flags.text("--batch", "BATCHES", options->batches,
                 "How many hosts at a time (default 1,10%,25%)");
      flags.sandbox(*options);
      return [options](Console& io) { return play(*options, io); };
    }};

}  // namespace whyoom::app
