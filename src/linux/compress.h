// gzip, in a stream: every machine has something that opens it.
#pragma once

#include <zlib.h>

#include <functional>
#include <string_view>
#include <vector>

namespace whyoom::linux {

class GzipWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  explicit GzipWriter(Sink sink);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(std::string_view data);
  // False: something of it could not be compressed (no memory), so what came out is not whole.
  bool finish();

 private:
  void feed(std::string_view data, int flush);

  z_stream stream_{};
  Sink sink_;
  std::vector<unsigned char> buffer_;
  bool failed_;
};

}  // namespace whyoom::linux
