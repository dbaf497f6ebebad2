
// `whyoom whatif`
#include "memory/whatif.h"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/command.h"
#include "app/host_root.h"
#include "app/live_state.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "host/host_names.h"
#include "host/read_host.h"
#include "linux/input.h"
#include "linux/terminal.h"
#include "memory/host_state.h"
#include "memory/machine.h"
#include "memory/settings.h"
#include "render/check.h"
#include "render/layout.h"
#include "render/vendors.h"
#include "render/whatif.h"
#include "report/log_reader.h"

namespace whyoom::app {
namespace {

struct WhatIfOptions : Options {
  std::vector<std::string> settings;  // KEY=VALUE
  std::string event;                  // FILE or FILE#N; empty = a host
  bool vendors = false;
};

struct EventName {
  std::string file;
  std::optional<std::uint64_t> number;  // 1 = the first
};

// "kern.log#3"; a file whose own name ends so is taken as it is.
EventName parse_event(const std::string& text) {
  struct stat info {};
  const std::size_t hash = text.rfind('#');
  if (hash == std::string::npos || ::stat(text.c_str(), &info) == 0) {
    return {text, std::nullopt};
  }
  const auto number = parse_number<std::uint64_t>(std::string_view(text).substr(hash + 1));
  return number ? EventName{text.substr(0, hash), number} : EventName{text, std::nullopt};
}

struct Found {
  std::unique_ptr<diagnose::Event> event;
  std::uint64_t count = 0;
};

tl::expected<Found, std::string> find_event(const EventName& wanted, linux::SandboxChoice sandbox) {
  Found found;
  const std::uint64_t number = wanted.number.value_or(1);
  report::LogReader reader(wanted.file, [&](report::Report&& report) {
    if (++found.count == number) {
      found.event = diagnose::explain(std::move(report), {});
    }
  });
  const auto inputs = linux::open_inputs({wanted.file}, sandbox);
  if (!inputs) {
    return tl::unexpected(inputs.error());
  }
  const auto result =
      inputs->front().read({.data = [&](std::string_view chunk) { reader.feed(chunk); },
                            .quiet = [] {},
                            .stop = [] { return false; },
                            .refuse_archives = true});
  reader.finish();
  if (!result) {
    return tl::unexpected(result.error());
  }
  if (found.event == nullptr && !result->empty()) {
    return tl::unexpected(*result);
  }
  if (found.count == 0) {
    return tl::unexpected(tr("no OOM event found in it"));
  }
  if (found.event == nullptr) {
    return tl::unexpected(tr("it has {}, so there is no #{}",
                             plural(found.count, "event", "events"), std::to_string(number)));
  }
  return found;
}

// False, with a message, when a setting cannot be understood.
bool read_settings(const WhatIfOptions& options, const memory::Machine& machine,
                   memory::Settings& settings, Console& io) {
  for (const std::string& assignment : options.settings) {
    if (const auto done = memory::apply_setting(settings, assignment, machine); !done) {
      io.tell(done.error().str());
      return false;
    }
  }
  return true;
}

void write(const WhatIfOptions& options, const render::WhatIfView& view, Console& io) {
  if (options.format == Format::json) {
    io.out.write(render::json_what_if(view) + "\n");
    return;
  }
  io.out.write(render::to_text(render::what_if_document(view), options.style()));
}

int tell_vendors(const WhatIfOptions& options, const memory::Machine& machine, Console& io) {
  const auto vendors = memory::vendors_on(machine);
  io.out.write(options.format == Format::json
                   ? render::json_vendors(machine, vendors) + "\n"
                   : render::to_text(render::vendors_document(machine, vendors), options.style()));
  return nothing_found;
}

// --vendors tries the rules' own values.
bool has_what_to_try(const WhatIfOptions& options, Console& io) {
  if (options.vendors == options.settings.empty()) {
    return true;
  }
  io.tell(options.vendors ? tr("--vendors is about vm.min_free_kbytes and takes no KEY=VALUE")
                          : tr("KEY=VALUE is required, or --vendors"));
  return false;
}

int at_event(const WhatIfOptions& options, Console& io) {
  const EventName name = parse_event(options.event);
  const std::string shown = name.file == "-" ? tr("standard input") : printable(name.file);
  const auto found = find_event(name, options.sandbox);
  if (!found) {
    return io.fail(tr("{}: {}", shown, found.error()));
  }
  const diagnose::Event& event = *found->event;
  if (!name.number && found->count > 1) {
    io.tell(tr("{}: the first of {} events; {}#2 is the next", shown, std::to_string(found->count),
               shown));
  }
  const memory::Machine& machine = event.evidence;
  if (machine.zones.empty() && !machine.cgroup) {
    return io.fail(
        tr("{}: this event ({}) prints no zones and no cgroup's limit, so there is nothing to "
           "compute with",
           shown, std::string(report::name(event.report.kind))));
  }
  if (options.vendors) {
    return tell_vendors(options, machine, io);
  }
  memory::Settings settings;
  if (!read_settings(options, machine, settings, io)) {
    return trouble;
  }
  const memory::WhatIf result = memory::what_if(machine, settings);
  write(options, {machine, result, &event, std::nullopt, {}}, io);
  return nothing_found;
}

int on_host(const WhatIfOptions& options, Console& io) {
  const auto live = read_state(options.root, options.sandbox);
  if (!live) {
    return io.fail(live.error());
  }
  const host::Host& host = *live->host;
  const memory::HostState& state = live->state;
  if (const std::string why = why_no_host(options.root, host); !why.empty()) {
    return io.fail(why);
  }
  if (options.vendors) {
    return tell_vendors(options, state.machine, io);
  }
  memory::Settings settings;
  if (!read_settings(options, state.machine, settings, io)) {
    return trouble;
  }
  const memory::WhatIf result = memory::what_if(state.machine, settings);
  const auto names = host::own_names(*live->files);
  write(options,
        {state.machine, result, nullptr, state.kills_from, host.gaps,
         render::host_words(names.empty() ? std::string() : names.front(), host)},
        io);
  return nothing_found;
}

}  // namespace

const Command what_if_command{
    "whatif", "whyoom whatif KEY=VALUE... | --vendors [--event FILE[#N] | --root DIR|FILE]",
    "Tells what other settings would do here, or at a logged event.\n"
    "The marks of each zone before and after, the memory that comes within reach, and whether the\n"
    "request that failed (on a host: an ordinary one) would pass.",
    "KEY=VALUE is one of:\n"
    "  vm.min_free_kbytes=45056              kB; or 64M, 1% (of RAM), default (the kernel's "
    "choice)\n"
    "  vm.watermark_scale_factor=10          of 10000\n"
    "  vm.watermark_boost_factor=0           0 switches the boost off\n"
    "  vm.lowmem_reserve_ratio=\"256 256 32\"  one number for each zone from the lowest up\n"
    "  vm.nr_hugepages=0                     pages of the smallest pool\n"
    "  vm.panic_on_oom=0                     0 kill, 1 panic unless cpuset or cgroup, 2 panic\n"
    "  memory.max=512M                       of the cgroup whose limit was hit; max = none\n"
    "  ram=+4G                               more memory; or the total, ram=16G\n"
    "\nWithout --event it is about this host as it is now.\n"
    "FILE#N is the N-th event of the file, as `whyoom explain --format json` lists them; "
    "without\n"
    "#N it is the first.\n"
    "\nExit status: 0 computed, 2 wrong use, unreadable input, or no such event.\n"
    "\nExamples:\n"
    "  whyoom whatif vm.min_free_kbytes=1G\n"
    "  whyoom whatif vm.min_free_kbytes=default --event kern.log\n"
    "  whyoom whatif --vendors\n"
    "  whyoom whatif vm.min_free_kbytes=1% vm.watermark_scale_factor=100 --event kern.log#3\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<WhatIfOptions>();
      flags.texts("KEY=VALUE", options->settings, "Settings to try", false);
      flags.flag("--vendors", options->vendors,
                 "Who recommends what for vm.min_free_kbytes, and what it costs here");
      flags.text("--event", "FILE[#N]", options->event, "At an event of a log");
      flags.root(*options);
      flags.only_one_of({"--event", "--root"});
      flags.format(*options, "text (default) or json", {Format::text, Format::json});
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) {
        if (!has_what_to_try(*options, io)) {
          return static_cast<int>(trouble);
        }
        return options->event.empty() ? on_host(*options, io) : at_event(*options, io);
      };
    }};

}  // namespace whyoom::app
