#include "host/capture_files.h"

#include <utility>

#include "base/language.h"
#include "host/redact.h"

namespace whyoom::host {

namespace {

constexpr std::string_view first_line = "whyoom capture 1";
constexpr std::size_t most_line = std::size_t{64} << 10U;  // of the index: names are 4 KiB at most

tl::unexpected<std::string> full() {
  return tl::unexpected(tr("it needs more than the {} MiB of memory that a capture can take",
                           std::to_string(CaptureRoom::of_all >> 20U)));
}

bool is_of_process(std::string_view path) {
  return path.starts_with("/proc/") && path.size() > 6 && is_digit(path[6]);
}

}  // namespace

std::string escape_word(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '%' || byte >= 0x7f) {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return out.empty() ? "%" : out;
}

std::string unescape_word(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (const auto byte = parse_number<unsigned>(text.substr(i + 1, 2), 16)) {
        out += static_cast<char>(*byte);
        i += 2;
        continue;
      }
    }
    if (text[i] != '%') {
      out += text[i];
    }
  }
  return out;
}

void RecordingFiles::note_error(std::string_view what, std::string_view path,
                                const FileError& error) {
  if (error.kind == FileError::Kind::missing) {
    return;  // as what is not in the capture
  }
  const std::string line = std::string(what) + " " +
                           std::to_string(static_cast<unsigned>(error.kind)) + " " +
                           escape_word(renamed(path)) + " " + escape_word(error.text) + "\n";
  if (!noted_.contains(line) && room_.take(line.size())) {
    index_ += line;
    noted_.insert(line);
  }
}

tl::unexpected<FileError> RecordingFiles::no_room() {
  ++left_out_;
  return tl::unexpected(FileError{FileError::Kind::too_big, "no room in the capture"});
}

tl::expected<std::string, FileError> RecordingFiles::read(std::string_view path, std::size_t most) {
  if (const auto found = seen_.find(path); found != seen_.end()) {
    return found->second;
  }
  auto contents = inner_.read(path, most);
  if (!contents) {
    note_error("read-error", path, contents.error());
    return contents;
  }
  std::string kept = kept_in_capture(path, std::move(*contents));
  if (!room_.take(path.size() + kept.size())) {
    return no_room();
  }
  sink_.file(renamed(path), kept);
  // Processes are read once, and there can be many.
  if (!is_of_process(path)) {
    seen_.emplace(path, kept);
  }
  return kept;
}

tl::expected<Listing, FileError> RecordingFiles::list(std::string_view path, std::size_t most) {
  auto listing = inner_.list(path, most);
  if (!listing) {
    note_error("list-error", path, listing.error());
    return listing;
  }
  if (std::string note = "list " + std::string(path); !noted_.contains(note)) {
    bool room = room_.take(path.size());
    for (const Entry& entry : listing->entries) {
      room = room && room_.take_name(entry.name);
    }
    if (!room) {
      return no_room();
    }
    noted_.insert(std::move(note));
    index_ +=
        "list " + std::to_string(listing->cut ? 1 : 0) + " " + escape_word(renamed(path)) + "\n";
    for (const Entry& entry : listing->entries) {
      index_ += (entry.is_directory ? "d " : "f ") + escape_word(renamed(entry.name)) + "\n";
    }
  }
  return listing;
}

tl::expected<std::string, FileError> RecordingFiles::read_link(std::string_view path) {
  auto target = inner_.read_link(path);
  if (!target) {
    note_error("link-error", path, target.error());
  } else if (std::string note = "link " + std::string(path); !noted_.contains(note)) {
    if (!room_.take(path.size() + target->size())) {
      return no_room();
    }
    noted_.insert(std::move(note));
    index_ += "link " + escape_word(renamed(path)) + " " + escape_word(renamed(*target)) + "\n";
    sink_.link(renamed(path), renamed(*target));
  }
  return target;
}

tl::expected<FileStatus, FileError> RecordingFiles::status(std::string_view path) {
  auto status = inner_.status(path);
  if (status && room_.take(path.size()) && noted_.insert("status " + std::string(path)).second) {
    index_ += "status " + std::to_string(status->mode) + " " + escape_word(renamed(path)) + " " +
              std::to_string(status->uid) + " " + std::to_string(status->gid) +
              (status->acl ? " acl" : "") + "\n";
  }
  return status;
}

// A damaged record is none: what is not known makes no finding.
void CaptureFiles::add_status(std::string_view mode, std::string_view path, Cursor words) {
  const auto uid = parse_number<std::uint32_t>(words.take_word());
  words.skip_spaces();
  const auto gid = parse_number<std::uint32_t>(words.take_word());
  words.skip_spaces();
  const auto bits = parse_number<std::uint32_t>(mode);
  if (uid && gid && bits) {
    statuses_[unescape_word(path)] = {*uid, *gid, *bits, words.rest() == "acl"};
  }
}

CaptureFiles::Result CaptureFiles::add(std::string path, std::string contents) {
  if (!room_.take(path.size() + contents.size())) {
    return full();
  }
  const auto [at, added] = files_.try_emplace(std::move(path), std::move(contents));
  if (!added && is_of_process(at->first)) {  // read twice because it was ending
    at->second = std::move(contents);
  } else if (!added) {
    return tl::unexpected(tr("it holds two files called {}", printable(at->first)));
  }
  return {};
}

