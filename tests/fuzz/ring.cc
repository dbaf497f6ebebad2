// The recorder's ring: a segment of any bytes, and one whose records carry the checksums that they
// should have, so that mutations come behind them. The scanners of /proc get the same bytes.
#include <algorithm>
#include <limits>

#include "fuzz.h"
#include "host/redact.h"
#include "record/history.h"
#include "record/metrics.h"
#include "record/recall.h"
#include "record/scan.h"
#include "record/segment.h"
#include "record/wire.h"
#include "render/history.h"
#include "render/layout.h"

namespace whyoom::fuzz {
namespace {

constexpr std::string_view frame_mark = "\xffW";

// The pieces between the marks as bodies of records.
std::string with_checksums(std::string_view input) {
  std::string bytes;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find(frame_mark), input.size());
    const std::string_view body = input.substr(0, std::min(end, record::most_body));
    input.remove_prefix(std::min(end + frame_mark.size(), input.size()));
    if (body.empty()) {
      continue;
    }
    std::array<char, 10> room;
    record::Writer size(room);
    size.number(body.size());
    const std::string summed = std::string(size.written()) + std::string(body);
    const std::uint32_t sum = record::crc32c(summed);
    bytes.append(frame_mark).append(summed);
    for (unsigned i = 0; i < 4; ++i) {
      bytes += static_cast<char>(sum >> (8 * i) & 0xffU);
    }
  }
  return bytes;
}

void check_segment(std::string_view bytes) {
  std::uint64_t samples = 0;
  const record::SegmentAccount account = record::read_segment(
      bytes, {[&samples](const record::Sample&) { ++samples; }, [](const record::Note&) {}});
  require(account.samples == samples, "samples were counted wrongly");
  require(account.damaged_bytes <= bytes.size() && account.good_end <= bytes.size(),
          "more damage than bytes");
  require((account.records == 0) == (account.good_end == 0), "an end without a record");
  require(account.damages <= account.records + 1, "damages without records between them");
  record::BootClocks clocks;
  clocks.add(bytes);
  record::HistoryOptions options;
  options.began = clocks.take().began;
  record::HistoryBuilder builder(options);
  builder.add(bytes);
  const record::History history = builder.take();
  record::Recall recall({{std::string(history.boots.empty() ? "" : history.boots[0].id), 1}});
  recall.add(bytes);
  require(recall.take().size() == 1, "an answer for each that was asked");
  const render::HistoryView view{.history = history, .store = "/ring", .running_boot = ""};
  require(render::html_history(view).ends_with("</html>\n"), "a page");
  require_printable(render::to_text(render::history_document(view, 80), {}), "history");
  require_json(render::json_history(view), "history");
}

// In two pieces; what it tells is lines of metrics and no others.
void check_metrics(std::string_view bytes) {
  record::Metrics metrics("1");
  record::RecordStream stream(
      {[&metrics](const record::Sample& each) { metrics.take(each); },
       [&metrics](const record::Note& each) {
         metrics.take(each);
         metrics.take({"cause", "kind", record::owner_of_cgroup(each.text)}, each.real_ms, true);
       }});
  stream.feed(bytes.substr(0, bytes.size() / 2));
  stream.feed(bytes.substr(bytes.size() / 2));
  const std::string text = metrics.text();
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    const std::string_view line = std::string_view(text).substr(at);
    require(line.starts_with("whyoom_") || line.starts_with("# HELP whyoom_") ||
                line.starts_with("# TYPE whyoom_"),
            "a line that is no metric");
  }
}

void check_scanners(std::string_view text) {
  record::Sample sample;
  record::scan_meminfo(text, sample.machine);
  record::scan_vmstat(text, sample.machine);
  record::scan_pressure(text, sample.machine);
  record::scan_loadavg(text, sample.machine);
  record::scan_zoneinfo(text, sample.zones);
  (void)record::headroom_of(sample, PageSize{});
  (void)record::scan_start(text);
  if (const auto line = record::scan_kmsg(text)) {
    require(line->text.size() <= line->line.size(), "a message is longer than its line");
  }
  std::string copy(text);
  const std::string_view kept = host::keep_command_line(copy, 128);
  require(kept.size() <= 128 && kept.size() <= text.size() + 1, "a command line grew");
  // What a sample can hold, a segment can.
  record::Encoder encoder;
  const std::string bytes(encoder.sample(sample));
  bool same = false;
  record::read_segment(bytes, {[&](const record::Sample& read) { same = read == sample; },
                               [](const record::Note&) {}});
  require(same, "a sample is another one after it was written and read");
}

}  // namespace

void run(std::string_view input) {
  check_segment(input);
  check_segment(with_checksums(input));
  check_metrics(input);
  check_metrics(with_checksums(input));
  check_scanners(input);
}

std::vector<std::string> seeds() {
  record::Encoder encoder;
  record::Note note;
  note.kind = record::Kind::segment;
  note.a = record::format_version;
  note.c = 4096;
  note.text = "0123456789abcdef";
  note.more = "6.1.0";
  std::string all(encoder.note(note));
  note = {};
  note.kind = record::Kind::process;
  note.a = 1;
  note.b = 42;
  note.text = "java";
  note.more = "/system.slice/a.service";
  note.detail = "java -jar a.jar";
  all += encoder.note(note);
  for (std::uint64_t i = 0; i < 3; ++i) {
    record::Sample sample;
    sample.boot_ms = 1000 * i;
    sample.real_ms = 1'764'000'000'000 + static_cast<std::int64_t>(1000 * i);
    sample.machine.set(record::Field::mem_total, std::uint64_t{1} << 20U);
    sample.machine.set(record::Field::mem_available, (std::uint64_t{1} << 19U) - i);
    sample.zones[0].set(record::ZoneField::free, 1000 - i);
    sample.processes[0].set(record::ProcessField::id, std::uint64_t{1});
    sample.processes[0].set(record::ProcessField::rss_kib, i << 14U);
    all += encoder.sample(sample);
    for (const auto kind : {record::Kind::kmsg, record::Kind::warning, record::Kind::clock,
                            record::Kind::asleep, record::Kind::kill, record::Kind::setting}) {
      note = {};
      note.kind = kind;
      note.real_ms = sample.real_ms;
      note.a = i;
      note.c = i;
      note.text = kind == record::Kind::setting ? "kernel.panic"
                                                : "6,1,5,-;Out of memory: Killed process 42 (a)";
      all += encoder.note(note);
    }
  }
  return {all,
          "Node 0, zone   Normal\n  pages free     1\n        min      2\n        managed  3\n",
          "some avg10=12.34 avg60=0.00 avg300=0.00 total=77\nMemTotal: 5 kB\n0.1 0.1 1/2 3\n",
          std::string("x\0--password\0y\0http://a:b@c/\0", 29)};
}

}  // namespace whyoom::fuzz
