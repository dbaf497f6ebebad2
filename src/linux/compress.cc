#include "linux/compress.h"

#include <zstd.h>

#include <utility>
#include <vector>

namespace whyoom::linux {

struct ZstdWriter::State {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Sink sink;
  std::vector<char> buffer = std::vector<char>(ZSTD_CStreamOutSize());
  bool failed = context == nullptr;

  void feed(std::string_view data, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    std::size_t left = 0;
    if (failed) {
      return;
    }
    do {
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      left = ZSTD_compressStream2(context, &out, &in, directive);
      if (ZSTD_isError(left) != 0) {
        failed = true;  // a wrong parameter or no memory
        return;
      }
      sink({buffer.data(), out.pos});
    } while (in.pos < in.size || (directive == ZSTD_e_end && left != 0));
  }
};

ZstdWriter::ZstdWriter(Sink sink) : state_(std::make_unique<State>()) {
  state_->sink = std::move(sink);
  if (!state_->failed) {
    ZSTD_CCtx_setParameter(state_->context, ZSTD_c_compressionLevel, 9);
    ZSTD_CCtx_setParameter(state_->context, ZSTD_c_checksumFlag, 1);
  }
}

ZstdWriter::~ZstdWriter() { ZSTD_freeCCtx(state_->context); }

void ZstdWriter::write(std::string_view data) { state_->feed(data, ZSTD_e_continue); }

bool ZstdWriter::finish() {
  state_->feed({}, ZSTD_e_end);
  return !state_->failed;
}

}  // namespace whyoom::linux
