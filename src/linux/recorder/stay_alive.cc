#include "linux/recorder/stay_alive.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>

#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::linux {
namespace {

// The command line, the help, the first look: what the program will not run again does not have to
// stay in memory. What it needs comes back by itself.
void drop_code_of_the_start() {
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void*) {
        for (const auto& part : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
          if (part.p_type == PT_LOAD && (part.p_flags & PF_W) == 0) {
            const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
            const std::uintptr_t begin = (info->dlpi_addr + part.p_vaddr) & ~(page - 1);
            const std::uintptr_t end = info->dlpi_addr + part.p_vaddr + part.p_memsz;
            (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
          }
        }
        return 0;
      },
      nullptr);
}

}  // namespace

void stay_alive(const std::function<void(std::string_view)>& tell) {
  ::malloc_trim(0);
  drop_code_of_the_start();
  constexpr int on_fault = 4;  // MCL_ONFAULT, since 4.4
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | on_fault) != 0 &&
      ::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    tell(
        "memory cannot be locked (CAP_IPC_LOCK): under pressure the recorder may have to "
        "wait for its own pages");
  }
  const Descriptor score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score.get() < 0 || write_all(score.get(), "-900") != 0) {
    tell(
        "oom_score_adj cannot be lowered (CAP_SYS_RESOURCE): the kernel may kill the "
        "recorder");
  }
}

}  // namespace whyoom::linux
