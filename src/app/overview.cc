// `whyoom` alone.
#include "render/overview.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "app/command.h"
#include "app/host_log.h"
#include "app/host_root.h"
#include "app/ring_history.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/host_check.h"
#include "linux/log_sources.h"
#include "linux/terminal.h"
#include "render/check.h"
#include "render/json_writer.h"
#include "render/phrase.h"

namespace whyoom::app {
namespace {

using Events = std::vector<std::unique_ptr<diagnose::Event>>;

// Of each story its first event, and the panic that ended it: a log can have very many.
class Stories {
 public:
  void take(std::unique_ptr<diagnose::Event> event) {
    if (!event->report.unverified.empty()) {
      ++overview_.unverified;
      overview_.unverified_why = event->report.unverified.str();
      return;
    }
    auto& stories = overview_.stories;
    const auto own = std::ranges::find_if(
        stories, [&](const auto& story) { return story.first->story == event->story; });
    if (own == stories.end()) {
      stories.push_back({event.get(), 0, nullptr});
    } else {
      ++own->followers;
      if (!event->report.panic) {
        return;
      }
      own->end = &*event->report.panic;
    }
    kept_.push_back(std::move(event));
  }

  // Valid as long as this is.
  render::Overview& overview() { return overview_; }

 private:
  Events kept_;
  render::Overview overview_;
};

bool sees_too_little(const render::Summary& account, const diagnose::HostCheck& check) {
  return std::ranges::any_of(account.sources,
                             [](const render::LogSource& source) { return !source.gap.empty(); }) ||
         std::ranges::any_of(check.facts.host.gaps, [](const host::Gap& gap) {
           return gap.kind == host::FileError::Kind::denied;
         });
}

void write_json(const Events& events, const render::Summary& account,
                const diagnose::HostCheck& check, Console& io) {
  render::JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.array("events", [&] {
      for (const auto& event : events) {
        json.raw(render::json_event(*event, true));
      }
    });
    json.raw("input", render::json_input(account, true));
    json.raw("check", render::json_check(check));
  });
  io.out.write(json.take() + "\n");
}

int overview(const Options& options, Console& io) {
  const auto root = open_host(options.root, options.sandbox);
  if (!root) {
    return io.fail(root.error());
  }
  const bool as_json = options.format == Format::json;
  Events events;  // all of them, for JSON
  Stories stories;
  render::Summary account;
  std::uint64_t found = 0;
  const auto read = read_host_log(*root, {.stop = [&io] { return io.out.closed(); }},
                                  [&](std::unique_ptr<diagnose::Event> event) {
                                    ++found;
                                    if (as_json) {
                                      events.push_back(std::move(event));
                                    } else {
                                      stories.take(std::move(event));
                                    }
                                  });
  if (read) {
    account = *read;
    account.events = found;
  } else {
    io.tell(tr("{}: {}", printable(root->name), read.error()));
  }
  const auto check = diagnose::check(host::read_facts(*root->files, root->options));
  if (as_json) {
    write_json(events, account, *check, io);
  } else {
    render::Overview& story = stories.overview();
    story.sources = account.sources;
    story.root = options.root;
    if (root->name == "/") {
      story.last_boot = last_boot_words(linux::machine_clock().boot);
    }
    story.more_as_root = root->name == "/" && ::geteuid() != 0 && sees_too_little(account, *check);
    io.out.write(render::text_overview(story, *check, options.style()));
  }
  if (root->name == "/" && !account.any_source_read()) {
    return trouble;  // why this machine ran out of memory could not be seen
  }
  return found == 0 && !render::has_findings(*check) ? nothing_found : events_found;
}

}  // namespace

const Command overview_command{
    "", "whyoom [OPTIONS]\n       whyoom [explain] FILE...|-\n       whyoom COMMAND [OPTIONS]",
    "whyoom tells you why Linux ran out of memory when memory was not used up,\n"
    "and proves it with the numbers of the kernel's own report.\n"
    "Without a command it looks at this host: what happened, is it still so, what to do.\n"
    "A FILE, or a log that comes on standard input, is explained.",
    "Exit status: 0 nothing found, 1 events or findings, 2 wrong use, or no log of this\n"
    "machine could be read.\n"
    "\nExamples:\n"
    "  sudo whyoom                           what happened here, and what to do\n"
    "  whyoom /var/log/kern.log              explain every OOM event in a log\n"
    "  journalctl -k -b -1 | whyoom          the same for the boot before this one\n"
    "  whyoom explain --host                 explain every OOM event in this machine's logs\n"
    "  sudo whyoom check                     memory, threads and settings of this host\n"
    "  sudo whyoom fix                       fix it; `whyoom undo` takes it "
    "back\n"
    "  whyoom whatif vm.min_free_kbytes=default --event kern.log\n"
    "                                        what the kernel's own choice would have done\n"
    "  whyoom causes min-free-too-high       read about one cause\n"
    "\n`whyoom explain --help` has more.\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<Options>();
      flags.root(*options);
      flags.format(*options, "text (default) or json", {Format::text, Format::json});
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) { return overview(*options, io); };
    }};

}  // namespace whyoom::app
