#include <algorithm>

#include "base/text.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

Message summary_of(const host::SysctlOpenLine& open, const std::string& key) {
  const std::string path = printable(open.path);
  if (open.line == 0) {
    return Message("{} can write the directory {}: a file there sets any sysctl at the next boot.",
                   printable(open.who), path);
  }
  const std::string file = printable(open.file) + ":" + std::to_string(open.line);
  return open.path == open.file
             ? Message("{} decides {}, and {} can write the file.", file, key, printable(open.who))
             : Message("{} decides {}, and {} can write the directory {}.", file, key,
                       printable(open.who), path);
}

Claim claim_of(const host::SysctlOpenLine& open, const std::string& key, host::Sources& sources) {
  Claim result = claim(Role::risk, Rank::used_up, 0.5, 0.95, summary_of(open, key));
  result.prove(Message("{} can write it", printable(open.who)), std::uint64_t{1},
               {sources.add(open.path), 0});
  if (open.line > 0) {
    result.prove(Message("the line that decides {}", key), std::uint64_t{1},
                 {sources.add(open.file), open.line});
  }
  Remedy& remedy =
      result.remedy(Message("Read what the files say now; then let only root write it"));
  if (const auto path = ShellOperand::from(open.path)) {
    remedy.commands = {ShellCommand("sudo chown root:root {}", *path),
                       ShellCommand("sudo chmod go-w {}", *path)};
  } else {
    remedy.commands = {ShellCommand("ls -lbQ /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d")};
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  std::vector<Claim> claims;
  std::vector<std::string_view> told;
  for (const auto* history : {&context.facts.min_free_history, &context.facts.huge_pages_history}) {
    for (const host::SysctlOpenLine& open : history->open) {
      if (std::ranges::find(told, open.path) == told.end()) {
        told.push_back(open.path);
        claims.push_back(claim_of(open, history->key, context.sources));
      }
    }
  }
  return claims;
}

}  // namespace

extern const Cause cause_sysctl_file_writable{
    "sysctl-file-writable", 'F', "others than root can write a sysctl file that decides", nullptr,
    check};

}  // namespace whyoom::diagnose::causes
