#include "advise/overlay_files.h"

#include <algorithm>

namespace whyoom::advise {

using host::Entry;
using host::FileError;
using host::no_such_file;

tl::expected<std::string, FileError> OverlayFiles::read(std::string_view path, std::size_t most) {
  const auto found = changed_.find(path);
  if (found == changed_.end()) {
    return below_.read(path, most);
  }
  if (!found->second) {
    return no_such_file();
  }
  if (found->second->size() > most) {
    return tl::unexpected(FileError{FileError::Kind::too_big, "File too large"});
  }
  return *found->second;
}

tl::expected<host::Listing, FileError> OverlayFiles::list(std::string_view path, std::size_t most) {
  auto listing = below_.list(path, most);
  const bool was_there = listing.has_value();
  if (!was_there && listing.error().kind != FileError::Kind::missing) {
    return listing;
  }
  host::Listing merged = was_there ? std::move(*listing) : host::Listing{};
  bool added = false;
  for (const auto& [file, contents] : changed_) {
    const std::size_t slash = file.rfind('/');
    if (std::string_view(file).substr(0, slash) != path) {
      continue;
    }
    const std::string name = file.substr(slash + 1);
    const auto at = std::ranges::find(merged.entries, name, &Entry::name);
    if (contents && at == merged.entries.end()) {
      merged.entries.push_back({name, false});
      added = true;
    } else if (!contents && at != merged.entries.end()) {
      merged.entries.erase(at);
    }
  }
  if (!was_there && !added) {
    return no_such_file();
  }
  return merged;
}

tl::expected<std::string, FileError> OverlayFiles::read_link(std::string_view path) {
  if (changed_.find(path) != changed_.end()) {
    return tl::unexpected(FileError{FileError::Kind::failed, "Invalid argument"});
  }
  return below_.read_link(path);
}

}  // namespace whyoom::advise
