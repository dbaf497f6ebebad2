#include "app/log_streams.h"

#include <ctime>

#include "linux/capture_logs.h"

namespace whyoom::app {

tl::expected<LogClocks, std::string> read_log_streams(
    const HostRoot& root, const linux::LogSink& sink,
    const std::function<void(const LogClocks&)>& known) {
  constexpr std::int64_t second_us = 1'000'000;
  const bool live = root.name == "/";
  const auto captured = live ? std::nullopt : linux::captured_logs(*root.files);
  const LogClocks clocks =
      captured ? LogClocks{captured->clock, captured->now_us}
               : LogClocks{live ? linux::machine_clock() : linux::MachineClock(),
                           static_cast<std::int64_t>(std::time(nullptr)) * second_us};
  if (known) {
    known(clocks);
  }
  if (captured) {
    linux::read_captured_logs(*root.files, *captured, sink);
    return clocks;
  }
  if (root.is_capture) {
    return tl::unexpected(std::string("this capture holds no logs"));
  }
  if (const auto done = linux::read_log_sources(root.name, sink); !done) {
    return tl::unexpected(done.error());
  }
  return clocks;
}

}  // namespace whyoom::app
