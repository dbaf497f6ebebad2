#include "report/streams.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::report {
namespace {

// So many reports at the same time; with most_open_bytes, of 64 KiB each.
constexpr std::size_t most_streams = 1024;

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

Streams::Place Streams::find(std::string_view host, std::string_view boot) {
  if (streams_.empty() || streams_.front().fits(host, boot)) {
    return streams_.begin();
  }
  const Index& same = boot.empty() ? by_host_ : by_boot_;
  if (const auto found = same.find(boot.empty() ? host : boot); found != same.end()) {
    return found->second;
  }
  // One that knows less, or more, than the line does. Mostly all lines of a log know as much.
  if ((boot.empty() ? by_boot_ : by_host_).empty()) {
    return streams_.end();
  }
  return std::ranges::find_if(streams_,
                              [&](const Stream& stream) { return stream.fits(host, boot); });
}

void Streams::take_from_index(const Stream& stream) {
  stream.boot.empty() ? by_host_.erase(stream.host) : by_boot_.erase(stream.boot);
}

void Streams::put_into_index(Place stream) {
  stream->boot.empty() ? by_host_.insert_or_assign(stream->host, stream)
                       : by_boot_.insert_or_assign(stream->boot, stream);
}

Streams::Stream& Streams::stream_of(const logtext::Line& line) {
  const std::string_view host = short_host(line.host);
  // A line without a frame is the wrapped rest of the one before.
  auto found = find(host, line.boot);
  const bool made = found == streams_.end();
  if (made) {
    streams_.emplace_front(source_, sink_, lines_ - 1);
    if (keeps_lines_) {
      streams_.front().assembler.keep_lines();
    }
  } else if (found != streams_.begin()) {
    streams_.splice(streams_.begin(), streams_, found);
  }
  Stream& stream = streams_.front();
  const bool names =
      (stream.host.empty() && !host.empty()) || (stream.boot.empty() && !line.boot.empty());
  if (made || names) {
    if (!made) {
      take_from_index(stream);
    }
    stream.host = stream.host.empty() ? host : stream.host;
    stream.boot = stream.boot.empty() ? line.boot : stream.boot;
    put_into_index(streams_.begin());
  }
  return stream;
}

void Streams::line(const logtext::Line& line) {
  ++lines_;
  Stream& stream = stream_of(line);
  const std::uint64_t before = stream.assembler.lines_of_events();
  stream.assembler.foreign_lines(lines_ - 1 - stream.last);
  stream.assembler.line(line);
  stream.last = lines_;
  lines_of_events_ += stream.assembler.lines_of_events() - before;
  count(stream);
  limit();
}

std::size_t Streams::columns_of_next_row(LineNumber line) const {
  return streams_.size() == 1 ? streams_.front().assembler.columns_of_next_row(line) : 0;
}

bool Streams::next_row(const logtext::Line& line, const TaskRow& row, std::string_view name) {
  Stream& stream = streams_.front();
  if (!stream.assembler.next_row(line, row, name)) {
    return false;
  }
  stream.last = ++lines_;
  ++lines_of_events_;
  return true;
}

void Streams::count(Stream& stream) {
  const bool busy = !stream.assembler.idle();
  const std::size_t bytes = stream.assembler.open_bytes();
  busy_ = busy_ - (stream.busy ? 1U : 0U) + (busy ? 1U : 0U);
  open_bytes_ = open_bytes_ - stream.open_bytes + bytes;
  stream.busy = busy;
  stream.open_bytes = bytes;
}

void Streams::drop(Place stream) {
  stream->assembler.flush();
  count(*stream);
  take_from_index(*stream);
  streams_.erase(stream);
}

// What waited longest goes first, and before that a machine without an open event.
void Streams::limit() {
  while (streams_.size() > 1 && lines_ - streams_.back().last >= Assembler::most_foreign) {
    drop(std::prev(streams_.end()));
  }
  while (streams_.size() > 1 && (streams_.size() > most_streams || open_bytes_ > most_open_bytes)) {
    auto least = std::prev(streams_.end());
    for (auto stream = least; streams_.size() > most_streams && stream != streams_.begin();
         --stream) {
      if (!stream->busy) {
        least = stream;
        break;
      }
    }
    drop(least);
  }
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
    count(*stream);
  }
}

}  // namespace whyoom::report
