#include "app/live_state.h"

#include <cstdlib>
#include <utility>

#include "advise/sysctl_edit.h"
#include "app/host_root.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "host/read_host.h"
#include "host/sysctl_path.h"
#include "memory/whatif.h"

namespace whyoom::app {

namespace {

std::int64_t distance(Pages a, Pages b) {
  return static_cast<std::int64_t>(a.count()) - static_cast<std::int64_t>(b.count());
}

bool as_computed(const memory::Watermarks& is, const memory::Watermarks& should) {
  const std::int64_t min = distance(is.min, should.min);
  const auto close = [](std::int64_t a, std::int64_t b) { return std::abs(a - b) <= 1; };
  // The boost of 5.0 to 5.18 is in the marks and on no line of its own.
  return min >= -1 && close(distance(is.low, should.low), min) &&
         close(distance(is.high, should.high), min);
}

}  // namespace

tl::expected<LiveState, std::string> read_state(const std::string& root,
                                                linux::SandboxChoice sandbox) {
  auto opened = open_host(root, sandbox);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  opened->options.processes = false;
  opened->options.cgroups = false;
  LiveState live;
  live.files = std::move(opened->files);
  live.host = std::make_unique<host::Host>(host::read_host(*live.files, opened->options));
  live.state = memory::state_of(*live.host);
  return live;
}

tl::expected<void, std::string> check_marks(const memory::Machine& machine) {
  if (machine.zones.empty() || !machine.min_free) {
    return {};
  }
  memory::Settings settings;
  settings.min_free_kbytes = machine.min_free->value;
  for (const memory::ZoneChange& zone : memory::what_if(machine, settings).zones) {
    if (zone.managed == Pages(0) || as_computed(zone.before.marks, zone.after.marks)) {
      continue;
    }
    const auto size = [&machine](Pages pages) { return kb(to_bytes(pages, machine.page)); };
    return tl::unexpected(tr("zone {} of node {} has min {}, and with this setting it should be {}",
                             printable(zone.name), std::to_string(zone.node),
                             size(zone.before.marks.min), size(zone.after.marks.min)));
  }
  return {};
}

tl::expected<void, std::string> check_files(host::Files& files, const advise::Wanted& wanted) {
  const std::string command_line =
      files.read("/proc/cmdline", host::default_most_bytes).value_or("");
  const auto history = host::find_sysctl(files, wanted.key, command_line);
  if (const host::SysctlGap* gap = advise::deciding_gap(history)) {
    return tl::unexpected(tr("{} could not be read back: {}", printable(gap->path),
                             printable(translated(gap->error.text))));
  }
  const std::pair<const char*, std::optional<std::string>> answers[] = {
      {"the next boot", history.value_after_boot()},
      {"`sysctl --system`", history.value_after_system()},
      {"`sysctl -p`", history.value_after_load()}};
  for (const auto& [reader, value] : answers) {
    const bool no_boot = history.boot_reader == host::SysctlBoot::nothing && !value;
    if (!no_boot && (!value || !advise::same_sysctl_value(*value, wanted.value))) {
      return tl::unexpected(tr("{} would leave {} at {}", translated(reader), wanted.key.dotted(),
                               value ? printable(*value) : tr("the kernel's default")));
    }
  }
  return {};
}

}  // namespace whyoom::app
