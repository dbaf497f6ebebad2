#include "host/facts.h"

#include <string_view>

#include "base/text.h"

namespace whyoom::host {

namespace {

constexpr std::string_view key = "vm.min_free_kbytes";

}  // namespace

HostFacts read_facts(Files& files, const ReadOptions& options) {
  HostFacts facts;
  facts.host = read_host(files, options);
  facts.min_free_history = find_sysctl(files, ask_sysctl(key, facts.host.command_line.str()));
  for (const SysctlGap& gap : facts.min_free_history.gaps) {
    if (!gap.masked) {
      facts.host.gaps.push_back(
          {gap.error.kind, printable(gap.path),
           Message("{} could not be read ({})", printable(gap.path), printable(gap.error.text)),
           Message("a setting in it is not known")});
    }
  }
  facts.min_free_setters = find_setters(files, key);
  facts.huge_pages_history =
      find_sysctl(files, ask_sysctl("vm.nr_hugepages", facts.host.command_line.str()));
  return facts;
}

}  // namespace whyoom::host