CaptureFiles::Result CaptureFiles::add_name(std::string name, bool is_directory) {
  if (listing_ == nullptr || name.empty()) {
    return {};
  }
  if (name == "." || name == ".." || name.find_first_of(std::string_view("/\0", 2)) != name.npos) {
    return tl::unexpected(tr("its index has a name that no file can have: {}", printable(name)));
  }
  if (listing_->entries.size() >= default_most_entries) {
    return tl::unexpected(tr("its index has a directory of more than {} names",
                             std::to_string(default_most_entries)));
  }
  if (!room_.take_name(name)) {
    return full();
  }
  listing_->entries.push_back({std::move(name), is_directory});
  return {};
}

CaptureFiles::Result CaptureFiles::add_record(std::string_view line) {
  Cursor cursor(line);
  const std::string_view what = cursor.take_word();
  cursor.skip_spaces();
  const std::string_view second = cursor.take_word();
  cursor.skip_spaces();
  const std::string_view third = cursor.take_word();
  cursor.skip_spaces();
  if (what == "d" || what == "f") {
    return add_name(unescape_word(second), what == "d");
  }
  listing_ = nullptr;
  if (!room_.take(line.size())) {
    return full();
  }
  if (what == "list") {
    const auto [at, added] = listings_.try_emplace(unescape_word(third));
    if (!added) {
      return tl::unexpected(tr("its index lists {} twice", printable(at->first)));
    }
    listing_ = &at->second;
    listing_->cut = second == "1";
  } else if (what == "link") {
    links_[unescape_word(second)] = unescape_word(third);
  } else if (what == "status") {
    add_status(second, third, cursor);
  } else if (what.ends_with("-error")) {
    auto& errors = what == "read-error"   ? read_errors_
                   : what == "list-error" ? list_errors_
                                          : link_errors_;
    const auto kind = parse_number<unsigned>(second).value_or(99);
    errors[unescape_word(third)] = {kind <= static_cast<unsigned>(FileError::Kind::untrusted)
                                        ? static_cast<FileError::Kind>(kind)
                                        : FileError::Kind::failed,
                                    unescape_word(cursor.rest())};
  }
  return {};
}

CaptureFiles::Result CaptureFiles::add_line(std::string_view line) {
  if (index_ == Index::open) {
    return add_record(line);
  }
  if (index_ == Index::ended) {
    return tl::unexpected(tr("it holds two indexes"));
  }
  if (line != first_line) {
    return tl::unexpected(tr("its index is not one that this version understands"));
  }
  index_ = Index::open;
  return {};
}

CaptureFiles::Result CaptureFiles::index_part(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (line_.size() + part.size() > most_line) {
      return tl::unexpected(
          tr("its index has a line of more than {} bytes", std::to_string(most_line)));
    }
    if (end == std::string_view::npos) {
      line_ += part;
      return {};
    }
    const std::string kept = std::exchange(line_, {}) + std::string(part);
    if (auto added = add_line(kept); !added) {
      return added;
    }
    piece.remove_prefix(end + 1);
  }
  return {};
}

CaptureFiles::Result CaptureFiles::index_end() {
  const std::string rest = std::exchange(line_, {});
  auto added = rest.empty() && index_ == Index::open ? Result() : add_line(rest);
  index_ = added ? Index::ended : index_;
  return added;
}

CaptureFiles::Result CaptureFiles::add_index(std::string_view text) {
  auto added = index_part(text);
  return added ? index_end() : added;
}

tl::expected<std::string, FileError> CaptureFiles::read(std::string_view path, std::size_t most) {
  if (const auto found = files_.find(path); found != files_.end()) {
    if (found->second.size() > most) {
      return tl::unexpected(FileError{FileError::Kind::too_big, "File too large"});
    }
    return found->second;
  }
  if (const auto error = read_errors_.find(path); error != read_errors_.end()) {
    return tl::unexpected(error->second);
  }
  return unpacked_ ? unpacked_->read(path, most) : no_such_file();
}

tl::expected<Listing, FileError> CaptureFiles::list(std::string_view path, std::size_t most) {
  if (const auto error = list_errors_.find(path); error != list_errors_.end()) {
    return tl::unexpected(error->second);
  }
  const auto found = listings_.find(path);
  if (found == listings_.end()) {
    return no_such_file();
  }
  Listing listing = found->second;
  if (listing.entries.size() > most) {
    listing.entries.resize(most);
    listing.cut = true;
  }
  return listing;
}

tl::expected<std::string, FileError> CaptureFiles::read_link(std::string_view path) {
  if (const auto found = links_.find(path); found != links_.end()) {
    return found->second;
  }
  if (const auto error = link_errors_.find(path); error != link_errors_.end()) {
    return tl::unexpected(error->second);
  }
  return no_such_file();
}

tl::expected<FileStatus, FileError> CaptureFiles::status(std::string_view path) {
  const auto found = statuses_.find(path);
  if (found == statuses_.end()) {
    return no_such_file();
  }
  return found->second;
}

}  // namespace whyoom::host
