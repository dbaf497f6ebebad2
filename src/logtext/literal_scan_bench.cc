// Bytes a second of the scan over text without a hit, beside what the C library offers.
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <random>
#include <string>

#include "logtext/literal_scan.h"

namespace whyoom::logtext {
namespace {

constexpr std::array<std::string_view, 26> literals{"invoked oom-killer",
                                                    "Killed process",
                                                    "Kill process",
                                                    "ut of memory",
                                                    "ut of Memory",
                                                    "page allocation failure",
                                                    "Mem-Info",
                                                    "Mem-info",
                                                    "oom-kill:constraint",
                                                    "oom_reaper",
                                                    "fork rejected by pids",
                                                    "enough memory for the allocation",
                                                    "SLUB: Unable",
                                                    "vmalloc",
                                                    "active_anon",
                                                    "lowmem_reserve",
                                                    "oom_score_adj name",
                                                    "memory: usage",
                                                    "Task in /",
                                                    "panic_on_oom",
                                                    "no killable",
                                                    "systemd-oomd",
                                                    "earlyoom",
                                                    "sending SIG",
                                                    "\"MESSAGE\":[",
                                                    "#1 Part"};

// Service and kernel lines as a busy host writes them.
std::string other_lines(std::size_t size) {
  constexpr std::array<std::string_view, 8> lines{
      "Nov 23 07:41:32 web-12 kernel: [12345.678901] audit: type=1400 apparmor=\"DENIED\" "
      "operation=\"open\" profile=\"snap.core\" name=\"/proc/1234/status\"\n",
      "Nov 23 07:41:33 web-12 systemd[1]: Started Session 4711 of user deploy.\n",
      "Nov 23 07:41:33 web-12 sshd[4242]: Accepted publickey for deploy from 10.0.4.17 port "
      "52114\n",
      "Nov 23 07:41:34 web-12 kernel: [12347.000123] IN=eth0 OUT= MAC=52:54:00:12:34:56 "
      "SRC=10.1.2.3 "
      "DST=10.1.2.4 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=54321 DF PROTO=TCP SPT=443 DPT=51234\n",
      "Nov 23 07:41:34 web-12 nginx[991]: 10.0.0.9 - - \"GET /api/v1/memory/usage?node=7 "
      "HTTP/1.1\" "
      "200 5123 \"-\" \"curl/7.88.1\"\n",
      "Nov 23 07:41:35 web-12 dockerd[877]: time=\"2026-11-23T07:41:35.123Z\" level=info "
      "msg=\"ignoring event\" container=4f66ad9a8b2e module=libcontainerd\n",
      "Nov 23 07:41:36 web-12 CRON[5150]: (root) CMD (command -v debian-sa1 > /dev/null)\n",
      "Nov 23 07:41:36 web-12 postgres[321]: [7-1] LOG:  checkpoint complete: wrote 1234 "
      "buffers\n"};
  std::minstd_rand random(7);
  std::string text;
  while (text.size() < size) {
    text += lines[random() % lines.size()];
  }
  text.resize(size);
  return text;
}

void scan(benchmark::State& state, Simd simd) {
  const LiteralScan scan(literals, simd);
  const std::string text = other_lines(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(scan.look(text));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void scan_avx512_vbmi(benchmark::State& state) { scan(state, Simd::avx512_vbmi); }
void scan_avx2(benchmark::State& state) { scan(state, Simd::avx2); }
void scan_ssse3(benchmark::State& state) { scan(state, Simd::ssse3); }
void scan_scalar(benchmark::State& state) { scan(state, Simd::none); }

void one_memmem_each(benchmark::State& state) {
  const std::string text = other_lines(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (const std::string_view literal : literals) {
      benchmark::DoNotOptimize(memmem(text.data(), text.size(), literal.data(), literal.size()));
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void naive(benchmark::State& state) {
  const std::string text = other_lines(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::size_t hits = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const std::string_view literal : literals) {
        hits += text.compare(at, literal.size(), literal) == 0 ? 1U : 0U;
      }
    }
    benchmark::DoNotOptimize(hits);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void newlines(benchmark::State& state) {
  const std::string text = other_lines(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(count_newlines(text));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void construct(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(LiteralScan(literals));
  }
}

constexpr int in_cache = 256 << 10;
constexpr int in_memory = 256 << 20;
BENCHMARK(scan_avx512_vbmi)->Arg(in_cache)->Arg(in_memory);
BENCHMARK(scan_avx2)->Arg(in_cache)->Arg(in_memory);
BENCHMARK(scan_ssse3)->Arg(in_cache);
BENCHMARK(scan_scalar)->Arg(in_cache);
BENCHMARK(one_memmem_each)->Arg(in_cache);
BENCHMARK(naive)->Arg(in_cache);
BENCHMARK(newlines)->Arg(in_cache)->Arg(in_memory);
BENCHMARK(construct);

}  // namespace
}  // namespace whyoom::logtext
