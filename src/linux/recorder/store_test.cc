#include "linux/recorder/store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace whyoom::linux {
namespace {

using record::Kind;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    options_.ring.path = top_ + "/ring";
    options_.ring.bytes = least_ring_bytes;
    options_.tell = [this](Urgency, std::string_view what) { told_.emplace_back(what); };
    auto ring = RingWriter::open(options_.ring);
    EXPECT_TRUE(ring);
    store_ = std::make_unique<Store>(options_, std::move(*ring), "boot", sampler_);
  }
  ~StoreTest() override { std::filesystem::remove_all(top_); }

  void put_sample(std::uint64_t boot_ms) {
    record::Sample sample;
    sample.boot_ms = boot_ms;
    store_->put(sample);
  }
  void put_warning() {
    record::Note note;
    note.kind = Kind::warning;
    store_->put(note);
  }
  // What a reader finds now: of a sample its time, of a warning 0.
  [[nodiscard]] std::vector<std::uint64_t> written() const {
    std::vector<std::uint64_t> found;
    const auto segments = open_ring(options_.ring.path);
    for (const Descriptor& segment : segments.value()) {
      const std::string bytes = read_segment_file(segment);
      record::read_segment(
          bytes, {[&found](const record::Sample& sample) { found.push_back(sample.boot_ms); },
                  [&found](const record::Note& note) {
                    if (note.kind == Kind::warning) {
                      found.push_back(0);
                    }
                  }});
    }
    return found;
  }

  using Times = std::vector<std::uint64_t>;
  std::string top_ = [] {
    std::string name = "/tmp/whyoom-store-XXXXXX";
    return std::string(::mkdtemp(name.data()));
  }();
  RecorderOptions options_;
  std::vector<std::string> told_;
  Sampler sampler_{PageSize{}};
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, FourSamplesAreWrittenAtOnceWhileMoreComeSoon) {
  store_->write_held();
  for (std::uint64_t ms = 1; ms <= 5; ++ms) {
    put_sample(ms);
    store_->write_held(true);
    // The head of the segment is the first of four.
    EXPECT_EQ(written(), ms < 3 ? Times{} : (Times{1, 2, 3})) << ms;
  }
  store_->write_held();
  EXPECT_EQ(written(), (Times{1, 2, 3, 4, 5}));
}

TEST_F(StoreTest, WhatHappensBringsOutWhatIsHeldBack) {
  put_sample(1);
  store_->sync();
  EXPECT_EQ(written(), (Times{1}));
  put_sample(2);
  put_warning();
  EXPECT_EQ(written(), (Times{1, 2, 0}));
  put_sample(3);
  store_->close();
  EXPECT_EQ(written(), (Times{1, 2, 0, 3}));
}

TEST_F(StoreTest, ASegmentThatIsDeletedIsFollowedByAnother) {
  put_sample(1);
  store_->sync();
  std::filesystem::remove(options_.ring.path + "/segment-000000000001");
  put_sample(2);  // belongs to the one that is gone
  store_->check(20'000);
  put_sample(3);
  store_->sync();
  EXPECT_EQ(written(), (Times{3}));
  EXPECT_EQ(told_, (std::vector<std::string>{
                       "the newest file of the store was deleted; another one was begun"}));
}

TEST_F(StoreTest, ARingThatIsDeletedIsMadeAgainAndTold) {
  put_sample(1);
  store_->sync();
  std::filesystem::remove_all(options_.ring.path);
  put_sample(2);
  store_->check(20'000);
  put_sample(3);
  store_->sync();
  EXPECT_EQ(written(), (Times{3}));
  EXPECT_EQ(told_,
            (std::vector<std::string>{"the store was deleted or replaced; a new one was begun"}));
}

}  // namespace
}  // namespace whyoom::linux
