#include "linux/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace whyoom::linux {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::string path = testing::TempDir() + "mapped_file_XXXXXX";
    fd_ = mkstemp(path.data());
    unlink(path.c_str());
    EXPECT_EQ(write(fd_, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  }
  ~TemporaryFile() { close(fd_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

std::string numbered_lines(std::size_t bytes) {
  std::string text;
  for (unsigned line = 1; text.size() < bytes; ++line) {
    text += "line " + std::to_string(line) + "\n";
  }
  return text;
}

TEST(MappedFile, windows_put_together_are_the_file) {
  const std::string content = numbered_lines((std::size_t{17} << 20) + 123);
  const TemporaryFile file(content);
  MappedFile mapped(file.fd(), content.size());
  std::string read;
  int windows = 0;
  for (std::string_view window = mapped.next(); !window.empty(); window = mapped.next()) {
    read += window;
    ++windows;
  }
  EXPECT_EQ(windows, 3);
  EXPECT_EQ(read, content);
  EXPECT_EQ(mapped.offset(), content.size());
  EXPECT_FALSE(mapped.shrank());
}

TEST(MappedFile, a_file_truncated_while_it_is_read_is_no_crash) {
  const std::string content = numbered_lines(std::size_t{2} << 20);
  const TemporaryFile file(content);
  MappedFile mapped(file.fd(), content.size());
  const std::string_view window = mapped.next();
  ASSERT_EQ(window.size(), content.size());
  ASSERT_EQ(ftruncate(file.fd(), 4096), 0);
  std::size_t zeros = 0;
  for (const char c : window) {
    zeros += c == '\0' ? 1 : 0;
  }
  EXPECT_TRUE(mapped.shrank());
  EXPECT_GE(zeros, content.size() - 8192);
  EXPECT_EQ(window.substr(0, 6), "line 1");
  EXPECT_TRUE(mapped.next().empty());
}

TEST(MappedFile, nothing_to_map_is_an_empty_window) {
  MappedFile mapped(-1, 100);
  EXPECT_TRUE(mapped.next().empty());
  EXPECT_EQ(mapped.offset(), 0U);
}

}  // namespace
}  // namespace whyoom::linux
