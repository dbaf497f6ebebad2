#include <algorithm>

#include "base/human.h"
#include "base/text.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// What the next boot sets aside, and where that stands.
struct Reserve {
  Bytes size;
  Pages pages;  // of the default size; saturates, as its size does
  bool by_file = false;
  Place at{};
};

// "8", or "0:4,1:4" for each node.
std::optional<std::uint64_t> count_of(std::string_view text) {
  Pages sum;  // saturates
  Cursor cursor(text);
  while (!cursor.at_end()) {
    auto number = cursor.take_unsigned();
    if (number && cursor.take(':')) {
      number = cursor.take_unsigned();
    }
    if (!number || (!cursor.at_end() && !cursor.take(','))) {
      return std::nullopt;
    }
    sum += Pages(*number);
  }
  return text.empty() ? std::nullopt : std::optional(sum.count());
}

// "2M", "1G", "2048K"
std::optional<Bytes> size_of(std::string_view text) {
  Cursor cursor(text);
  const auto number = cursor.take_unsigned();
  if (!number || *number == 0) {
    return std::nullopt;
  }
  const char unit = cursor.at_end() ? ' ' : cursor.peek();
  const Bytes bytes(*number);
  return unit == 'G' || unit == 'g'   ? bytes * (std::uint64_t{1} << 30U)
         : unit == 'M' || unit == 'm' ? bytes * (std::uint64_t{1} << 20U)
         : unit == 'K' || unit == 'k' ? bytes * 1024
                                      : bytes;
}

// hugepages=N counts pages of the hugepagesz= before it, or of the default size.
Reserve of_command_line(const host::CommandLine& line, Bytes default_size) {
  Reserve reserve;
  reserve.at = line.at;
  Bytes size = default_size;
  for (const std::string& word : line.words) {
    const std::string_view text = word;
    if (text.starts_with("hugepagesz=")) {
      size = size_of(text.substr(11)).value_or(default_size);
    } else if (text.starts_with("hugepages=")) {
      const std::uint64_t pages = count_of(text.substr(10)).value_or(0);
      reserve.size += size * pages;
      reserve.pages += size == default_size ? Pages(pages) : Pages(0);
    }
  }
  return reserve;
}

// A sysctl file that sets vm.nr_hugepages replaces the number of the default size.
std::optional<Reserve> after_boot(const HostContext& context) {
  const host::Host& host = context.facts.host;
  if (!host.meminfo.hugepage_size) {
    return std::nullopt;
  }
  const Bytes page = to_bytes(host.meminfo.hugepage_size->value);
  Reserve reserve = of_command_line(host.command_line, page);
  const host::SysctlHistory& history = context.facts.huge_pages_history;
  const auto text = history.value_after_boot();
  const auto pages = text ? host::parse_sysctl_integer(*text) : std::nullopt;
  if (pages && *pages >= 0) {
    const auto count = static_cast<std::uint64_t>(*pages);
    reserve.size = reserve.size - page * reserve.pages.count() + page * count;
    reserve.by_file = true;
    if (const host::SysctlSetting* line = history.boot.winning()) {
      reserve.at = {context.sources.add(line->real), line->line};
    }
  }
  return reserve;
}

void add_remedy(Claim& result, const HostContext& context, const Reserve& reserve) {
  std::uint64_t used = 0;  // pages of the default size
  for (const host::HugePool& pool : context.facts.host.huge_pools) {
    if (pool.total && pool.free &&
        pool.page_size == context.facts.host.meminfo.hugepage_size->value) {
      used = pool.total->value - std::min(pool.total->value, pool.free->value);
    }
  }
  if (reserve.by_file) {
    result.remedies.push_back(set_remedy(used == 0 ? Message("Reserve none: none is used now")
                                                   : Message("Reserve as many as are used now"),
                                         "vm.nr_hugepages", static_cast<std::int64_t>(used)));
  } else {
    result.remedy(Message("Lower hugepages= on the kernel command line before the next boot"),
                  {ShellCommand("grep -o 'hugepages[^ ]*' /proc/cmdline")});
  }
}

std::vector<Claim> check(const HostContext& context) {
  const host::Meminfo& info = context.facts.host.meminfo;
  const auto reserve = after_boot(context);
  if (!reserve || !info.mem_total || !info.mem_available) {
    return {};
  }
  const Bytes ram = to_bytes(info.mem_total->value);
  const Bytes now = info.hugetlb ? to_bytes(info.hugetlb->value)
                                 : to_bytes(info.hugepage_size->value) *
                                       (info.hugepages_total ? info.hugepages_total->value : 0);
  // What the programs of this host use beside huge pages; after a boot they start again.
  const Bytes used = ram - now - to_bytes(info.mem_available->value);
  const Bytes left = ram - reserve->size;
  const bool risk = reserve->size.count() > 0 && left < used;
  Claim result = claim(
      risk ? Role::risk : Role::ruled_out, Rank::out_of_reach, risk ? share(reserve->size, ram) : 0,
      0.9,
      risk
          ? Message("The next boot sets {} aside for huge pages and leaves {} of {}; what runs now "
                    "uses {}. It may come up without room for a login.",
                    human(reserve->size), human(left), human(ram), human(used))
          : Message("the next boot sets {} aside for huge pages; {} is left and {} used",
                    human(reserve->size), human(left), human(used)));
  result.prove(Message("huge pages after the next boot"), reserve->size, reserve->at);
  result.prove(Message("RAM"), info.mem_total);
  result.prove(Message("used now, huge pages left out"), used);
  if (risk) {
    add_remedy(result, context, *reserve);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_hugepages_next_boot{
    "hugepages-next-boot", 'F', "the next boot reserves more huge pages than it can spare", nullptr,
    check};

}  // namespace whyoom::diagnose::causes
