#include "diagnose/overcommit.h"

#include "diagnose/claim.h"

namespace whyoom::diagnose {

std::optional<Refused> smallest_refused(const report::Report& report) {
  std::optional<Refused> smallest;
  if (!report.overcommit) {
    return smallest;
  }
  for (const auto& request : report.overcommit->requests) {
    if (request.bytes && (!smallest || Bytes(*request.bytes) < smallest->size)) {
      smallest = Refused{Bytes(*request.bytes), process(request.comm, request.pid), request.at};
    }
  }
  return smallest;
}

}  // namespace whyoom::diagnose
