#include "linux/recorder/ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
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
    for (const Descriptor& segment : *segments) {
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
  EXPECT_EQ(ring->number(), 1U);  // it goes on there
  ASSERT_FALSE(ring->needs_segment(1000));
  ASSERT_EQ(ring->append(note("three")), 0);
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "three"}));
}

TEST_F(Ring, ARecorderThatIsStartedOverAndOverMakesFewFiles) {
  for (int i = 0; i < 600; ++i) {
    auto ring = RingWriter::open(options_);
    ASSERT_TRUE(ring) << ring.error();
    if (ring->needs_segment(1000)) {
      ASSERT_EQ(ring->begin_segment(), 0);
    }
    ASSERT_EQ(ring->append(note(std::string(500, 'x'))), 0);
    if (i % 2 == 0) {
      ring->close();
    }
    ASSERT_LE(ring->bytes(), options_.bytes);
  }
  EXPECT_EQ(texts().size(), 600U);
  EXPECT_LE(open_ring(options_.path)->size(), 16U);
}

TEST_F(Ring, BehindDamageANewSegmentIsBegun) {
  {
    auto ring = RingWriter::open(options_);
    ASSERT_TRUE(ring);
    ASSERT_EQ(ring->begin_segment(), 0);
    for (const auto* text : {"one", "two", "three"}) {
      ASSERT_EQ(ring->append(note(text)), 0);
    }
    ring->close();
  }
  {
    std::fstream bytes(file(1), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(note("one").size() + 5));
    bytes.put('\xee');
  }
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring);
  EXPECT_TRUE(ring->needs_segment(1000));
  ASSERT_EQ(ring->begin_segment(), 0);
  EXPECT_EQ(ring->number(), 2U);
  ASSERT_EQ(ring->append(note("four")), 0);
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "three", "four"}));
}

TEST_F(Ring, MoreSegmentsThanThereCanBe) {
  std::filesystem::create_directories(options_.path);
  ::chmod(options_.path.c_str(), 0700);
  for (std::uint64_t i = 1; i <= 1200; ++i) {
    std::ofstream(file(i), std::ios::binary) << note(std::to_string(i));
  }
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit few{std::min<rlim_t>(files.rlim_max, 1024), files.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(texts().size(), 1000U);
  EXPECT_EQ(texts().front(), "201");
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring) << ring.error();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_FALSE(std::filesystem::exists(file(200)));
  EXPECT_TRUE(std::filesystem::exists(file(201)));
  EXPECT_EQ(ring->number(), 1200U);
  EXPECT_FALSE(ring->needs_segment(1000));
}

// As many samples as a day has seconds: neither bytes, nor files, nor descriptors grow.
TEST_F(Ring, ADayOfSamples) {
  auto ring = RingWriter::open(options_);
  ASSERT_TRUE(ring);
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  record::Sample sample;
  std::uint64_t chance = 1;
  std::uint64_t written = 0;
  std::ptrdiff_t most_files = 0, least_files = 1 << 20;
  for (std::uint64_t second = 0; second < 86'400; ++second) {
    sample.boot_ms = second * 1000;
    sample.real_ms = 1'764'000'000'000 + static_cast<std::int64_t>(second) * 1000;
    for (std::size_t i = 0; i < 12; ++i) {
      chance = chance * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
      sample.machine.set(static_cast<record::Field>(i),
                         (std::uint64_t{20} << 20U) + (chance >> 48U));
    }
    if (ring->needs_segment(4096)) {
      ASSERT_EQ(ring->begin_segment(), 0);
      encoder_.restart();
    }
    const std::string_view record = encoder_.sample(sample);
    written += record.size();
    ASSERT_EQ(ring->append(record), 0);
    if (second % 1000 == 0) {
      ASSERT_LE(ring->bytes(), options_.bytes);
      if (second > 20'000) {
        most_files = std::max(most_files, open_files());
        least_files = std::min(least_files, open_files());
      }
    }
  }
  EXPECT_EQ(most_files, least_files);
  EXPECT_GT(written, 3 * options_.bytes);
  std::uint64_t samples = 0;
  const auto segments = open_ring(options_.path);
  ASSERT_TRUE(segments);
  EXPECT_LE(segments->size(), 16U);
  record::Sample last;
  for (const Descriptor& segment : *segments) {
    const std::string bytes = read_segment_file(segment);
    const auto account = record::read_segment(bytes, {[&](const record::Sample& each) {
                                                        last = each;
                                                        ++samples;
                                                      },
                                                      [](const record::Note&) {}});
    EXPECT_EQ(account.damages, 0U);
    EXPECT_EQ(account.lost_samples, 0U);
  }
  EXPECT_EQ(last, sample);
  EXPECT_GT(samples, 10'000U);
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
  EXPECT_FALSE(ring->close_deleted());
  EXPECT_FALSE(ring->needs_segment(10));
  std::filesystem::remove(file(1));
  EXPECT_TRUE(ring->close_deleted());
  EXPECT_TRUE(ring->needs_segment(10));
  ASSERT_EQ(ring->begin_segment(), 0);
  std::filesystem::remove_all(options_.path);
  EXPECT_TRUE(ring->is_gone());
  EXPECT_NE(ring->begin_segment(), 0);
}

}  // namespace
}  // namespace whyoom::linux
