#include "diagnose/finding.h"

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

}  // namespace whyoom::diagnose
