#include "app/capture.h"

#include <unistd.h>

#include <ctime>
#include <string>

#include "app/host_root.h"
#include "app/run.h"
#include "base/human.h"
#include "base/text.h"
#include "host/capture_files.h"
#include "linux/capture_file.h"

namespace whyoom::app {
namespace {

std::string default_name() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[40] = {};
  std::strftime(text, sizeof text, "whyoom-%Y%m%d-%H%M%S.tar.zst", &local);
  return text;
}

}  // namespace

int capture(const CaptureOptions& options, linux::Output& errors) {
  const std::string path = options.output.empty() ? default_name() : options.output;
  if (path == "-" && ::isatty(STDOUT_FILENO) == 1) {
    errors.write("whyoom: a capture is no text; send it to a file (-o FILE) or a pipe\n");
    return trouble;
  }
  const auto root = open_host(options.root);
  if (!root) {
    errors.write("whyoom: " + root.error() + "\n");
    return trouble;
  }
  auto file = linux::CaptureFile::create(path);
  if (!file) {
    errors.write("whyoom: " + printable(path) + ": " + file.error() + "\n");
    return trouble;
  }
  linux::CaptureFile& archive = **file;
  std::uint64_t files = 0;
  host::RecordingFiles recording(
      *root->files, {.file =
                         [&](std::string_view name, std::string_view contents) {
                           archive.file(name, contents);
                           ++files;
                         },
                     .link = [&](std::string_view name,
                                 std::string_view target) { archive.link(name, target); }});
  const host::HostFacts facts = host::read_facts(recording, root->options);
  archive.file(host::capture_index, recording.index());
  const auto bytes = archive.finish();
  if (!bytes) {
    errors.write("whyoom: " + printable(path) + ": " + bytes.error() + "; nothing was kept\n");
    return trouble;
  }
  errors.write("whyoom: " + plural(files, "file", "files") + " of this host in " +
               (path == "-" ? "standard output" : printable(path)) + " (" + human(Bytes(*bytes)) +
               "); `whyoom check --root` reads it\n");
  for (const host::Gap& gap : facts.host.gaps) {
    errors.write("whyoom: not in it: " + printable(gap.str()) + "\n");
  }
  return nothing_found;
}

}  // namespace whyoom::app
