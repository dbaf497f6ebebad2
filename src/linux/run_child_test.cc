#include "linux/run_child.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "linux/tree_for_test.h"

namespace whyoom::linux {
namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 10'000;

ChildEnd run(const std::string& script, std::string* out = nullptr, int silent_ms = patience_ms) {
  return run_child(
      {"sh", "-c", script},
      [&](std::string_view text) {
        if (out != nullptr) {
          out->append(text);
        }
      },
      [] { return false; }, silent_ms);
}

TEST(RunChild, output_status_and_complaints_are_kept_apart) {
  std::string out;
  const ChildEnd end = run("echo out; echo wrong >&2; exit 3", &out);
  EXPECT_EQ(out, "out\n");
  EXPECT_EQ(end.complaint, "wrong\n");
  EXPECT_EQ(end.status, 3);
  EXPECT_EQ(end.start_error, 0);
}

TEST(RunChild, a_program_that_is_not_there_is_told) {
  const ChildEnd end = run_child(
      {"whyoom-no-such-program"}, [](std::string_view) {}, [] { return false; }, patience_ms);
  EXPECT_EQ(end.start_error, ENOENT);
}

TEST(RunChild, nothing_else_of_the_environment_reaches_it) {
  ASSERT_EQ(::setenv("WHYOOM_TEST_VARIABLE", "1", 1), 0);
  ASSERT_EQ(::setenv("LC_ALL", "xx_XX", 1), 0);
  std::string out;
  run_child(
      {"env"}, [&](std::string_view text) { out += text; }, [] { return false; }, patience_ms);
  ::unsetenv("WHYOOM_TEST_VARIABLE");
  ::unsetenv("LC_ALL");
  EXPECT_EQ(out, "PATH=" + std::string(std::getenv("PATH")) + "\nLC_ALL=C.UTF-8\n");
}

TEST(RunChild, a_program_in_a_relative_directory_is_none) {
  const test::Scratch dir;
  test::put(dir / "whyoom-here", "#!/bin/sh\necho here\n");
  ASSERT_EQ(::chmod((dir / "whyoom-here").c_str(), 0755), 0);
  const std::string path = std::getenv("PATH");
  const auto started = [&](const std::string& directories) {
    EXPECT_EQ(::setenv("PATH", directories.c_str(), 1), 0);
    const ChildEnd end = run_child(
        {"whyoom-here"}, [](std::string_view) {}, [] { return false; }, patience_ms);
    EXPECT_EQ(::setenv("PATH", path.c_str(), 1), 0);
    return end.start_error;
  };
  const std::string was = fs::current_path();
  fs::current_path(dir.path());
  EXPECT_EQ(started(".:" + path), ENOENT);
  EXPECT_EQ(started(":" + path), ENOENT);
  EXPECT_EQ(started("./:bin"), ENOENT);
  fs::current_path(was);
  EXPECT_EQ(started(dir.path() + ":" + path), 0);
}

TEST(RunChild, words_reach_the_program_as_they_are) {
  std::string out;
  run_child(
      {"echo", "$HOME;", "`id`", "a b"}, [&](std::string_view text) { out += text; },
      [] { return false; }, patience_ms);
  EXPECT_EQ(out, "$HOME; `id` a b\n");
}

TEST(RunChild, a_reader_that_stops_ends_an_endless_child) {
  std::size_t got = 0;
  const ChildEnd end = run_child(
      {"yes"}, [&](std::string_view text) { got += text.size(); }, [&] { return got > 1'000'000; },
      patience_ms);
  EXPECT_TRUE(end.stopped);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_LT(got, 2'000'000U);
}

TEST(RunChild, a_silent_child_is_ended) {
  const ChildEnd end = run("exec sleep 60", nullptr, 400);
  EXPECT_TRUE(end.silent);
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST(RunChild, a_child_that_only_closes_its_output_is_ended) {
  const auto start = std::chrono::steady_clock::now();
  const ChildEnd end = run("exec >&- 2>&-; exec sleep 60", nullptr, 400);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(RunChild, endless_complaints_are_bounded) {
  const ChildEnd end = run("head -c 1000000 /dev/zero | tr '\\0' x >&2");
  EXPECT_EQ(end.complaint, std::string(4096, 'x'));
  EXPECT_EQ(end.status, 0);
}

TEST(RunChild, the_child_dies_of_a_broken_pipe) {
  (void)std::signal(SIGPIPE, SIG_IGN);  // as the program does
  std::string out;
  run("yes | head -n 1; trap", &out);
  (void)std::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(out, "y\n");  // an inherited SIG_IGN would be listed, or `yes` would complain
}

TEST(RunChild, standard_input_is_empty) {
  std::string out;
  EXPECT_EQ(run("cat; echo end", &out).status, 0);
  EXPECT_EQ(out, "end\n");
}

}  // namespace
}  // namespace whyoom::linux
