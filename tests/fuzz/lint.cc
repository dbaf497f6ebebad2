// A configuration file for `whyoom lint`. The first byte says as which format it is read: s, t, y
// or x (a script).
#include "base/units.h"
#include "fuzz.h"
#include "lint/config.h"
#include "lint/judge.h"
#include "lint/report.h"
#include "memory/usual_machine.h"

namespace whyoom::fuzz {
namespace {

lint::Format format_of(char c) {
  return c == 's'   ? lint::Format::sysctl
         : c == 't' ? lint::Format::tuned
         : c == 'x' ? lint::Format::shell
                    : lint::Format::yaml;
}

void check_places(const std::vector<lint::Finding>& findings, std::string_view text) {
  for (const lint::Finding& finding : findings) {
    require(finding.at.line >= 1 && finding.at.line <= count_lines(text) + 1,
            "a finding is in a line that the file does not have", finding.fact.str());
    require(finding.at.column >= 1, "a column counts from 1", finding.fact.str());
    require(!finding.fact.empty() && !finding.advice.empty(), "a finding says nothing");
  }
}

}  // namespace

void run(std::string_view input) {
  const std::string_view text = input.substr(input.empty() ? 0 : 1);
  const Budget budget(
      input.size(),
      {.bytes = 64U << 20U, .bytes_each = 16384, .peak = 16U << 20U, .peak_each = 8192});
  const std::vector<memory::Machine> machines = {
      memory::usual_machine(Bytes(std::uint64_t{4} << 30U))};
  lint::Report report;
  const lint::Config config =
      lint::read_config(format_of(input.empty() ? 'y' : input.front()), text);
  report.files.push_back({"x.conf", lint::judge(config, machines)});
  report.settings = config.settings.size();
  check_places(report.files.front().findings, text);
  require_printable(lint::to_text(report), "the text of lint");
  require_printable(lint::to_github(report), "the annotations of lint");
  require_json(lint::to_json(report), "the JSON of lint");
  require_json(lint::to_sarif(report, "0"), "the SARIF of lint");
  budget.check("lint");
}

std::vector<std::string> seeds() {
  return {
      "s# c\nvm.min_free_kbytes = 1048576\nvm.nr_hugepage=1\n-kernel/pid_max=65535\nvm.x 1\n",
      "t[main]\n[sysctl]\nvm.min_free_kbytes=>1048576 # c\nvm.panic_on_oom=1\n",
      "x#!/bin/sh\nsysctl -w \\\n vm.a=1 'vm.b=2'; echo 3 | tee /proc/sys/vm/c\n",
      "ya: &a [1, {b: \"c\\n\"}]\nd: *a\ne: |\n  vm.x = 1\nf:\n- name: vm.y\n  value: "
      "'2'\n---\n{g: 1}\n",
      "yspec:\n  securityContext:\n    sysctls:\n    - {name: vm.x, value: 1}\n  containers:\n"
      "  - args: [java, -Xmx2g]\n    env: [{name: GOMEMLIMIT, value: 1GiB}]\n"
      "    resources: {limits: {memory: 512m}, requests: {memory: 1Gi}}\n",
      "y{{- if x }}\nvm.min_free_kbytes: {{ y }}\nruncmd:\n- [sysctl, -w, vm.z=1]\n- sysctl "
      "vm.q=2\n",
  };
}

}  // namespace whyoom::fuzz
