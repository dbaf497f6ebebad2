#include "host/whyoom_conf.h"

#include <gtest/gtest.h>

#include "host/memory_files_for_test.h"

namespace whyoom::host {
namespace {

constexpr FileStatus of_root{0, 0, 0644, false};

// Files of root alone.
MemoryFiles conf_files(std::initializer_list<std::pair<std::string, std::string>> texts) {
  MemoryFiles files;
  for (const auto& [path, text] : texts) {
    files.add(path, text);
    files.set_status(path, of_root);
  }
  return files;
}

std::string conf_error(MemoryFiles files) {
  const auto conf = read_conf(files);
  return conf ? "none" : conf.error();
}
std::string error_of_text(std::string text) {
  return conf_error(conf_files({{"/etc/whyoom.conf", std::move(text)}}));
}

TEST(WhyoomConf, WithoutFilesThereIsNothing) {
  MemoryFiles files;
  const auto conf = read_conf(files);
  ASSERT_TRUE(conf);
  EXPECT_TRUE(conf->lines.empty());
  EXPECT_TRUE(conf->files.empty());
}

TEST(WhyoomConf, TheLastLineOfAKeyCounts) {
  auto files = conf_files({{"/etc/whyoom.conf", "# ours\n\n size=64\r\nhook = a  b # c = d \n"},
                           {"/etc/whyoom.conf.d/20-b.conf", "size = 512"},
                           {"/etc/whyoom.conf.d/10-a.conf", "size = 256\nlisten =\n"},
                           {"/etc/whyoom.conf.d/README", "no setting"},
                           {"/etc/whyoom.conf.d/.30.conf", "size = 1"},
                           {"/etc/whyoom.conf.d/40.conf/x", "size = 2"}});
  const auto conf = read_conf(files);
  ASSERT_TRUE(conf) << conf.error();
  EXPECT_EQ(conf->files,
            (std::vector<std::string>{"/etc/whyoom.conf", "/etc/whyoom.conf.d/10-a.conf",
                                      "/etc/whyoom.conf.d/20-b.conf"}));
  EXPECT_EQ(conf->find("size")->value, "512");
  EXPECT_EQ(conf->find("size")->at, "/etc/whyoom.conf.d/20-b.conf:1");
  EXPECT_EQ(conf->find("hook")->value, "a  b # c = d");
  EXPECT_EQ(conf->find("hook")->at, "/etc/whyoom.conf:4");
  EXPECT_EQ(conf->find("listen")->value, "");
  EXPECT_EQ(conf->find("store"), nullptr);
}

TEST(WhyoomConf, ALineOfAnotherFormIsNamed) {
  EXPECT_EQ(error_of_text("size = 1\nsize 2\n"),
            "/etc/whyoom.conf:2: \"size 2\" is no line \"key = value\"");
  EXPECT_EQ(error_of_text("= 2\n"), "/etc/whyoom.conf:1: \"= 2\" is no line \"key = value\"");
  EXPECT_EQ(error_of_text("[watch]\n"),
            "/etc/whyoom.conf:1: \"[watch]\" is no line \"key = value\"");
  EXPECT_EQ(error_of_text("\xEF\xBB\xBFsize = 2\n").substr(0, 19), "/etc/whyoom.conf:1:");
  EXPECT_EQ(error_of_text("a b = 2\n"),
            "/etc/whyoom.conf:1: \"a b = 2\" is no line \"key = value\"");
  // What it shows cannot do anything to a terminal, nor fill it.
  const std::string shown = error_of_text("\x1b[2J" + std::string(5000, 'x') + "\n");
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_LT(shown.size(), 200U);
}

TEST(WhyoomConf, ControlCharactersAreRefused) {
  for (const std::string_view value :
       {std::string_view("a\0b", 3), std::string_view("a\tb"), std::string_view("\x1b[31m"),
        std::string_view("a\rb"), std::string_view("\x7f")}) {
    EXPECT_EQ(error_of_text("hook = " + std::string(value) + "\n"),
              "/etc/whyoom.conf:1: the value of hook has a control character in it");
  }
}

TEST(WhyoomConf, WhatOthersCanWriteIsRefused) {
  const auto with = [](const std::string& path, FileStatus status) {
    auto files = conf_files(
        {{"/etc/whyoom.conf", "size = 1\n"}, {"/etc/whyoom.conf.d/a.conf", "size = 2\n"}});
    files.set_status(path, status);
    return conf_error(std::move(files));
  };
  EXPECT_EQ(with("/etc/whyoom.conf", of_root), "none");
  EXPECT_EQ(with("/etc/whyoom.conf", {1000, 0, 0644, false}),
            "/etc/whyoom.conf: user 1000 can write /etc/whyoom.conf, so nothing is taken from it; "
            "give it to root alone (chown root, chmod go-w)");
  EXPECT_TRUE(with("/etc/whyoom.conf", {0, 50, 0664, false})
                  .starts_with("/etc/whyoom.conf: group 50 can write"));
  EXPECT_TRUE(with("/etc/whyoom.conf", {0, 0, 0660, true}).find("access control list") !=
              std::string::npos);
  EXPECT_TRUE(with("/etc/whyoom.conf", {0, 0, 0646, false}).find("everybody can write") !=
              std::string::npos);
  EXPECT_TRUE(with("/etc", {0, 0, 0777, false}).find("everybody can write /etc") !=
              std::string::npos);
  EXPECT_TRUE(with("/etc/whyoom.conf.d", {1000, 0, 0755, false})
                  .starts_with("/etc/whyoom.conf.d: user 1000 can write"));
  EXPECT_TRUE(with("/etc/whyoom.conf.d/a.conf", {33, 0, 0600, false})
                  .starts_with("/etc/whyoom.conf.d/a.conf: user 33 can write"));
}

TEST(WhyoomConf, ALinkIsJudgedByWhereItLeads) {
  auto files = conf_files({{"/home/joe/evil", "hook = /home/joe/run\n"}});
  files.set_status("/home/joe", {1000, 1000, 0755, false});
  files.add_link("/etc/whyoom.conf", "../home/joe/evil");
  EXPECT_TRUE(
      conf_error(std::move(files)).starts_with("/etc/whyoom.conf: user 1000 can write /home/joe"));
}

TEST(WhyoomConf, WhoseFileItIsMustBeKnown) {
  MemoryFiles files;
  files.add("/etc/whyoom.conf", "size = 1\n");
  EXPECT_NE(conf_error(files), "none");
}

TEST(WhyoomConf, WhatCannotBeReadIsNamed) {
  auto files = conf_files({{"/etc/whyoom.conf", std::string(70'000, '#')}});
  EXPECT_TRUE(conf_error(files).starts_with("/etc/whyoom.conf: "));
  files = conf_files({{"/etc/whyoom.conf.d/a.conf", "size = 1"}});
  files.fail("/etc/whyoom.conf.d/a.conf", {FileError::Kind::denied, "Permission denied"});
  EXPECT_EQ(conf_error(files), "/etc/whyoom.conf.d/a.conf: Permission denied");
  files = conf_files({});
  for (int i = 0; i < 101; ++i) {
    const std::string path = "/etc/whyoom.conf.d/" + std::to_string(i) + ".conf";
    files.add(path, "size = 1");
    files.set_status(path, of_root);
  }
  EXPECT_EQ(conf_error(files), "/etc/whyoom.conf.d: more than 100 files");
}

}  // namespace
}  // namespace whyoom::host
