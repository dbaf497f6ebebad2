#include "app/whatif.h"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/host_root.h"
#include "app/run.h"
#include "app/text_style.h"
#include "base/human.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "host/read_host.h"
#include "linux/input.h"
#include "linux/terminal.h"
#include "memory/host_state.h"
#include "memory/machine.h"
#include "memory/settings.h"
#include "memory/whatif.h"
#include "render/layout.h"
#include "render/whatif.h"
#include "report/log_reader.h"

namespace whyoom::app {
namespace {

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
                            .stop = [] { return false; }});
  reader.finish();
  if (!result) {
    return tl::unexpected(result.error());
  }
  if (found.event == nullptr && !result->damage.empty()) {
    return tl::unexpected(result->damage);
  }
  if (found.count == 0) {
    return tl::unexpected(std::string("no OOM event found in it"));
  }
  if (found.event == nullptr) {
    return tl::unexpected("it has " + plural(found.count, "event", "events") +
                          ", so there is no #" + std::to_string(number));
  }
  return found;
}

// False, with a message, when a setting cannot be understood.
bool read_settings(const WhatIfOptions& options, const memory::Machine& machine,
                   memory::Settings& settings, linux::Output& errors) {
  for (const std::string& assignment : options.settings) {
    if (const auto done = memory::apply_setting(settings, assignment, machine); !done) {
      errors.write("whyoom: " + done.error().str() + "\n");
      return false;
    }
  }
  return true;
}

void write(const WhatIfOptions& options, const render::WhatIfView& view, linux::Output& out) {
  if (options.format == Format::json) {
    out.write(render::json_what_if(view) + "\n");
    return;
  }
  out.write(render::to_text(render::what_if_document(view), text_style(options)));
}

int at_event(const WhatIfOptions& options, linux::Output& out, linux::Output& errors) {
  const EventName name = parse_event(options.event);
  const std::string shown = name.file == "-" ? "standard input" : printable(name.file);
  const auto found = find_event(name, options.sandbox);
  if (!found) {
    errors.write("whyoom: " + shown + ": " + found.error() + "\n");
    return trouble;
  }
  const diagnose::Event& event = *found->event;
  if (!name.number && found->count > 1) {
    errors.write("whyoom: " + shown + ": the first of " + std::to_string(found->count) +
                 " events; " + shown + "#2 is the next\n");
  }
  const memory::Machine machine = memory::machine_of(event.evidence);
  if (machine.zones.empty() && !machine.cgroup) {
    errors.write("whyoom: " + shown + ": this event (" +
                 std::string(report::name(event.report.kind)) +
                 ") prints no zones and no cgroup's limit, so there is nothing to compute with\n");
    return trouble;
  }
  memory::Settings settings;
  if (!read_settings(options, machine, settings, errors)) {
    return trouble;
  }
  const memory::WhatIf result = memory::what_if(machine, settings);
  write(options, {machine, result, &event, std::nullopt, {}}, out);
  return nothing_found;
}

int on_host(const WhatIfOptions& options, linux::Output& out, linux::Output& errors) {
  auto root = open_host(options.root, options.sandbox);
  if (!root) {
    errors.write("whyoom: " + root.error() + "\n");
    return trouble;
  }
  // What-if is about zones and settings; a walk over all processes would add nothing.
  root->options.processes = false;
  root->options.cgroups = false;
  const host::Host host = host::read_host(*root->files, root->options);
  const memory::HostState state = memory::state_of(host);
  if (state.machine.zones.empty() && !state.machine.min_free_kbytes && !state.machine.ram) {
    errors.write("whyoom: " + printable(root->name) +
                 ": no /proc of a host in it: neither meminfo, zoneinfo nor sys/vm was found\n");
    return trouble;
  }
  memory::Settings settings;
  if (!read_settings(options, state.machine, settings, errors)) {
    return trouble;
  }
  const memory::WhatIf result = memory::what_if(state.machine, settings);
  std::vector<render::Gap> gaps;
  for (const host::Gap& gap : host.gaps) {
    gaps.push_back({gap.path, gap.str()});
  }
  write(options, {state.machine, result, nullptr, state.kills_from, std::move(gaps)}, out);
  return nothing_found;
}

}  // namespace

int what_if(const WhatIfOptions& options, linux::Output& out, linux::Output& errors) {
  return options.event.empty() ? on_host(options, out, errors) : at_event(options, out, errors);
}

}  // namespace whyoom::app
