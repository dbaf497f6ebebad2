#include "report/symptoms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/log_reader.h"

namespace whyoom::report {
namespace {

using What = Symptom::What;

TEST(Symptoms, OfAUnit) {
  for (const std::string_view text :
       {"mysql.service: A process of this unit has been killed by the OOM killer.",
        "web1 systemd[1]: mysql.service: Failed with result 'oom-kill'."}) {
    const auto symptom = parse_symptom(text, 7);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, What::unit_killed);
    EXPECT_EQ(symptom->unit, "mysql.service");
    EXPECT_EQ(symptom->line, 7U);
  }
  EXPECT_FALSE(parse_symptom("mysql.service: Failed with result 'exit-code'.", 1));
  EXPECT_FALSE(parse_symptom(": A process of this unit has been killed by the OOM killer.", 1));
}

TEST(Symptoms, OfContainersTasksAndMemory) {
  const std::pair<std::string_view, What> lines[] = {
      {"      Reason:       OOMKilled", What::container_killed},
      {"            \"OOMKilled\": true,", What::container_killed},
      {"bash: fork: retry: Resource temporarily unavailable", What::no_task},
      {"-bash: fork: Resource temporarily unavailable", What::no_task},
      {"java.lang.OutOfMemoryError: unable to create new native thread", What::no_task},
      {"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory",
       What::no_task},
      {"RuntimeError: can't start new thread", What::no_task},
      {"runtime: failed to create new OS thread (have 8 already; errno=11)", What::no_task},
      {"bash: fork: Cannot allocate memory", What::no_memory},
      {"os::commit_memory(...) failed; error='Cannot allocate memory' (errno=12)", What::no_memory},
  };
  for (const auto& [text, what] : lines) {
    const auto symptom = parse_symptom(text, 1);
    ASSERT_TRUE(symptom) << text;
    EXPECT_EQ(symptom->what, what) << text;
  }
  EXPECT_FALSE(parse_symptom("            \"OOMKilled\": false,", 1));
  EXPECT_FALSE(parse_symptom("read: Resource temporarily unavailable", 1));
}

// They are told of a log without an event, those of kills also from behind much else.
TEST(Symptoms, AreInTheAccountOfALogWithoutAnEvent) {
  std::string log = "Mar  3 04:12:08 web1 sshd[9]: error: fork: Cannot allocate memory\n";
  for (int i = 0; i < 20000; ++i) {
    log += "Mar  3 04:12:09 web1 app[7]: request " + std::to_string(i) + " was answered in 3 ms\n";
  }
  log +=
      "Mar  3 04:12:10 web1 systemd[1]: a.service: A process of this unit has been killed by the "
      "OOM "
      "killer.\n";
  log += "Mar  3 04:12:10 web1 systemd[1]: a.service: Failed with result 'oom-kill'.\n";
  LogReader reader("x.log", [](Report&&) {});
  reader.feed(log);
  const Symptoms symptoms = reader.finish().symptoms;
  const auto of = [&symptoms](What what) { return symptoms.all()[static_cast<std::size_t>(what)]; };
  ASSERT_TRUE(of(What::no_memory));
  EXPECT_EQ(of(What::no_memory)->line, 1U);
  ASSERT_TRUE(of(What::unit_killed));
  EXPECT_EQ(of(What::unit_killed)->line, 20002U);
  EXPECT_EQ(of(What::unit_killed)->count, 2U);
}

}  // namespace
}  // namespace whyoom::report
