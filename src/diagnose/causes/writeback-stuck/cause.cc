#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

constexpr double big_share = 0.20;  // of RAM in file pages
constexpr double most_of_it = 0.5;  // of the file pages dirty or under writeback

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  const auto& dirty = context.report.totals.get(kernel::Field::dirty);
  const auto& writeback = context.report.totals.get(kernel::Field::writeback);
  if (account == nullptr || !dirty || !writeback) {
    return std::nullopt;
  }
  const Bytes file = account->size(What::file);
  const Bytes waiting =
      to_bytes(Pages(dirty->value) + Pages(writeback->value), context.evidence.page);
  const double part = share(file, account->total);
  const bool root = part >= big_share && share(waiting, file) >= most_of_it;
  Claim result = claim(
      root ? Role::root : Role::ruled_out, Rank::used_up, part, 0.9,
      root ? Message("The page cache could not be dropped: {} of {} wait to be written back.",
                     human(waiting), human(file))
           : Message("{} of {} page cache wait to be written back", human(waiting), human(file)));
  result.prove(Message("dirty or under writeback"), waiting, dirty->at);
  result.prove(Message("page cache"), file, account->at(What::file));
  if (root) {
    result.remedy(Message("See which device is slow; let less memory become dirty"),
                  {ShellCommand("grep -E 'Dirty|Writeback' /proc/meminfo"),
                   ShellCommand("sudo whyoom fix vm.dirty_background_ratio=5"),
                   ShellCommand("sudo whyoom fix vm.dirty_ratio=10")});
  }
  return result;
}

}  // namespace

extern const Cause cause_writeback_stuck{"writeback-stuck", 'B',
                                         "pages that wait for writeback hold the memory", judge};

}  // namespace whyoom::diagnose::causes
