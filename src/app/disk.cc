#include "app/disk.h"

#include "base/language.h"
#include "base/shell.h"
#include "base/text.h"
#include "linux/change_root.h"

namespace whyoom::app {

std::string why_not_changed(HostKind kind, const std::string& root) {
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
  if (std::string why = why_not_changed(opened->kind, root); !why.empty()) {
    return tl::unexpected(std::move(why));
  }
  return linux::change_root(root);
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
