#include "diagnose/cgroup_commands.h"

#include "base/language.h"
#include "base/text.h"
#include "memory/cgroup_owner.h"

namespace whyoom::diagnose {

namespace {

// "\xNN" and "#NNN" (octal) as the bytes that they stand for.
std::string unescaped(std::string_view name) {
  std::string bytes;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view rest = name.size() - i < 4 ? std::string_view() : name.substr(i, 4);
    const auto byte = rest.starts_with("\\x") ? parse_number<std::uint8_t>(rest.substr(2), 16)
                      : rest.starts_with('#') ? parse_number<std::uint8_t>(rest.substr(1), 8)
                                              : std::nullopt;
    bytes += byte ? static_cast<char>(*byte) : name[i];
    i += byte ? 3 : 0;
  }
  return bytes;
}

}  // namespace

std::optional<std::uint32_t> user_of_manager(std::string_view path) {
  const auto owner = memory::cgroup_owner(path);
  // A container of the user's is a unit of that manager; what is in the container is none.
  const bool below =
      owner && owner->inner && owner->unit && owner->unit->starts_with("user@") &&
      (!owner->container || last_part(path).find(*owner->container) != std::string_view::npos);
  return below ? owner->uid : std::nullopt;
}

std::vector<ShellCommand> commands_of(const UnitProperty& property, const ShellWord& unit,
                                      std::string_view path) {
  if (const auto user = user_of_manager(path)) {
    return {ShellCommand(property.show_of_user, *user, unit),
            ShellCommand(property.set_of_user, *user, unit)};
  }
  return {ShellCommand(property.show, unit), ShellCommand(property.set, unit)};
}

std::string with_owner(std::string_view path) {
  const std::string shown = printable(path);
  const auto owner = memory::cgroup_owner(path);
  const std::string text = owner ? memory::describe(*owner) : std::string();
  return text.empty() || shown.ends_with(text) ? shown : tr("{} ({})", shown, text);
}

bool is_unit(std::string_view path) {
  const auto owner = memory::cgroup_owner(path);
  return (path.ends_with(".service") || path.ends_with(".scope") || path.ends_with(".slice")) &&
         (!owner || !owner->inner || user_of_manager(path));
}

std::string short_name(std::string_view name) {
  constexpr std::size_t most_bytes = 255;
  const std::string shown = printable(name.substr(0, most_bytes));
  return shown + (name.size() > most_bytes ? "..." : "");
}

std::optional<ShellWord> word_of(std::string_view name) {
  const auto word = ShellWord::from(name);
  const std::string bytes = word ? unescaped(name) : std::string();
  return printable(bytes) == bytes ? word : std::nullopt;
}

std::string_view how_to_name(std::string_view name) {
  return word_of(name) ? ""
                       : translated(
                             ". No command can have this name: find the cgroup by its inode "
                             "number");
}

std::vector<ShellCommand> commands_to_find(std::string_view name) {
  // In the C locale ' ' to '~' is all that can be seen of ASCII, and `ls -b` escapes the rest.
  return {name.size() > ShellWord::most_bytes
              ? ShellCommand("LC_ALL=C find /sys/fs/cgroup -type d -regextype posix-extended "
                             "-regex '.{1024,}' -exec ls -dbi {} +")
              : ShellCommand("LC_ALL=C find /sys/fs/cgroup -type d -name '*[! -~]*' "
                             "-exec ls -dbi {} +"),
          ShellCommand("find /sys/fs/cgroup -inum <number>")};
}

}  // namespace whyoom::diagnose
