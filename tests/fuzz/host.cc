// A tree of /proc, /sys and /etc: check, what-if and overview, in each format.
#include "advise/wanted.h"
#include "diagnose/case_file.h"
#include "diagnose/host_check.h"
#include "fuzz.h"
#include "host/posted_files.h"
#include "memory/settings.h"
#include "memory/whatif.h"
#include "render/check.h"
#include "render/layout.h"
#include "render/markdown_text.h"
#include "render/overview.h"
#include "render/whatif.h"

namespace whyoom::fuzz {
namespace {

void check_what_if(const diagnose::HostCheck& check, std::string_view assignment) {
  memory::Settings settings;
  const auto done = memory::apply_setting(settings, assignment, check.state.machine);
  if (!done) {
    (void)done.error().str();
    return;
  }
  const memory::WhatIf result = memory::what_if(check.state.machine, settings);
  const render::WhatIfView view{check.state.machine, result, nullptr, check.state.kills_from, {}};
  require_printable(render::to_text(render::what_if_document(view), {}), "what-if as text");
  require_json(render::json_what_if(view), "what-if as JSON");
}

}  // namespace

void run(std::string_view input) {
  constexpr Cost cost{.bytes = 24U << 20U, .bytes_each = 4000, .peak = 8U << 20U, .peak_each = 300};
  host::MemoryFiles files = tree_of(input);
  const Budget budget(input.size(), cost);
  const auto check = diagnose::check(host::read_facts(files));
  budget.check("check");
  for (const bool all : {false, true}) {
    require_printable(
        render::to_text(render::check_document(*check, {false, all}), {.width = all ? 60U : 80U}),
        "check as text");
  }
  require_printable(render::to_markdown(render::check_document(*check, {true, true})),
                    "check as Markdown");
  require_json(render::json_check(*check), "check as JSON");
  require_printable(render::text_overview({}, *check, {}), "the overview");
  for (const char* assignment :
       {"vm.min_free_kbytes=default", "vm.min_free_kbytes=1%", "vm.lowmem_reserve_ratio=256 256 32",
        "vm.watermark_scale_factor=1000", "vm.nr_hugepages=0", "ram=+4G"}) {
    check_what_if(*check, assignment);
  }
  const std::string asked = files.read("/whatif", input.size()).value_or("");
  for (const std::string_view line : split_lines(asked)) {
    check_what_if(*check, line);
    (void)advise::parse_wanted(line, check->state.machine);
  }
  budget.check("check, what-if and overview");
  if (const auto posted = host::posted_files(input); posted.files) {
    (void)diagnose::check(host::read_facts(*posted.files, {.posted = posted.names}));
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all = case_texts(Cases::hosts);
  all.push_back(all.front() +
                "== /fails\n/proc/zoneinfo\n/proc/1\n== /whatif\nvm.min_free_kbytes=1.5GiB\n"
                "vm.min_free_kbytes=7%\nmemory.max=max\nram=16G\nvm.panic_on_oom=2\n");
  all.emplace_back(
      "$ free -m\n total used free shared buffers cached\nMem: 16255 15802 453 0 102 13921\n"
      "内存： 15884 15203 141\nKiB Mem : 16266276 total, 150480 free, 1 used. 300164 avail Mem\n"
      "# systemctl status a\n● a.service - A\n Tasks: 502 (limit: 512)\n Memory: 1.5G (max: 2.0G)\n"
      " CGroup: /system.slice/a.service\nTasksCurrent=5\nTasksMax=infinity\n"
      "h:/sys/fs/cgroup/a# cat pids.max\n5\n==> /sys/fs/cgroup/memory.events <==\noom_kill 7\n"
      "/sys/fs/cgroup/pids/b/pids.current:2048\n$ ps -eLf | wc -l\n838\n"
      "328160 80830 24% 0.50K 10255 32 164080K kmalloc-512\nMemTotal: 16266276 kB\n");
  return all;
}

}  // namespace whyoom::fuzz
