#include <algorithm>

#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr ShareRow row{
    .what = memory::AccountLine::What::page_tables,
    .counter = &host::Meminfo::page_tables,
    // They grow with what is mapped, so that a tenth of RAM is already far from usual.
    .least_on_host = notable_share,
    .name = [] { return Message("page tables"); },
    .little =
        [](const std::string& size, const std::string& part) {
          return Message("page tables hold {} ({} of RAM)", size, part);
        },
    .much =
        [](const std::string& size, const std::string& part) {
          return Message(
              "{} of RAM ({}) are page tables. Many processes map the same memory, or one maps a "
              "huge range.",
              size, part);
        },
    .prove =
        [](Claim& claim, const Context& context) {
          if (const auto& most = context.evidence.attribution.most_page_tables) {
            claim.prove(Message("page tables of {}", process(most->task->comm, most->task->pid)),
                        *most->page_tables, {0, most->task->line});
          }
        },
    .prove_on_host =
        [](Claim& claim, const HostContext& context) {
          const auto name = [](const std::string& who) {
            return Message("page tables of {}", who);
          };
          prove_biggest(claim, context, &host::Process::page_tables, name);
        },
    .remedy =
        [](const Context*) {
          return Remedy{
              Message("Map shared memory with huge pages, or run fewer processes that map it")};
        },
};

// So many threads have stacks that the page tables are no more than each of their processes needs:
// then it is their number, whether the task table is there to show it or not.
bool may_be_their_number(const Context& context) {
  const auto& account = context.evidence.account;
  if (!account) {
    return false;
  }
  using What = memory::AccountLine::What;
  // Either may be lost.
  const std::uint64_t threads =
      std::max(account->size(What::kernel_stack).count() / largest_kernel_stack.count(),
               std::uint64_t{context.evidence.attribution.processes});
  return account->size(What::page_tables) <= least_page_tables * threads;
}

std::optional<Claim> judge(const Context& context) {
  auto claim = judge_share(context, row);
  if (!claim || claim->role != Role::root) {
    return claim;
  }
  const report::Report& report = context.report;
  const bool counts_all = report.constraint || !report.victims.empty();  // behind the table
  if (may_be_their_number(context)) {
    claim->role = Role::contributing;
  } else if (!shows_stacks(context.evidence) && (report.tasks.empty() || !counts_all)) {
    const Bytes tables = context.evidence.account->size(memory::AccountLine::What::page_tables);
    weaken(*claim, line_of_stacks(),
           Message("they held more than {}",
                   human(largest_kernel_stack * (tables.count() / least_page_tables.count()))));
  }
  return claim;
}

std::vector<Claim> check(const HostContext& context) { return check_share(context, row); }

}  // namespace

extern const Cause cause_page_tables{"page-tables", 'B', "page tables hold the memory", judge,
                                     check};

}  // namespace whyoom::diagnose::causes
