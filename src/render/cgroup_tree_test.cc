#include "render/cgroup_tree.h"

#include <gtest/gtest.h>

#include "render/html.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::string tree_of(const diagnose::Event& event) {
  Document document;
  add_cgroup_tree(document, event);
  return to_html(document, "x");
}

bool tree_has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(CgroupTree, APathIsABranchForEachPart) {
  CgroupTree tree;
  tree.at("/a/b").notes.push_back({"x"});
  tree.at("/a/c");
  tree.at("a//b/").usage = Bytes(5);
  EXPECT_EQ(tree.size(), 3U);
  std::string shape;
  for (const Branch& branch : tree.branches()) {
    shape += std::string(branch.depth * 2, ' ') + branch.name + "\n";
  }
  EXPECT_EQ(shape, "/\n  a\n    b\n    c\n");
  EXPECT_EQ(tree.at("/a/b").path, "/a/b");
  EXPECT_EQ(tree.at("/a/b").usage, Bytes(5));
}

TEST(CgroupTree, ADeepPathEndsInOneName) {
  CgroupTree tree;
  std::string path;
  for (int i = 0; i < 2000; ++i) {
    path += "/d";
  }
  tree.at(path);
  EXPECT_EQ(tree.size(), 16U);
  EXPECT_EQ(tree.branches().back().depth, 16U);
}

TEST(CgroupTree, NumbersStandAtTheCgroupThatHasThem) {
  const std::string html = tree_of(*sample::memcg_event());
  // The pod is at its limit, of the others nothing is known.
  EXPECT_TRUE(
      tree_has(html, "kubepods-pod8f0c1e9a.slice</span><p class=\"size\"><svg class=\"bar\""))
      << html;
  EXPECT_TRUE(tree_has(html, "</svg>50 MiB of 50 MiB</p>")) << html;
  EXPECT_TRUE(tree_has(html, "<p class=\"red\">at its limit</p>")) << html;
  EXPECT_TRUE(tree_has(html, "<span class=\"name\">cri-containerd-6b1f.scope</span>")) << html;
  EXPECT_EQ(html.find("<svg"), html.rfind("<svg")) << "one cgroup has numbers";
}

TEST(CgroupTree, ListsStandInsideOneAnother) {
  const std::string html = tree_of(*sample::memcg_event());
  const auto count = [&html](std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = html.find(part); at != std::string::npos; at = html.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("<ul"), 4U) << html;
  EXPECT_EQ(count("</ul>"), 4U);
  EXPECT_EQ(count("<li>"), count("</li>"));
}

TEST(CgroupTree, OneCgroupIsNoTree) {
  auto event = sample::memcg_event();
  event->report.memcg->limit_path = event->report.memcg->task_path = "/lab";
  event->evidence.attribution = memory::attribute(event->evidence);
  EXPECT_EQ(tree_of(*event), "");
  EXPECT_EQ(tree_of(*sample::min_free_event()), "");
}

TEST(CgroupTree, ANameStaysText) {
  auto event = sample::memcg_event();
  event->report.memcg->task_path = event->report.memcg->limit_path + "/<b>\x1b[31m";
  event->evidence.attribution = memory::attribute(event->evidence);
  const std::string html = tree_of(*event);
  EXPECT_FALSE(tree_has(html, "<b>")) << html;
  EXPECT_FALSE(tree_has(html, "\x1b")) << html;
}

}  // namespace
}  // namespace whyoom::render
