#include "linux/recorder/ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "linux/recorder/ring_log.h"
#include "record/segment.h"

namespace whyoom::linux {
namespace {

class Ring : public ::testing::Test {
 protected:
  Ring() {
    std::string name = "/tmp/whyoom-ring-XXXXXX";
    top_ = ::mkdtemp(name.data());
    options_.path = top_ + "/a/ring";
    options_.bytes = least_ring_bytes;
  }
  ~Ring() override { std::filesystem::remove_all(top_); }

  [[nodiscard]] std::string file(std::uint64_t number) const {
    const std::string digits = std::to_string(number);
    return options_.path + "/segment-" + std::string(12 - digits.size(), '0') + digits;
  }
  std::string note(std::string_view text) {
    record::Note note;
    note.kind = record::Kind::warning;
    note.text = text;
    return std::string(encoder_.note(note));
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    const auto segments = open_ring(options_.path);
    EXPECT_TRUE(segments);
    for (const RingSegment& segment : *segments) {
      const std::string bytes = read_segment_file(segment);
      record::read_segment(bytes,
                           {[](const record::Sample&) {},
                            [&texts](const record::Note& each) { texts.emplace_back(each.text); }});
    }
    return texts;
  }

  std::string top_;
  RingOptions options_;
  record::Encoder encoder_;
};

TEST_F(Ring, IsPrivateAndForOne) {
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring) << ring.error();
  struct stat status {};
  ASSERT_EQ(::stat(options_.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  const auto second = RingWriter::open(options_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("another whyoom watch"), std::string::npos);
}

TEST_F(Ring, ThereIsNoneYet) {
  const auto segments = open_ring(options_.path);
  ASSERT_TRUE(segments);
  EXPECT_TRUE(segments->empty());
}

TEST_F(Ring, OthersCouldHaveWrittenIt) {
  std::filesystem::create_directories(options_.path);
  ::chmod(options_.path.c_str(), 0777);
  EXPECT_FALSE(RingWriter::open(options_));
  EXPECT_FALSE(open_ring(options_.path));
  std::filesystem::remove_all(options_.path);
  std::filesystem::create_directory_symlink("/tmp", options_.path);
  EXPECT_FALSE(RingWriter::open(options_));
  EXPECT_FALSE(open_ring(options_.path));
}

TEST_F(Ring, NeverGrowsBeyondItsSize) {
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring);
  const std::string record = note(std::string(1000, 'x'));
  for (int i = 0; i < 5000; ++i) {
    if (ring->needs_segment(record.size())) {
      ASSERT_EQ(ring->begin_segment(), 0);
    }
    ASSERT_EQ(ring->append(record), 0);
    ASSERT_LE(ring->bytes(), options_.bytes);
  }
  std::uintmax_t on_disk = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
    on_disk += entry.file_size();
  }
  EXPECT_LE(on_disk, options_.bytes);
  EXPECT_GE(on_disk, options_.bytes / 2);
}

TEST_F(Ring, ATornEndIsCutAndNothingComesBehindIt) {
  {
    auto ring = RingWriter::open(options_);
    ASSERT_TRUE(ring);
    ASSERT_EQ(ring->begin_segment(), 0);
    ASSERT_EQ(ring->append(note("one")), 0);
    ASSERT_EQ(ring->append(note("two")), 0);
  }
  std::filesystem::resize_file(file(1), std::filesystem::file_size(file(1)) - 1);
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring);
  EXPECT_GT(ring->cut_bytes(), 0U);
  ASSERT_EQ(ring->begin_segment(), 0);
  ASSERT_EQ(ring->append(note("three")), 0);
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "three"}));
}

TEST_F(Ring, ForeignFilesStay) {
  std::filesystem::create_directories(options_.path);
  ::chmod(options_.path.c_str(), 0700);
  std::ofstream(file(7)) << "not a segment";
  std::ofstream(options_.path + "/notes.txt") << "mine";
  std::filesystem::create_symlink("/etc/passwd", file(8));
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring);
  ASSERT_EQ(ring->begin_segment(), 0);
  EXPECT_EQ(ring->number(), 9U);
  ASSERT_EQ(ring->append(note("own")), 0);
  EXPECT_EQ(texts(), std::vector<std::string>{"own"});
  EXPECT_EQ(std::filesystem::file_size(file(7)), 13U);
  EXPECT_TRUE(std::filesystem::exists(options_.path + "/notes.txt"));
}

TEST_F(Ring, ItsMessagesAreALogForEachBoot) {
  {
    auto ring = RingWriter::open(options_);
    ASSERT_TRUE(ring);
    for (const auto* boot : {"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbbbbbbbb"}) {
      ASSERT_EQ(ring->begin_segment(), 0);
      record::Note note;
      note.kind = record::Kind::segment;
      note.text = boot;
      ASSERT_EQ(ring->append(encoder_.note(note)), 0);
      note.kind = record::Kind::kmsg;
      note.real_ms = 1'764'000'005'000;
      note.text = "4,7,5000000,-;a line";
      ASSERT_EQ(ring->append(encoder_.note(note)), 0);
    }
    record::Note asleep;
    asleep.kind = record::Kind::asleep;
    asleep.a = 90'000;
    ASSERT_EQ(ring->append(encoder_.note(asleep)), 0);
  }
  std::vector<LogSource> sources;
  std::string text;
  const LogSink sink{[&sources](const LogSource& source) { sources.push_back(source); },
                     [&text](std::string_view data) { text += data; },
                     [](const LogEnd& end) { EXPECT_TRUE(end.read); }, [] { return false; }};
  read_recorder(sink, options_.path);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].clock.boot, "aaaaaaaaaaaa");
  EXPECT_EQ(sources[1].name, options_.path + ", boot bbbbbbbb");
  EXPECT_EQ(sources[1].clock.booted_us, 1'764'000'000'000'000);
  EXPECT_EQ(sources[0].clock.suspended_us, 0U);
  EXPECT_EQ(sources[1].clock.suspended_us, 90'000'000U);
  EXPECT_EQ(text, "4,7,5000000,-;a line\n4,7,5000000,-;a line\n4,7,5000000,-;a line\n");
  ::chmod(options_.path.c_str(), 0777);
  read_recorder({[](const LogSource&) {}, [](std::string_view) {},
                 [](const LogEnd& end) {
                   EXPECT_FALSE(end.read);
                   EXPECT_FALSE(end.gap.empty());
                 },
                 [] { return false; }},
                options_.path);
}

TEST_F(Ring, DeletedUnderItsHands) {
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring);
  ASSERT_EQ(ring->begin_segment(), 0);
  EXPECT_FALSE(ring->is_gone());
  std::filesystem::remove(file(1));
  EXPECT_TRUE(ring->needs_segment(10));
  ASSERT_EQ(ring->begin_segment(), 0);
  std::filesystem::remove_all(options_.path);
  EXPECT_TRUE(ring->is_gone());
  EXPECT_NE(ring->begin_segment(), 0);
}

}  // namespace
}  // namespace whyoom::linux
