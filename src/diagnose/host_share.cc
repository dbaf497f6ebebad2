#include "diagnose/host_share.h"

namespace whyoom::diagnose {

std::optional<HostShare> host_share(const HostContext& context, const Maybe<KiB>& size) {
  const auto& total = context.facts.host.meminfo.mem_total;
  if (!size || !total || total->value == KiB(0)) {
    return std::nullopt;
  }
  return HostShare{to_bytes(size->value), to_bytes(total->value), size->at, total->at};
}

Claim share_claim(std::string_view id, Rank rank, const HostShare& share, double least,
                  Message what, Message risk) {
  const bool big = share.part() >= least;
  Claim result = claim(
      id, big ? Role::risk : Role::ruled_out, rank, big ? share.part() : 0, 0.9,
      big ? std::move(risk)
          : Message("{}: {} ({} of RAM)", what.str(), human(share.size), percent(share.part())));
  result.finding.proof.push_back(proof(std::move(what), share.size, share.size_at));
  result.finding.proof.push_back(proof(Message("RAM"), share.ram, share.ram_at));
  return result;
}

}  // namespace whyoom::diagnose
