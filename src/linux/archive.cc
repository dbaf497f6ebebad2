#include "linux/archive.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/language.h"
#include "base/shell.h"

namespace whyoom::linux {
namespace {

constexpr std::string_view tar_magic = "ustar";
constexpr std::size_t tar_magic_at = archive_start - tar_magic.size();
// Of its first entry; the second where somebody has packed it anew.
constexpr std::string_view capture_names[] = {"whyoom/", "./whyoom/"};
constexpr std::array<std::pair<std::string_view, Archive>, 3> magics{{
    {"PK\x03\x04", Archive::zip},
    {"PK\x05\x06", Archive::zip},  // an empty one
    {"7z\xbc\xaf\x27\x1c", Archive::seven_zip},
}};

ShellCommand command_for(Archive archive, const ShellOperand& file) {
  switch (archive) {
    case Archive::zip:
      return ShellCommand("unzip -p {} | whyoom explain -", file);
    case Archive::seven_zip:
      return ShellCommand("7z e -so {} | whyoom explain -", file);
    default:
      return ShellCommand("tar -xOf {} | whyoom explain -", file);
  }
}

}  // namespace

std::optional<Archive> archive_of(std::string_view start) {
  for (const auto& [magic, archive] : magics) {
    if (start.starts_with(magic)) {
      return archive;
    }
  }
  if (start.size() < archive_start) {
    return std::nullopt;
  }
  if (start.substr(tar_magic_at, tar_magic.size()) != tar_magic) {
    return Archive::none;
  }
  return std::ranges::any_of(capture_names,
                             [&](std::string_view name) { return start.starts_with(name); })
             ? Archive::capture
             : Archive::tar;
}

std::string how_to_read(Archive archive, const std::string& path) {
  if (archive == Archive::none) {
    return {};
  }
  if (archive == Archive::capture) {
    return tr("this is a capture of a host; give it as a file, alone: `whyoom --root FILE`");
  }
  const std::string what = archive == Archive::zip         ? tr("this is a zip archive")
                           : archive == Archive::seven_zip ? tr("this is a 7z archive")
                                                           : tr("this is a tar archive");
  const auto file = ShellOperand::from(path);
  return tr("{}; take the log out of it{}", what,
            file && path != "-" ? tr(": {}", command_for(archive, *file).text()) : tr(" first"));
}

}  // namespace whyoom::linux
