// The files of a copy of a machine: which are read, in which order, and what is said of the others.
#include "linux/log_sources.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/text.h"
#include "linux/kernel_ring.h"

namespace whyoom::linux {
namespace {

namespace fs = std::filesystem;

struct Read {
  LogSource source;
  std::string text;
  LogEnd end;
};

class LogSources : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "whyoom-sources-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void file(const std::string& path, const std::string& text, int age_s = 0) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    fs::last_write_time(root_ / path,
                        fs::file_time_type::clock::now() - std::chrono::seconds(age_s));
  }

  std::vector<Read> read(const LogLimits& limits = {}) {
    std::vector<Read> all;
    const LogSink sink{.begin =
                           [&](const LogSource& source) {
                             all.push_back({source, {}, {}});
                           },
                       .data = [&](std::string_view text) { all.back().text += text; },
                       .end = [&](const LogEnd& end) { all.back().end = end; },
                       .stop = [&] { return all.size() >= stop_after_; }};
    const auto done = read_log_sources(root_.string(), sink, limits);
    EXPECT_TRUE(done.has_value());
    return all;
  }

  static std::vector<std::string> names(const std::vector<Read>& all) {
    std::vector<std::string> list;
    for (const Read& one : all) {
      list.push_back(one.source.name);
    }
    return list;
  }

  fs::path root_;
  std::size_t stop_after_ = 1000;
};

using Names = std::vector<std::string>;

TEST_F(LogSources, an_empty_copy_has_none_and_a_missing_one_is_told) {
  EXPECT_TRUE(read().empty());
  EXPECT_FALSE(read_log_sources((root_ / "missing").string(), {}).has_value());
}

TEST_F(LogSources, syslog_the_newest_first_then_pstore_then_crashes) {
  file("var/log/kern.log.1", "1", 200);
  file("var/log/messages-20261101", "2", 300);
  file("var/log/syslog", "3", 100);
  file("var/log/dmesg", "4", 400);
  file("var/log/syslogger", "no", 1);
  file("var/log/auth.log", "no", 1);
  file("var/crash/202611/vmcore-dmesg.txt", "5");
  file("var/crash/202611/dmesg.202611", "6", 50);
  file("var/crash/202611/vmcore", "no");
  file("sys/fs/pstore/dmesg-efi-1", "7");
  file("var/lib/systemd/pstore/17/001/dmesg.txt", "8");
  const auto all = read();
  EXPECT_EQ(names(all),
            (Names{"/var/log/syslog", "/var/log/kern.log.1", "/var/log/messages-20261101",
                   "/var/log/dmesg", "/sys/fs/pstore/dmesg-efi-1",
                   "/var/lib/systemd/pstore/17/001/dmesg.txt", "/var/crash/202611/vmcore-dmesg.txt",
                   "/var/crash/202611/dmesg.202611"}));
  EXPECT_EQ(all[0].text, "3");
  EXPECT_TRUE(all[0].source.modified_us.has_value());
  EXPECT_TRUE(all[0].end.gap.empty());
}

TEST_F(LogSources, parts_of_pstore_are_one_log) {
  file("sys/fs/pstore/dmesg-efi-2", "Panic#1 Part2\nold");
  file("sys/fs/pstore/dmesg-efi-1", "Panic#1 Part1\nnew\n");
  file("sys/fs/pstore/pmsg-ramoops-0", "no");
  const auto all = read();
  ASSERT_EQ(names(all), (Names{"/sys/fs/pstore/dmesg-*"}));
  EXPECT_EQ(all[0].text, "Panic#1 Part1\nnew\n\nPanic#1 Part2\nold\n");
}

TEST_F(LogSources, what_is_no_file_does_not_block) {
  file("var/log/kern.log", "text");
  ASSERT_EQ(::mkfifo((root_ / "var/log/messages").c_str(), 0644), 0);
  fs::create_directories(root_ / "var/log/syslog");
  fs::create_symlink("/etc/passwd", root_ / "var/log/kern.log.1");
  fs::create_symlink("loop", root_ / "var/log/kern.log.2");
  for (const Read& one : read()) {
    if (one.source.name == "/var/log/kern.log") {
      EXPECT_EQ(one.text, "text");
      continue;
    }
    EXPECT_TRUE(one.text.empty()) << one.source.name;
    EXPECT_FALSE(one.end.read) << one.source.name;
    EXPECT_FALSE(one.end.gap.empty()) << one.source.name;
  }
}

TEST_F(LogSources, what_others_could_have_planted_is_a_gap) {
  file("secret", "secret");
  file("var/log/kern.log", "text");
  file("var/crash/1/vmcore-dmesg.txt", "text");
  file("var/lib/systemd/pstore/1/dmesg-efi-1", "text");
  for (const char* path : {"var/log", "var/crash", "var/crash/1", "var/lib/systemd/pstore/1"}) {
    fs::permissions(root_ / path, fs::perms::all);
  }
  fs::create_symlink("/secret", root_ / "var/log/dmesg");
  fs::create_symlink("/secret", root_ / "var/crash/1/dmesg.1");
  fs::create_hard_link(root_ / "secret", root_ / "var/crash/1/dmesg.2");
  fs::create_symlink("/secret", root_ / "var/lib/systemd/pstore/1/dmesg-efi-2");
  unsigned refused = 0;
  for (const Read& one : read()) {
    EXPECT_EQ(one.text.find("secret"), std::string::npos) << one.source.name;
    if (one.end.read) {
      EXPECT_EQ(trim(one.text), "text") << one.source.name;
      continue;
    }
    ++refused;
    EXPECT_TRUE(one.end.gap.str().starts_with("not read, because ")) << one.end.gap.str();
    EXPECT_TRUE(one.end.gap.str().ends_with("; name the file to read it")) << one.end.gap.str();
  }
  EXPECT_EQ(refused, 4U);
}

