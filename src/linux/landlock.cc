#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "linux/descriptor.h"
#include "linux/sandbox_parts.h"

namespace whyoom::linux {
namespace {

#ifdef SYS_landlock_create_ruleset

// struct landlock_ruleset_attr as of 6.12. The headers of a distribution can be older than the
// kernel, so what each version of the interface added is written here.
struct Ruleset {
  std::uint64_t files = 0;   // 5.13
  std::uint64_t net = 0;     // 6.7
  std::uint64_t scoped = 0;  // 6.12
};

constexpr std::uint64_t bits(unsigned count) { return (std::uint64_t{1} << count) - 1; }

// A kernel refuses bits that it does not know.
Ruleset rules_of(long version, std::size_t& size) {
  Ruleset rules{bits(13), 0, 0};
  size = sizeof(std::uint64_t);
  if (version >= 2) {
    rules.files = bits(14);  // 5.19: moving between directories
  }
  if (version >= 3) {
    rules.files = bits(15);  // 6.2: truncating
  }
  if (version >= 4) {
    rules.net = bits(2);  // 6.7: bind and connect of TCP
    size = offsetof(Ruleset, scoped);
  }
  if (version >= 5) {
    rules.files = bits(16);  // 6.10: ioctl of devices
  }
  if (version >= 6) {
    rules.scoped = bits(2);  // 6.12: abstract sockets, signals
    size = sizeof(Ruleset);
  }
  return rules;
}

#endif

}  // namespace

bool forbid_files() {
#ifdef SYS_landlock_create_ruleset
  constexpr unsigned ask_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version);
  if (version < 1) {
    return false;
  }
  std::size_t size = 0;
  const Ruleset rules = rules_of(version, size);
  // No rule is added to it, so all that it handles is forbidden.
  const Descriptor ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, size, 0)));
  return ruleset.get() >= 0 && syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
#else
  return false;
#endif
}

}  // namespace whyoom::linux
