#include <gtest/gtest.h>

#include <initializer_list>

#include "app/command.h"
#include "app/words.h"
#include "base/text.h"
#include "host/whyoom_conf.h"

namespace whyoom::app {
namespace {

const Commands& all = all_commands();

// What the flags of the command below were given.
struct Given : Options {
  std::string since, until;
  std::vector<std::string> files;
  std::optional<unsigned> last;
  bool host = false;
} given;

// With every kind of flag; its status is its own.
const Command sample{"sample", "whyoom sample [FILE...]", "About it.", "",
                     [](Flags& flags) -> Work {
                       given = {};
                       flags.texts("FILE", given.files, "Logs", false);
                       flags.text("--since", "TIME", given.since, "From then on");
                       flags.text("--until", "TIME", given.until, "Up to then");
                       flags.number("--last", "N", given.last, 1, 100000, "The last ones");
                       flags.flag("--host", given.host, "Logs of the host");
                       flags.root(given);
                       flags.only_one_of({"FILE", "--host", "--root"});
                       flags.format(given, "text or ndjson", {Format::text, Format::ndjson});
                       flags.flag("--all", given.all, "All");
                       flags.look(given);
                       flags.sandbox(given);
                       return [](Console&) { return 7; };
                     }};

tl::expected<Work, Notice> parse(std::initializer_list<const char*> words,
                                 const std::vector<const Command*>& commands = all) {
  std::vector<const char*> argv = {"whyoom"};
  argv.insert(argv.end(), words);
  return parse_command_line(static_cast<int>(argv.size()), argv.data(), describe(commands));
}

int status(const tl::expected<Work, Notice>& work) {
  linux::Output nowhere(-1);
  Console io{nowhere, nowhere};
  return work ? (*work)(io) : -1;
}

TEST(CommandLine, ACommandWithEverything) {
  const auto work = parse(
      {"sample", "a.log", "-", "--since", "-2h", "--until", "Nov 23 07:41:32", "--last", "3",
       "--format", "ndjson", "--all", "--color", "never", "--width", "60", "--sandbox", "off"},
      {&overview_command, &sample});
  ASSERT_TRUE(work) << work.error().text;
  EXPECT_EQ(status(work), 7);
  EXPECT_EQ(given.files, (std::vector<std::string>{"a.log", "-"}));
  EXPECT_EQ(given.since, "-2h");
  EXPECT_EQ(given.until, "Nov 23 07:41:32");
  EXPECT_EQ(given.last, 3U);
  EXPECT_EQ(given.format, Format::ndjson);
  EXPECT_TRUE(given.all);
  EXPECT_FALSE(given.host);
  EXPECT_EQ(given.colour, linux::ColourChoice::never);
  EXPECT_EQ(given.width, 60U);
  EXPECT_EQ(given.sandbox, linux::SandboxChoice::off);
  EXPECT_TRUE(
      parse({"explain", "a.log", "-", "--since", "-2h", "--until", "Nov 23 07:41:32", "--last", "3",
             "--format", "ndjson", "--all", "--color", "never", "--width", "60"}));
}

TEST(CommandLine, Defaults) {
  ASSERT_TRUE(parse({"sample"}, {&overview_command, &sample}));
  EXPECT_TRUE(given.files.empty());
  EXPECT_EQ(given.format, Format::text);
  EXPECT_EQ(given.colour, linux::ColourChoice::automatic);
  EXPECT_FALSE(given.last);
  EXPECT_FALSE(given.width);
}

TEST(CommandLine, AFileCanHaveTheNameOfAnOption) {
  ASSERT_TRUE(parse({"sample", "--", "--all"}, {&overview_command, &sample}));
  EXPECT_EQ(given.files, std::vector<std::string>{"--all"});
  EXPECT_FALSE(given.all);
}

TEST(CommandLine, OneOfSeveral) {
  ASSERT_TRUE(parse({"sample", "--host"}, {&overview_command, &sample}));
  EXPECT_TRUE(given.host);
  ASSERT_TRUE(parse({"sample", "--root", "/copy"}, {&overview_command, &sample}));
  EXPECT_EQ(given.root, "/copy");
  for (const auto& words : std::initializer_list<std::initializer_list<const char*>>{
           {"explain", "--host", "a.log"},
           {"explain", "--root", "/copy", "a.log"},
           {"explain", "--root", "/copy", "--host"},
           {"whatif", "a=1", "--event", "a.log", "--root", "/copy"},
           {"fix", "a=1", "--cause", "sysrq"},
           {"fix", "--list", "--resume"}}) {
    EXPECT_FALSE(parse(words));
  }
}

TEST(CommandLine, Causes) {
  EXPECT_EQ(status(parse({"causes", "sysrq"})), nothing_found);
  EXPECT_EQ(status(parse({"causes", "no-such-cause"})), trouble);
}

TEST(CommandLine, HelpAndVersionAreNoMistakes) {
  for (const char* flag : {"--help", "-h", "--version", "-V"}) {
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

TEST(CommandLine, HelpOfACommandByItsName) {
  for (const char* name : {"explain", "undo", "help"}) {
    const auto notice = parse({name, "--help"});
    ASSERT_FALSE(notice);
    EXPECT_EQ(help_of(name, all), notice.error().text);
  }
  EXPECT_EQ(help_of("", all), parse({"--help"}).error().text);
  EXPECT_EQ(help_of("chek", all).error(), "there is no command \"chek\"; did you mean check?");
  EXPECT_EQ(status(parse({"help", "check"})), nothing_found);
  EXPECT_EQ(status(parse({"help", "chek"})), trouble);
}

TEST(CommandLine, HelpFitsAScreen) {
  for (const char* name : {"", "explain", "undo"}) {
    const auto help = help_of(name, all);
    ASSERT_TRUE(help);
    for (std::string_view text = *help; !text.empty();) {
      const std::string_view line = take_part(text, '\n');
      EXPECT_LE(line.size(), 80U) << line;
    }
  }
}

TEST(CommandLine, BehindACommandNoWordIsAnotherOne) {
  ASSERT_TRUE(parse({"sample", "check", "sample"}, {&overview_command, &sample, &check_command}));
  EXPECT_EQ(given.files, (std::vector<std::string>{"check", "sample"}));
}

TEST(CommandLine, TheTableHasEachFlag) {
  const auto table = describe({&overview_command, &sample});
  ASSERT_EQ(table.size(), 2U);
  std::string names;
  for (const FlagInfo& flag : table[1].flags) {
    names += flag.names.front() + (flag.value.empty() ? "" : "=" + flag.value) +
             (flag.is_operand() ? "!" : "") + (flag.many ? "+" : "") + " ";
  }
  EXPECT_EQ(names,
            "FILE!+ --since=TIME --until=TIME --last=N --host --root=DIR|FILE --format=FORMAT "
            "--all --color=WHEN --width=N --sandbox=WHEN --lang=LANG -h ");
  EXPECT_EQ(table[1].flags[6].choices, (std::vector<std::string>{"ndjson", "text"}));
  EXPECT_EQ(table[1].flags[8].names, (std::vector<std::string>{"--color", "--colour"}));
}

TEST(CommandLine, WithoutACommandItIsTheFirst) {
  EXPECT_EQ(status(parse({"--root", "/mnt", "--host"}, {&sample, &check_command})), -1);
  EXPECT_EQ(status(parse({"--root", "/mnt"}, {&sample, &check_command})), 7);
  EXPECT_EQ(given.root, "/mnt");
}

TEST(CommandLine, MistakesAreNamed) {
  struct Case {
    std::initializer_list<const char*> words;
    const char* message;
  };
  for (const auto& [words, message] : std::initializer_list<Case>{
           {{"--width", "80", "check"}, "--width belongs behind check"},
           {{"a.log"}, "there is no command and no file \"a.log\"\n"},
           {{"explian", "a.log", "--all"}, "\"explian\"; did you mean explain?"},
           {{"--widht", "80", "check"}, "\"--widht\"; did you mean --width?"},
           {{"--last", "1"}, "it belongs to `whyoom explain`"},
           {{"explain", "--formt", "json"},
            "explain has no option \"--formt\"; did you mean --format?"},
           {{"explain", "--formt=json"}, "\"--formt\"; did you mean"},
           {{"check", "--json"}, "\"--json\"; did you mean --format json?"},
           {{"check", "--jsn"}, "\"--jsn\"; did you mean --format json?"},
           {{"check", "--format", "jsn"}, "; did you mean json?"},
           {{"check", "/copy"}, "check takes no \"/copy\"; a capture"},
           {{"undo", "--sandbox", "off"}, "undo has no option \"--sandbox\"\n"},
           {{"capture", "--width", "80"}, "capture has no option \"--width\"\n"},
           {{"undo", "-yx"}, "there is no option -x\n"},
           {{"undo", "three"}, "\"three\" is no number from 1 to"},
           {{"explain", "--all=maybe"}, "--all takes no value"},
           {{"explain", "--format", "text", "--format", "text"},
            "--format was given more than once"},
           {{"explain", "\x1b[31mred", "--\x1b[31m"}, "--\\x1b[31m"},
           {{"explain", "--bad"}, "--bad"},
           {{"explain", "--format", "xml"}, "xml is not one of html, json, markdown, ndjson, text"},
           {{"explain", "--color", "sometimes"}, "sometimes is not one of"},
           {{"explain", "--width", "59"}, "59"},
           {{"explain", "--width", "wide"}, "wide"},
           {{"explain", "--last", "0"}, "--last"},
           {{"explain", "--last", "-1"}, "--last"},
           {{"explain", "--since"}, "--since needs a value: --since TIME"},
           {{"check", "--root", ""}, "--root: the value is empty"},
           {{"check", "--root="}, "--root: the value is empty"},
           {{"explain", "a.log", ""}, "FILE: the word is empty"},
           {{"whatif", ""}, "KEY=VALUE: the word is empty"},
           {{"watch", "--", ""}, "HOOK: the word is empty"},
           {{"capture", "-oX", "--output", "Y"}, "--output was given more than once"},
           {{"explain", "--at", "1", "--last", "1"}, "--at and --last exclude each other"},
           {{"causes", "a", "b"}, "causes takes no second word, \"b\""}}) {
    const auto notice = parse(words);
    ASSERT_FALSE(notice) << message;
    EXPECT_TRUE(notice.error().wrong_use) << message;
    EXPECT_NE(notice.error().text.find(message), std::string::npos) << notice.error().text;
  }
}

TEST(Configured, StandsInWhereTheCommandLineIsSilent) {
  std::optional<unsigned> size;
  std::string store = "/default";
  std::vector<std::string> hook;
  const auto taken = [&](const Words& words, host::Conf conf) {
    size.reset();
    store = "/default";
    hook.clear();
    Flags flags(false);
    flags.text("--store", "DIR", store, "");
    flags.configured("store", "/default");
    flags.number("--size", "MIB", size, 1, 100, "");
    flags.configured("size", "64");
    flags.texts("HOOK", hook, "", false);
    flags.configured("hook", "");
    const std::string why = flags.take(words);
    return why.empty() ? flags.take(conf) : why;
  };
  const host::Conf conf{{{"size", "7", "a:1"}, {"store", "/s", "a:2"}, {"hook", "x  -y z", "a:3"}},
                        {}};
  EXPECT_EQ(taken({}, conf), "");
  EXPECT_EQ(size, 7U);
  EXPECT_EQ(store, "/s");
  EXPECT_EQ(hook, (std::vector<std::string>{"x", "-y", "z"}));

  Words words;
  words.options = {{"--size", "9"}};
  words.operands = {"mine"};
  EXPECT_EQ(taken(words, conf), "");
  EXPECT_EQ(size, 9U);
  EXPECT_EQ(hook, (std::vector<std::string>{"mine"}));

  EXPECT_EQ(taken({}, {{{"size", "7", "a:1"}, {"size", "", "b:1"}}, {}}), "");
  EXPECT_EQ(size, std::nullopt);
  EXPECT_EQ(taken({}, {{{"size", "700", "a:1"}}, {}}),
            "a:1: --size: \"700\" is no number from 1 to 100");
  EXPECT_EQ(taken({}, {{{"store", "s", "a:1"}}, {}}), "a:1: store: a path begins with /");
}

}  // namespace
}  // namespace whyoom::app