TEST_F(LogSources, what_others_can_write_comes_last_and_says_so) {
  file("var/log/kern.log", "old", 100);
  file("var/log/messages", "new", 1);
  file("var/lib/systemd/pstore/1/dmesg-efi-1", "a");
  file("var/lib/systemd/pstore/1/dmesg-efi-2", "b");
  const auto everybody = fs::perms::others_write;
  fs::permissions(root_ / "var/log/messages", everybody, fs::perm_options::add);
  fs::permissions(root_ / "var/lib/systemd/pstore/1/dmesg-efi-2", everybody, fs::perm_options::add);
  const auto all = read();
  ASSERT_EQ(names(all),
            (Names{"/var/log/kern.log", "/var/log/messages", "/var/lib/systemd/pstore/1/dmesg-*"}));
  EXPECT_TRUE(all[0].source.unverified.empty()) << all[0].source.unverified.str();
  EXPECT_EQ(all[1].source.unverified.str(), "/var/log/messages: everybody can write it");
  EXPECT_EQ(all[2].source.unverified.str(),
            "/var/lib/systemd/pstore/1/dmesg-*: everybody can write it");
}

TEST_F(LogSources, a_compressed_log_and_a_broken_one) {
  const auto gzip = [&](const std::string& name, const std::string& text) {
    file(name, "");
    const gzFile out = ::gzopen((root_ / name).c_str(), "wb");
    ::gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
    ::gzclose(out);
  };
  gzip("var/log/kern.log.2.gz", "whole");
  std::string noise;
  for (int i = 0; i < 5000; ++i) {
    noise += std::to_string(i * 7919);
  }
  gzip("var/log/kern.log.3.gz", noise);
  fs::resize_file(root_ / "var/log/kern.log.3.gz", 1000);
  fs::last_write_time(root_ / "var/log/kern.log.3.gz",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto all = read();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].text, "whole");
  EXPECT_TRUE(all[0].end.gap.empty());
  EXPECT_FALSE(all[1].text.empty());
  EXPECT_NE(all[1].end.gap.str().find("ends early"), std::string::npos) << all[1].end.gap.str();
}

TEST_F(LogSources, the_total_is_bounded_and_what_is_left_out_is_told) {
  file("var/log/kern.log", std::string(1000, 'a'), 1);
  file("var/log/kern.log.1", std::string(1000, 'b'), 2);
  file("var/log/kern.log.2", "c", 3);
  file("var/log/kern.log.3", "d", 4);
  LogLimits limits;
  limits.most_bytes = 1500;
  auto all = read(limits);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].text.size() + all[1].text.size(), 1500U);
  EXPECT_NE(all[1].end.gap.str().find("the rest was not read"), std::string::npos);
  EXPECT_FALSE(all[2].end.read);
  EXPECT_NE(all[2].end.gap.str().find("1 older log"), std::string::npos) << all[2].end.gap.str();

  limits = {};
  limits.most_files = 2;
  all = read(limits);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[1].end.read);
  EXPECT_FALSE(all[2].end.read);
}

TEST_F(LogSources, a_reader_that_stops_gets_no_more_logs) {
  for (int i = 1; i < 9; ++i) {
    file("var/log/kern.log." + std::to_string(i), "x", i);
  }
  stop_after_ = 3;
  EXPECT_EQ(read().size(), 3U);
}

TEST_F(LogSources, a_copys_broken_journal_is_a_gap) {
  file("var/log/journal/0123/system.journal", "LPKSHHRH");
  fs::create_directories(root_ / "run/log/journal");  // an empty one is none
  const auto all = read();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].source.name, "/var/log/journal");
  EXPECT_FALSE(all[0].end.read);
  EXPECT_FALSE(all[0].end.gap.empty());
}

TEST_F(LogSources, a_log_without_permission_is_told) {
  if (::geteuid() == 0) {
    GTEST_SKIP() << "root may read everything; tests/cli/test_sources.py does it as nobody";
  }
  file("var/log/kern.log", "text");
  fs::permissions(root_ / "var/log/kern.log", fs::perms::none);
  const auto all = read();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].end.gap.str().find("no permission"), std::string::npos);
}

TEST(KernelRing, this_machines_own_is_read_or_a_gap) {
  std::string text;
  LogEnd last;
  int sources = 0;
  read_kernel_ring({.begin = [&](const LogSource&) { ++sources; },
                    .data = [&](std::string_view part) { text += part; },
                    .end = [&](const LogEnd& end) { last = end; },
                    .stop = [] { return false; }});
  EXPECT_EQ(sources, 1);
  EXPECT_EQ(last.read, !text.empty());
  EXPECT_TRUE(last.read || !last.gap.empty());
}

}  // namespace
}  // namespace whyoom::linux
