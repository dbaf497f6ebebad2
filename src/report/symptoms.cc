#include "report/symptoms.h"

#include "base/text.h"

namespace whyoom::report {

namespace {

constexpr auto npos = std::string_view::npos;

// systemd's sentences (src/core/unit.c unit_log_failure(), unit_check_oom()): "NAME: ...".
std::optional<Symptom> of_unit(std::string_view text) {
  constexpr std::size_t longest_name = 255;  // UNIT_NAME_MAX - 1
  for (const std::string_view words : {": A process of this unit has been killed by the OOM killer",
                                       ": Failed with result 'oom-kill'"}) {
    const std::size_t end = text.find(words);
    if (end == npos) {
      continue;
    }
    const std::string_view before = trim(text.substr(0, end));
    const std::size_t space = before.find_last_of(" \t");
    const std::string_view unit = before.substr(space == npos ? 0 : space + 1);
    if (!unit.empty() && unit.size() <= longest_name && unit.find('.') != npos) {
      return Symptom{Symptom::What::unit_killed, std::string(unit)};
    }
  }
  return std::nullopt;
}

// "Reason: OOMKilled", "OOMKilled":true; "OOMKilled": false is what every healthy container says.
bool is_container_killed(std::string_view text) {
  constexpr std::string_view word = "OOMKilled";
  const std::size_t at = text.find(word);
  if (at == npos) {
    return false;
  }
  const std::string_view rest = text.substr(at + word.size());
  const std::size_t value = rest.find_first_not_of("\":= \t");
  return value == npos || !rest.substr(value).starts_with("false");
}

// glibc, bash, the JVM, Python and Go, of a clone() that gave EAGAIN.
bool is_no_task(std::string_view text) {
  for (const std::string_view words :
       {"fork: retry", "fork: Resource temporarily unavailable",
        "unable to create new native thread", "unable to create native thread",
        "can't start new thread", "failed to create new OS thread"}) {
    if (text.find(words) != npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view name(Symptom::What what) {
  switch (what) {
    case Symptom::What::unit_killed:
      return "unit-killed";
    case Symptom::What::container_killed:
      return "container-killed";
    case Symptom::What::no_task:
      return "no-task";
    case Symptom::What::no_memory:
      break;
  }
  return "no-memory";
}

std::optional<Symptom> parse_symptom(std::string_view text, LineNumber line) {
  auto symptom = of_unit(text);
  if (!symptom) {
    if (is_container_killed(text)) {
      symptom = Symptom{Symptom::What::container_killed};
    } else if (is_no_task(text)) {
      symptom = Symptom{Symptom::What::no_task};
    } else if (text.find("annot allocate memory") != npos) {
      symptom = Symptom{Symptom::What::no_memory};
    }
  }
  if (symptom) {
    symptom->count = 1;
    symptom->line = line;
  }
  return symptom;
}

void Symptoms::look(std::string_view text, LineNumber line) {
  auto symptom = parse_symptom(text, line);
  if (!symptom) {
    return;
  }
  auto& first = all_[static_cast<std::size_t>(symptom->what)];
  if (first) {
    ++first->count;
  } else {
    first = std::move(symptom);
  }
}

}  // namespace whyoom::report
