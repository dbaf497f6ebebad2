#include "linux/log_files.h"

#include <algorithm>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "linux/input.h"

namespace whyoom::linux {
namespace {

std::string below(std::string path, const std::string& name) {
  return path.append("/").append(name);
}

using host::FileError;

constexpr std::size_t most_names = 100'000;

// "kern.log", "kern.log.2.gz", "messages-20261101.xz"
bool is_syslog_name(std::string_view name) {
  for (const std::string_view base : {"messages", "syslog", "kern.log", "dmesg"}) {
    if (name.starts_with(base)) {
      const std::string_view rest = name.substr(base.size());
      return rest.empty() || rest.front() == '.' || rest.front() == '-';
    }
  }
  return false;
}

// A part of a dump, or what ramoops kept of the console.
bool is_pstore_name(std::string_view name) {
  return name.starts_with("dmesg-") || name.starts_with("console-");
}

bool is_whole_dump(std::string_view name) { return name == "dmesg.txt"; }

bool is_crash_name(std::string_view name) {
  return (name.starts_with("vmcore-dmesg") && name.ends_with(".txt")) || name.starts_with("dmesg.");
}

bool any_name(std::string_view /*name*/) { return true; }

std::string why(const FileError& error) {
  return error.kind == FileError::Kind::denied ? tr("no permission") : tr(error.text);
}

constexpr const char* leaves_open = "events that only this log has are not known";

Message doubt_of(const std::string& path, const std::string& doubt) {
  return doubt.empty() ? Message() : Message("{}: {}", path, doubt);
}

Message gap_of(const FileError& error) {
  switch (error.kind) {
    case FileError::Kind::denied:
      return Message("{}: {}; run as root", why(error), translated(leaves_open));
    case FileError::Kind::untrusted:
      return Message("not read, because {}: {}; name the file to read it", translated(error.text),
                     translated(leaves_open));
    default:
      return Message("{}: {}", why(error), translated(leaves_open));
  }
}

}  // namespace

void LogFiles::unread(LogSource::Kind kind, const std::string& name, const FileError& error) {
  tell_unread(sink_, {kind, name, std::nullopt}, gap_of(error));
}

std::vector<std::string> LogFiles::names_in(const std::string& directory,
                                            bool (*wanted)(std::string_view), LogSource::Kind kind,
                                            bool directories) {
  std::vector<std::string> names;
  const auto listing = files_.list(directory, most_names);
  if (!listing) {
    if (listing.error().kind != FileError::Kind::missing &&
        listing.error().kind != FileError::Kind::not_a_file) {
      unread(kind, directory, listing.error());
    }
    return names;
  }
  for (const host::Entry& entry : listing->entries) {
    if (entry.is_directory == directories && wanted(entry.name)) {
      names.push_back(entry.name);
    }
  }
  std::ranges::sort(names);
  return names;
}

Message LogFiles::pour(const Guarded& file) {
  ++read_;
  bool full = false;
  const auto result = read_open_file(
      file.file.get(),
      {.data =
           [&](std::string_view chunk) {
             const std::uint64_t room = limits_.most_bytes - std::min(limits_.most_bytes, bytes_);
             full = full || chunk.size() > room;
             chunk = chunk.substr(
                 0, static_cast<std::size_t>(std::min<std::uint64_t>(room, chunk.size())));
             bytes_ += chunk.size();
             sink_.data(chunk);
           },
       .quiet = [] {},
       .stop = [&] { return full || sink_.stop(); }});
  if (!result) {
    return Message("{}: {}", result.error(), translated(leaves_open));
  }
  if (full) {
    return Message("more than {} MiB of logs: the rest was not read; name the file to read it all",
                   limits_.most_bytes >> 20U);
  }
  return result->empty() ? Message() : Message("{}: {}", *result, translated(leaves_open));
}

void LogFiles::read_one(const std::string& path, LogSource::Kind kind) {
  const auto file = files_.open_file(path);
  if (!file) {
    unread(kind, path, file.error());
    return;
  }
  sink_.begin({kind, path, file->modified_us(), 0, doubt_of(path, file->doubt)});
  LogEnd end;
  end.gap = pour(*file);
  sink_.end(end);
}

void LogFiles::read_files(std::vector<std::string> paths, LogSource::Kind kind) {
  std::vector<Found> found;
  for (std::string& path : paths) {
    const auto file = files_.open_file(path);
    if (file) {
      found.push_back({std::move(path), file->modified_us(), !file->doubt.empty()});
    } else if (file.error().kind != FileError::Kind::missing) {
      unread(kind, path, file.error());
    }
  }
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) {
    return a.doubted != b.doubted ? b.doubted : a.modified_us > b.modified_us;
  });
  std::size_t at = 0;
  for (; at < found.size() && read_ < limits_.most_files && bytes_ < limits_.most_bytes; ++at) {
    if (sink_.stop()) {
      return;
    }
    read_one(found[at].path, kind);
  }
  if (at < found.size()) {
    const std::size_t older = found.size() - at - 1;
    tell_unread(
        sink_, {kind, found[at].path, found[at].modified_us},
        Message("more than {} MiB or {} files before it, so it was left out{}; name it to read it",
                limits_.most_bytes >> 20U, limits_.most_files,
                older > 0 ? (older == 1 ? tr(", and so was 1 older log")
                                        : tr(", and so were {} older logs", std::to_string(older)))
                          : std::string()));
  }
}

