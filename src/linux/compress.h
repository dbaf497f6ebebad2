// zstd, in a stream.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

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
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whyoom::linux
