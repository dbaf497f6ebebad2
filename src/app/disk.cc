#include "app/disk.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>

#include "base/language.h"
#include "base/shell.h"
#include "base/text.h"
#include "linux/file_system.h"

namespace whyoom::app {
namespace {

// Every path is one below it from then on, and no symbolic link, no ".." and no journal leads out
// of it. Needs root. What was opened before stays open. The error is a whole sentence.
tl::expected<void, std::string> change_root(const std::string& directory) {
  const auto failed = [&directory](int error) {
    const std::string why =
        error == linux::others_hold_it
            ? tr("others than root own a directory on its path, or can write to it, "
                 "and could put another one in its place")
        : error == EPERM ? tr("this process may not make it its root (CAP_SYS_CHROOT)")
                         : linux::errno_text(error);
    return tl::unexpected(tr("{} cannot be worked on: {}", printable(directory), why));
  };
  char real[PATH_MAX];
  if (::realpath(directory.c_str(), real) == nullptr) {
    return failed(errno);
  }
  const auto opened = linux::open_real_directory(real);
  if (!opened) {
    return failed(opened.error());
  }
  ::tzset();  // times are told in this machine's zone
  if (::fchdir(opened->get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
    return failed(errno);
  }
  return {};
}

}  // namespace

std::string why_not_changed(HostKind kind, const std::string& root, bool fixes) {
  const std::string name = printable(root);
  switch (kind) {
    case HostKind::disk:
      return {};
    case HostKind::running:
      return tr(
          "{} is the root of a running system; run whyoom in it, as with {}", name,
          ShellOperand::from(root)
              ? "`" + ShellCommand("sudo chroot {} whyoom fix", *ShellOperand::from(root)).text() +
                    "`"
              : std::string("chroot"));
    case HostKind::machine:
    case HostKind::copy:
      break;
  }
  if (fixes) {
    return tr(
        "a copy of a host has no fixes of its own. A disk has: one with an etc/, and nothing in "
        "its proc/");
  }
  return tr(
      "a copy of a host cannot be fixed; --dry-run shows what would change on it. A disk can: it "
      "has an etc/, and nothing in its proc/");
}

tl::expected<void, std::string> enter_disk(const std::string& root) {
  if (root.empty()) {
    return {};
  }
  const auto opened = open_host(root, linux::SandboxChoice::automatic);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if (std::string why = why_not_changed(opened->kind, root, true); !why.empty()) {
    return tl::unexpected(std::move(why));
  }
  return change_root(root);
}

fix::StoreOptions store_of(const std::string& root) {
  fix::StoreOptions options;
  options.more = root_option(root);
  return options;
}

fix::FixRecord part_on(const std::string& root, fix::FixRecord record) {
  if (!root.empty()) {
    record.change.running.clear();
  }
  return record;
}

std::string root_option(const std::string& root) {
  if (root.empty()) {
    return {};
  }
  const auto word = ShellOperand::from(root);
  return word ? ShellCommand("whyoom --root {}", *word).text().substr(std::string("whyoom").size())
              : " --root <DIR>";
}

}  // namespace whyoom::app