void LogFiles::read_syslog() {
  constexpr auto kind = LogSource::Kind::file;
  std::vector<std::string> paths;
  for (const std::string& name : names_in("/var/log", is_syslog_name, kind)) {
    paths.push_back("/var/log/" + name);
  }
  read_files(std::move(paths), kind);
}

// The parts of one dump are one log: the framer puts them into their order.
void LogFiles::read_parts(const std::string& directory, int depth) {
  constexpr auto kind = LogSource::Kind::pstore;
  constexpr int deepest = 3;
  std::vector<Found> parts;
  std::string doubt;
  for (const std::string& name : names_in(directory, is_pstore_name, kind)) {
    const std::string path = below(directory, name);
    if (const auto part = files_.open_file(path)) {
      parts.push_back({path, part->modified_us(), !part->doubt.empty()});
      doubt = doubt.empty() ? part->doubt : doubt;
    } else {
      unread(kind, path, part.error());
    }
  }
  if (!parts.empty()) {
    const auto newest = std::ranges::max_element(parts, {}, &Found::modified_us)->modified_us;
    const std::string name = parts.size() == 1 ? parts.front().path : directory + "/dmesg-*";
    sink_.begin({kind, name, newest, 0, doubt_of(name, doubt)});
    LogEnd end;
    for (const Found& found : parts) {
      const auto part = files_.open_file(found.path);
      // What was said of the log as a whole holds for what is read, whatever lies there by now.
      const bool changed = part && doubt.empty() && !part->doubt.empty();
      Message gap = !part ? gap_of(part.error())
                    : changed
                        ? Message("{} became another file; {}", found.path, translated(leaves_open))
                        : pour(*part);
      sink_.data("\n");  // a part may end inside of a line
      end.gap = end.gap.empty() ? std::move(gap) : end.gap;
    }
    sink_.end(end);
  }
  for (const std::string& name : names_in(directory, is_whole_dump, kind)) {
    read_one(below(directory, name), kind);
  }
  if (depth < deepest) {
    for (const std::string& name : names_in(directory, any_name, kind, true)) {
      if (sink_.stop() || read_ >= limits_.most_files) {
        return;
      }
      read_parts(below(directory, name), depth + 1);
    }
  }
}

void LogFiles::read_pstore() {
  read_parts("/sys/fs/pstore", 3);
  read_parts("/var/lib/systemd/pstore", 0);
}

void LogFiles::read_crashes() {
  constexpr auto kind = LogSource::Kind::crash;
  std::vector<std::string> paths;
  for (const std::string& dump : names_in("/var/crash", any_name, kind, true)) {
    const std::string directory = "/var/crash/" + dump;
    for (const std::string& name : names_in(directory, is_crash_name, kind)) {
      paths.push_back(below(directory, name));
    }
  }
  read_files(std::move(paths), kind);
}

}  // namespace whyoom::linux
