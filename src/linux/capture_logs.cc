#include "linux/capture_logs.h"

#include <array>

#include "base/language.h"
#include "base/text.h"
#include "host/capture_files.h"

namespace whyoom::linux {
namespace {

constexpr std::string_view first_line = "whyoom logs 1";
constexpr std::size_t most_index_bytes = std::size_t{16} << 20U;
constexpr std::size_t most_log_bytes = std::size_t{1} << 30U;
constexpr std::size_t most_logs = 10'000;  // `whyoom capture` reads 1,000 files at most
constexpr std::array<std::string_view, 5> kinds{"journal", "ring", "file", "pstore", "crash"};

// One line of words, each escaped; "-" is nothing.
class Record {
 public:
  explicit Record(std::string_view what) : text_(what) {}

  Record& text(std::string_view word) {
    text_ += ' ';
    text_ += word.empty() ? "-" : host::escape_word(word);
    return *this;
  }
  Record& number(std::uint64_t value) { return text(std::to_string(value)); }
  Record& time(std::int64_t value) { return text(std::to_string(value)); }
  [[nodiscard]] std::string line() const { return text_ + "\n"; }

 private:
  std::string text_;
};

class Words {
 public:
  explicit Words(std::string_view line) : cursor_(line) {}

  std::string text() {
    cursor_.skip_spaces();
    const std::string_view word = cursor_.take_word();
    return word == "-" ? std::string() : host::unescape_word(word);
  }
  template <class T>
  std::optional<T> number() {
    return parse_number<T>(text());
  }
  std::uint64_t count() { return number<std::uint64_t>().value_or(0); }

 private:
  Cursor cursor_;
};

std::string end_record(std::string_view what, const report::Time& time, const std::string& boot) {
  return Record(what)
      .text(time.monotonic_us ? std::to_string(*time.monotonic_us) : "")
      .text(time.wall)
      .text(boot)
      .line();
}

void read_end(Words& words, report::Time& time, std::string& boot) {
  time.monotonic_us = words.number<std::uint64_t>();
  time.wall = words.text();
  boot = words.text();
}

CapturedLog read_log(Words& words) {
  CapturedLog log;
  const std::string kind = words.text();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == kind) {
      log.source.kind = static_cast<LogSource::Kind>(i);
    }
  }
  log.source.modified_us = words.number<std::int64_t>();
  log.end.read = words.text() == "read";
  log.end.lost = words.count();
  log.source.first_line = words.count();
  log.end.whole.emplace();
  log.end.whole->bytes = words.count();
  log.end.whole->lines = words.count();
  log.source.name = words.text();
  return log;
}

void read_record(std::string_view line, CapturedLogs& all) {
  Words words(line);
  const std::string what = words.text();
  if (what == "clock") {
    all.clock.boot = words.text();
    all.clock.booted_us = words.number<std::int64_t>().value_or(0);
    all.clock.suspended_us = words.count();
    all.clock.now_us = words.number<std::int64_t>().value_or(0);
  } else if (what == "host") {
    all.clock.host = words.text();
  } else if (what == "log" && all.logs.size() < most_logs) {
    all.logs.push_back(read_log(words));
  } else if (!all.logs.empty()) {
    CapturedLog& log = all.logs.back();
    if (what == "from") {
      read_end(words, log.end.whole->ends.from, log.end.whole->ends.first_boot);
    } else if (what == "to") {
      read_end(words, log.end.whole->ends.to, log.end.whole->ends.last_boot);
    } else if (what == "gap") {
      log.end.gap = Message("{}", words.text());
    } else if (what == "unverified") {
      log.source.unverified = Message("{}", words.text());
    }
  }
}

}  // namespace

std::string captured_log_name(std::size_t index) {
  return "whyoom/log/" + std::to_string(index + 1);
}

std::string write_log_index(const CapturedLogs& all) {
  std::string text(first_line);
  text += '\n';
  text += Record("clock")
              .text(all.clock.boot)
              .time(all.clock.booted_us)
              .number(all.clock.suspended_us)
              .time(all.clock.now_us)
              .line();
  text += Record("host").text(all.clock.host).line();
  for (const CapturedLog& log : all.logs) {
    const WholeLog whole = log.end.whole.value_or(WholeLog());
    text += Record("log")
                .text(kinds[static_cast<std::size_t>(log.source.kind)])
                .text(log.source.modified_us ? std::to_string(*log.source.modified_us) : "")
                .text(log.end.read ? "read" : "unread")
                .number(log.end.lost)
                .number(log.source.first_line)
                .number(whole.bytes)
                .number(whole.lines)
                .text(log.source.name)
                .line();
    text += end_record("from", whole.ends.from, whole.ends.first_boot);
    text += end_record("to", whole.ends.to, whole.ends.last_boot);
    if (!log.end.gap.empty()) {
      text += Record("gap").text(log.end.gap.str()).line();
    }
    if (!log.source.unverified.empty()) {
      text += Record("unverified").text(log.source.unverified.str()).line();
    }
  }
  return text;
}

std::optional<CapturedLogs> parse_log_index(std::string_view text) {
  if (!text.starts_with(first_line)) {
    return std::nullopt;
  }
  CapturedLogs all;
  while (!text.empty()) {
    read_record(take_part(text, '\n'), all);
  }
  return all;
}

std::optional<CapturedLogs> captured_logs(host::Files& files) {
  const auto index = files.read("/" + std::string(capture_log_index), most_index_bytes);
  return index ? parse_log_index(*index) : std::nullopt;
}

void read_captured_logs(host::Files& files, const CapturedLogs& all, const LogSink& sink) {
  for (std::size_t i = 0; i < all.logs.size() && !sink.stop(); ++i) {
    const CapturedLog& log = all.logs[i];
    sink.begin(log.source);
    LogEnd end = log.end;
    if (end.read) {
      const auto text = files.read("/" + captured_log_name(i), most_log_bytes);
      if (text) {
        sink.data(*text);
      } else {
        end.read = false;
        end.gap = Message("its excerpt in the capture cannot be read ({})",
                          translated(text.error().text));
      }
    }
    sink.end(end);
  }
}

}  // namespace whyoom::linux
