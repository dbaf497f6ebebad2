// One event with a long task table to each of its outputs.
#include <benchmark/benchmark.h>

#include "memory/attribution.h"
#include "render/render.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::unique_ptr<diagnose::Event> big_event() {
  auto event = sample::min_free_event();
  report::Task task = event->report.tasks.front();
  for (int i = 0; i < 500; ++i) {
    task.pid = 1000 + i;
    task.rss = static_cast<std::uint64_t>(i) * 37 % 501;
    event->report.tasks.push_back(task);
  }
  event->evidence.attribution =
      memory::attribute(event->evidence);  // of the rows where they are now
  event->root_cause = "memory-exhausted";
  return event;
}

void json(benchmark::State& state) {
  const auto event = big_event();
  for (auto _ : state) {
    benchmark::DoNotOptimize(json_event(*event, state.range(0) != 0));
  }
}
BENCHMARK(json)->ArgName("indented")->Arg(0)->Arg(1)->Unit(benchmark::microsecond);

void text(benchmark::State& state) {
  const auto event = big_event();
  for (auto _ : state) {
    benchmark::DoNotOptimize(text_story(*event, {}, 0, {80, true, true}));
  }
}
BENCHMARK(text)->Unit(benchmark::microsecond);

void markdown(benchmark::State& state) {
  const auto event = big_event();
  for (auto _ : state) {
    benchmark::DoNotOptimize(markdown_story(*event, {}, 0, true));
  }
}
BENCHMARK(markdown)->Unit(benchmark::microsecond);

}  // namespace
}  // namespace whyoom::render
