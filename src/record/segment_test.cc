#include "record/segment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "record/wire.h"

namespace whyoom::record {
namespace {

Sample sample_at(std::uint64_t second) {
  Sample sample;
  sample.boot_ms = second * 1000;
  sample.real_ms = 1'764'000'000'000 + static_cast<std::int64_t>(second * 1000);
  sample.machine.set(Field::mem_free, 1'000'000 - second * 37);
  sample.machine.set(Field::oom_kill, second / 5);
  if (second % 3 != 0) {
    sample.machine.set(Field::psi_some_avg10, second * 11);
  }
  sample.zones[0].set(ZoneField::free, 500 + second);
  sample.zones[0].set(ZoneField::min, std::uint64_t{100});
  sample.processes[2].set(ProcessField::rss_kib, 4000 - second);
  sample.cgroups[7].set(CgroupField::max, ~std::uint64_t{0});
  return sample;
}

struct Found {
  std::vector<Sample> samples;
  std::vector<std::string> texts;
  SegmentAccount account;
};

Found read(std::string_view bytes) {
  Found found;
  found.account =
      read_segment(bytes, {[&found](const Sample& sample) { found.samples.push_back(sample); },
                           [&found](const Note& note) { found.texts.emplace_back(note.text); }});
  return found;
}

// 200 samples with a note behind each tenth: more than one whole one.
struct Written {
  std::string bytes;
  std::vector<std::size_t> ends;  // of each record
  std::vector<Sample> samples;
};
Written written(std::uint64_t count) {
  Written result;
  Encoder encoder;
  const auto add = [&result](std::string_view record) {
    result.bytes += record;
    result.ends.push_back(result.bytes.size());
  };
  Note head;
  head.kind = Kind::segment;
  head.a = format_version;
  head.text = "boot";
  add(encoder.note(head));
  for (std::uint64_t i = 0; i < count; ++i) {
    result.samples.push_back(sample_at(i));
    add(encoder.sample(result.samples.back()));
    if (i % 10 == 9) {
      Note note;
      note.kind = Kind::kmsg;
      note.a = i;
      note.text = "6,1,2,-;a line";
      add(encoder.note(note));
    }
  }
  return result;
}

TEST(Segment, RoundTrip) {
  const Written all = written(300);
  const Found found = read(all.bytes);
  EXPECT_EQ(found.samples, all.samples);
  EXPECT_EQ(found.texts.size(), 31U);
  EXPECT_EQ(found.account.records, 331U);
  EXPECT_EQ(found.account.damages, 0U);
  EXPECT_EQ(found.account.lost_samples, 0U);
  EXPECT_EQ(found.account.good_end, all.bytes.size());
}

TEST(Segment, NoteKeepsEverything) {
  Encoder encoder;
  Note note;
  note.kind = Kind::setting;
  note.real_ms = -5;
  note.boot_ms = 7;
  note.a = 1;
  note.b = 2;
  note.c = 3;
  note.text = "one";
  note.more = "two";
  note.detail = "three";
  int count = 0;
  const std::string bytes(encoder.note(note));
  read_segment(bytes, {[](const Sample&) {},
                       [&](const Note& read) {
                         EXPECT_EQ(read, note);
                         ++count;
                       }});
  EXPECT_EQ(count, 1);
}

TEST(Segment, EveryCutKeepsWhatStandsBefore) {
  const Written all = written(130);
  for (std::size_t cut = 0; cut < all.bytes.size(); ++cut) {
    const Found found = read(std::string_view(all.bytes).substr(0, cut));
    const auto whole = static_cast<std::size_t>(
        std::upper_bound(all.ends.begin(), all.ends.end(), cut) - all.ends.begin());
    ASSERT_EQ(found.account.records, whole) << cut;
    ASSERT_EQ(found.account.good_end, whole == 0 ? 0 : all.ends[whole - 1]) << cut;
    ASSERT_EQ(found.account.damaged_bytes, cut - found.account.good_end) << cut;
    for (std::size_t i = 0; i < found.samples.size(); ++i) {
      ASSERT_EQ(found.samples[i], all.samples[i]) << cut;
    }
  }
}

// One record is lost, and the samples that build on it; nothing else is, nothing is wrong.
TEST(Segment, EveryFlippedByteLosesItsRecordAlone) {
  Written all = written(130);
  for (std::size_t at = 0; at < all.bytes.size(); ++at) {
    all.bytes[at] = static_cast<char>(all.bytes[at] ^ (1 << (at % 8)));
    const Found found = read(all.bytes);
    all.bytes[at] = static_cast<char>(all.bytes[at] ^ (1 << (at % 8)));
    ASSERT_EQ(found.account.records, all.ends.size() - 1) << at;
    ASSERT_EQ(found.account.damages, 1U) << at;
    const auto hit = std::upper_bound(all.ends.begin(), all.ends.end(), at) - all.ends.begin();
    const bool whole = hit == 1 || hit == 1 + 120 + 12;
    ASSERT_GE(found.samples.size() + (whole ? 120U : 1U), all.samples.size()) << at;
    for (const Sample& sample : found.samples) {
      ASSERT_EQ(sample, all.samples[sample.boot_ms / 1000]) << at;
    }
  }
}

TEST(Segment, LostSamplesAreCounted) {
  const Written all = written(130);
  std::string bytes = all.bytes;
  bytes.erase(all.ends[4], all.ends[7] - all.ends[4]);  // three deltas, cleanly gone
  EXPECT_EQ(read(bytes).account.lost_samples, 3U);
  bytes = all.bytes;
  bytes[all.ends[0] + 5] ^= 1;  // the first whole one, and all that build on it
  EXPECT_EQ(read(bytes).samples.size(), 10U);
}

TEST(Segment, ForeignAndEmpty) {
  EXPECT_EQ(read("").account.records, 0U);
  EXPECT_EQ(read("").account.damages, 0U);
  const Found foreign = read(std::string(5000, '\xff') + "Whatever this is\n");
  EXPECT_EQ(foreign.account.records, 0U);
  EXPECT_EQ(foreign.account.damages, 1U);
  EXPECT_EQ(foreign.account.good_end, 0U);
}

// A frame as it would be written by a newer program.
std::string frame_of(std::string body) {
  std::string summed(1, static_cast<char>(body.size()));
  summed += body;
  const std::uint32_t sum = crc32c(summed);
  std::string bytes = "\xffW" + summed;
  for (unsigned i = 0; i < 4; ++i) {
    bytes += static_cast<char>(sum >> (8 * i) & 0xffU);
  }
  return bytes;
}

TEST(Segment, NewerRecordsAndFieldsAreSkipped) {
  const Written all = written(3);
  const std::string kind = frame_of("\x63 something new");
  // A warning with field 40 (a number) and 41 (bytes) before its text.
  const std::string fields =
      frame_of(std::string("\x08\x50\x05\x53\x03"
                           "abc\x0d\x02hi",
                           12));
  const Found found = read(kind + all.bytes + fields);
  EXPECT_EQ(found.samples, all.samples);
  EXPECT_EQ(found.account.unknown, 1U);
  EXPECT_EQ(found.account.damages, 0U);
  ASSERT_FALSE(found.texts.empty());
  EXPECT_EQ(found.texts.back(), "hi");
}

TEST(Segment, ATextCannotLookLikeARecord) {
  Encoder encoder;
  Note inner;
  inner.kind = Kind::stopped;
  inner.text = "forged";
  const std::string forged(encoder.note(inner));
  Note outer;
  outer.kind = Kind::process;
  outer.text = forged;
  std::string bytes(encoder.note(outer));
  bytes[4] ^= 1;  // the outer one is damaged
  EXPECT_TRUE(read(bytes).texts.empty());
}

TEST(Segment, ASampleCanBeFull) {
  Sample sample;
  const std::uint64_t most = ~std::uint64_t{0};
  const auto fill = [most](auto& set) {
    set.value.fill(most >> 1U);
    set.known = (std::uint64_t{1} << set.value.size()) - 1;
  };
  fill(sample.machine);
  for (auto& each : sample.zones) fill(each);
  for (auto& each : sample.processes) fill(each);
  for (auto& each : sample.cgroups) fill(each);
  Encoder encoder;
  const std::string bytes(encoder.sample(sample));
  const Found found = read(bytes);
  ASSERT_EQ(found.samples.size(), 1U);
  EXPECT_EQ(found.samples[0], sample);
}

// The stream comes to the same as the whole, whatever the pieces.
TEST(RecordStream, ReadsPiecesOfAnySize) {
  const Written all = written(300);
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    std::vector<Sample> samples;
    std::size_t notes = 0;
    RecordStream stream({[&samples](const Sample& sample) { samples.push_back(sample); },
                         [&notes](const Note&) { ++notes; }});
    for (std::size_t at = 0; at < all.bytes.size(); at += size) {
      stream.feed(std::string_view(all.bytes).substr(at, size));
    }
    EXPECT_EQ(samples, all.samples) << size;
    EXPECT_EQ(samples.size() + notes, all.ends.size());
  }
}

TEST(RecordStream, StepsOverDamage) {
  Written all = written(130);
  all.bytes[all.ends[3] + 5] ^= 1;  // a sample of the first ones, on which no other builds
  std::vector<Sample> samples;
  RecordStream stream(
      {[&samples](const Sample& sample) { samples.push_back(sample); }, [](const Note&) {}});
  stream.feed(all.bytes);
  stream.feed(std::string(40'000, 'x'));
  EXPECT_EQ(samples.size(), all.samples.size() - 1);
  EXPECT_EQ(samples.back(), all.samples.back());
}

}  // namespace
}  // namespace whyoom::record
