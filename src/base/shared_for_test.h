// Only for tests: the folder of sample logs that may lie beside the source tree. Tests that need it
// skip when it is not there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace whyoom::test {

inline std::optional<std::filesystem::path> shared_path(const std::string& name) {
  const char* set = std::getenv("WHYOOM_SHARED");
  const std::filesystem::path base = set != nullptr
                                         ? std::filesystem::path(set)
                                         : std::filesystem::path(WHYOOM_SOURCE_DIR) / "../shared";
  std::error_code error;
  const std::filesystem::path path = base / name;
  return std::filesystem::exists(path, error) ? std::optional(path) : std::nullopt;
}

// Empty when there is none. By the library: iterators are slow where tests are not optimised.
inline std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

}  // namespace whyoom::test

// In a test: the path of `name`, or the test is skipped.
#define WHYOOM_SHARED_OR_SKIP(variable, name)                                                  \
  const auto found_##variable = whyoom::test::shared_path(name);                               \
  if (!found_##variable) {                                                                     \
    GTEST_SKIP() << "the sample folder has no " << (name) << " (set WHYOOM_SHARED to use it)"; \
  }                                                                                            \
  const std::filesystem::path variable = *found_##variable
