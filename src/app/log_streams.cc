#include "app/log_streams.h"

#include <ctime>

#include "base/language.h"
#include "linux/capture_logs.h"

namespace whyoom::app {

tl::expected<linux::MachineClock, std::string> read_log_streams(
    const HostRoot& root, const linux::LogSink& sink,
    const std::function<void(const linux::MachineClock&)>& known) {
  constexpr std::int64_t second_us = 1'000'000;
  const bool live = root.name == "/";
  const auto captured = live ? std::nullopt : linux::captured_logs(*root.files);
  linux::MachineClock clock = captured ? captured->clock
                              : live   ? linux::machine_clock()
                                       : linux::MachineClock();
  if (!captured) {
    clock.now_us = static_cast<std::int64_t>(std::time(nullptr)) * second_us;
  }
  if (known) {
    known(clock);
  }
  if (captured) {
    linux::read_captured_logs(*root.files, *captured, sink);
    return clock;
  }
  if (root.is_capture) {
    return tl::unexpected(tr("this capture holds no logs"));
  }
  if (!root.options.posted.empty()) {
    return tl::unexpected(tr("only some files of the host are in the text"));
  }
  if (const auto done = linux::read_log_sources(root.name, sink); !done) {
    return tl::unexpected(done.error());
  }
  return clock;
}

}  // namespace whyoom::app
