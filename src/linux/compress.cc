#include "linux/compress.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace whyoom::linux {
namespace {

constexpr int window_and_gzip_header = 15 + 16;
constexpr int most_memory = 9;

}  // namespace

GzipWriter::GzipWriter(Sink sink)
    : sink_(std::move(sink)),
      buffer_(65536),
      failed_(::deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, window_and_gzip_header,
                             most_memory, Z_DEFAULT_STRATEGY) != Z_OK) {}

GzipWriter::~GzipWriter() { ::deflateEnd(&stream_); }

void GzipWriter::feed(std::string_view data, int flush) {
  do {
    const std::size_t part =
        std::min<std::size_t>(data.size(), std::numeric_limits<uInt>::max() / 2);
    // zlib takes what it reads as if it could write there.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(part);
    data.remove_prefix(part);
    int status = Z_OK;
    do {
      stream_.next_out = buffer_.data();
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      status = failed_ ? Z_STREAM_ERROR : ::deflate(&stream_, data.empty() ? flush : Z_NO_FLUSH);
      if (status == Z_STREAM_ERROR) {
        failed_ = true;
        return;
      }
      sink_({reinterpret_cast<const char*>(buffer_.data()), buffer_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0 && status != Z_STREAM_END);
  } while (!data.empty());
}

void GzipWriter::write(std::string_view data) {
  if (!data.empty()) {
    feed(data, Z_NO_FLUSH);
  }
}

bool GzipWriter::finish() {
  feed({}, Z_FINISH);
  return !failed_;
}

}  // namespace whyoom::linux
