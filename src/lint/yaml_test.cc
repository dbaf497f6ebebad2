#include "lint/yaml.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::lint {
namespace {

// As JSON with places left out, so that a test shows what was read.
std::string shown(const YamlNode& node) {
  if (node.is_text()) {
    return (node.alias ? "*" : "") + ("'" + node.text + "'");
  }
  const bool is_map = node.kind == YamlNode::Kind::map;
  std::string text = is_map ? "{" : "[";
  for (const YamlEntry& entry : node.entries) {
    text += (text.size() > 1 ? "," : "") + (is_map ? entry.key + ":" : "") + shown(entry.value);
  }
  return text + (is_map ? "}" : "]");
}

std::string shown(std::string_view text) {
  const YamlText read = read_yaml(text);
  std::string all;
  for (const YamlNode& document : read.documents) {
    all += (all.empty() ? "" : " --- ") + shown(document);
  }
  return all + (read.not_read.empty() ? "" : " !" + std::to_string(read.not_read.size()));
}

TEST(Yaml, MappingsAndLists) {
  EXPECT_EQ(shown("a: 1\nb:\n  c: x y\n  d:\n  - 1\n  - 2\ne: 'q'\n"),
            "{a:'1',b:{c:'x y',d:['1','2']},e:'q'}");
  EXPECT_EQ(shown("- name: a\n  value: 1\n-   name: b\n    value: 2\n- - x\n  - y\n-\n  z: 1\n-\n"),
            "[{name:'a',value:'1'},{name:'b',value:'2'},['x','y'],{z:'1'},'']");
  EXPECT_EQ(shown("a:\nb: # comment\nc: x # comment\n# comment\nd: x#y\n"),
            "{a:'',b:'',c:'x',d:'x#y'}");
  EXPECT_EQ(shown("\"a b\": 1\n'c': 2\nd.e/f: 3\nurl: http://x:80\n"),
            "{a b:'1',c:'2',d.e/f:'3',url:'http://x:80'}");
}

TEST(Yaml, Documents) {
  EXPECT_EQ(shown("%YAML 1.2\n---\na: 1\n---\nb: 2\n...\n--- {c: 3}\n"),
            "{a:'1'} --- {b:'2'} --- {c:'3'}");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("\xef\xbb\xbf"
                  "a: 1\r\nb: 2\r\n"),
            "{a:'1',b:'2'}");
}

TEST(Yaml, BlocksKeepTheirLines) {
  const YamlText read = read_yaml("a: |\n  x = 1\n    y\n\n  z\nb: >-\n  t\n");
  ASSERT_EQ(read.documents.size(), 1U);
  const YamlNode& block = read.documents[0].entries[0].value;
  EXPECT_TRUE(block.block);
  EXPECT_EQ(block.text, "  x = 1\n    y\n\n  z\n");
  EXPECT_EQ(block.at, (Spot{2, 1}));
  EXPECT_EQ(read.documents[0].entries[1].value.text, "  t\n");
  EXPECT_EQ(shown("- |\n # x\n y\n- b\n"), "[' # x\n y\n','b']");
  EXPECT_EQ(shown("a: |\nb: 1\n"), "{a:'',b:'1'}");
}

TEST(Yaml, Flow) {
  EXPECT_EQ(shown("a: [sysctl, -w, vm.x=1]\nb: {c: 1, d: [2, {e: 3}]}\n"),
            "{a:['sysctl','-w','vm.x=1'],b:{c:'1',d:['2',{e:'3'}]}}");
  EXPECT_EQ(shown("{\"a\":\"1\",\n \"b\": [\n 1 , 2\n], \"c\":{}}\n"), "{a:'1',b:['1','2'],c:{}}");
  EXPECT_EQ(shown("a: [1, {{ x }}]\nb: {{ y }}\n"), "{a:['1','{{ x }}'],b:'{{ y }}'}");
}

TEST(Yaml, QuotesAndLinesThatGoOn) {
  EXPECT_EQ(shown("a: \"x \\\"y\\\" \\n z\"\nb: 'it''s'\nc: one\n  two\n"),
            "{a:'x \"y\" \n z',b:'it's',c:'one two'}");
  EXPECT_EQ(shown("a: \"x\n  y\"\nb: 1\n"), "{a:'x y',b:'1'}");
}

TEST(Yaml, NothingIsFollowedOrGrows) {
  std::string bomb = "a: &a [x, x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [*" + static_cast<char>(c - 1) + ", *" +
            static_cast<char>(c - 1) + "]\n";
  }
  EXPECT_LT(shown(bomb).size(), 1000U);
  EXPECT_EQ(shown("a: &x !tag 1\nb: *x\nc: !unsafe 'y'\n"), "{a:'1',b:*'*x',c:'y'}");
}

TEST(Yaml, DeepNestingIsGivenUpAndTold) {
  const YamlText flow = read_yaml("a: 1\nb: " + std::string(100'000, '[') + "\nc: 2\n---\nd: 3\n");
  ASSERT_EQ(flow.not_read.size(), 1U);
  EXPECT_EQ(flow.not_read[0].at.line, 2U);
  EXPECT_EQ(shown(flow.documents.back()), "{d:'3'}");
  std::string lists;
  for (int i = 0; i < 100'000; ++i) {
    lists += "- ";
  }
  EXPECT_EQ(read_yaml(lists + "x\n").not_read.size(), 1U);
  std::string deeper;
  for (std::size_t i = 0; i < 500; ++i) {
    deeper += std::string(i, ' ') + "a:\n";
  }
  EXPECT_EQ(read_yaml(deeper).not_read.size(), 1U);
}

TEST(Yaml, DamageIsListedAndReadingGoesOn) {
  EXPECT_EQ(shown("a: 1\nthis is no pair\nb: 2\n"), "{a:'1',b:'2'} !1");
  EXPECT_EQ(shown("a: [1]\nthis is no pair\nb: 2\n"), "{a:['1'],b:'2'} !1");
  EXPECT_EQ(shown("a:\n  - 1\n   stray: 2\nb: 3\n"), "{a:['1'],b:'3'} !1");
  EXPECT_EQ(shown("a: \"never closed\nb: 2\n"), "{a:'never closed b: 2'} !1");
  EXPECT_EQ(shown("a: [1, 2\nb: 2\n").substr(0, 9), "{a:['1','");
  EXPECT_NE(shown("a: [1, 2\nb: 2\n").find("!1"), std::string::npos);
  EXPECT_EQ(shown("a: {b: 1]\nc: 2\n"), "{a:{b:'1'},c:'2'} !1");
}

TEST(Yaml, LinesOfATemplateAreCounted) {
  const YamlText read = read_yaml("a: 1\n{{- if .x }}\nb: {{ .y }}\n{{- end }}\n{% raw %}\n");
  EXPECT_EQ(read.template_lines, 3U);
  EXPECT_EQ(read.template_at, (Spot{2, 1}));
  EXPECT_EQ(shown(read.documents[0]), "{a:'1',b:'{{ .y }}'}");
}

TEST(Yaml, PlacesCountCharacters) {
  const YamlText read = read_yaml("a: \xe4\xb8\xad\n\xe4\xb8\xad: x\n- \n");
  EXPECT_EQ(read.documents[0].entries[1].value.at, (Spot{2, 4}));
}

}  // namespace
}  // namespace whyoom::lint
