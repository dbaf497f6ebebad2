#include "linux/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "linux/descriptor.h"
#include "linux/sandbox_for_test.h"
#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

using test::Scratch;

constexpr std::size_t mib = std::size_t{1} << 20U;

std::string numbered_lines(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) {
    text += "line " + std::to_string(i) + "\n";
  }
  text.resize(size);
  return text;
}

// On a disk and in memory.
class MappedFileTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { MappedFile::prepare(); }

  Descriptor file(const std::string& content) {
    test::put(scratch_ / "log", content);
    return Descriptor(::open((scratch_ / "log").c_str(), O_RDWR | O_CLOEXEC));
  }
  // As if reading took for ever.
  static void make_it_pay(MappedFile& mapped) { mapped.read_took(1, std::chrono::hours(1)); }

  // All that it shows, from `from` on.
  static std::string shown(MappedFile& mapped, std::size_t from = 0) {
    std::string text;
    make_it_pay(mapped);
    while (const std::size_t done = mapped.look(from + text.size(), [&](std::string_view some) {
      text += some;
      return some.size();
    })) {
      EXPECT_GT(done, 0U);
    }
    return text;
  }

  Scratch scratch_{test::scratch_base(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(DiskAndMemory, MappedFileTest, testing::Bool());

TEST_P(MappedFileTest, ShowsAllOfAFileOfAnySize) {
  const auto page = static_cast<std::size_t>(getpagesize());
  for (const std::size_t size : {std::size_t{1}, page - 1, page, page + 1, 2 * mib, 4 * mib - 1,
                                 4 * mib, 4 * mib + 1, 9 * mib + 123}) {
    const std::string content = numbered_lines(size);
    const Descriptor open = file(content);
    MappedFile whole(open.get(), size);
    EXPECT_TRUE(shown(whole) == content) << size;
    MappedFile part(open.get(), size);
    EXPECT_TRUE(shown(part, size / 2) == content.substr(size / 2)) << size;
  }
}

TEST_P(MappedFileTest, HolesAreZeros) {
  const Descriptor open = file("");
  ASSERT_EQ(::ftruncate(open.get(), 6 * mib), 0);
  ASSERT_EQ(::pwrite(open.get(), "end\n", 4, 6 * mib - 4), 4);
  MappedFile mapped(open.get(), 6 * mib);
  EXPECT_TRUE(shown(mapped) == std::string(6 * mib - 4, '\0') + "end\n");
}

TEST_P(MappedFileTest, IsNotLookedAtWhereReadingIsCheaperOrWasNotTimed) {
  const Descriptor open = file(numbered_lines(3 * mib));
  MappedFile mapped(open.get(), 3 * mib);
  const auto all = [](std::string_view some) { return some.size(); };
  EXPECT_EQ(mapped.look(0, all), 0U);
  mapped.read_took(1000 * mib, std::chrono::nanoseconds(1));
  EXPECT_EQ(mapped.look(0, all), 0U);
}

TEST_P(MappedFileTest, GoesOnWhereTheRestWasRead) {
  const std::string content = numbered_lines(5 * mib);
  const Descriptor open = file(content);
  MappedFile mapped(open.get(), content.size());
  make_it_pay(mapped);
  EXPECT_EQ(mapped.look(0, [](std::string_view) { return std::size_t{100}; }), 100U);
  EXPECT_EQ(mapped.look(100, [](std::string_view) { return std::size_t{0}; }), 0U);
  std::string seen;
  mapped.look(mib + 7, [&](std::string_view some) {
    seen = some;
    return some.size();
  });
  EXPECT_TRUE(seen == content.substr(mib + 7, 3 * mib - 7));
}

// The end is in the middle of a page; that page reads as zeros behind it.
TEST_P(MappedFileTest, AFileThatBecameShorterIsShownUpToThere) {
  const auto page = static_cast<std::size_t>(getpagesize());
  for (const std::size_t left : {std::size_t{0}, std::size_t{10}, mib, 3 * mib + 5}) {
    const std::string content = numbered_lines(4 * mib);
    const Descriptor open = file(content);
    MappedFile mapped(open.get(), content.size());
    make_it_pay(mapped);
    ASSERT_EQ(::ftruncate(open.get(), static_cast<off_t>(left)), 0);
    std::string seen;
    const std::size_t done = mapped.look(0, [&](std::string_view some) {
      seen = some;
      return some.size();
    });
    EXPECT_EQ(done, (left + page - 1) / page * page);
    EXPECT_TRUE(seen.substr(0, left) == content.substr(0, left));
    EXPECT_EQ(seen.find_first_not_of('\0', left), std::string::npos);
    EXPECT_EQ(mapped.look(done, [](std::string_view some) { return some.size(); }), 0U);
  }
}

TEST_P(MappedFileTest, AFileMayBecomeShorterWhileItIsLookedAt) {
  const std::string content = numbered_lines(4 * mib);
  const Descriptor open = file(content);
  MappedFile mapped(open.get(), content.size());
  make_it_pay(mapped);
  const std::size_t done = mapped.look(0, [&](std::string_view some) {
    EXPECT_EQ(std::ranges::count(some, '\n'), std::ranges::count(content, '\n'));
    EXPECT_EQ(::ftruncate(open.get(), 2 * mib), 0);
    EXPECT_EQ(some.rfind('\n'), content.rfind('\n', 2 * mib - 1));
    return some.size();
  });
  EXPECT_EQ(done, 2 * mib);
}

TEST(MappedFile, WhatCannotBeMappedIsRead) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  const Descriptor proc(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  for (const int fd : {ends[0], proc.get()}) {
    MappedFile mapped(fd, mib);
    mapped.read_took(1, std::chrono::hours(1));
    EXPECT_EQ(mapped.look(0, [](std::string_view some) { return some.size(); }), 0U);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

void look_at_a_file_that_is_cut(int fd) {
  MappedFile mapped(fd, 4 * mib);
  mapped.read_took(1, std::chrono::hours(1));
  if (mapped.look(0, [](std::string_view some) {
        return static_cast<std::size_t>(std::ranges::count(some, 'x'));
      }) != mib) {
    _exit(1);
  }
}

TEST(MappedFile, TheSandboxLetsItHandleALostPage) {
  NEEDS_FILTER();
  const Scratch scratch;
  test::put(scratch / "log", std::string(mib, 'x'));
  const Descriptor open(::open((scratch / "log").c_str(), O_RDONLY | O_CLOEXEC));
  const auto end = test::in_child([&] {
    MappedFile::prepare();
    test::enter({open.get()});
    look_at_a_file_that_is_cut(open.get());
  });
  EXPECT_EQ(end.status, test::done) << end.said;
}

TEST(MappedFile, AnyOtherLostPageEndsTheProgram) {
  const Scratch scratch;
  test::put(scratch / "log", "x");
  const Descriptor open(::open((scratch / "log").c_str(), O_RDONLY | O_CLOEXEC));
  const auto end = test::in_child([&] {
    MappedFile::prepare();
    const void* at = mmap(nullptr, 4 * mib, PROT_READ, MAP_SHARED, open.get(), 0);
    (void)*(static_cast<const volatile char*>(at) + mib);
  });
  EXPECT_EQ(end.signal, SIGABRT);
}

}  // namespace
}  // namespace whyoom::linux
