#include "host/facts.h"

#include <array>
#include <string>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "host/host_names.h"
#include "host/remembered_links.h"

namespace whyoom::host {

HostFacts read_facts(Files& files, const ReadOptions& options) {
  HostFacts facts;
  facts.host = read_host(files, options);
  const auto names = own_names(files);
  facts.name = names.empty() ? std::string() : printable(names.front());
  const SysctlKey min_free = *SysctlKey::parse("vm.min_free_kbytes");
  const SysctlKey huge_pages = *SysctlKey::parse("vm.nr_hugepages");
  const std::string command_line = facts.host.command_line.str();
  RememberedLinks links(files);
  auto histories = find_sysctl(links, std::array{min_free, huge_pages}, command_line);
  facts.min_free_history = std::move(histories[0]);
  facts.huge_pages_history = std::move(histories[1]);
  for (const SysctlGap& gap : facts.min_free_history.gaps) {
    if (!gap.masked && options.posted.empty()) {
      facts.host.gaps.push_back({gap.error.kind, printable(gap.path),
                                 Message("{} could not be read ({})", printable(gap.path),
                                         printable(translated(gap.error.text))),
                                 Message("a setting in it is not known")});
    }
  }
  facts.min_free_setters = find_setters(links, min_free);
  return facts;
}

}  // namespace whyoom::host
