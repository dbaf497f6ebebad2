#include <algorithm>
#include <functional>

#include "base/text.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

const report::SlabRow* biggest_cache(const report::Report& report) {
  const auto biggest = std::ranges::max_element(report.slab, {}, &report::SlabRow::total_kib);
  return biggest == report.slab.end() ? nullptr : &*biggest;
}

void prove_caches(Claim& claim, const HostContext& context) {
  constexpr std::size_t most_caches = 3;
  std::vector<host::SlabCache> caches = context.facts.host.slab;
  std::ranges::stable_sort(caches, std::greater{}, &host::SlabCache::pages);
  for (std::size_t i = 0; i < caches.size() && i < most_caches; ++i) {
    claim.prove(Message("the cache {}", printable(caches[i].name)),
                to_bytes(caches[i].pages, context.state.machine.page), caches[i].at);
  }
}

constexpr ShareRow row{
    .what = memory::AccountLine::What::slab_unreclaimable,
    .counter = &host::Meminfo::slab_unreclaimable,
    .name = [] { return Message("unreclaimable slab"); },
    .little =
        [](const std::string& size, const std::string& part) {
          return Message("unreclaimable slab memory is {} ({} of RAM)", size, part);
        },
    .much =
        [](const std::string& size, const std::string& part) {
          return Message("{} of RAM ({}) are slab memory that the kernel cannot take back.", size,
                         part);
        },
    .prove =
        [](Claim& claim, const Context& context) {
          if (const auto* cache = biggest_cache(context.report)) {
            claim.prove(Message("its biggest cache, {}", printable(cache->name)),
                        to_bytes(KiB(cache->total_kib)), cache->at);
          }
        },
    .prove_on_host = prove_caches,
    .remedy =
        [](const Context* context) {
          const auto* cache = context != nullptr ? biggest_cache(context->report) : nullptr;
          return Remedy{
              cache == nullptr
                  ? Message("See which cache grows, and what allocates from it")
                  : Message("See what allocates from the cache {}", printable(cache->name)),
              {ShellCommand("sudo slabtop -o -s c | head -15")}};
        },
};

}  // namespace

extern const Cause cause_slab_leak =
    share_cause<row>("slab-leak", 'B', "the kernel keeps the memory in unreclaimable slabs");

}  // namespace whyoom::diagnose::causes
