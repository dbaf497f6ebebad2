#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

constexpr ShareRow row{
    .what = What::shmem,
    .counter = &host::Meminfo::shmem,
    .name = [] { return Message("shared memory"); },
    .little =
        [](const std::string& size, const std::string& part) {
          return Message("shared memory holds {} ({} of RAM)", size, part);
        },
    .much =
        [](const std::string& size, const std::string& part) {
          return Message(
              "{} of RAM ({}) are shared memory: files in tmpfs, System V or memfd segments. "
              "Killing a process does not free it.",
              size, part);
        },
    .much_on_host =
        [](const std::string& size, const std::string& part) {
          return Message(
              "{} of RAM ({}) are shared memory: files in tmpfs, System V or memfd segments. It "
              "counts as cache, and without swap nothing can take it back.",
              size, part);
        },
    .prove =
        [](Claim& claim, const Context& context) {
          const memory::Account& account = *context.evidence.account;
          claim.prove(Message("memory of the processes themselves"), account.size(What::anon),
                      account.at(What::anon));
          if (context.evidence.swap_free && context.report.tail.free_swap_kib) {
            claim.prove(Message("swap that could take it"), *context.evidence.swap_free,
                        context.report.tail.free_swap_kib->at);
          }
        },
    .remedy =
        [](const Context* context) {
          Remedy remedy{
              Message("Find the files and segments, remove what is not needed, limit the tmpfs"),
              {ShellCommand("df -h -t tmpfs"), ShellCommand("ipcs -m")}};
          if (context != nullptr) {
            remedy.commands.push_back(ShellCommand("sudo mount -o remount,size=<limit> <tmpfs>"));
          }
          return remedy;
        },
};

// The head of a meminfo ends before "Shmem:". It lies on the lists of anonymous memory and counts
// as cached, and nothing else does: what these add up to beyond RAM was counted twice.
std::vector<Claim> check(const HostContext& context) {
  const host::Meminfo& info = context.facts.host.meminfo;
  if (info.shmem || !info.mem_total || !info.mem_free || !info.cached || !info.active_anon ||
      !info.inactive_anon) {
    return check_share(context, row);
  }
  const KiB all = info.mem_free->value + info.cached->value + info.active_anon->value +
                  info.inactive_anon->value;
  const HostShare twice{to_bytes(all - info.mem_total->value), to_bytes(info.mem_total->value),
                        info.cached->at, info.mem_total->at};
  return twice.part() < row.least_on_host ? std::vector<Claim>() : check_share(context, row, twice);
}

}  // namespace

extern const Cause cause_shmem_tmpfs{
    "shmem-tmpfs", 'B', "shared memory (tmpfs, System V, memfd) holds the memory",
    [](const Context& context) { return judge_share(context, row); }, check};

}  // namespace whyoom::diagnose::causes
