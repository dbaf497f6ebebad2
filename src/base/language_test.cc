#include "base/language.h"

#include <gtest/gtest.h>

#include "base/human.h"
#include "base/message.h"

namespace whyoom {
namespace {

class InChinese : public testing::Test {
 protected:
  InChinese() { set_language(Language::chinese); }
  ~InChinese() override { set_language(Language::english); }
};

TEST(Language, EnglishIsTheKeyItself) {
  EXPECT_EQ(tr("out of memory"), "out of memory");
  EXPECT_EQ(tr("{} of {}", "1", "2"), "1 of 2");
}

TEST_F(InChinese, TextsAreTranslatedAndOthersStay) {
  EXPECT_EQ(tr("out of memory"), "内存不足");
  EXPECT_EQ(translated("a text of no catalogue"), "a text of no catalogue");
  EXPECT_EQ(translated(""), "");
  EXPECT_EQ(Message("memory of {}", "{}").str(), "{} 的内存");
}

TEST_F(InChinese, ATranslationMayTurnTheArgumentsRound) {
  EXPECT_EQ(tr("{} of {}", "nginx.service", "user"), "user 的 nginx.service");
}

TEST_F(InChinese, NumbersHaveOneForm) {
  EXPECT_EQ(plural(1, "event", "events"), "1 个事件");
  EXPECT_EQ(plural(12345, "event", "events"), "12,345 个事件");
  EXPECT_EQ(plural(2, "thing of", "things of"), "2 things of");
  EXPECT_EQ(human(Bytes(1)), "1 字节");
  EXPECT_EQ(seconds(0.68), "0.68 秒");
  EXPECT_EQ(seconds(192), "3 分 12 秒");
  EXPECT_EQ(seconds(90000), "1 天 1 小时");
}

TEST(Language, OfALocale) {
  for (const char* locale : {"zh_CN.UTF-8", "zh_CN.utf8", "zh_SG.UTF-8", "zh_CN", "zh",
                             "zh_CN.UTF-8@pinyin", "zh_CN@x", "zh_CN.", "zh_Hans_CN.UTF-8"}) {
    EXPECT_EQ(language_of_locale(locale), Language::chinese) << locale;
  }
  for (const char* locale : {"", "C", "POSIX", "C.UTF-8", "en_US.UTF-8", "zh_TW.UTF-8", "zh_HK",
                             "zh_Hant", "zh_CN.GB18030", "zhx", ".UTF-8"}) {
    EXPECT_EQ(language_of_locale(locale), Language::english) << locale;
  }
}

}  // namespace
}  // namespace whyoom
