#include "report/streams.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::report {
namespace {

constexpr std::size_t kMaxStreams = 64;

}  // namespace

std::string_view short_host(std::string_view host) {
  const bool address =
      std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.' || c == ':'; });
  const std::string_view name = address ? host : host.substr(0, host.find('.'));
  return name == "localhost" || name == "(none)" ? std::string_view() : name;
}

// An id of a boot says more than a name, which can change while the machine runs.
bool Streams::Stream::fits(std::string_view of_host, std::string_view of_boot) const {
  if (!boot.empty() && !of_boot.empty()) {
    return boot == of_boot;
  }
  return host.empty() || of_host.empty() || host == of_host;
}

Streams::Stream& Streams::stream_of(const logtext::Line& line) {
  const std::string_view host = short_host(line.host);
  // A line without a frame is the wrapped rest of the one before.
  auto found = std::ranges::find_if(
      streams_, [&](const Stream& stream) { return stream.fits(host, line.boot); });
  if (found == streams_.end()) {
    streams_.emplace_front(source_, sink_);
    found = streams_.begin();
  } else if (found != streams_.begin()) {
    streams_.splice(streams_.begin(), streams_, found);
  }
  Stream& stream = streams_.front();
  if (stream.host.empty()) {
    stream.host = host;
  }
  if (stream.boot.empty()) {
    stream.boot = line.boot;
  }
  return stream;
}

void Streams::line(const logtext::Line& line) {
  Assembler& own = stream_of(line).assembler;
  const std::uint64_t before = own.lines_of_events();
  own.line(line);
  lines_of_events_ += own.lines_of_events() - before;
  if (streams_.size() > 1) {
    std::for_each(std::next(streams_.begin()), streams_.end(),
                  [](Stream& stream) { stream.assembler.foreign_line(); });
    limit();
  }
}

// What waited longest goes first, and before that a machine without an open event.
void Streams::limit() {
  std::size_t bytes = 0;
  for (const Stream& stream : streams_) {
    bytes += stream.assembler.open_bytes();
  }
  while (streams_.size() > 1 && (streams_.size() > kMaxStreams || bytes > kMaxOpenBytes)) {
    auto least = std::prev(streams_.end());
    for (auto stream = least; streams_.size() > kMaxStreams && stream != streams_.begin();
         --stream) {
      if (stream->assembler.idle()) {
        least = stream;
        break;
      }
    }
    bytes -= least->assembler.open_bytes();
    least->assembler.flush();
    streams_.erase(least);
  }
}

bool Streams::idle() const {
  return std::ranges::all_of(streams_,
                             [](const Stream& stream) { return stream.assembler.idle(); });
}

std::optional<LineNumber> Streams::first_open() const {
  std::optional<LineNumber> first;
  for (const Stream& stream : streams_) {
    first = earlier(first, stream.assembler.first_open());
  }
  return first;
}

void Streams::flush() {
  for (auto stream = streams_.rbegin(); stream != streams_.rend(); ++stream) {
    stream->assembler.flush();
  }
}

}  // namespace whyoom::report
