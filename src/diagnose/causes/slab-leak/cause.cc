#include <algorithm>
#include <string>

#include "base/text.h"
#include "diagnose/host_share.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "slab-leak";

constexpr double big_share = 0.25;  // of RAM
constexpr double notable_share = 0.10;

using What = memory::AccountLine::What;

const report::SlabRow* biggest_cache(const report::Report& report) {
  const auto biggest = std::ranges::max_element(report.slab, {}, &report::SlabRow::total_kib);
  return biggest == report.slab.end() ? nullptr : &*biggest;
}

void add_proof(Finding& finding, const Context& context, const memory::Account& account,
               Bytes size) {
  finding.proof.push_back(
      proof(Message("unreclaimable slab"), size, account.at(What::slab_unreclaimable)));
  finding.proof.push_back(proof(Message("RAM that the kernel manages"), account.total));
  if (const auto* row = biggest_cache(context.report)) {
    finding.proof.push_back(proof(Message("its biggest cache, {}", printable(row->name)),
                                  to_bytes(KiB(row->total_kib)), row->at));
  }
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  const Bytes size = account->size(What::slab_unreclaimable);
  const double part = share(size, account->total);
  const std::string text = human(size);
  if (part < notable_share) {
    Claim result =
        claim(id, Role::ruled_out, Rank::used_up, part, 0.95,
              Message("unreclaimable slab memory is {} ({} of RAM)", text, percent(part)));
    add_proof(result.finding, context, *account, size);
    return result;
  }
  Claim result =
      claim(id, part >= big_share ? Role::root : Role::contributing, Rank::used_up, part, 0.95,
            Message("{} of RAM ({}) are slab memory that the kernel cannot take back.", text,
                    percent(part)));
  add_proof(result.finding, context, *account, size);
  const auto* row = biggest_cache(context.report);
  Remedy remedy;
  remedy.title = row == nullptr
                     ? Message("See which cache grows, and what allocates from it")
                     : Message("See what allocates from the cache {}", printable(row->name));
  remedy.commands = {ShellCommand("sudo slabtop -o -s c | head -15")};
  result.finding.remedies.push_back(remedy);
  return result;
}

void add_caches(Finding& finding, const HostContext& context) {
  constexpr std::size_t most_caches = 3;
  const host::Host& host = context.facts.host;
  std::vector<const host::SlabCache*> caches;
  for (const host::SlabCache& cache : host.slab) {
    caches.push_back(&cache);
  }
  std::ranges::stable_sort(caches, std::greater{},
                           [](const host::SlabCache* cache) { return cache->pages; });
  for (std::size_t i = 0; i < caches.size() && i < most_caches; ++i) {
    finding.proof.push_back(proof(Message("the cache {}", printable(caches[i]->name)),
                                  to_bytes(caches[i]->pages, context.state.machine.page),
                                  caches[i]->at));
  }
}

std::vector<Claim> check(const HostContext& context) {
  const auto slab = host_share(context, context.facts.host.meminfo.slab_unreclaimable);
  if (!slab) {
    return {};
  }
  Claim result =
      share_claim(id, Rank::used_up, *slab, big_on_host, Message("unreclaimable slab"),
                  Message("{} of RAM ({}) are slab memory that the kernel cannot take back.",
                          human(slab->size), percent(slab->part())));
  if (result.finding.role == Role::risk) {
    add_caches(result.finding, context);
    Remedy remedy;
    remedy.title = Message("See which cache grows, and what allocates from it");
    remedy.commands = {ShellCommand("sudo slabtop -o -s c | head -15")};
    result.finding.remedies.push_back(remedy);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_slab_leak;
const Cause cause_slab_leak{id, 'B', "the kernel keeps the memory in unreclaimable slabs", judge,
                            check};

}  // namespace whyoom::diagnose::causes
