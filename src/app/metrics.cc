// `whyoom metrics`: the process that `whyoom watch --textfile` starts to count events. It explains
// lines that anybody could have had a hand in, and allocates, so it is not the recorder: it has no
// rights, may be killed, and is started again. Records come in, texts go out, each ended by a NUL.
#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "app/command.h"
#include "app/metrics_feed.h"
#include "linux/recorder/ring.h"

namespace whyoom::app {
namespace {

struct MetricsFlags {
  std::string store;
  bool table = false;
};

// The table of docs/metrics.md.
int print_table(Console& io) {
  io.out.write("| metric | type | labels | what |\n|---|---|---|---|\n");
  for (const record::MetricInfo& metric : record::metric_table()) {
    io.out.write("| `" + std::string(metric.name) + "` | " + std::string(metric.type) + " | " +
                 std::string(metric.labels) + " | " + std::string(metric.help) + " |\n");
  }
  return nothing_found;
}

int metrics(const MetricsFlags& flags, Console& io) {
  if (flags.table) {
    return print_table(io);
  }
  // As much of the past as an alert wants to know: the last hours, and the end of the last boot.
  constexpr std::size_t most_segments = 2;
  std::vector<linux::Descriptor> former;
  if (!flags.store.empty()) {
    auto segments = linux::open_ring(flags.store);
    if (!segments) {
      return io.fail(segments.error());
    }
    former = std::move(*segments);
    former.erase(former.begin(), former.end() - static_cast<std::ptrdiff_t>(
                                                    std::min(former.size(), most_segments)));
  }
  std::vector<int> files{STDIN_FILENO};
  for (const linux::Descriptor& segment : former) {
    files.push_back(segment.get());
  }
  if (const auto done = linux::enter_sandbox(files, linux::SandboxChoice::automatic); !done) {
    return io.fail(done.error());
  }
  MetricsFeed feed(WHYOOM_VERSION, [&io](const std::string& text) {
    io.out.write(text + '\0');
    io.out.flush();
  });
  for (const linux::Descriptor& segment : former) {
    feed.read_former(linux::read_segment_file(segment));
  }
  former.clear();
  std::array<char, 65536> room;
  while (!io.out.closed()) {
    const ssize_t got = ::read(STDIN_FILENO, room.data(), room.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      break;
    }
    feed.feed({room.data(), static_cast<std::size_t>(got)});
  }
  return nothing_found;
}

}  // namespace

const Command metrics_command{
    "metrics",
    "whyoom metrics [OPTIONS]",
    "Reads records of the recorder from standard input and writes metrics.\n"
    "`whyoom watch --textfile` starts it.",
    "Exit status: 0 the records ended, 2 wrong use.\n",
    [](Flags& flags) -> Work {
      const auto given = std::make_shared<MetricsFlags>();
      flags.text("--store", "DIR", given->store, "The ring: what happened before");
      flags.flag("--table", given->table, "Print the table of all metrics");
      return [given](Console& io) { return metrics(*given, io); };
    },
    false};

}  // namespace whyoom::app
