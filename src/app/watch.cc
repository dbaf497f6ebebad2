// `whyoom watch`
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "app/command.h"
#include "base/human.h"
#include "linux/publisher.h"
#include "linux/recorder/recorder.h"

namespace whyoom::app {
namespace {

struct WatchFlags {
  std::string store{linux::default_ring};
  std::optional<unsigned> size_mib, interval_ms;
  bool once = false;
  std::string textfile;
  linux::PublishTo publish;
  std::vector<std::string> hook;
};

int watch(const WatchFlags& flags, Console& io) {
  linux::RecorderOptions options;
  options.ring.path = flags.store;
  if (flags.size_mib) {
    options.ring.bytes = std::uint64_t{*flags.size_mib} << 20U;
  }
  options.interval_ms = flags.interval_ms.value_or(options.interval_ms);
  options.fixed_interval = flags.interval_ms.has_value();
  options.once = flags.once;
  if (!flags.publish.url.empty()) {
    if (const auto done = linux::publish_ring(flags.publish, flags.store); !done) {
      return io.fail(done.error());
    }
  }
  options.hook = flags.hook;
  options.metrics_file = flags.textfile;
  // The journal takes the urgency of a line from its beginning: sd-daemon(3).
  const bool to_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  // Nobody may read: a journal that starves in an OOM does not. Recording never waits for telling.
  std::uint64_t untold = 0;
  options.tell = [&io, to_journal, &untold](linux::Urgency urgency, std::string_view what) {
    pollfd there{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&there, 1, 0) != 1 || (there.revents & POLLOUT) == 0) {
      ++untold;
      return;
    }
    constexpr std::string_view levels[] = {"<6>", "<4>", "<3>"};
    std::string line(to_journal ? levels[static_cast<std::size_t>(urgency)] : "");
    line.append("whyoom: ").append(what);
    if (untold > 0) {
      line += " (" + plural(std::exchange(untold, 0), "sentence", "sentences") +
              " before it: nobody read)";
    }
    io.errors.write(line + "\n");
    io.errors.flush();
  };
  const auto done = linux::record_machine(std::move(options));
  return done ? nothing_found : io.fail(done.error());
}

}  // namespace

const Command watch_command{
    "watch", "whyoom watch [OPTIONS] [HOOK...]",
    "Records this machine, so that an OOM can be explained later.\n"
    "Once a second, less often far from trouble and more often near it: memory and its zones,\n"
    "pressure, tasks, settings, the biggest processes and the fullest cgroups, and the kernel's\n"
    "messages as they come. Warns before it happens. `whyoom history` shows it.",
    "HOOK is a program with its arguments. It is run, without a shell, for each warning and each\n"
    "kill, with what it is about and the sentence as its last two arguments.\n"
    "`whyoom explain --follow` records nothing, and explains each event as it comes.\n"
    "\nExit status: 0 ended by a signal, 2 wrong use, or nothing could be recorded.\n"
    "\nExamples:\n"
    "  sudo whyoom watch\n"
    "  sudo whyoom watch --once\n"
    "  sudo whyoom watch --size 256 -- logger -t whyoom\n",
    [](Flags& flags) -> Work {
      const auto given = std::make_shared<WatchFlags>();
      flags.text("--store", "DIR", given->store,
                 "Where the records are; default /var/lib/whyoom/ring");
      flags.configured("store", "/var/lib/whyoom/ring");
      flags.number("--size", "MIB", given->size_mib, 1, 1U << 20U,
                   "Most that they take there; default 64");
      flags.configured("size", "64");
      flags.number("--interval", "MS", given->interval_ms, 10, 3'600'000,
                   "Always so many milliseconds from sample to sample");
      flags.configured("interval", "");
      flags.flag("--once", given->once, "One sample");
      flags.text("--textfile", "FILE", given->textfile,
                 "Metrics for Prometheus, written anew after an event and each 5 to 15 seconds");
      flags.text("--publish", "URL", given->publish.url,
                 "Send events there by whyoom-publish, which reads the records");
      flags.text("--credentials", "FILE", given->publish.credentials,
                 "Who this is to the receiver; for its owner alone");
      flags.only_one_of({"--publish", "--once"});
      flags.texts("HOOK", given->hook, "A program to run for each warning and each kill", false);
      flags.configured("hook", "");
      return [given](Console& io) { return watch(*given, io); };
    }};

}  // namespace whyoom::app
