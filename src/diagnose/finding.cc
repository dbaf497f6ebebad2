#include "diagnose/finding.h"

#include "base/text.h"

namespace whyoom::diagnose {

std::string_view name(Role role) {
  switch (role) {
    case Role::root:
      return "root";
    case Role::contributing:
      return "contributing";
    case Role::consequence:
      return "consequence";
    case Role::ruled_out:
      return "ruled-out";
    case Role::risk:
      return "risk";
  }
  return "";
}

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::proved:
      return "proved";
    case Verdict::likely:
      return "likely";
    case Verdict::undetermined:
      return "undetermined";
  }
  return "";
}

std::string_view name(Unit unit) {
  switch (unit) {
    case Unit::bytes:
      return "bytes";
    case Unit::pages:
      return "pages";
    case Unit::count:
      return "count";
    case Unit::seconds:
      return "seconds";
    case Unit::ratio:
      return "ratio";
    case Unit::none:
      return "";
  }
  return "";
}

void Finding::prove(Message what, Bytes value, Place at) {
  proof.push_back({std::move(what), static_cast<double>(value.count()), Unit::bytes, at});
}

void Finding::prove_ratio(Message what, double ratio, Place at) {
  proof.push_back({std::move(what), ratio, Unit::ratio, at});
}

void Finding::prove(Message what, const Maybe<KiB>& size) {
  if (size) {
    prove(std::move(what), to_bytes(size->value), size->at);
  }
}

void Finding::prove(Message what, const Maybe<Bytes>& size) {
  if (size) {
    prove(std::move(what), size->value, size->at);
  }
}

Remedy& Finding::remedy(Message title, std::vector<ShellCommand> commands) {
  return remedies.emplace_back(Remedy{std::move(title), std::move(commands)});
}

bool is_about_running_processes(const ShellCommand& command) {
  constexpr std::string_view proc = "/proc/";
  const std::string text = command.text();
  for (std::size_t at = text.find(proc); at != std::string::npos; at = text.find(proc, at + 1)) {
    const std::string_view name = std::string_view(text).substr(at + proc.size());
    if (!name.empty() && (is_digit(name.front()) || name.front() == '[')) {
      return true;
    }
  }
  return false;
}

}  // namespace whyoom::diagnose
