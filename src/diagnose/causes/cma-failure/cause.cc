#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::int64_t enomem = -12;
constexpr std::int64_t ebusy = -16;

Message said(const report::LimitReached& limit) {
  const std::string area = limit.name.empty() ? std::string() : " " + printable(limit.name);
  const std::string size = limit.pages   ? plural(*limit.pages, "page", "pages")
                           : limit.bytes ? human(Bytes(*limit.bytes))
                                         : tr("a block");
  if (limit.error == ebusy) {
    return Message(
        "A driver asked the CMA area{} for {} in one piece, and pages that others use there could "
        "not be moved away (EBUSY). Nothing was killed; RAM elsewhere does not help.",
        area, size);
  }
  return limit.error == enomem
             ? Message(
                   "A driver asked the CMA area{} for {} in one piece, and the area has no free "
                   "range of that length. Nothing was killed; RAM elsewhere does not help.",
                   area, size)
             : Message(
                   "A driver asked the CMA area{} for {} in one piece and did not get it. Nothing "
                   "was killed; RAM elsewhere does not help.",
                   area, size);
}

std::optional<Claim> judge(const Context& context) {
  auto result = judge_limit(context, report::LimitReached::What::cma, said);
  if (!result) {
    return result;
  }
  const report::LimitReached& limit = *context.report.limit_reached;
  if (limit.pages) {
    result->prove(Message("pages asked for"), *limit.pages, limit.at);
  }
  // EBUSY: a range was long enough (mm/cma.c cma_alloc() gives ENOMEM where none is), so neither a
  // larger area nor a smaller request is what lacks.
  result->remedy(
      limit.error == ebusy
          ? Message("Let the driver try again: pages that are written out or being moved are free "
                    "a moment later. If it never succeeds, look for what pins pages there (RDMA, "
                    "VFIO, io_uring, a camera or GPU), or for a kernel that tries again itself")
          : Message("Make the area larger at boot (cma=SIZE, or the device tree), or let the "
                    "driver ask for less at once"),
      {ShellCommand("grep -i cma /proc/meminfo"), ShellCommand("grep cma_alloc /proc/vmstat")});
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const auto& failed = context.facts.host.vmstat.cma_alloc_fail;
  if (!failed) {
    return {};
  }
  const auto& total = context.facts.host.meminfo.cma_total;
  const auto& free = context.facts.host.meminfo.cma_free;
  const bool happened = failed->value > 0;
  Claim result =
      claim(happened ? Role::consequence : Role::ruled_out, Rank::out_of_reach, 0.1, 0.9,
            happened ? Message("{} requests for contiguous memory (CMA) failed since the boot; "
                               "that is pages of a driver, not of processes.",
                               grouped(failed->value))
                     : Message("no request for contiguous memory (CMA) failed since the boot"));
  result.prove(Message("requests that failed"), *failed);
  result.prove(Message("CMA"), total);
  result.prove(Message("of it free"), free);
  if (happened) {
    result.remedy(Message("See who asked"), {ShellCommand("sudo dmesg | grep -i cma")});
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_cma_failure{"cma-failure", 'D', "a driver got no contiguous memory (CMA)",
                                     judge, check};

}  // namespace whyoom::diagnose::causes
