#include <algorithm>
#include <string>

#include "diagnose/host_share.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "page-tables";

constexpr double big_share = 0.25;  // of RAM
constexpr double notable_share = 0.10;

using What = memory::AccountLine::What;

void add_proof(Finding& finding, const Context& context, const memory::Account& account,
               Bytes size) {
  finding.proof.push_back(proof(Message("page tables"), size, account.at(What::page_tables)));
  finding.proof.push_back(proof(Message("RAM that the kernel manages"), account.total));
  if (const auto& most = context.evidence.attribution.most_page_tables) {
    finding.proof.push_back(
        proof(Message("page tables of {}", process(most->task->comm, most->task->pid)),
              *most->page_tables, {0, most->task->line}));
  }
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  const Bytes size = account->size(What::page_tables);
  const double part = share(size, account->total);
  const std::string text = human(size);
  if (part < notable_share) {
    Claim result = claim(id, Role::ruled_out, Rank::used_up, part, 0.95,
                         Message("page tables hold {} ({} of RAM)", text, percent(part)));
    add_proof(result.finding, context, *account, size);
    return result;
  }
  Claim result =
      claim(id, part >= big_share ? Role::root : Role::contributing, Rank::used_up, part, 0.95,
            Message("{} of RAM ({}) are page tables. Many processes map the same memory, or one "
                    "maps a huge range.",
                    text, percent(part)));
  add_proof(result.finding, context, *account, size);
  Remedy remedy;
  remedy.title = Message("Map shared memory with huge pages, or run fewer processes that map it");
  result.finding.remedies.push_back(remedy);
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const host::Host& host = context.facts.host;
  const auto tables = host_share(context, host.meminfo.page_tables);
  if (!tables) {
    return {};
  }
  // They grow with what is mapped, so that a tenth of RAM is already far from usual.
  Claim result = share_claim(
      id, Rank::used_up, *tables, notable_share, Message("page tables"),
      Message("{} of RAM ({}) are page tables. Many processes map the same memory, or one maps a "
              "huge range.",
              human(tables->size), percent(tables->part())));
  if (result.finding.role == Role::risk) {
    const auto size = [](const host::Process& each) { return each.page_tables.value_or(KiB(0)); };
    const auto most = std::ranges::max_element(host.processes.all, {}, size);
    if (most != host.processes.all.end() && size(*most) > KiB(0)) {
      const std::string path = host::path_of(most->pid, host::ProcessFile::status);
      result.finding.proof.push_back(
          proof(Message("page tables of {}", process(most->comm.view(), most->pid)),
                to_bytes(size(*most)), {context.sources.add(path), 0}));
    }
    Remedy remedy;
    remedy.title = Message("Map shared memory with huge pages, or run fewer processes that map it");
    result.finding.remedies.push_back(remedy);
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_page_tables;
const Cause cause_page_tables{id, 'B', "page tables hold the memory", judge, check};

}  // namespace whyoom::diagnose::causes
