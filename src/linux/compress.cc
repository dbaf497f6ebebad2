#include "linux/compress.h"

#include <zstd.h>

#include <utility>

namespace whyoom::linux {

ZstdWriter::ZstdWriter(Sink sink)
    : context_(ZSTD_createCCtx()),
      sink_(std::move(sink)),
      buffer_(ZSTD_CStreamOutSize()),
      failed_(context_ == nullptr) {
  if (!failed_) {
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, 9);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
}

ZstdWriter::~ZstdWriter() { ZSTD_freeCCtx(context_); }

void ZstdWriter::feed(std::string_view data, bool last) {
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    left = failed_ ? 0
                   : ZSTD_compressStream2(context_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (failed_ || ZSTD_isError(left) != 0) {
      failed_ = true;  // a wrong parameter or no memory
      return;
    }
    sink_({buffer_.data(), out.pos});
  } while (in.pos < in.size || (last && left != 0));
}

void ZstdWriter::write(std::string_view data) { feed(data, false); }

bool ZstdWriter::finish() {
  feed({}, true);
  return !failed_;
}

}  // namespace whyoom::linux
