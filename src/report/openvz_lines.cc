#include "report/openvz_lines.h"

#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

// "UB 1234"; empty for the machine itself. `end`: what the kernel has behind the number.
std::optional<std::string> take_container(Cursor& cursor, std::string_view end) {
  const auto number = cursor.take_unsigned();
  if (!number || !cursor.take(end)) {
    return std::nullopt;
  }
  return *number == 0 ? std::string() : std::string(beancounter) + std::to_string(*number);
}

}  // namespace

std::optional<HeaderLine> parse_ub_header(std::string_view text) {
  constexpr std::string_view invoked = ") invoked oom-killer in ub ";
  const std::size_t end = text.rfind(invoked);
  Cursor cursor(text);
  const auto pid = take_pid(cursor);
  if (!pid || !cursor.take(" (") || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t begin = text.size() - cursor.rest().size();
  if (begin > end || end - begin > longest_comm) {
    return std::nullopt;
  }
  Cursor behind(text.substr(end + invoked.size()));
  auto container = take_container(behind, " generation ");
  if (!container) {
    return std::nullopt;
  }
  HeaderLine line;
  line.trigger.pid = *pid;
  line.trigger.comm = std::string(text.substr(begin, end - begin));
  line.container = std::move(*container);
  line.gfp = read_gfp(behind.rest(), " gfp ");
  return line;
}

std::optional<VictimLine> parse_ub_victim(std::string_view text, Place at) {
  Cursor cursor(text);
  const bool told = cursor.take("OOM killed process ");
  auto container = told ? std::string()
                   : cursor.take("Out of memory in UB ")
                       ? take_container(cursor, ": OOM killed process ")
                       : std::nullopt;
  const auto pid = container ? take_pid(cursor) : std::nullopt;
  const std::string_view behind_name = told ? ") vm:" : ") score ";
  if (!pid || !cursor.take(" (")) {
    return std::nullopt;
  }
  const std::string_view rest = cursor.rest();
  const std::size_t end = rest.substr(0, longest_comm + behind_name.size()).rfind(behind_name);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  VictimLine line;
  line.victim.pid = *pid;
  line.victim.comm = std::string(rest.substr(0, end));
  line.victim.memcg = !container->empty();
  line.victim.at = at;
  const std::string_view tail = rest.substr(end + (told ? 1 : behind_name.size()));
  line.victim.score = told ? std::nullopt : Cursor(tail).take_signed();
  line.victim.total_vm_kib = kib_after(tail, " vm:");
  line.victim.rss_kib = kib_after(tail, " rss:");
  line.container = std::move(*container);
  line.has_prefix = !told;
  line.fields = (line.victim.total_vm_kib ? 1U : 0U) + (line.victim.rss_kib ? 1U : 0U);
  line.complete = kib_after(tail, " swap:").has_value();
  return line;
}

std::optional<UbRage> parse_ub_rage(std::string_view text) {
  Cursor cursor(text);
  const auto tasks = cursor.take("OOM killer in rage, ") ? cursor.take_unsigned() : std::nullopt;
  if (!tasks || !cursor.take(" tasks killed in ub ")) {
    return std::nullopt;
  }
  auto container = take_container(cursor, "");
  return container ? std::optional(UbRage{*tasks, std::move(*container)}) : std::nullopt;
}

namespace {

bool read_ub_header(std::string_view text, Place at, KernelLine& out) {
  auto header = parse_ub_header(text);
  if (!header) {
    return false;
  }
  header->trigger.at = at;
  out.fullness = whole_if(header->gfp.has_value());
  out.score = header->gfp ? 1 : 0;
  out.part = std::move(*header);
  return true;
}

bool read_ub_victim(std::string_view text, Place at, KernelLine& out) {
  auto line = parse_ub_victim(text, at);
  if (!line) {
    out.fullness = Fullness::partial;  // a wrap likes the place before "killed"
    return false;
  }
  out.score = 1 + static_cast<int>(line->fields) + (line->complete ? 1 : 0);
  out.fullness = whole_if(line->complete);
  out.part = std::move(*line);
  return true;
}

bool lacks_container(const OpenEvent& event, const KernelLine& read) {
  const auto& memcg = event.report.memcg;
  return event.is_oom() && !event.global_seen && !event.report.mem_info_at &&
         (!memcg || memcg->limit_path == read.as<UbRage>().container);
}

bool put_rage(OpenEvent& event, KernelLine& read) {
  const auto& rage = read.as<UbRage>();
  if (!rage.container.empty()) {
    event.note_container(rage.container);
  }
  event.damage(read.at.line, tr("the kernel says that it killed {} tasks; maybe not all of them "
                                "are named",
                                std::to_string(rage.tasks)));
  return true;
}

}  // namespace

const LineKind ub_header{.read = read_ub_header};
const LineKind ub_victim{.read = read_ub_victim, .stage = Stage::victim};
const LineKind ub_rage{.read = read_part<parse_ub_rage>,
                       .stage = Stage::victim,
                       .opens = true,
                       .lacks = lacks_container,
                       .put = put_rage};

}  // namespace whyoom::report
