#include "host/sysctl_files.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr int most_links = 40;  // as in the kernel
// Far above what any host has; they bound the work on a hostile tree. What is beyond is a gap.
constexpr std::size_t most_files = 4096;
constexpr std::size_t most_bytes = std::size_t{4} << 20U;
constexpr std::size_t most_bytes_of_all = std::size_t{64} << 20U;

// The parts of a path that are still to be walked, the next one last.
void push_parts(std::vector<std::string>& todo, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    if (const auto part = take_part(path, '/'); !part.empty()) {
      parts.emplace_back(part);
    }
  }
  todo.insert(todo.end(), parts.rbegin(), parts.rend());
}

}  // namespace

namespace {

// `path` as a link in `at` names it, when so many links were followed before.
tl::expected<std::string, FileError> real_path_from(Files& files, std::string at,
                                                    std::string_view path, int links) {
  std::vector<std::string> todo;
  const auto go = [&](std::string_view to) {
    if (to.starts_with('/')) {
      at.clear();
    }
    push_parts(todo, to);
  };
  go(path);
  while (!todo.empty()) {
    const std::string part = std::move(todo.back());
    todo.pop_back();
    if (part == ".") {
      continue;
    }
    if (part == "..") {
      at.erase(std::min(at.rfind('/'), at.size()));
      continue;
    }
    std::string next = at;
    next.append("/").append(part);
    const auto target = files.read_link(next);
    if (!target) {
      at = std::move(next);
      continue;
    }
    if (++links > most_links) {
      return tl::make_unexpected(
          FileError{FileError::Kind::failed, "Too many levels of symbolic links"});
    }
    go(*target);
  }
  return at.empty() ? "/" : at;
}

}  // namespace

tl::expected<std::string, FileError> real_path(Files& files, std::string_view path) {
  return real_path_from(files, {}, path, 0);
}

tl::expected<RealName, FileError> real_path_in(Files& files, const std::string& directory,
                                               const Entry& entry) {
  const std::string at = directory == "/" ? std::string() : directory;
  std::string path = at + "/" + entry.name;
  const auto target = entry.may_be_link
                          ? files.read_link(path)
                          : tl::make_unexpected(FileError{FileError::Kind::failed, {}});
  if (!target) {
    return RealName{std::move(path), false};
  }
  auto real = real_path_from(files, at, *target, 1);
  return real ? tl::expected<RealName, FileError>(RealName{std::move(*real), true})
              : tl::make_unexpected(real.error());
}

SysctlFiles::SysctlFiles(Files& files) : files_(files) {
  std::vector<std::string> seen;
  for (const auto directory : sysctl_directories) {
    list_directory(std::string(directory), seen);
  }
  // The directories come from high to low, so a stable sort puts what masks first.
  std::stable_sort(found_.begin(), found_.end(), [](const SysctlFile& a, const SysctlFile& b) {
    return last_part(a.path) < last_part(b.path);
  });
  for (std::size_t i = 1; i < found_.size(); ++i) {
    const auto& above = found_[i - 1];
    if (last_part(above.path) == last_part(found_[i].path)) {
      found_[i].masked_by = above.masked_by.empty() ? above.path : above.masked_by;
    }
  }
}

void SysctlFiles::list_directory(const std::string& directory, std::vector<std::string>& seen) {
  const auto real = real_path(files_, directory);
  if (!real) {
    gaps_.push_back({directory, real.error()});
    return;
  }
  // /lib is a link to /usr on most hosts: the same files again.
  if (std::find(seen.begin(), seen.end(), *real) != seen.end()) {
    return;
  }
  seen.push_back(*real);
  const auto listing = files_.list(*real, most_files);
  if (!listing) {
    if (listing.error().kind != FileError::Kind::missing) {
      gaps_.push_back({directory, listing.error()});
    }
    return;
  }
  if (listing->cut) {
    gaps_.push_back({directory, {FileError::Kind::too_big, "the directory has too many entries"}});
  }
  for (const auto& entry : listing->entries) {
    if (entry.name.ends_with(".conf")) {
      found_.push_back({directory + "/" + entry.name, {}});
    }
  }
}

void SysctlFiles::add_gap(std::string_view path, const FileError& error) {
  const auto file = std::find_if(found_.begin(), found_.end(),
                                 [path](const SysctlFile& each) { return each.path == path; });
  gaps_.push_back({std::string(path), error, file != found_.end() && !file->masked_by.empty()});
}

SysctlFiles::Loaded SysctlFiles::load(std::string_view path) {
  auto at = kept_.find(path);
  if (at == kept_.end()) {
    Kept kept;
    const auto real = real_path(files_, path);
    if (!real) {
      add_gap(path, real.error());
      kept.real = path;
    } else if (kept.real = *real; real->starts_with("/dev/")) {
      // A link to /dev/null. In a copy of a host that file may be missing, and need not be read.
    } else if (kept_bytes_ > most_bytes_of_all) {
      gaps_.push_back({std::string(path),
                       {FileError::Kind::too_big, "the files before it have more than 64 MiB"}});
    } else if (auto text = files_.read(*real, most_bytes)) {
      kept.there = true;
      kept_bytes_ += text->size();
      kept.text = SysctlText::parse(std::move(*text));
    } else if (text.error().kind == FileError::Kind::missing) {
      kept.missing = true;
    } else {
      add_gap(path, text.error());
    }
    at = kept_.emplace(path, std::move(kept)).first;
  }
  const Kept& kept = at->second;
  return {kept.real, kept.there ? &kept.text : nullptr, kept.missing};
}

}  // namespace whyoom::host
