#include "linux/tar.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace whyoom::linux {
namespace {

std::string archive_of(const std::vector<TarEntry>& entries) {
  std::string archive;
  TarWriter writer([&archive](std::string_view data) { archive += data; });
  for (const TarEntry& entry : entries) {
    if (entry.type == '2') {
      writer.link(entry.name, entry.target);
    } else {
      writer.file(entry.name, entry.contents);
    }
  }
  writer.finish();
  return archive;
}

std::vector<TarEntry> read_all(std::string_view archive, bool& whole) {
  std::vector<TarEntry> entries;
  whole = read_tar(archive, [&entries](TarEntry&& entry) {
            entries.push_back(std::move(entry));
          }).has_value();
  return entries;
}

TEST(Tar, ReadsWhatItWrote) {
  const std::vector<TarEntry> written = {
      {"proc/meminfo", '0', "MemTotal: 1 kB\n", ""},
      {"empty", '0', "", ""},
      {"a/" + std::string(300, 'n') + "/b", '0', std::string(5000, 'x'), ""},
      {std::string(100, 'm'), '0', std::string(512, 'y'), ""},
      {"etc/sysctl.d/99-sysctl.conf", '2', "", "../sysctl.conf"},
      {"link", '2', "", std::string(150, 't')},
  };
  const std::string archive = archive_of(written);
  EXPECT_EQ(archive.size() % 512, 0U);
  bool whole = false;
  const auto read = read_all(archive, whole);
  EXPECT_TRUE(whole);
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].name, written[i].name);
    EXPECT_EQ(read[i].type, written[i].type);
    EXPECT_EQ(read[i].contents, written[i].contents);
    EXPECT_EQ(read[i].target, written[i].target);
  }
}

TEST(Tar, SaysThatItIsCut) {
  const std::string archive = archive_of({{"a", '0', std::string(2000, 'x'), ""}});
  for (std::size_t size = 0; size + 1024 < archive.size(); size += 100) {
    bool whole = true;
    read_all(std::string_view(archive).substr(0, size), whole);
    EXPECT_FALSE(whole) << size;
  }
}

TEST(Tar, RefusesWhatIsNoArchive) {
  bool whole = true;
  EXPECT_TRUE(read_all(std::string(4096, 'z'), whole).empty());
  EXPECT_FALSE(whole);
}

// Every byte of the headers changed in turn: an error or other contents, never a crash.
TEST(Tar, LivesWithDamage) {
  const std::string archive =
      archive_of({{"a/" + std::string(200, 'n'), '0', "12", ""}, {"b", '2', "", "c"}});
  for (std::size_t at = 0; at < archive.size(); ++at) {
    for (const char change : {'\0', '7', '\xff'}) {
      std::string damaged = archive;
      damaged[at] = change;
      bool whole = false;
      for (const TarEntry& entry : read_all(damaged, whole)) {
        EXPECT_LE(entry.contents.size(), archive.size());
      }
    }
  }
}

}  // namespace
}  // namespace whyoom::linux
