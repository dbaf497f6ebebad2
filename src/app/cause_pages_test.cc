#include "app/cause_pages.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/language.h"
#include "diagnose/cause.h"

namespace whyoom::app {
namespace {

std::string page_on_disk(std::string_view id, const char* file) {
  const auto folder = std::filesystem::path(WHYOOM_SOURCE_DIR) / "src/diagnose/causes" / id;
  const std::ifstream in(folder / file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Without the paragraphs about the tests beside it.
std::string for_users(const std::string& page) {
  std::string kept;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = std::min(page.find("\n\n", at), page.size() - 1);
    const std::string part = page.substr(at, end - at);
    if (part.find(".case") == std::string::npos || part.find_first_of("-#|") == 0) {
      kept += (kept.empty() ? "" : "\n\n") + part;
    }
    at = end + 2;
  }
  return kept.empty() ? kept : kept + "\n";
}

TEST(CausePages, AreTheReadmesInBothLanguages) {
  for (const diagnose::Cause* cause : diagnose::all_causes()) {
    const std::string english = page_on_disk(cause->id, "README.md");
    EXPECT_FALSE(english.empty()) << cause->id;
    EXPECT_EQ(cause_page(cause->id), for_users(english)) << cause->id;
    set_language(Language::chinese);
    const std::string chinese = page_on_disk(cause->id, "README.zh_CN.md");
    EXPECT_EQ(cause_page(cause->id), for_users(chinese.empty() ? english : chinese)) << cause->id;
    set_language(Language::english);
  }
}

TEST(CausePages, AreNotAboutTests) {
  EXPECT_EQ(cause_page("min-free-too-high").find("positive.case"), std::string::npos);
  EXPECT_NE(cause_page("min-free-too-high").find("## Looks like it but is not\n"),
            std::string::npos);
}

TEST(CausePages, ThereIsNoneWithoutACause) {
  EXPECT_EQ(cause_page("no-such-cause"), "");
  EXPECT_EQ(cause_page(""), "");
  EXPECT_EQ(cause_page("min-free-too-high/README.md 5"), "");
}

}  // namespace
}  // namespace whyoom::app
