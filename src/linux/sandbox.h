// What a command gives up before it looks at the first byte that others wrote: a fault in a parser
// or a decompressor then has nothing to misuse. For good, and for the whole process, so that
// nothing with more rights is left behind it. docs/security.md tells it to users.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace whyoom::linux {

enum class SandboxChoice : std::uint8_t {
  automatic,  // what the kernel has; the program works without
  off,
  require,  // refuse to go on without a filter of system calls, or with root's user
};

// Keeps `inputs`, standard output and standard error, and the right to read and write them. All
// other descriptors are closed, standard input too; the process is nobody where it was root, has no
// capability, cannot open a path (Landlock) and can make few system calls (seccomp). The time zone
// is read before. The error, a whole sentence, comes only with `require`. To be called once, before
// there is a second thread. `start` is called in any case, where threads can still be made: they
// begin with what this one has left, and get its filter.
tl::expected<void, std::string> enter_sandbox(std::vector<int> inputs, SandboxChoice choice,
                                              const std::function<void()>& start = nullptr);

// Of a process that answers others: it keeps `files`, standard output and error, is nobody where it
// was root, without a capability, can read files that everybody can read, and make few system
// calls: accept, send and receive on sockets, open for reading. As far as the kernel has that.
void become_server(std::vector<int> files);

}  // namespace whyoom::linux
