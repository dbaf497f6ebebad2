#include "base/human.h"
#include "diagnose/kernel_limit.h"

namespace whyoom::diagnose::causes {

namespace {

Message said(const report::LimitReached& limit) {
  return Message(
      "All processes together had as many files open as fs.file-max allows{}: open() and socket() "
      "fail with ENFILE (\"Too many open files in system\"). Memory has no part in it.",
      limit.limit ? " (" + grouped(*limit.limit) + ")" : std::string());
}

std::optional<Claim> judge(const Context& context) {
  auto result = judge_limit(context, report::LimitReached::What::file_max, said);
  if (!result) {
    return result;
  }
  const report::LimitReached& limit = *context.report.limit_reached;
  if (limit.limit) {
    result->prove(Message("fs.file-max"), *limit.limit, limit.at);
  }
  result->remedy(Message("Find what holds so many open, then raise fs.file-max"),
                 {ShellCommand("cat /proc/sys/fs/file-nr"),
                  ShellCommand("sudo sh -c 'for p in /proc/[0-9]*; do echo \"$(ls $p/fd | wc -l) "
                               "$(cat $p/comm)\"; done' | sort -n | tail")});
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const auto& numbers = context.facts.host.settings.file_nr;  // open, unused (0), the most
  if (!numbers || numbers->value.size() != 3 || numbers->value[0] < 0 || numbers->value[2] <= 0) {
    return {};
  }
  const Fill fill{static_cast<std::uint64_t>(numbers->value[0]),
                  static_cast<std::uint64_t>(numbers->value[2]), numbers->at, numbers->at};
  return {check_fill(
      fill,
      Message("{} files that fs.file-max allows are open: open() and socket() fail with "
              "ENFILE (\"Too many open files in system\"). Memory has no part in it.",
              fill_text(fill)),
      Message("{} files that fs.file-max allows are open; beyond it open() and socket() fail "
              "with ENFILE.",
              fill_text(fill)),
      Message("open files"), Message("fs.file-max"), raise_limit("fs.file-max", fill, 2))};
}

}  // namespace

extern const Cause cause_file_max{"file-max", 'D', "every open file is taken (fs.file-max)", judge,
                                  check};

}  // namespace whyoom::diagnose::causes
