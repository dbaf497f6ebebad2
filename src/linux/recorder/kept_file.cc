#include "linux/recorder/kept_file.h"

#include <dirent.h>
#include <sys/syscall.h>

namespace whyoom::linux {

void EntryReader::rewind(int directory) {
  begin();
  (void)::lseek(directory, 0, SEEK_SET);
}

std::string_view EntryReader::next(int directory, unsigned char* type) {
  if (at_ >= size_) {
    const long got = ::syscall(SYS_getdents64, directory, room_, sizeof room_);
    if (got <= 0) {
      rewind(directory);
      return {};
    }
    at_ = 0;
    size_ = static_cast<std::size_t>(got);
  }
  const auto* entry = reinterpret_cast<const dirent64*>(room_ + at_);
  at_ += entry->d_reclen;
  if (type != nullptr) {
    *type = entry->d_type;
  }
  return entry->d_name;
}

}  // namespace whyoom::linux
