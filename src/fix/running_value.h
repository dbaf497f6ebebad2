// The values below /proc/sys: read, written, read back. One door: whatever a key or a record says,
// nothing but a regular file of the proc file system is opened, through no link and no other mount.
// Errors are whole sentences.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "advise/change.h"
#include "host/sysctl_key.h"
#include "linux/descriptor.h"

namespace whyoom::fix {

class RunningValues {
 public:
  // Those of the kernel, /proc/sys.
  RunningValues() = default;
  // Plain files below a directory, for tests.
  explicit RunningValues(std::string directory) : root_(std::move(directory)), kernel_(false) {}

  // Where the value of the key stands, to be shown.
  [[nodiscard]] std::string place(const host::SysctlKey& key) const {
    return root_ + "/" + key.path();
  }
  // Without white space at its end.
  [[nodiscard]] tl::expected<std::string, std::string> read(const host::SysctlKey& key) const;
  // It can be opened to be written; nothing is written.
  [[nodiscard]] tl::expected<void, std::string> can_write(const advise::RunningEdit& edit) const;
  // `edit.after` in one write, then read back: an error when the kernel keeps something else.
  [[nodiscard]] tl::expected<void, std::string> write(const advise::RunningEdit& edit) const;

 private:
  // errno when it fails; EXDEV: something else is mounted there.
  [[nodiscard]] tl::expected<linux::Descriptor, int> open(const host::SysctlKey& key,
                                                          int flags) const;
  [[nodiscard]] std::string cannot_set(const advise::RunningEdit& edit, int error) const;

  std::string root_ = "/proc/sys";
  bool kernel_ = true;
};

}  // namespace whyoom::fix
