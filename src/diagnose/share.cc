#include "diagnose/share.h"

#include <algorithm>

namespace whyoom::diagnose {

namespace {

std::optional<HostShare> share_on_host(const HostContext& context, const ShareRow& row) {
  const auto& size = context.facts.host.meminfo.*row.counter;
  const auto& total = context.facts.host.meminfo.mem_total;
  if (!size || !total || total->value == KiB(0)) {
    return std::nullopt;
  }
  return HostShare{to_bytes(size->value), to_bytes(total->value), size->at, total->at};
}

}  // namespace

bool shows_stacks(const memory::Evidence& evidence) {
  const auto has = [](const auto& part) {
    return part.fields.get(kernel::Field::kernel_stack).has_value();
  };
  const report::Report& report = *evidence.report;
  return std::ranges::any_of(report.zones, has) ||
         (!report.nodes.empty() && std::ranges::all_of(report.nodes, has));
}

Message line_of_stacks() {
  return Message("the stacks of threads (\"kernel_stack:\" in the nodes' lines)");
}

Role role_of_share(double part) {
  return part < notable_share ? Role::ruled_out
         : part < big_share   ? Role::contributing
                              : Role::root;
}

std::optional<Claim> judge_share(const Context& context, const ShareRow& row) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  const Bytes size = account->size(row.what);
  const double part = share(size, account->total);
  const Role role = role_of_share(part);
  Claim result =
      claim(role, Rank::used_up, part, 0.95,
            (role == Role::ruled_out ? row.little : row.much)(human(size), percent(part)));
  result.prove(row.name(), size, account->at(row.what));
  result.prove(Message("RAM that the kernel manages"), account->total);
  if (row.prove != nullptr) {
    row.prove(result, context);
  }
  if (role != Role::ruled_out) {
    result.remedies.push_back(row.remedy(&context));
    result.remedies.back().gives = size;
  }
  return result;
}

std::vector<Claim> check_share(const HostContext& context, const ShareRow& row) {
  const auto part = share_on_host(context, row);
  return part ? check_share(context, row, *part) : std::vector<Claim>();
}

std::vector<Claim> check_share(const HostContext& context, const ShareRow& row,
                               const HostShare& part) {
  const auto much = row.much_on_host != nullptr ? row.much_on_host : row.much;
  Claim result = share_claim(Rank::used_up, part, row.least_on_host, row.name(),
                             much(human(part.size), percent(part.part())));
  if (result.role == Role::risk) {
    if (row.prove_on_host != nullptr) {
      row.prove_on_host(result, context);
    }
    result.remedies.push_back(row.remedy(nullptr));
    result.remedies.back().gives = part.size;
  }
  return {std::move(result)};
}

Claim share_claim(Rank rank, const HostShare& share, double least, Message what, Message risk) {
  const bool big = share.part() >= least;
  Claim result = claim(
      big ? Role::risk : Role::ruled_out, rank, big ? share.part() : 0, 0.9,
      big ? std::move(risk)
          : Message("{}: {} ({} of RAM)", what.str(), human(share.size), percent(share.part())));
  result.prove(std::move(what), share.size, share.size_at);
  result.prove(Message("RAM"), share.ram, share.ram_at);
  return result;
}

void prove_biggest(Finding& finding, const HostContext& context,
                   std::optional<KiB> host::Process::*size,
                   Message (*name)(const std::string& process)) {
  const auto& all = context.facts.host.processes.all;
  const auto of = [size](const host::Process& each) { return (each.*size).value_or(KiB(0)); };
  const auto most = std::ranges::max_element(all, {}, of);
  if (most != all.end() && of(*most) > KiB(0)) {
    const std::string path = host::path_of(most->pid, host::ProcessFile::status);
    finding.prove(name(process(most->comm.view(), most->pid)), to_bytes(of(*most)),
                  {context.sources.add(path), 0});
  }
}

}  // namespace whyoom::diagnose
