// What a page of a browser shows beside the text: a line of time, other values of the setting, the
// call trace, scores.
#include "render/story_page.h"

#include <gtest/gtest.h>

#include "base/human.h"
#include "diagnose/case_file.h"
#include "render/story_memory.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

// One line a block: tables with " | " between their cells.
std::string plain_of(const Document& document) {
  std::string text;
  for (const Block& block : document.blocks()) {
    text += block.text;
    for (const auto& row : block.table.rows) {
      for (const Cell& cell : row) {
        text += (&cell == row.data() ? "" : " | ") + cell.text;
      }
      text += "\n";
    }
    for (const Moment& moment : block.timeline.moments) {
      text += std::to_string(static_cast<int>(moment.at * 1000)) + (moment.chief ? "! " : " ") +
              moment.words + "\n";
    }
    text += "\n";
  }
  return text;
}

std::unique_ptr<diagnose::Event> first_of_example(const char* name) {
  const auto path = std::filesystem::path(WHYOOM_SOURCE_DIR) / "examples" / name;
  return std::move(diagnose::cases::explain_log(test::read_file(path)).front());
}

TEST(StoryPage, EventsLieOnALineOfTime) {
  const auto event = sample::min_free_event();
  std::vector<Follower> others(3);
  others[0].kind = "oom-kill";
  others[0].outcome = "killed";
  others[0].seconds_after = -1;
  others[0].before = true;
  others[1].kind = "oom-panic";
  others[1].outcome = "panic";
  others[1].seconds_after = 3;
  others[2].kind = "oom-kill";  // nobody knows when
  Document document;
  add_timeline(document, story_of(*event, others, 0));
  EXPECT_EQ(plain_of(document),
            "\n4 events within 4 s\n0 -1 s oom-kill: killed\n1000 +3 s oom-panic: panic\n"
            "250! out of memory, killed hog (pid 137)\n\n");
  Document none;
  add_timeline(none, story_of(*event, {others[2]}, 0));
  others[1].seconds_after = 0;
  add_timeline(none, story_of(*event, {others[1]}, 0));
  EXPECT_TRUE(none.blocks().empty());
}

// 1 GiB of 2 GiB was kept free (the marks are whole pages), and a request failed 60 kB below its
// mark.
TEST(StoryPage, OtherValuesOfTheSetting) {
  const auto event = first_of_example("min-free-killed.log");
  Document document;
  add_min_free_steps(document, *event);
  ASSERT_EQ(document.blocks().size(), 3U);
  const Table& table = document.blocks()[2].table;
  const auto row = [&table](std::string_view value) {
    std::string text;
    for (const auto& cells : table.rows) {
      if (cells[0].text == value) {
        text = cells[4].text + ", " + cells[5].text;
      }
    }
    return text;
  };
  EXPECT_EQ(row("45056"), "passes, the fix");
  EXPECT_EQ(row("1048572"), "fails, as it was");
  EXPECT_EQ(table.rows.at(table.slider.value())[0].text, "1048572");
  EXPECT_EQ(table.rows.back()[4].text, "fails");
  EXPECT_EQ(table.rows.front()[4].text, "passes");
  EXPECT_EQ(std::ranges::count_if(
                table.rows,
                [](const auto& cells) { return cells[5].text == "from here on it can fail"; }),
            1);
  Document none;
  add_min_free_steps(none, *first_of_example("memory-exhausted.log"));
  EXPECT_TRUE(none.blocks().empty());
}

TEST(StoryPage, TheCallTraceFolds) {
  auto event = sample::min_free_event();
  Document none;
  add_trace(none, *event);
  EXPECT_TRUE(none.blocks().empty());
  event->report.stack->functions = {"dump_stack", "oom_kill_process"};
  Document document;
  add_trace(document, *event);
  ASSERT_EQ(document.blocks().size(), 4U);
  EXPECT_EQ(document.blocks()[0].kind, Block::Kind::fold);
  EXPECT_EQ(document.blocks()[1].text, "dump_stack");
  EXPECT_EQ(document.blocks()[2].text, "oom_kill_process");
  EXPECT_EQ(document.blocks()[3].kind, Block::Kind::unfold);
}

TEST(StoryPage, TasksHaveTheirScores) {
  const auto event = first_of_example("memory-exhausted.log");
  const Table table = task_table(*event, {}, 1, true);
  ASSERT_EQ(table.columns.size(), 8U);
  EXPECT_EQ(table.columns[6].head, "score");
  // Resident, swapped and page tables, in pages, as oom_badness() adds them up.
  const memory::TaskUse use =
      memory::first_tasks(event->evidence, memory::TaskOrder::size, 1).front();
  EXPECT_EQ(table.rows[0][6].text, kb(use.rss + *use.swap + *use.page_tables));
  EXPECT_EQ(task_table(*event, {}, 1, false).columns.size(), 7U);
}

TEST(StoryPage, TitlesOfTheTaskTable) {
  const auto event = sample::min_free_event();
  using memory::TaskOrder;
  const std::pair<TaskOrder, const char*> rows[] = {
      {TaskOrder::size, "Biggest of 2 processes"},
      {TaskOrder::rss, "Most resident of 2 processes"},
      {TaskOrder::swap, "Most swapped of 2 processes"},
      {TaskOrder::page_tables, "Most page tables of 2 processes"},
      {TaskOrder::adj, "Highest oom_score_adj of 2 processes"},
      {TaskOrder::pid, "First pids of 2 processes"},
      {TaskOrder::name, "By name, of 2 processes"}};
  for (const auto& [order, title] : rows) {
    EXPECT_EQ(task_title(*event, {{}, order}), title);
  }
  event->evidence.attribution.table_cut = true;
  EXPECT_EQ(task_title(*event, {}),
            "From what is left of the task table (2 processes; the victim is not among them)");
}

}  // namespace
}  // namespace whyoom::render
