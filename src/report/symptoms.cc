#include "report/symptoms.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/text.h"
#include "report/after.h"
#include "report/words_held.h"

namespace whyoom::report {

namespace {

using What = Symptom::What;

constexpr auto npos = std::string_view::npos;

// The last word, when it is the name of a unit that has processes.
std::optional<std::string> unit_at_end(std::string_view text) {
  constexpr std::size_t longest_name = 255;  // UNIT_NAME_MAX - 1
  const std::string_view before = trim(text);
  const std::size_t space = before.find_last_of(" \t");
  const std::string_view unit = before.substr(space == npos ? 0 : space + 1);
  constexpr std::array<std::string_view, 6> kinds{".service", ".scope", ".slice",
                                                  ".socket",  ".mount", ".swap"};
  const bool named = std::ranges::any_of(kinds, [unit](std::string_view kind) {
    return unit.size() > kind.size() && unit.ends_with(kind);
  });
  return named && unit.size() <= longest_name ? std::optional(std::string(unit)) : std::nullopt;
}

// systemd's sentences behind "NAME: " (src/core/unit.c unit_check_oom(), unit_check_oomd_kill(),
// unit_log_failure()).
std::optional<Symptom> of_unit(std::string_view text) {
  struct Sentence {
    std::string_view words;
    What what;
  };
  static constexpr std::array<Sentence, 4> sentences{{
      {": A process of this unit has been killed by the OOM killer", What::unit_killed},
      {": The kernel OOM killer killed some processes in this unit", What::unit_killed},
      {": systemd-oomd killed ", What::unit_killed_by_oomd},
      {": Failed with result 'oom-kill'", What::unit_failed},
  }};
  for (const Sentence& sentence : sentences) {
    const std::size_t end = text.find(sentence.words);
    auto unit = end == npos ? std::nullopt : unit_at_end(text.substr(0, end));
    if (unit) {
      return Symptom{sentence.what, std::move(*unit)};
    }
  }
  return std::nullopt;
}

// Slurm: "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=12.batch cgroup. Some of ..",
// in some versions "2 oom_kill events in StepId=12.batch." (proctrack and task plugins of cgroups).
std::optional<Symptom> of_step(std::string_view text) {
  const std::size_t at = text.find("slurmstepd: ");  // a sentence can tell of it
  Cursor cursor(text.substr(at == npos ? 0 : at));
  cursor.take("slurmstepd: ");
  cursor.take("error: ");
  if (!cursor.take("Detected ") || !cursor.take_unsigned() ||
      !(cursor.take(" oom-kill event(s) in ") || cursor.take(" oom_kill event in ") ||
        cursor.take(" oom_kill events in "))) {
    return std::nullopt;
  }
  const std::string_view rest = cursor.rest();
  const std::string_view step = rest.substr(0, std::min(rest.find(" cgroup"), rest.find(". ")));
  return Symptom{What::unit_killed, std::string(step)};
}

// "0/1" of kubectl's table.
bool is_ready_column(std::string_view word) {
  const std::size_t slash = word.find('/');
  return slash != npos && parse_number<unsigned>(word.substr(0, slash)) &&
         parse_number<unsigned>(word.substr(slash + 1));
}

// What stands around the word: `"OOMKilled": true`, "Reason: OOMKilled", "web-1  0/1  OOMKilled 3".
// Every healthy container has `"OOMKilled": false`, and every healthy pod `reason="OOMKilled"} 0`.
bool tells_kill(std::string_view before, std::string_view behind) {
  constexpr std::string_view marks = "\"'\\ \t";
  const std::size_t value = behind.find_first_not_of("\"'\\:= \t");
  const std::string_view rest = value == npos ? std::string_view() : behind.substr(value);
  if (rest.starts_with("true") || rest.starts_with("True")) {
    return true;
  }
  const std::size_t end = before.find_last_not_of(marks);
  before = before.substr(0, end == npos ? 0 : end + 1);
  if (before.ends_with(':')) {
    before = before.substr(0, before.find_last_not_of("\"'\\: \t") + 1);
    return before.ends_with("eason");
  }
  const std::size_t space = before.find_last_of(" \t");
  return is_ready_column(before.substr(space == npos ? 0 : space + 1)) && !rest.empty() &&
         is_digit(rest.front());
}

bool is_container_killed(std::string_view text) {
  constexpr std::string_view word = "OOMKilled";
  for (std::size_t at = text.find(word); at != npos; at = text.find(word, at + word.size())) {
    if (tells_kill(text.substr(0, at), text.substr(at + word.size()))) {
      return true;
    }
  }
  return false;
}

struct Sentence {
  std::string_view words;
  What what;
};
// bash and others of fork(); the JVM, Python, Go of a thread; glibc makes EAGAIN of ENOMEM there;
// the kubelet of a pod and of its node (oom_watcher_linux.go); network drivers and NVIDIA's;
// mm/hugetlb.c, mm/mmap.c may_expand_vm(), mm/page_io.c; zram, and compcache before it; journald,
// resolved and others of systemd.
constexpr std::array<Sentence, 23> symptom_sentences{{
    {"annot allocate memory", What::no_memory},
    {"无法分配内存", What::no_memory},
    {"failed; error='Not enough space' (errno=12)", What::no_memory},  // so HotSpot says ENOMEM
    {"insufficient memory for the Java Runtime Environment to continue", What::no_memory},
    {"fork: retry: ", What::no_process},  // and the reason in the language of the user
    {"fork: Resource temporarily unavailable", What::no_process},
    {"unable to create new native thread", What::no_thread},
    {"unable to create native thread", What::no_thread},
    {"can't start new thread", What::no_thread},
    {"failed to create new OS thread", What::no_thread},
    {"pthread_create failed", What::no_thread},
    {"The node was low on resource: memory.", What::pod_evicted},
    {"mm/page_alloc.c:", What::too_large},
    {"ut of memory: Kill", What::told_by_program},
    {" invoked oom-killer: gfp_mask=0x", What::told_by_program},
    {"System OOM encountered", What::node_killed},
    {"skb", What::driver_refused},
    {"[NV_ERR_NO_MEMORY]", What::driver_refused},
    {"HugeTLB: allocating ", What::fewer_hugepages},
    {"exceed data ulimit ", What::data_limit},
    {"Write-error on swap-device (", What::swap_refused},
    {"Error allocating memory for compressed page: ", What::swap_refused},
    {"Under memory pressure, flushing caches", What::short_of_memory},
}};
constexpr WordsHeld held_words([] {
  std::array<std::string_view, symptom_sentences.size()> words{};
  std::ranges::transform(symptom_sentences, words.begin(), &Sentence::words);
  return words;
}());

// "WARNING: CPU: 3 PID: 9 at mm/page_alloc.c:4724 __alloc_pages_nodemask+0x1ee/0x320", of late
// "WARNING: mm/page_alloc.c:5197 at __alloc_frozen_pages_noprof+0x2f9/0x380": the warning of these
// functions is that of an order above the largest (WARN_ON_ONCE_GFP(order > MAX_PAGE_ORDER, gfp)).
bool is_too_large(std::string_view text, std::string_view words) {
  const std::size_t at = text.find(words);
  const std::string_view before = text.substr(0, at);
  Cursor behind(text.substr(at + words.size()));
  static constexpr std::array<std::string_view, 4> functions{
      "__alloc_pages_nodemask+", "__alloc_pages+", "__alloc_pages_noprof+",
      "__alloc_frozen_pages_noprof+"};
  if (!(before.ends_with("WARNING: ") || before.find("WARNING: CPU: ") != npos) ||
      !behind.take_unsigned() || !behind.take(' ')) {
    return false;
  }
  behind.take("at ");
  return std::ranges::any_of(functions, [&behind](std::string_view function) {
    return behind.rest().starts_with(function);
  });
}

// "ath: skbuff alloc of size 1974 failed", "mvneta eth0: Can't allocate skb on queue 0".
bool is_packet_refused(std::string_view text) {
  const bool asks = text.find("alloc") != npos;
  return asks && (text.find("fail") != npos || text.find("Fail") != npos ||
                  text.find("an't ") != npos || text.find("annot ") != npos);
}

// "HugeTLB: allocating 64 of page size 1.00 GiB failed.  Only allocated 12 hugepages.", of one node
// " failed node1.".
bool read_hugepages(std::string_view rest, Symptom& symptom) {
  const auto asked = Cursor(rest).take_unsigned();
  const auto got = Cursor(after(rest, "Only allocated ").value_or("")).take_unsigned();
  symptom.asked = asked.value_or(0);
  symptom.got = got.value_or(0);
  return asked && got && *got < *asked;
}

// "mmap: cat (1234): VmData 34603008 exceed data ulimit 33554432. Update limits or use boot option
// ignore_rlimit_data." With that option it is a warning, "Update limits.".
bool read_data_limit(std::string_view before, std::string_view rest, Symptom& symptom) {
  const std::size_t data = before.rfind(": VmData ");
  const auto got = Cursor(rest).take_unsigned();
  if (data == npos || !got || rest.find(" or use boot option") == npos) {
    return false;
  }
  symptom.asked = Cursor(before.substr(data + 9)).take_unsigned().value_or(0);
  symptom.got = *got;
  Cursor name(before.substr(0, data));
  name.take("mmap: ");
  symptom.unit = std::string(name.rest());
  return symptom.asked > symptom.got;
}

// `at`: where the words of the sentence stand.
bool reads_as(const Sentence& sentence, std::string_view text, std::size_t at, Symptom& symptom) {
  std::string_view rest = text.substr(at + sentence.words.size());
  switch (sentence.what) {
    case What::too_large:
      return is_too_large(text, sentence.words);
    case What::driver_refused:
      return sentence.words != "skb" || is_packet_refused(text);
    case What::fewer_hugepages:
      return read_hugepages(rest, symptom);
    case What::data_limit:
      return read_data_limit(text.substr(0, at), rest, symptom);
    case What::node_killed:
      // Until 1.15 the kubelet names nobody.
      rest = after(rest, ", victim process: ").value_or("");
      symptom.unit = std::string(rest.substr(0, rest.find(',')));
      return true;
    default:
      return true;
  }
}

std::optional<Symptom> refused(std::string_view text) {
  for (std::uint32_t held = held_words.in(text); held != 0; held &= held - 1) {
    const Sentence& sentence = symptom_sentences[static_cast<std::size_t>(std::countr_zero(held))];
    const std::size_t at = text.find(sentence.words);
    Symptom symptom{sentence.what};
    if (at != npos && reads_as(sentence, text, at, symptom)) {
      return symptom;
    }
  }
  return std::nullopt;
}

}  // namespace

// The first of /proc/meminfo, of `free`, also in Chinese, and of memory in the head of `top`; the
// tasks of `systemctl status`.
bool is_posted_state(std::string_view text) {
  const auto begin = static_cast<std::size_t>(std::ranges::find_if(text, is_alnum) -
                                              text.begin());  // behind marks
  Cursor row(text.substr(begin));
  if (row.at_end()) {
    return trim_left(text).starts_with("总计 ");
  }
  switch (row.peek()) {
    case 'H':
    case 'M':
    case 'T':
    case 't':
    case 'K':
    case 'G':
      break;
    default:
      return false;  // most lines
  }
  if (row.take("MemTotal:")) {
    row.skip_spaces();
    return row.take_unsigned() && row.take(" kB");
  }
  if (row.take("Tasks: ")) {
    return row.take_unsigned() && row.take(" (limit: ") && row.take_unsigned() && row.take(')');
  }
  const std::string_view rest = row.rest();  // of top
  const char second = rest.size() > 1 ? rest[1] : '\0';
  if ((second == 'i' && rest.substr(1).starts_with("iB Mem")) ||
      (second == 'e' && rest.starts_with("Mem:"))) {
    return rest.find(" total, ") != npos;
  }
  if (row.take("HugePages_Total:")) {
    row.skip_spaces();
    return row.take_unsigned().has_value();
  }
  for (const std::string_view column : {"total ", "used ", "free ", "shared"}) {
    if (!row.take(column)) {
      return false;
    }
    row.skip_spaces();
  }
  return row.rest().find("Mem:") == npos;  // what lost its newlines is read by nobody
}

std::optional<Symptom> parse_symptom(std::string_view text, LineNumber line) {
  auto symptom = of_unit(text);
  if (!symptom) {
    symptom = of_step(text);
  }
  if (!symptom && is_container_killed(text)) {
    symptom = Symptom{What::container_killed};
  }
  if (!symptom) {
    symptom = refused(text);
  }
  if (!symptom && is_posted_state(text)) {
    symptom = Symptom{What::posted_state};
  }
  if (symptom) {
    symptom->count = 1;
    symptom->line = line;
  }
  return symptom;
}

void Symptoms::look(const logtext::Line& line) {
  auto symptom = parse_symptom(line.text, line.number);
  const bool by_program = !line.tag.empty() && line.origin == logtext::Origin::other;
  if (!symptom || (symptom->what == What::posted_state && line.framed) ||
      (symptom->what == What::told_by_program && !by_program)) {
    return;  // nobody posts a file in the frames of a log
  }
  if (symptom->what == What::told_by_program) {
    symptom->unit = std::string(line.tag);
  }
  keep(std::move(*symptom));
}

void Symptoms::look_in_object(std::string_view text, LineNumber line) {
  if (is_container_killed(text)) {
    keep({.what = What::container_killed, .count = 1, .line = line});
  }
}

void Symptoms::keep(Symptom&& symptom) {
  auto& first = all_[static_cast<std::size_t>(symptom.what)];
  if (first) {
    ++first->count;
  } else {
    first = std::move(symptom);
  }
}

}  // namespace whyoom::report
