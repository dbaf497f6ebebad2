// Drives a target with clang's libFuzzer. With --write-seeds=DIR it writes the seeds and ends.
#include <cstdlib>

#include "fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view option = "--write-seeds=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view word = (*argv)[i];
    if (word.starts_with(option)) {
      std::exit(whyoom::fuzz::write_seeds(std::string(word.substr(option.size()))));
    }
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  whyoom::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
