// Only for tests: a directory of the sample folder as the files of a host.
#pragma once

#include <filesystem>
#include <string>

#include "base/shared_for_test.h"
#include "host/memory_files.h"

namespace whyoom::host::test {

inline MemoryFiles files_of(const std::filesystem::path& top) {
  MemoryFiles files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
    if (entry.is_regular_file()) {
      files.add("/" + entry.path().lexically_relative(top).string(),
                whyoom::test::read_file(entry.path()));
    }
  }
  return files;
}

}  // namespace whyoom::host::test
