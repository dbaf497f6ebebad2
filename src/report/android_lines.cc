#include "report/android_lines.h"

#include "base/text.h"
#include "report/after.h"
#include "report/userspace_lines.h"

namespace whyoom::report {
namespace {

constexpr auto npos = std::string_view::npos;

// " to free 140528kB rss, 37404kB swap; reason: device is not responding" (lmkd.cpp
// kill_one_process()), before Android 11 without a reason.
void read_reason(std::string_view text, UserspaceKill& out) {
  const auto freed = after(text, " to free ");
  if (!freed) {
    return;
  }
  const auto bytes = [](std::optional<std::uint64_t> kib) {
    return kib && *kib <= UINT64_MAX / 1024 ? std::optional(*kib * 1024) : std::nullopt;
  };
  Cursor cursor(*freed);
  const auto resident = cursor.take_unsigned();
  if (!cursor.take("kB rss")) {
    return;
  }
  out.victim_resident = bytes(resident);
  if (cursor.take(", ")) {
    const auto swap = cursor.take_unsigned();
    out.victim_swap = cursor.take("kB swap") || cursor.take("kb swap") ? bytes(swap) : std::nullopt;
  }
  out.reason = trim(after(cursor.rest(), "; reason: ").value_or(""));
}

}  // namespace

// The sentence of the driver that did not put its name there yet: "send sigkill to 1234 (com.x),
// adj 12, size 4321", "Killing 'com.x' (1234), adj 904,".
bool is_of_the_driver(std::string_view text) {
  return text.starts_with("send sigkill to ")
             ? text.find(", size ") != npos
             : text.starts_with("Killing '") && text.find("), adj ") != npos;
}

// lmkd: "Kill 'com.x' (17933), uid 10446, oom_score_adj 0 to free 140528kB rss, ..", before Android
// 10 "Killing 'com.x' (1234), uid 10001, adj 906", Samsung's "Reclaim 'com.x' ..". The driver of
// kernels to 4.11 (drivers/staging/android/lowmemorykiller.c): "Killing 'com.x' (1234), adj 906,"
// with more lines behind it, first "send sigkill to 1234 (com.x), oom_adj 12, score_adj 705, size
// 4321".
bool parse_android(std::string_view text, Place at, bool tagged, UserspaceKill& out) {
  if (!tagged && !is_of_the_driver(text)) {
    // Of logcat without times: "I lowmemorykiller: ", "I/lowmemorykiller( 200): ".
    const std::size_t name = text.starts_with('l') ? 0 : 2;
    if (text.size() < name || !text.substr(name).starts_with(android_killer)) {
      return false;
    }
    text = after(text, ": ").value_or("");
  }
  Cursor cursor(text);
  const bool pid_first = cursor.take("send sigkill to ");
  if ((!pid_first && !cursor.take("Kill '") && !cursor.take("Killing '") &&
       !cursor.take("Reclaim '")) ||
      text.find("adj ") == npos) {
    return false;
  }
  begin_kill(android_killer, text, at, out);
  if (pid_first) {
    out.pid = take_pid(cursor);
    cursor.take(" (");
  }
  out.victim = cursor.take_until(pid_first ? "), " : "' (").value_or("");
  if (cursor.take("' (")) {
    out.pid = take_pid(cursor);
  }
  read_reason(cursor.rest(), out);
  return out.pid && !out.victim.empty();
}

}  // namespace whyoom::report
