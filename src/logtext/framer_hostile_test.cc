// Damaged and hostile input: nothing crashes, nothing grows without bound, and what is emitted is
// made of what came in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const Sample& sample : samples()) {
    all.emplace_back(sample.raw);
  }
  for (const std::string_view line : report_lines()) {
    all.emplace_back(line);
  }
  for (const std::string_view line :
       {"Panic#1 Part2", "__CURSOR=s=1", "MESSAGE", "MESSAGE=x", "{", "}", "\t\"MESSAGE\" : \"x\",",
        "** 3 printk messages dropped ** [   12.345678] x", "\xff\xfe\x61", "-- Boot 1 --",
        "Nov 23 07:41:32 host last message repeated 2 times", "    _TRANSPORT=kernel",
        "Nov 23 07:41:32 host kernel: message repeated 2 times: [ [   12.345678] Node 0]",
        "2026-11-23T07:41:32.1Z stdout P half", " SUBSYSTEM=pci",
        "[   12.345678] a [   12.345679] b [   12.345680] c [   12.345681] d"}) {
    all.emplace_back(line);
  }
  return all;
}

TEST(FramerHostile, SurvivesEveryPrefixAndSuffixOfEverySample) {
  for (const std::string& seed : seeds()) {
    for (std::size_t cut = 0; cut <= seed.size(); ++cut) {
      const Framed head({seed.substr(0, cut), "[   13.000000] next"});
      const Framed tail({seed.substr(cut), "[   13.000000] next"});
      for (const Framed& run : {head, tail}) {
        ASSERT_FALSE(run.lines.empty()) << seed << ' ' << cut;
        // The line behind is found whatever came before it.
        const bool found = std::any_of(run.lines.begin(), run.lines.end(),
                                       [](const Got& got) { return got.text == "next"; });
        ASSERT_TRUE(found) << seed << ' ' << cut;
      }
    }
  }
}

std::string mutated(std::string line, std::minstd_rand& random) {
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (std::size_t i = below(6); i > 0; --i) {
    const std::size_t at = below(line.size() + 1);
    switch (below(5)) {
      case 0:
        line.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        line.erase(at, below(9));
        break;
      case 2:
        line.insert(at, line.substr(below(line.size() + 1), below(40)));
        break;
      case 3:
        line.insert(at, std::string_view("[]<>{}\":;,\\x0a#012\r\n\x1b[ 0 ").substr(below(22), 3));
        break;
      default:
        line.insert(at, std::to_string(random() * 1'000'000'007ULL * (random() + 1ULL)));
    }
  }
  return line;
}

TEST(FramerHostile, SurvivesRandomStreams) {
  const std::vector<std::string> all = seeds();
  std::minstd_rand random(20261123);
  for (int stream = 0; stream < 300; ++stream) {
    std::size_t bytes_in = 0;
    std::size_t lines_out = 0;
    std::size_t bytes_out = 0;
    bool ordinary = true;
    Framer framer([&](const Line& line) {
      ++lines_out;
      bytes_out += line.text.size() + line.wall.size() + line.host.size() + line.tag.size() +
                   line.caller.size();
      ordinary = ordinary && line.text.find('\n') == std::string_view::npos;
    });
    LineNumber number = 0;
    constexpr std::size_t lines = 200;
    for (std::size_t i = 0; i < lines; ++i) {
      number += random() % 20 == 0 ? static_cast<std::uint32_t>(1 + random() % 1000) : 1U;
      const std::string line = mutated(all[random() % all.size()], random);
      bytes_in += line.size();
      framer.line(line, number);
      if (random() % 100 == 0) {
        framer.flush();
      }
    }
    framer.flush();
    ASSERT_FALSE(framer.holds());
    ASSERT_TRUE(ordinary);
    ASSERT_GT(lines_out, lines / 4);
    // Repeated messages are multiplied, but only so far.
    ASSERT_LT(bytes_out, 40 * bytes_in);
    ASSERT_LE(framer.take_damage().size(), 1000U);
  }
}

TEST(FramerHostile, SurvivesRandomBytes) {
  std::minstd_rand random(7);
  Collector collector;
  for (LineNumber number = 1; number < 3000; ++number) {
    std::string line(random() % 300, ' ');
    for (char& c : line) {
      c = static_cast<char>(random() % 256);
    }
    collector.line(line, number);
  }
  EXPECT_FALSE(collector.finish().lines.empty());
}

TEST(FramerHostile, BoundsWhatIsHeldAndNested) {
  Collector collector;
  LineNumber number = 0;
  const std::string big(100'000, 'x');
  std::string nested = R"({"log":"x"})";
  for (int i = 0; i < 12; ++i) {
    std::string quoted;
    for (const char c : nested) {
      quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    nested = R"({"log":")" + quoted + "\"}";
    collector.line(nested, ++number);
  }
  collector.line(std::string(100'000, '{'), ++number);
  collector.line("{\"a\":" + std::string(100'000, '['), ++number);
  collector.line(std::string(100'000, '>'), ++number);
  collector.line(std::string(100'000, '['), ++number);
  for (int i = 0; i < 20; ++i) {
    collector.line("2026-11-23T07:41:32.1Z stdout P " + big, ++number);
  }
  collector.line("__CURSOR=x", ++number);
  collector.line("MESSAGE", ++number);
  for (int i = 0; i < 20; ++i) {
    collector.line("\xff\xff\xff\x7f" + big, ++number);
  }
  collector.line("[   12.345678] last", ++number);
  const Framed run = collector.finish();
  EXPECT_EQ(run.lines.back().text, "last");
}

// The phrases that a report stands on, in every log that is at hand.
TEST(FramerHostile, LosesNoPhraseOfRealLogs) {
  const char* given = std::getenv("WHYOOM_SHARED");
  const std::filesystem::path shared =
      given != nullptr ? given : std::filesystem::path(WHYOOM_SOURCE_DIR) / ".." / "shared";
  if (!std::filesystem::is_directory(shared / "corpus")) {
    GTEST_SKIP() << "no logs at " << shared << " (set WHYOOM_SHARED)";
  }
  std::size_t files = 0;
  for (const char* folder : {"corpus", "lab"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(shared / folder)) {
      if (entry.path().extension() != ".log") {
        continue;
      }
      ++files;
      std::ifstream file(entry.path(), std::ios::binary);
      std::string raw;
      std::string text;
      Framer framer([&text](const Line& line) { text.append(line.text).append("\n"); });
      LineNumber number = 0;
      for (std::string line; std::getline(file, line);) {
        raw.append(line).append("\n");
        framer.line(line, ++number);
      }
      framer.flush();
      for (const std::string_view phrase :
           {"invoked oom-killer", "Killed process", "Kill process", "page allocation failure",
            "oom-kill:constraint", "lowmem_reserve", "Mem-Info", "fork rejected"}) {
        const auto count = [phrase](std::string_view where) {
          std::size_t hits = 0;
          for (std::size_t at = where.find(phrase); at != std::string_view::npos;
               at = where.find(phrase, at + 1)) {
            ++hits;
          }
          return hits;
        };
        EXPECT_EQ(count(text), count(raw)) << entry.path() << ' ' << phrase;
      }
    }
  }
  EXPECT_GT(files, 0U);
}

}  // namespace
}  // namespace whyoom::logtext
