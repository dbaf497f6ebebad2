// `whyoom check`

#include "render/check.h"

#include <memory>

#include "app/command.h"
#include "app/host_root.h"
#include "base/language.h"
#include "diagnose/host_check.h"
#include "render/html.h"
#include "render/layout.h"
#include "render/markdown_text.h"

namespace whyoom::app {

namespace {

int check(const Options& options, Console& io) {
  const auto root = open_host(options.root, options.sandbox);
  if (!root) {
    return io.fail(root.error());
  }
  const auto result = diagnose::check(host::read_facts(*root->files, root->options));
  if (const std::string why = why_no_host(options.root, result->facts.host);
      !why.empty() && root->options.posted.empty()) {  // of a post that opens, something is known
    return io.fail(why);
  }
  switch (options.format) {
    case Format::json:
    case Format::ndjson:
      io.out.write(render::json_check(*result) + "\n");
      break;
    case Format::markdown:
      io.out.write(render::to_markdown(render::check_document(*result, {true, options.all})));
      break;
    case Format::html: {
      const std::string& name = result->facts.name.empty() ? root->name : result->facts.name;
      io.out.write(render::html_head(tr("Memory of {}", name)) +
                   render::to_html(render::check_document(*result, {true, options.all}), "story") +
                   render::html_tail());
      break;
    }
    case Format::text:
      io.out.write(
          render::to_text(render::check_document(*result, {false, options.all}), options.style()));
      break;
  }
  return render::has_findings(*result) ? events_found : nothing_found;
}

}  // namespace

const Command check_command{
    "check", "whyoom check [OPTIONS]",
    "Checks this host: memory, threads, min_free_kbytes, OOM policy.\n"
    "Four steps, each with its numbers: is memory really used up, is the number of threads at a\n"
    "limit, is vm.min_free_kbytes too high and who set it, what happens on OOM. Nothing is "
    "changed.",
    "Root sees more: other users' limits, slab caches. What could not be read is listed.\n"
    "Of what somebody posted, --root FILE reads /proc/meminfo and zoneinfo, free, the head of "
    "top,\n"
    "sysctl, systemctl status and show, files of cgroups as cat and grep show them with their "
    "path,\n"
    "slabtop, ulimit -a, /proc/loadavg and ps -eLf | wc -l; it names what it found.\n"
    "\nExit status: 0 nothing wrong, 1 findings, 2 wrong use or no host there.\n"
    "\nExamples:\n"
    "  sudo whyoom check\n"
    "  whyoom check --root /mnt/copy-of-a-host\n"
    "  whyoom check --format json | jq '.findings[] | select(.role != \"ruled-out\")'\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<Options>();
      flags.root(*options);
      flags.format(*options, "text (default), json, markdown or html",
                   {Format::text, Format::json, Format::markdown, Format::html});
      flags.flag("--all", options->all, "Also the proof of each risk, and what was ruled out");
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) { return check(*options, io); };
    }};

}  // namespace whyoom::app
