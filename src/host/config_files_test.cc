#include "host/config_files.h"

#include <gtest/gtest.h>

#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::parsed;

template <class Parser>
auto person(Parser parser, std::string_view text) {
  return parsed(parser, text, Lines::End::person);
}

TEST(LimitsConf, only_nproc_lines) {
  const auto [lines, damage] = person(parse_limits_conf,
                                      "# *  soft nproc 1\n"
                                      "*          soft    nproc     4096\n"
                                      "@students  hard    nproc     20 # comment\n"
                                      "root       -       nproc     unlimited\n"
                                      "*          soft    nofile    1024\n"
                                      "*          soft    nproc     many\n"
                                      "*          both    nproc     5\n"
                                      "oracle     soft    nproc     2047");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].domain, "*");
  EXPECT_EQ(lines[0].most, 4096U);
  EXPECT_EQ(lines[1].type, "hard");
  EXPECT_EQ(lines[1].at, (Place{7, 3}));
  EXPECT_FALSE(lines[2].most);
  EXPECT_EQ(lines[3].most, 2047U) << "the last line needs no end";
  EXPECT_EQ(damage.size(), 2U);
}

TEST(Ini, sections_comments_and_continued_lines) {
  std::vector<Damage> damage;
  const auto settings =
      parse_ini(Lines("[Manager]\n#DefaultTasksMax=1\n; x\nDefaultTasksMax = 15%\n"
                      "[Slice]\nTasksMax=\\\n  100\nOther=2\nTasksMax\n",
                      1, &damage, Lines::End::person),
                {"DefaultTasksMax", "TasksMax"});
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[0].section, "Manager");
  EXPECT_EQ(settings[0].value, "15%");
  EXPECT_EQ(settings[0].at, (Place{1, 4}));
  EXPECT_EQ(settings[1].section, "Slice");
  EXPECT_EQ(settings[1].value, "100");
  EXPECT_EQ(settings[1].at, (Place{1, 6}));
}

TEST(TasksMax, numbers_percentages_and_infinity) {
  const auto read = [](const char* text) { return parse_tasks_max({"", "", text, {}}, "u"); };
  EXPECT_EQ(read("4915")->number, 4915U);
  EXPECT_EQ(read("33%")->number, 3300U);
  EXPECT_EQ(read("33%")->kind, TasksMax::Kind::percent);
  EXPECT_EQ(read("12.5%")->number, 1250U);
  EXPECT_EQ(read("infinity")->kind, TasksMax::Kind::infinity);
  for (const char* wrong : {"", "0", "x", "101%", "1.234%", "-1", "99999999999999999999999"}) {
    EXPECT_FALSE(read(wrong)) << wrong;
  }
}

Kubelet config(std::string_view text) {
  Kubelet kubelet;
  std::vector<Damage> damage;
  parse_kubelet_config(Lines(text, 2, &damage, Lines::End::person), kubelet);
  return kubelet;
}

TEST(KubeletConfig, a_block) {
  const auto kubelet = config(
      "kind: KubeletConfiguration\n"
      "evictionSoft:\n"
      "  memory.available: 5%\n"
      "evictionHard:\n"
      "  imagefs.available: 15%\n"
      "  # memory.available: 1Gi\n"
      "  memory.available: \"200Mi\"\n"
      "evictionMinimumReclaim:\n"
      "  memory.available: \"7Mi\"\n"
      "podPidsLimit: 4096 # each\n");
  ASSERT_TRUE(kubelet.hard_memory);
  EXPECT_EQ(kubelet.hard_memory->value.bytes, Bytes(std::uint64_t{200} << 20U));
  EXPECT_EQ(kubelet.hard_memory->at, (Place{2, 7}));
  ASSERT_TRUE(kubelet.soft_memory);
  EXPECT_EQ(kubelet.soft_memory->value.percent, 5.0);
  EXPECT_EQ(kubelet.pod_pids_limit->value, 4096);
}

TEST(KubeletConfig, json_and_inline_maps) {
  EXPECT_EQ(config("{\n  \"evictionHard\": {\n    \"memory.available\": \"100Mi\",\n"
                   "    \"nodefs.available\": \"10%\"\n  },\n  \"podPidsLimit\": -1\n}\n")
                .hard_memory->value.text,
            "100Mi");
  EXPECT_EQ(config("evictionHard: {nodefs.available: 1%, memory.available: 300Mi}\n"
                   "other: {memory.available: 5Mi}\n")
                .hard_memory->value.text,
            "300Mi");
  EXPECT_FALSE(
      config("memory.available: 5Mi\nevictionHardExtra:\n  memory.available: 5Mi\n").hard_memory);
}

TEST(KubeletFlags, in_a_file_of_variables) {
  Kubelet kubelet;
  std::vector<Damage> damage;
  parse_kubelet_flags(
      Lines("# --eviction-hard=memory.available<1Gi\n"
            "KUBELET_KUBEADM_ARGS=\"--pod-max-pids=100 "
            "--eviction-hard=imagefs.available<15%,memory.available<750Mi --node-ip=192.0.2.1\"\n",
            2, &damage, Lines::End::person),
      kubelet);
  ASSERT_TRUE(kubelet.hard_memory);
  EXPECT_EQ(kubelet.hard_memory->value.text, "750Mi");
  EXPECT_FALSE(kubelet.soft_memory);
  EXPECT_EQ(kubelet.pod_pids_limit->value, 100);
}

TEST(KubeletFlags, the_last_flag_ends_the_line) {
  Kubelet kubelet;
  std::vector<Damage> damage;
  parse_kubelet_flags(
      Lines("A=--eviction-soft=memory.available<1.5Gi", 2, &damage, Lines::End::person), kubelet);
  ASSERT_TRUE(kubelet.soft_memory);
  EXPECT_EQ(kubelet.soft_memory->value.bytes, Bytes(1610612736));
}

TEST(Threshold, sizes_and_what_is_none) {
  EXPECT_EQ(parse_threshold("100M")->bytes, Bytes(100000000));
  EXPECT_EQ(parse_threshold("1048576")->bytes, Bytes(1048576));
  for (const char* wrong :
       {"", "Mi", "5Q", "-5Mi", "101%", "1e400", "nan", "inf", "99999999999Ti"}) {
    EXPECT_FALSE(parse_threshold(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace whyoom::host
