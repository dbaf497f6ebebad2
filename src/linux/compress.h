// zstd, in a stream.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

struct ZSTD_CCtx_s;

namespace whyoom::linux {

class ZstdWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  explicit ZstdWriter(Sink sink);
  ~ZstdWriter();
  ZstdWriter(const ZstdWriter&) = delete;
  ZstdWriter& operator=(const ZstdWriter&) = delete;

  void write(std::string_view data);
  // False: something of it could not be compressed (no memory), so what came out is not whole.
  bool finish();

 private:
  void feed(std::string_view data, bool last);

  ZSTD_CCtx_s* context_;
  Sink sink_;
  std::vector<char> buffer_;
  bool failed_;
};

}  // namespace whyoom::linux
