// The bytes of a capture, plain or compressed: what whyoom, check and explain say of it; and the
// decoders alone.
#include "app/command.h"
#include "diagnose/case_file.h"
#include "fuzz.h"
#include "host/capture_files.h"
#include "linux/capture_logs.h"
#include "linux/compress.h"
#include "linux/decompress.h"
#include "linux/tar.h"

namespace whyoom::fuzz {
namespace {

constexpr std::size_t block = 512;

// The archive with the checksum that each header should have, so that mutations come behind it.
std::string with_checksums(std::string_view archive) {
  constexpr std::size_t sum_at = 148, sum_size = 8, size_at = 124, size_size = 12;
  std::string text(archive);
  for (std::size_t at = 0; at + block <= text.size() && text[at] != '\0';) {
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at + sum_at), sum_size, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < block; ++i) {
      sum += static_cast<unsigned char>(text[at + i]);
    }
    for (std::size_t i = 6; i-- > 0; sum /= 8) {
      text[at + sum_at + i] = static_cast<char>('0' + sum % 8);
    }
    text[at + sum_at + 6] = '\0';
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < size_size && is_digit(text[at + size_at + i]); ++i) {
      size = size * 8 + static_cast<std::uint64_t>(text[at + size_at + i] - '0');
    }
    at += block + std::min((size + block - 1) / block * block, std::uint64_t{text.size()});
  }
  return text;
}

// All that comes out of the bytes, if they are compressed; at most 1 MiB of it.
std::string unpacked(std::string_view input) {
  constexpr std::size_t most = std::size_t{1} << 20U;
  const auto compression = linux::compression_of(input).value_or(linux::Compression::none);
  std::string whole;
  if (compression == linux::Compression::none) {
    return whole;
  }
  // In one piece, and in pieces of another size: the same bytes come out.
  for (const std::size_t size : {input.size(), std::size_t{7}}) {
    const auto decoder = linux::make_decoder(compression);
    std::string out;
    const linux::Decoder::Sink sink = [&](std::string_view data) {
      out += data;
      return true;
    };
    std::string_view rest = input;
    linux::Decoder::Result result;
    while (result && !rest.empty() && out.size() <= most) {
      result = decoder->feed(rest.substr(0, size), sink);
      rest.remove_prefix(std::min(size, rest.size()));
    }
    if (result && rest.empty()) {
      result = decoder->finish(sink);
    }
    if (!result) {
      require_printable(result.error(), "what is wrong with compressed data");
    }
    if (whole.empty()) {
      whole = std::move(out);
    } else if (whole.size() <= most && out.size() <= most) {
      require(whole == out, "the size of chunks changes what is unpacked");
    }
  }
  return whole;
}

// `command`: "" for the overview.
void check_command(const char* command, const MemoryFile& file, bool as_json) {
  Captured out;
  Captured errors;
  const std::string path = file.path();
  std::vector<const char*> argv = {"whyoom"};
  if (*command != '\0') {
    argv.push_back(command);
  }
  // The sandbox is for good, and there are more inputs.
  for (const char* word : {"--root", path.c_str(), "--format", as_json ? "json" : "text", "--color",
                           "never", "--sandbox", "off"}) {
    argv.push_back(word);
  }
  const auto work = app::parse_command_line(
      static_cast<int>(argv.size()), argv.data(),
      app::describe({&app::overview_command, &app::check_command, &app::explain_command}));
  require(work.has_value(), "the command line is wrong");
  app::Console io{out.output(), errors.output()};
  const int status = (*work)(io);
  require(status >= 0 && status <= 3, "a command has no such status");
  const std::string text = out.text();
  require_printable(errors.text(), "an error message");
  if (!as_json) {
    require_printable(text, "the text");
  } else if (!text.empty()) {
    require_json(text, "the JSON");
  }
}

void check_all(std::string_view archive) {
  const MemoryFile file(archive);
  for (const bool as_json : {true, false}) {
    for (const char* command : {"", "check", "explain"}) {
      check_command(command, file, as_json);
    }
  }
}

}  // namespace

void run(std::string_view input) {
  // What is unpacked may be large; it is bounded by itself.
  constexpr Cost cost{
      .bytes = 512U << 20U, .bytes_each = 20000, .peak = 256U << 20U, .peak_each = 1000};
  const Budget budget(input.size(), cost);
  const std::string plain = unpacked(input);
  if (!plain.empty()) {
    check_all(input);
    return;
  }
  const std::string fixed = with_checksums(input);
  check_all(fixed);
  if (fixed != input) {
    const MemoryFile file(input);
    check_command("check", file, true);
  }
  budget.check("a capture");
}

namespace {

std::string archive_of(const std::string& host, const std::string& log, bool with_logs) {
  std::string archive;
  linux::TarWriter tar([&](std::string_view data) { archive += data; });
  linux::CapturedLogs logs;
  logs.clock = {"0123abcd", 1'795'419'000'000'000, 7};
  logs.clock.now_us = 1'795'419'100'000'000;
  linux::CapturedLog& one = logs.logs.emplace_back();
  one.source = {linux::LogSource::Kind::file, "/var/log/kern.log", -5, 41};
  one.end.whole = linux::WholeLog{1'000'000, 9000, {{{}, "Nov 23 07:41:32"}, {}, "", "b0"}};
  if (with_logs) {
    tar.file(linux::captured_log_name(0), log);
    tar.file(linux::capture_log_index, linux::write_log_index(logs));
  }
  host::MemoryFiles files = tree_of(host);
  host::RecordingFiles recording(
      files, {.file = [&](std::string_view name,
                          std::string_view text) { tar.file(name.substr(1), text); },
              .link = [&](std::string_view name,
                          std::string_view target) { tar.link(name.substr(1), target); }});
  (void)host::read_facts(recording);
  tar.file(host::capture_index, recording.index());
  tar.finish();
  return archive;
}

std::string gzip(std::string_view text) {
  std::string out;
  linux::GzipWriter writer([&](std::string_view data) { out += data; });
  writer.write(text);
  writer.finish();
  return out;
}

}  // namespace

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  const auto hosts = case_texts(Cases::hosts);
  const auto logs = case_texts(Cases::logs);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < hosts.size() && i < 6; ++i) {
    all.push_back(archive_of(hosts[i], logs[i], i != 1));
  }
  all.push_back(gzip(all.front()));
  all.push_back(gzip(logs.front()));
  // "a\n" by gzip -n and by xz.
  all.push_back("\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xe4\x02\0\x07\xa1\xea\xdd\x02\0\0\0"s);
  all.push_back(
      "\xfd\x37\x7a\x58\x5a\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01\x16\0\0\0\x74\x2f\xe5\xa3\x01\0"
      "\x01\x61\x0a\0\0\0\x13\x47\x3f\xb8\x93\x9d\x45\xd4\0\x01\x1a\x02\xdc\x2e\xa5\x7e\x1f\xb6\xf3"
      "\x7d"
      "\x01\0\0\0\0\x04\x59\x5a"s);
  // The same by bzip2 and by lz4.
  all.push_back(
      "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x63\x3e\xd6\xe2\x00\x00\x00\xc1\x00\x00\x10\x20\x00\x20\x00\x21\x00\x82\xb1\x77\x24\x53\x85\x09\x06\x33\xed\x6e\x20"s);
  all.push_back(
      "\x04\x22\x4d\x18\x64\x40\xa7\x02\x00\x00\x80\x61\x0a\x00\x00\x00\x00\x85\x95\x4d\x99"s);
  return all;
}

}  // namespace whyoom::fuzz
