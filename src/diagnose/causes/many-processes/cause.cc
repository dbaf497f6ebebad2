#include <algorithm>

#include "base/text.h"
#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

constexpr std::uint32_t many = 5;
constexpr double most_of_it = 0.5;       // of the processes' memory under one name
constexpr double single_at_most = 0.25;  // of that sum in one process

// What the processes of a name cost beside their own pages, where they are most of all processes.
// Of a name the table has counted its page tables already.
struct Overhead {
  Bytes tables, stacks;
};
Overhead overhead(const Context& context, const memory::Account& account,
                  const memory::NameUse& name) {
  const std::uint32_t all = context.evidence.attribution.processes;
  if (all == 0 || name.count * 2 < all) {
    return {};
  }
  const Bytes tables = std::min(account.size(What::page_tables), least_page_tables * all);
  const double part = std::min(1.0, static_cast<double>(name.count) / all);
  const auto of_name = [part](Bytes size) {
    return Bytes(static_cast<std::uint64_t>(static_cast<double>(size.count()) * part));
  };
  return {of_name(tables), of_name(account.size(What::kernel_stack))};
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  const memory::NameUse* name = context.evidence.attribution.biggest_own();
  if (account == nullptr || name == nullptr) {
    return std::nullopt;
  }
  const Bytes processes = account->size(What::anon) + account->size(What::unevictable_other);
  const bool is_many = name->count >= many && share(name->own, processes) >= most_of_it &&
                       share(name->largest_own, name->own) <= single_at_most;
  const Overhead beside = overhead(context, *account, *name);
  const Bytes cost = beside.tables + beside.stacks;
  const double part = share(processes + cost, account->total);
  const bool is_root = is_many && part >= 0.25;
  const std::string comm = printable(name->comm);
  // The same memory as memory-exhausted counts, so a hair more of it: this answer says more.
  Claim result = claim(
      is_root ? Role::root : Role::ruled_out, Rank::used_up, part + 0.001, 0.93,
      is_root
          ? Message("Memory was used up by many processes of one name: {} processes \"{}\" held "
                    "{} together, page tables included, the biggest of them {}.",
                    grouped(name->count), comm, human(name->own), human(name->largest_own))
      : is_many
          ? Message("all processes and what each of them needs took only {} ({} of RAM)",
                    human(processes + cost), percent(part))
          : Message("no name stands for many processes: \"{}\" has {}, the biggest holds {} of {}",
                    comm, name->count, human(name->largest_own), human(name->own)));
  result.prove(Message("processes named \"{}\"", comm), std::uint64_t{name->count}, name->first_at);
  result.prove(Message("memory and page tables of all of them"), name->own, name->first_at);
  result.prove(Message("memory and page tables of the biggest of them"), name->largest_own,
               name->first_at);
  if (cost.count() > 0) {
    result.prove(Message("their page tables and kernel stacks"), cost);
  }
  if (result.role == Role::root) {
    result.remedy(Message("Limit how many \"{}\" run (workers, connections, TasksMax)", comm))
        .gives = name->own + beside.stacks;
  }
  return result;
}

}  // namespace

extern const Cause cause_many_processes{"many-processes", 'B',
                                        "many processes of one name used up the memory", judge};

}  // namespace whyoom::diagnose::causes
