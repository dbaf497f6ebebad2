#include "advise/change.h"

#include <algorithm>
#include <utility>

namespace whyoom::advise {

Change reversed(const Change& change) {
  Change back = change;
  std::reverse(back.files.begin(), back.files.end());
  std::reverse(back.running.begin(), back.running.end());
  for (FileEdit& file : back.files) {
    std::swap(file.before, file.after);
  }
  for (RunningEdit& value : back.running) {
    std::swap(value.before, value.after);
  }
  return back;
}

}  // namespace whyoom::advise
