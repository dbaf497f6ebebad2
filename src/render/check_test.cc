#include "render/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "diagnose/case_file.h"
#include "render/layout.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::string text_check(const diagnose::HostCheck& check, const TextStyle& style) {
  return to_text(check_document(check, {false, style.all}), style);
}

using diagnose::HostCheck;
namespace cases = diagnose::cases;

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  });
}

void check_all(const HostCheck& host, unsigned width) {
  const std::string text = text_check(host, {width, false, true});
  EXPECT_FALSE(has_control(text)) << text;
  EXPECT_FALSE(has_control(to_markdown(check_document(host, {true, true}))));
  const std::string json = json_check(host);
  EXPECT_FALSE(has_control(json));
  EXPECT_TRUE(json.starts_with("{") && json.ends_with("}"));
}

TEST(CheckText, SaysWhatIsWrongFirstAndHowToRepairItLast) {
  const auto path = cases::causes_folder() / "min-free-too-high" / "positive-host-fails-now.case";
  const auto host = cases::check_host(cases::load_case(path).log);
  const std::string text = text_check(*host, {80, false, false});
  EXPECT_TRUE(
      text.starts_with("whyoom check, kernel 6.12.41-cloud-amd64\n\nnow: Memory is free, but "
                       "vm.min_free_kbytes keeps it out"))
      << text;
  const std::size_t step = text.find("3 min_free_kbytes");
  const std::size_t fix = text.find("sudo whyoom fix vm.min_free_kbytes=45056");
  EXPECT_LT(step, fix);
  EXPECT_NE(fix, std::string::npos);
  EXPECT_NE(text.find("Set at boot by /etc/sysctl.d/99-sysctl.conf:1 (800000)."), std::string::npos)
      << text;
}

TEST(CheckText, OfAHealthyHostSaysSo) {
  const auto path = cases::causes_folder() / "min-free-too-high" / "near-miss-host.case";
  const auto host = cases::check_host(cases::load_case(path).log);
  EXPECT_NE(text_check(*host, {80, false, false}).find("the kernel's own choice."),
            std::string::npos);
}

// Whom the kernel would kill first, with what oom_score_adj does to it.
TEST(CheckText, NamesTheNextToGo) {
  const auto path = cases::causes_folder() / "unkillable-hog" / "near-miss-host.case";
  const auto host = cases::check_host(cases::load_case(path).log);
  ASSERT_EQ(host->next_victims.size(), 1U);  // systemd is never killed
  const std::string text = text_check(*host, {80, false, false});
  EXPECT_NE(text.find("Next to go: mysqld (pid 700, 400 MiB, oom_score_adj -900)."),
            std::string::npos)
      << text;
  EXPECT_NE(json_check(*host).find("\"next_victims\": ["), std::string::npos);
}

// The founding fault in one line: the vendors' formula takes all free memory for usable.
TEST(CheckText, CountsUsedMemoryInBothWays) {
  const auto used = [](const std::string& available) {
    return text_check(*cases::check_host("== /proc/meminfo\n"
                                         "MemTotal:        1000000 kB\n"
                                         "MemFree:          900000 kB\n"
                                         "MemAvailable:     " +
                                         available +
                                         " kB\n"
                                         "Buffers:           10000 kB\n"
                                         "Cached:            60000 kB\n"
                                         "SwapTotal:             0 kB\n"
                                         "SwapFree:              0 kB\n"
                                         "Shmem:             20000 kB\n"
                                         "SReclaimable:      10000 kB\n"),
                      {200, false, false});
  };
  EXPECT_NE(used("210000").find("Used: 79 % by MemAvailable, 4 % by the cloud consoles' formula; "
                                "what lies between is kept back by the watermarks."),
            std::string::npos)
      << used("210000");
  EXPECT_NE(used("920000").find("Used: 8 % by MemAvailable, 4 % by the cloud consoles' formula."),
            std::string::npos)
      << used("920000");
}

TEST(CheckText, FitsEveryWidth) {
  for (const auto& path : cases::case_paths(cases::Of::host)) {
    const auto host = cases::check_host(cases::load_case(path).log);
    for (const unsigned width : {60U, 80U, 200U}) {
      std::string_view text;
      const std::string all = text_check(*host, {width, false, true});
      text = all;
      for (const std::string_view line : cases::split_lines(text)) {
        const bool command = line.starts_with("    sudo ") || line.starts_with("    ");
        EXPECT_TRUE(command || display_width(trim(line)) <= width) << line;
      }
    }
  }
}

// A host whose /proc lies: bytes changed, lines lost, numbers grown. Whatever is said of it, it is
// said on clean lines.
TEST(Check, LivesWithEveryHost) {
  sample::Noise noise(7);
  for (const auto& path : cases::case_paths(cases::Of::host)) {
    const std::string good = cases::load_case(path).log;
    for (int round = 0; round < 25; ++round) {
      std::string bad = good;
      for (std::uint64_t change = noise.below(6); change-- > 0;) {
        const std::size_t at = noise.below(bad.size());
        switch (noise.below(4)) {
          case 0:
            bad[at] = static_cast<char>(noise.below(256));
            break;
          case 1:
            bad.insert(at, std::to_string(noise.number()));
            break;
          case 2:
            bad.erase(at, noise.below(200));
            break;
          default:
            bad.insert(at, noise.name());
        }
        bad += bad.empty() ? "x" : "";
      }
      check_all(*cases::check_host(bad), 60 + static_cast<unsigned>(noise.below(140)));
    }
  }
}

}  // namespace
}  // namespace whyoom::render
