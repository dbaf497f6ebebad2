#include "linux/tar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace whyoom::linux {
namespace {

struct Entry {
  std::string name;
  char type = '0';
  std::string contents = {};
  std::string target = {};
};

std::string archive_of(const std::vector<Entry>& entries) {
  std::string archive;
  TarWriter writer([&archive](std::string_view data) { archive += data; });
  for (const Entry& entry : entries) {
    if (entry.type == '2') {
      writer.link(entry.name, entry.target);
    } else {
      writer.file(entry.name, entry.contents);
    }
  }
  writer.finish();
  return archive;
}

struct ReadBack {
  std::vector<Entry> entries;
  std::string error;
};

ReadBack read_all(std::string_view archive, std::size_t step = 1000, const TarLimits& limits = {}) {
  ReadBack all;
  TarReader reader({.begin =
                        [&all](TarEntry&& entry) {
                          all.entries.push_back({entry.name, entry.type, "", entry.target});
                          return TarReader::Result();
                        },
                    .data =
                        [&all](std::string_view part) {
                          all.entries.back().contents += part;
                          return TarReader::Result();
                        },
                    .end = [] { return TarReader::Result(); }},
                   limits);
  for (; !archive.empty() && all.error.empty();
       archive.remove_prefix(std::min(step, archive.size()))) {
    if (const auto done = reader.feed(archive.substr(0, step)); !done) {
      all.error = done.error();
    }
  }
  if (const auto done = reader.finish(); !done && all.error.empty()) {
    all.error = done.error();
  }
  return all;
}

// A header that says what it likes, with the right sum.
std::string header_of(std::string_view name, char type, std::string_view size) {
  constexpr std::size_t size_at = 124, sum_at = 148, type_at = 156, magic_at = 257;
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(size_at, size.size(), size);
  header.replace(sum_at, 8, 8, ' ');
  header[type_at] = type;
  header.replace(magic_at, 8, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) {
    sum += static_cast<unsigned char>(c);
  }
  char text[8] = {};
  std::snprintf(text, sizeof text, "%06o", sum);
  header.replace(sum_at, 7, text, 7);
  return header;
}

std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

bool has(const ReadBack& read, std::string_view words) {
  return read.error.find(words) != std::string::npos;
}

TEST(Tar, ReadsWhatItWrote) {
  const std::vector<Entry> written = {
      {"proc/meminfo", '0', "MemTotal: 1 kB\n", ""},
      {"empty", '0', "", ""},
      {"a/" + std::string(300, 'n') + "/b", '0', std::string(5000, 'x'), ""},
      {std::string(100, 'm'), '0', std::string(512, 'y'), ""},
      {"etc/sysctl.d/99-sysctl.conf", '2', "", "../sysctl.conf"},
      {"link", '2', "", std::string(150, 't')},
  };
  const std::string archive = archive_of(written);
  EXPECT_EQ(archive.size() % 512, 0U);
  for (const std::size_t step : {std::size_t{1}, std::size_t{511}, archive.size()}) {
    const ReadBack read = read_all(archive, step);
    EXPECT_EQ(read.error, "") << step;
    ASSERT_EQ(read.entries.size(), written.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
      EXPECT_EQ(read.entries[i].name, written[i].name);
      EXPECT_EQ(read.entries[i].type, written[i].type);
      EXPECT_EQ(read.entries[i].contents, written[i].contents);
      EXPECT_EQ(read.entries[i].target, written[i].target);
    }
  }
}

TEST(Tar, SaysThatItIsCut) {
  const std::string archive = archive_of({{"a", '0', std::string(2000, 'x'), ""}});
  for (std::size_t size = 0; size + 1024 < archive.size(); size += 100) {
    EXPECT_TRUE(has(read_all(std::string_view(archive).substr(0, size)), "is cut")) << size;
  }
}

TEST(Tar, RefusesWhatIsNoArchive) {
  const ReadBack read = read_all(std::string(4096, 'z'));
  EXPECT_TRUE(read.entries.empty());
  EXPECT_TRUE(has(read, "this is no header of a tar archive, at byte 0"));
}

// Every byte of the headers changed in turn: an error or other contents, never a crash.
TEST(Tar, LivesWithDamage) {
  const std::string archive =
      archive_of({{"a/" + std::string(200, 'n'), '0', "12", ""}, {"b", '2', "", "c"}});
  for (std::size_t at = 0; at < archive.size(); ++at) {
    for (const char change : {'\0', '7', '\xff'}) {
      std::string damaged = archive;
      damaged[at] = change;
      for (const Entry& entry : read_all(damaged).entries) {
        EXPECT_LE(entry.contents.size(), archive.size());
      }
    }
  }
}

TEST(Tar, SaysWhichLimitIsBroken) {
  const TarLimits limits{.entries = 3, .name_bytes = 200, .depth = 4, .entry_bytes = 1000};
  const auto read = [&](const std::vector<Entry>& entries) {
    return read_all(archive_of(entries), 1000, limits);
  };
  EXPECT_EQ(read({{"a"}, {"b"}, {"c"}}).error, "");
  const ReadBack many = read({{"a"}, {"b"}, {"c"}, {"d"}});
  EXPECT_EQ(many.entries.size(), 3U);
  EXPECT_TRUE(has(many, "more than 3 entries, at byte 1536"));
  EXPECT_EQ(read({{std::string(200, 'n')}}).error, "");
  EXPECT_TRUE(has(read({{std::string(201, 'n')}}), "a name is longer than 200 bytes, at byte"));
  EXPECT_TRUE(has(read({{"l", '2', "", std::string(201, 'n')}}), "a target is longer than 200"));
  EXPECT_EQ(read({{"a/b/c/d"}}).error, "");
  EXPECT_TRUE(has(read({{"a/b/c/d/e"}}), "a name has more than 4 parts, at byte 0"));
  EXPECT_EQ(read({{"a", '0', std::string(1000, 'x')}}).error, "");
  EXPECT_TRUE(has(read({{"a", '0', std::string(1001, 'x')}}),
                  "that an entry may have (1001 bytes), at byte 0"));
}

// Sizes that nobody has to hold to know that they are too much.
TEST(Tar, RefusesSizesThatNoCaptureHas) {
  const std::string end(1024, '\0');
  const std::string most = "larger than the 64 MiB that an entry may have";
  EXPECT_TRUE(has(read_all(header_of("a", '0', "77777777777") + end), most));
  EXPECT_TRUE(has(read_all(header_of("a", '0', std::string("\x80\0\0\0\x7f\xff", 6)) + end), most));
  EXPECT_TRUE(
      has(read_all(header_of("a", 'x', "00000200001") + end), "larger than the 64 KiB that"));
  EXPECT_TRUE(has(read_all(header_of("a", 'S', "00000000000") + end), "neither a file nor a link"));
  EXPECT_TRUE(has(read_all(header_of("a", '2', "00000000001") + end), "a link has contents"));
  EXPECT_TRUE(has(read_all(header_of("a", '0', "-1") + end), "no header"));
}

TEST(Tar, ReadsPaxHeadersForNamesOnly) {
  const auto with = [](const std::string& records) {
    char size[12] = {};
    std::snprintf(size, sizeof size, "%011zo", records.size());
    return read_all(header_of("p", 'x', size) + padded(records) + header_of("a", '0', "0") +
                    std::string(1024, '\0'));
  };
  const ReadBack named = with("12 path=b/c\n");
  EXPECT_EQ(named.error, "");
  ASSERT_EQ(named.entries.size(), 1U);
  EXPECT_EQ(named.entries[0].name, "b/c");
  for (const char* bad : {"99 path=b/c\n", "0 path=b/c\n", "x", "12 path=b/cc", "3\n"}) {
    EXPECT_TRUE(has(with(bad), "this is no pax header")) << bad;
  }
  EXPECT_TRUE(has(with("11 size=99\n"), "sparse or larger"));
  EXPECT_TRUE(has(with("26 GNU.sparse.realsize=99\n"), "sparse or larger"));
}

TEST(Tar, RefusesWhatComesBehindTheEnd) {
  const std::string archive = archive_of({{"a", '0', "1", ""}});
  EXPECT_EQ(read_all(archive + std::string(9000, '\0')).error, "");
  const ReadBack more = read_all(archive + archive);
  EXPECT_EQ(more.entries.size(), 1U);
  EXPECT_TRUE(has(more, "data behind its end, at byte " + std::to_string(archive.size())));
}

TEST(Tar, PassesOverDirectories) {
  const ReadBack read =
      read_all(header_of("d/", '5', "0") + header_of("d/a", '0', "0") + std::string(1024, '\0'));
  EXPECT_EQ(read.error, "");
  ASSERT_EQ(read.entries.size(), 1U);
  EXPECT_EQ(read.entries[0].name, "d/a");
}

}  // namespace
}  // namespace whyoom::linux
