
// `whyoom capture`
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/capture_logs.h"
#include "app/command.h"
#include "app/host_clock.h"
#include "app/host_root.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "host/capture_files.h"
#include "host/host_names.h"
#include "linux/capture_file.h"

namespace whyoom::app {
namespace {

struct CaptureOptions : Options {
  std::string output;  // empty = a name made of the time; "-" = standard output
  bool arguments = false;
  bool replace_host_names = false;
};

struct Counts {
  std::uint64_t files = 0, logs = 0, arguments_unread = 0;
  std::vector<std::string> gaps;
};

// Of kernel threads there are none; a process that has ended meanwhile is no gap.
void read_arguments(host::Files& files, const host::Processes& processes, Counts& counts) {
  constexpr std::size_t most_bytes = std::size_t{128} << 10U;
  for (const host::Process& process : processes.all) {
    if (!process.kernel_thread) {
      const auto text = files.read("/proc/" + std::to_string(process.pid) + "/cmdline", most_bytes);
      if (!text && text.error().kind != host::FileError::Kind::missing) {
        ++counts.arguments_unread;
      }
    }
  }
}

// Symbolic links, written behind the files: whoever unpacks the archive then has the link, as on
// the host, and not a copy of what it leads to. One whose target is not in the archive stays a
// copy.
class Links {
 public:
  void file(std::string_view path) {
    if (!path.starts_with("/proc/")) {  // there are many, and no link leads to them
      files_.emplace(path);
    }
  }
  void link(std::string_view path, std::string_view target) { links_.emplace(path, target); }
  void write(linux::CaptureFile& archive) const {
    for (const auto& [path, target] : links_) {
      const std::filesystem::path from = std::filesystem::path(path).parent_path();
      if (!files_.contains(path) || files_.contains((from / target).lexically_normal().string())) {
        archive.link(path, target);
      }
    }
  }

 private:
  std::set<std::string, std::less<>> files_;
  std::map<std::string, std::string, std::less<>> links_;
};

Counts write_all(const CaptureOptions& options, const HostRoot& root, host::HostNames& names,
                 linux::CaptureFile& archive) {
  Counts counts;
  const bool rename = options.replace_host_names;
  if (rename) {
    names.add_own(*root.files);
  }
  // Logs go first: they can name more hosts.
  counts.logs = capture_logs(root, rename ? &names : nullptr, archive, counts.gaps);
  Links links;
  const auto write_file = [&](std::string_view name, std::string_view contents) {
    links.file(name);
    archive.file(name, rename ? names.replaced(contents) : std::string(contents));
    ++counts.files;
  };
  host::RecordingFiles recording(
      *root.files,
      {.file = write_file,
       .link = [&](std::string_view name, std::string_view target) { links.link(name, target); },
       .rename =
           rename ? std::function([&names](std::string_view name) { return names.replaced(name); })
                  : nullptr});
  host::ReadOptions all = root.options;
  all.for_capture = true;
  const host::HostFacts facts = host::read_facts(recording, all);
  if (options.arguments) {
    read_arguments(recording, facts.host.processes, counts);
  }
  links.write(archive);
  archive.file(host::capture_index, recording.index());
  if (recording.left_out() > 0) {
    counts.gaps.push_back(
        tr("{} no room in the capture", plural(recording.left_out(), "file had", "files had")));
  }
  for (const host::Gap& gap : facts.host.gaps) {
    counts.gaps.push_back(gap.str());
  }
  if (counts.arguments_unread > 0) {
    counts.gaps.push_back(tr("the arguments of {} could not be read",
                             plural(counts.arguments_unread, "process", "processes")));
  }
  return counts;
}

int capture(const CaptureOptions& options, Console& io) {
  io.changes = true;
  const std::string path = options.output.empty()
                               ? local_text(std::time(nullptr), "whyoom-%Y%m%d-%H%M%S.tar.gz")
                               : options.output;
  if (path == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return io.fail(tr("a capture is no text; send it to a file (-o FILE) or a pipe"));
  }
  // It has a file to make yet.
  const auto root = open_host(options.root, linux::SandboxChoice::off);
  if (!root) {
    return io.fail(root.error());
  }
  auto file = linux::CaptureFile::create(path);
  if (!file) {
    return io.fail(tr("{}: {}", printable(path), file.error()));
  }
  host::HostNames names;
  const Counts counts = write_all(options, *root, names, **file);
  const auto bytes = (*file)->finish();
  if (!bytes) {
    return io.fail(tr("{}: {}", printable(path), bytes.error()));
  }
  io.tell(tr("{} and {} of this host in {} ({}); `whyoom --root` reads it",
             plural(counts.files, "file", "files"), plural(counts.logs, "log", "logs"),
             path == "-" ? tr("standard output") : printable(path), human(Bytes(*bytes))));
  for (const std::string& gap : counts.gaps) {
    io.tell(tr("not in it: {}", printable(gap)));
  }
  for (const std::string& name : names.left()) {
    io.tell(tr("the name \"{}\" is also a common word: replaced only where a log names its host",
               printable(name)));
  }
  return nothing_found;
}

}  // namespace

const Command capture_command{
    "capture", "whyoom capture [-o FILE] [OPTIONS]",
    "Writes one file with what `whyoom` reads here, logs included.\n"
    "A tar archive, compressed with gzip. `whyoom --root FILE`, check, explain and whatif give "
    "the\n"
    "same answers from it, on any machine. Of logs go in the kernel's messages around events, of\n"
    "configuration files the lines that a rule looks at. The environment of processes never does.",
    "Exit status: 0 written, 2 wrong use or not written.\n"
    "\nExamples:\n"
    "  sudo whyoom capture\n"
    "  sudo whyoom capture --replace-host-names -o for-support.tar.gz\n"
    "  sudo whyoom capture -o - | ssh support 'cat > host.tar.gz'\n"
    "  whyoom --root host.tar.gz\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<CaptureOptions>();
      flags.text("-o,--output", "FILE", options->output, "Where to; - is standard output");
      flags.flag("--cmdline", options->arguments,
                 "Also the arguments of processes, without what looks like a secret");
      flags.flag("--replace-host-names", options->replace_host_names,
                 "host-1, host-2, ... instead of names of hosts");
      flags.root(*options);
      return [options](Console& io) { return capture(*options, io); };
    }};

}  // namespace whyoom::app
