#include "app/check.h"

#include <unistd.h>

#include "app/host_root.h"
#include "app/run.h"
#include "app/text_style.h"
#include "diagnose/host_check.h"
#include "linux/terminal.h"
#include "render/check.h"
#include "render/layout.h"
#include "render/markdown_text.h"

namespace whyoom::app {

int check(const CheckOptions& options, linux::Output& out, linux::Output& errors) {
  const auto root = open_host(options.root, options.sandbox);
  if (!root) {
    errors.write("whyoom: " + root.error() + "\n");
    return trouble;
  }
  const auto result = diagnose::check(host::read_facts(*root->files, root->options));
  const host::Host& host = result->facts.host;
  if (!host.meminfo.mem_total && host.zoneinfo.zones.empty() && !host.settings.min_free_kbytes) {
    errors.write("whyoom: " + root->name +
                 ": no /proc of a host in it: neither meminfo, zoneinfo nor sys/vm was found\n");
    return trouble;
  }
  switch (options.format) {
    case Format::json:
    case Format::ndjson:
      out.write(render::json_check(*result) + "\n");
      break;
    case Format::markdown:
      out.write(render::to_markdown(render::check_document(*result, {true, options.all})));
      break;
    case Format::text:
      out.write(render::to_text(render::check_document(*result, {false, options.all}),
                                text_style(options)));
      break;
  }
  return render::has_findings(*result) ? events_found : nothing_found;
}

}  // namespace whyoom::app
