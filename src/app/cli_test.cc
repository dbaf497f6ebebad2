#include "app/cli.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace whyoom::app {
namespace {

tl::expected<Options, Notice> parse(std::initializer_list<const char*> words) {
  std::vector<const char*> argv = {"whyoom"};
  argv.insert(argv.end(), words);
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLine, ExplainWithEverything) {
  const auto options =
      parse({"explain", "a.log", "-", "--since", "-2h", "--until", "Nov 23 07:41:32", "--last", "3",
             "--format", "ndjson", "--all", "--color", "never", "--width", "60"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->command, Command::explain);
  const ExplainOptions& explain = options->explain;
  EXPECT_EQ(explain.files, (std::vector<std::string>{"a.log", "-"}));
  EXPECT_EQ(explain.since, "-2h");
  EXPECT_EQ(explain.until, "Nov 23 07:41:32");
  EXPECT_EQ(explain.at, "");
  EXPECT_EQ(explain.last, 3U);
  EXPECT_EQ(explain.format, Format::ndjson);
  EXPECT_TRUE(explain.all);
  EXPECT_EQ(explain.colour, linux::ColourChoice::never);
  EXPECT_EQ(explain.width, 60U);
}

TEST(CommandLine, DefaultsOfExplain) {
  const auto options = parse({"explain"});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->explain.files.empty());
  EXPECT_EQ(options->explain.format, Format::text);
  EXPECT_EQ(options->explain.colour, linux::ColourChoice::automatic);
  EXPECT_FALSE(options->explain.last);
  EXPECT_FALSE(options->explain.width);
}

TEST(CommandLine, AFileCanHaveTheNameOfAnOption) {
  const auto options = parse({"explain", "--", "--all"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->explain.files, std::vector<std::string>{"--all"});
  EXPECT_FALSE(options->explain.all);
}

TEST(CommandLine, TheLogsOfAMachine) {
  EXPECT_TRUE(parse({"explain", "--host"})->explain.host);
  EXPECT_EQ(parse({"explain", "--root", "/copy"})->explain.root, "/copy");
  EXPECT_FALSE(parse({"explain", "--host", "a.log"}));
  EXPECT_FALSE(parse({"explain", "--root", "/copy", "a.log"}));
  EXPECT_FALSE(parse({"explain", "--root", "/copy", "--host"}));
}

TEST(CommandLine, Causes) {
  const auto options = parse({"causes", "sysrq"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->command, Command::causes);
  EXPECT_EQ(options->causes.id, "sysrq");
}

TEST(CommandLine, HelpAndVersionAreNoMistakes) {
  for (const char* flag : {"--help", "-h", "--version"}) {
    const auto notice = parse({flag});
    ASSERT_FALSE(notice);
    EXPECT_FALSE(notice.error().wrong_use) << flag;
  }
  const auto help = parse({"explain", "--help"});
  ASSERT_FALSE(help);
  for (const char* option : {"--since", "--until", "--at", "--last", "--format", "--all", "--color",
                             "--width", "--host", "--root", "Usage: whyoom explain"}) {
    EXPECT_NE(help.error().text.find(option), std::string::npos) << option;
  }
}

TEST(CommandLine, WithoutACommandItIsAboutTheHost) {
  const auto options = parse({"--root", "/mnt"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->command, Command::overview);
  EXPECT_EQ(options->overview.root, "/mnt");
}

TEST(CommandLine, MistakesAreNamed) {
  struct Case {
    std::initializer_list<const char*> words;
    const char* message;
  };
  for (const auto& [words, message] : std::initializer_list<Case>{
           {{"--width", "80", "check"}, "--width belongs behind check"},
           {{"a.log"}, "a.log"},
           {{"explain", "--bad"}, "--bad"},
           {{"explain", "--format", "xml"}, "xml is not one of json, markdown, ndjson, text"},
           {{"explain", "--color", "sometimes"}, "sometimes is not one of"},
           {{"explain", "--width", "59"}, "59"},
           {{"explain", "--width", "wide"}, "wide"},
           {{"explain", "--last", "0"}, "--last"},
           {{"explain", "--last", "-1"}, "--last"},
           {{"explain", "--since"}, "--since"},
           {{"explain", "--at", "1", "--last", "1"}, "--last"},
           {{"causes", "a", "b"}, "b"}}) {
    const auto notice = parse(words);
    ASSERT_FALSE(notice) << message;
    EXPECT_TRUE(notice.error().wrong_use) << message;
    EXPECT_NE(notice.error().text.find(message), std::string::npos) << notice.error().text;
  }
}

}  // namespace
}  // namespace whyoom::app
