#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr ShareRow row{
    .what = memory::AccountLine::What::unaccounted,
    .name = [] { return Message("in no counter"); },
    .little =
        [](const std::string& size, const std::string& part) {
          return Message("{} ({} of RAM) are in no counter of the report", size, part);
        },
    .much =
        [](const std::string& size, const std::string& part) {
          return Message(
              "{} of RAM ({}) are in no counter of the report: pages that drivers, pipes, sockets, "
              "vmalloc, a balloon or a file system module took straight from the kernel.",
              size, part);
        },
    .much_on_host =
        [](const std::string& size, const std::string& part) {
          return Message(
              "{} of RAM ({}) are in no counter of /proc/meminfo: pages that drivers, pipes, "
              "sockets, a balloon or a file system module took straight from the kernel.",
              size, part);
        },
    .remedy =
        [](const Context*) {
          return Remedy{
              Message("Look for what takes pages outside the counters"),
              {ShellCommand("grep -iE 'vmalloc|percpu' /proc/meminfo"),
               ShellCommand("cat /proc/net/sockstat"), ShellCommand("lsmod | sort -k2 -n | tail")}};
        },
};

}  // namespace

extern const Cause cause_kernel_unaccounted =
    share_cause<row>("kernel-unaccounted", 'B', "memory that no counter of the report shows");

}  // namespace whyoom::diagnose::causes
