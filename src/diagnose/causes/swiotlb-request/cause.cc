#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/claim.h"
#include "kernel/swiotlb.h"

namespace whyoom::diagnose::causes {

namespace {

using report::LimitReached;

constexpr Bytes largest(kernel::swiotlb_largest_mapping);

// The slots alone would fit into a segment, and some were free however the used ones lie: then it
// was their alignment that needed more.
bool is_alignment(const LimitReached& limit, kernel::SwiotlbSlots needed) {
  return needed.most > kernel::swiotlb_segment_slots && limit.limit && limit.used &&
         *limit.used <= *limit.limit &&
         kernel::swiotlb_has_room(*limit.limit, *limit.used, kernel::swiotlb_segment_slots);
}

std::optional<Claim> judge(const Context& context) {
  const auto& limit = context.report.limit_reached;
  if (!limit || limit->what != LimitReached::What::swiotlb || !limit->bytes) {
    return std::nullopt;
  }
  const auto needed = kernel::swiotlb_slots_for(*limit->bytes);
  const bool beyond = needed.least > kernel::swiotlb_segment_slots;
  const bool aligned = !beyond && is_alignment(*limit, needed);
  const std::string size = human(Bytes(*limit->bytes));
  Claim result = claim(
      beyond || aligned ? Role::root : Role::ruled_out, Rank::limit, 1, beyond ? 0.97 : 0.75,
      beyond || aligned
          ? Message(
                "{} asked for a bounce buffer (swiotlb) of {} in one piece, and the kernel gives "
                "at most {}, alignment included: a bigger pool does not help, nor memory "
                "elsewhere.",
                limit->name.empty() ? tr("A device") : printable(limit->name), size, human(largest))
          : Message("{} are no more than one mapping may have ({})", size, human(largest)));
  if (aligned) {
    weaken(result, Message("the alignment that the driver asks for"),
           Message("it takes no slots on top of the {} of the request", needed.least));
  }
  result.prove(Message("asked for"), Bytes(*limit->bytes), limit->at);
  result.prove(Message("most that one mapping may have"), largest);
  if (limit->used && limit->limit) {
    result.prove(Message("slots of the pool"), *limit->limit, limit->at);
    result.prove(Message("of them used"), *limit->used, limit->at);
  }
  result.prove(Message("times that the log says so"), limit->count, limit->at);
  if (result.role == Role::root) {
    result.remedy(
        Message("Update the kernel, or report it to the driver: it has to ask "
                "dma_max_mapping_size() and split what it maps"));
    result.remedy(
        Message("Until then let it do without bounce buffers: an IOMMU that translates for the "
                "device, or a device that reaches all of RAM (not more than 4 GiB for 32 bits)"),
        {ShellCommand("sudo dmesg | grep -iE 'iommu|software IO TLB'")});
  }
  return result;
}

}  // namespace

extern const Cause cause_swiotlb_request{
    "swiotlb-request", 'D', "one bounce buffer (swiotlb) larger than any pool gives", judge};

}  // namespace whyoom::diagnose::causes
