#include "app/capture_logs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "app/log_streams.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "linux/capture_logs.h"
#include "report/log_excerpt.h"

namespace whyoom::app {
namespace {

constexpr std::size_t most_of_a_log = std::size_t{16} << 20U;
constexpr std::size_t most_of_all = std::size_t{128} << 20U;

report::LogOwner owner_of(const linux::LogSource& source) {
  return linux::is_dump(source) ? report::LogOwner::kernel : report::LogOwner::anybody;
}

class LogRecorder {
 public:
  LogRecorder(host::HostNames* names, linux::CaptureFile& archive, std::vector<std::string>& gaps)
      : names_(names), archive_(archive), gaps_(gaps) {}

  [[nodiscard]] linux::LogSink sink() {
    return {.begin = [this](const linux::LogSource& source) { begin(source); },
            .data =
                [this](std::string_view chunk) {
                  span_.feed(chunk);
                  excerpt_->feed(chunk);
                },
            .end = [this](const linux::LogEnd& end) { finish(end); },
            .stop = [] { return false; }};
  }
  linux::CapturedLogs& logs() { return logs_; }
  [[nodiscard]] std::uint64_t kept() const { return kept_; }

 private:
  void begin(const linux::LogSource& source);
  void finish(const linux::LogEnd& end);
  void keep(report::LogExcerpt::Result&& part);
  [[nodiscard]] std::string renamed(const std::string& text) const {
    return names_ != nullptr ? names_->replaced(text) : text;
  }

  host::HostNames* names_;
  linux::CaptureFile& archive_;
  linux::CapturedLogs logs_;
  std::vector<std::string>& gaps_;
  std::uint64_t kept_ = 0;
  std::size_t room_ = most_of_all;
  std::unique_ptr<report::LogExcerpt> excerpt_;
  report::LogSpan span_;
};

void LogRecorder::begin(const linux::LogSource& source) {
  logs_.logs.push_back({source, {}});
  span_ = {};
  excerpt_ = std::make_unique<report::LogExcerpt>(owner_of(source), std::min(room_, most_of_a_log));
  excerpt_->skip_lines(source.first_line);
}

void LogRecorder::keep(report::LogExcerpt::Result&& part) {
  if (names_ != nullptr) {
    for (const std::string& host : part.hosts) {
      names_->add(host);
    }
    part.text = names_->replaced_in_log(part.text);
  }
  room_ -= std::min(room_, part.text.size());
  archive_.file(linux::captured_log_name(logs_.logs.size() - 1), part.text);
  kept_ += part.kept > 0 ? 1 : 0;
}

void LogRecorder::finish(const linux::LogEnd& end) {
  linux::CapturedLog& log = logs_.logs.back();
  report::LogExcerpt::Result part = excerpt_->finish();
  log.end = end;
  if (!end.whole) {
    log.end.whole = linux::WholeLog{part.bytes, part.lines, span_.ends()};
  }
  log.source.first_line = part.first_line;
  std::string gap = end.gap.str();
  if (part.no_room > 0) {
    gap += gap.empty() ? "" : tr("; ");
    gap +=
        tr("its oldest {} of the kernel had no room in the capture; events in them are not known",
           plural(part.no_room, "line", "lines"));
  }
  keep(std::move(part));
  if (!gap.empty()) {
    gaps_.push_back(tr("{}: {}", log.source.name, gap));
    log.end.gap = Message("{}", renamed(gap));
  }
  log.source.name = renamed(log.source.name);
  if (!log.source.unverified.empty()) {
    log.source.unverified = Message("{}", renamed(log.source.unverified.str()));
  }
}

}  // namespace

std::uint64_t capture_logs(const HostRoot& root, host::HostNames* names,
                           linux::CaptureFile& archive, std::vector<std::string>& gaps) {
  LogRecorder recorder(names, archive, gaps);
  const auto clock = read_log_streams(root, recorder.sink());
  if (clock) {
    recorder.logs().clock = *clock;
    if (names != nullptr) {
      recorder.logs().clock.host = names->replaced(clock->host);
    }
  } else {
    gaps.push_back(tr("the logs: {}", clock.error()));
  }
  archive.file(linux::capture_log_index, linux::write_log_index(recorder.logs()));
  return recorder.kept();
}

}  // namespace whyoom::app
