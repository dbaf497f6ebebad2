#include "base/human.h"
#include "base/language.h"
#include "render/phrase.h"

namespace whyoom::render {

std::string limit_headline(const report::Report& report) {
  using What = report::LimitReached::What;
  if (!report.limit_reached) {
    return tr("a limit of the kernel reached");
  }
  const report::LimitReached& limit = *report.limit_reached;
  std::string text;
  switch (limit.what) {
    case What::tcp_memory:
      text = tr("TCP sockets out of memory");
      break;
    case What::tcp_orphans:
      text = tr("too many TCP sockets of no process");
      break;
    case What::conntrack:
      text = tr("table of tracked connections full");
      break;
    case What::file_max:
      text = tr("no more open files");
      break;
    case What::neighbour:
      text = tr("table of neighbours full");
      break;
    case What::cma:
      text = tr("contiguous memory refused");
      break;
    case What::swiotlb:
      text = tr("bounce buffer refused");
      break;
    case What::percpu:
      text = tr("per-CPU memory refused");
      break;
    case What::xfs_memory:
      text = tr("XFS waits for memory");
      break;
  }
  return text +
         (limit.count > 1 ? tr(", {}", plural(limit.count, "time", "times")) : std::string());
}

}  // namespace whyoom::render
