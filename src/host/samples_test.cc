// The /proc of real kernels in virtual machines: all of it is read, and the watermarks agree with
// the table of vectors.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/shared_for_test.h"
#include "host/read_host.h"
#include "host/tree_for_test.h"

namespace whyoom::host {
namespace {

std::vector<std::filesystem::path> trees(const std::filesystem::path& lab) {
  std::vector<std::filesystem::path> result;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    for (const char* when : {"before", "after"}) {
      if (std::filesystem::is_directory(entry.path() / when)) {
        result.push_back(entry.path() / when);
      }
    }
  }
  return result;
}

TEST(Samples, every_tree_is_read_whole) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  std::size_t read = 0;
  for (const auto& tree : trees(lab)) {
    SCOPED_TRACE(tree.string());
    ++read;
    MemoryFiles files = test::files_of(tree);
    const Host host = read_host(files);
    // The files came over the guests' console, where a message of the kernel may stand between.
    for (const Damage& damage : host.damage) {
      EXPECT_NE(damage.what.find("found [    "), std::string::npos) << damage.what;
    }
    ASSERT_TRUE(host.settings.min_free_kbytes);
    EXPECT_GT(host.settings.min_free_kbytes->value, 0);
    EXPECT_TRUE(host.settings.watermark_scale_factor && host.settings.lowmem_reserve_ratio);
    EXPECT_TRUE(host.meminfo.mem_total && host.meminfo.mem_free && host.meminfo.mem_available);
    EXPECT_EQ(host.page_size, PageSize{4096});
    EXPECT_TRUE(host.transparent_huge);
    Pages managed;
    for (const Zone& zone : host.zones) {
      ASSERT_TRUE(zone.free && zone.min && zone.low && zone.high && zone.present && zone.managed &&
                  zone.protection)
          << zone.name;
      EXPECT_LE(zone.min->value, zone.low->value);
      EXPECT_LE(zone.low->value, zone.high->value);
      managed += zone.managed->value;
    }
    EXPECT_EQ(to_kib(managed, *host.page_size), host.meminfo.mem_total->value);
  }
  EXPECT_GE(read, 97U);
}

// What decides the marks: the kernel, the settings and the sizes of all zones.
struct Marks {
  std::string key, zones, marks;
  void add(const std::string& zone, const std::string& managed, const std::string& values) {
    zones += "|" + zone + ":" + managed;
    marks += "|" + zone + "=" + values;
  }
  [[nodiscard]] std::string whole_key() const { return key + zones; }
};

// Whole key -> marks. The rows of one reading stand together and begin with the DMA zone.
std::map<std::string, std::string> vectors(const std::filesystem::path& file) {
  std::map<std::string, std::string> result;
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  Marks group;
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, '\t');) {
      cells.push_back(cell);
    }
    const std::string key = cells[0] + "|" + cells[2] + "|" + cells[3];
    if ((cells[5] == "0" && cells[6] == "DMA") || key != group.key) {
      result.emplace(group.whole_key(), group.marks);
      group = {key, "", ""};
    }
    group.add(cells[6], cells[7], cells[10] + "," + cells[11] + "," + cells[12] + "," + cells[13]);
  }
  result.emplace(group.whole_key(), group.marks);
  return result;
}

std::string marks_of(const Zone& zone) {
  std::string text;
  for (const auto* mark : {&zone.min, &zone.low, &zone.high}) {
    text += std::to_string((*mark)->value.count()) + ",";
  }
  return text + (zone.promo ? std::to_string(zone.promo->value.count()) : "");
}

// "|DMA=22,27,32,|DMA32=668,835,1002,": the same but for what a kernel at boot did not yet have. It
// shares the setting out over the pages that are free then, and never again until somebody writes
// it; the vectors were all written.
void expect_close(const std::string& got, const std::string& known) {
  const auto numbers = [](const std::string& text) {
    std::vector<long> result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '=' || (text[i] == ',' && i + 1 < text.size() && is_digit(text[i + 1]))) {
        result.push_back(std::atol(text.c_str() + i + 1));
      }
    }
    return result;
  };
  const auto a = numbers(got);
  const auto b = numbers(known);
  ASSERT_EQ(a.size(), b.size()) << got << " " << known;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_LE(std::abs(a[i] - b[i]), 1 + b[i] / 33) << got << " " << known;
  }
}

TEST(Samples, the_watermarks_are_those_of_the_vectors) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  WHYOOM_SHARED_OR_SKIP(table, "vectors/watermarks.tsv");
  const auto known = vectors(table);
  std::size_t compared = 0;
  for (const auto& tree : trees(lab)) {
    SCOPED_TRACE(tree.string());
    const std::string name = tree.parent_path().filename().string();
    MemoryFiles files = test::files_of(tree);
    const Host host = read_host(files);
    Marks marks;
    marks.key = name.substr(0, name.find('-')) + "|" +
                std::to_string(host.settings.min_free_kbytes->value) + "|" +
                std::to_string(host.settings.watermark_scale_factor->value);
    for (const Zone& zone : host.zones) {
      marks.add(zone.name, std::to_string(zone.managed->value.count()), marks_of(zone));
    }
    if (const auto found = known.find(marks.whole_key()); found != known.end()) {
      ++compared;
      expect_close(marks.marks, found->second);
    }
  }
  EXPECT_GE(compared, 30U);
}

}  // namespace
}  // namespace whyoom::host
