#include "linux/journal.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/language.h"
#include "base/text.h"
#include "linux/file_system.h"
#include "linux/run_child.h"

namespace whyoom::linux {
namespace {

constexpr const char* leaves_open = "events that only the journal keeps are not known";

// All boots, because no match names one. "+" is "or". What kills in user space says so in its
// unit's messages.
std::vector<std::string> command(bool choose_fields, const std::string& directory) {
  std::vector<std::string> argv = {"journalctl", "--no-pager", "--all", "--output=json"};
  if (!directory.empty()) {
    argv.push_back("--directory=" + directory);
  }
  if (choose_fields) {  // systemd 236 and later; a third of the bytes
    argv.emplace_back(
        "--output-fields=MESSAGE,PRIORITY,_TRANSPORT,_HOSTNAME,_COMM,SYSLOG_IDENTIFIER,"
        "SYSLOG_FACILITY,_UID,_SYSTEMD_UNIT,_SOURCE_MONOTONIC_TIMESTAMP,_BOOT_ID");
  }
  argv.emplace_back("_TRANSPORT=kernel");
  for (const char* unit :
       {"systemd-oomd", "earlyoom", "nohang", "nohang-desktop", "oomd", "kubelet"}) {
    argv.emplace_back("+");
    argv.emplace_back("_SYSTEMD_UNIT=" + std::string(unit) + ".service");
  }
  return argv;
}

bool says(const ChildEnd& child, std::string_view what) {
  return child.complaint.find(what) != std::string::npos;
}

bool no_permission(const ChildEnd& child) {
  return says(child, "insufficient permissions") || says(child, "Permission denied") ||
         says(child, "not seeing messages from other users and the system");
}

std::string first_line(const std::string& text) {
  return printable(trim(std::string_view(text).substr(0, text.find('\n'))));
}

}  // namespace

Message journal_gap(const ChildEnd& child, bool any_data, bool this_machine) {
  if (child.stopped) {
    return {};
  }
  if (child.start_error == ENOENT) {
    return Message("journalctl is not installed; {}", translated(leaves_open));
  }
  if (child.start_error != 0) {
    return Message("journalctl could not be started ({}); {}", errno_text(child.start_error),
                   translated(leaves_open));
  }
  if (no_permission(child)) {
    return Message(
        "no permission to read all of it; {}; run as root, or join the group systemd-journal",
        translated(leaves_open));
  }
  if (child.silent) {
    return Message("journalctl said nothing for a long time and was ended; {}",
                   translated(leaves_open));
  }
  if (child.signal != 0) {
    return Message("journalctl was ended by signal {}; {}", child.signal, translated(leaves_open));
  }
  if (says(child, "No journal files were found")) {
    return this_machine
               ? Message("this machine has no journal; earlier boots are not known from it")
               : Message("journalctl finds no journal file in it; {}", translated(leaves_open));
  }
  if (child.status != 0) {
    return Message("journalctl ended with status {} ({}); {}", child.status,
                   first_line(child.complaint), translated(leaves_open));
  }
  if (!child.complaint.empty()) {
    return Message("journalctl says: {}; {}", first_line(child.complaint), translated(leaves_open));
  }
  if (!any_data) {
    return Message("it holds no kernel message; earlier boots are not known from it");
  }
  return {};
}

bool knows_no_fields(const ChildEnd& child) {
  return child.status != 0 && says(child, "unrecognized option");
}

std::vector<std::string> follow_journal_command(bool from_start, bool choose_fields) {
  std::vector<std::string> argv = command(choose_fields, "");
  argv.insert(argv.begin() + 1, {"--follow", from_start ? "--no-tail" : "--lines=0"});
  return argv;
}

namespace {

ChildEnd read_by_journalctl(const std::string& name, const std::string& directory,
                            const LogSink& sink, const LogLimits& limits) {
  sink.begin({LogSource::Kind::journal, name, std::nullopt});
  bool any_data = false;
  const auto data = [&](std::string_view chunk) {
    any_data = true;
    sink.data(chunk);
  };
  ChildEnd child = run_child(command(true, directory), data, sink.stop, limits.most_silent_ms);
  if (!any_data && knows_no_fields(child)) {
    child = run_child(command(false, directory), data, sink.stop, limits.most_silent_ms);
  }
  LogEnd end;
  end.gap = journal_gap(child, any_data, directory.empty());
  end.read = any_data || (end.gap.empty() && !child.stopped);
  sink.end(end);
  return child;
}

}  // namespace

void read_journal(const LogSink& sink, const LogLimits& limits) {
  read_by_journalctl("journal", "", sink, limits);
}

void read_journal_of_copy(DirFiles& files, const LogSink& sink, const LogLimits& limits) {
  for (const std::string path : {"/var/log/journal", "/run/log/journal"}) {
    const auto listing = files.list(path, 1);
    if ((!listing && listing.error().kind == host::FileError::Kind::missing) ||
        (listing && listing->entries.empty())) {
      continue;
    }
    const auto directory = files.open_directory(path);
    if (!directory) {
      tell_unread(sink, {LogSource::Kind::journal, path, std::nullopt},
                  Message("{}; {}", translated(directory.error().text), translated(leaves_open)));
      continue;
    }
    // By the open directory, so that no link in the copy leads elsewhere.
    const std::string name =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(directory->get());
    const ChildEnd end = read_by_journalctl(path, name, sink, limits);
    if (sink.stop() || end.stopped) {
      return;
    }
  }
}

}  // namespace whyoom::linux
