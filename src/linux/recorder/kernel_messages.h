// /dev/kmsg, a line at a time, as far as the store can take it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "linux/recorder/kept_file.h"
#include "record/message_budget.h"
#include "record/scan.h"

namespace whyoom::linux {

class KernelMessages {
 public:
  // Those up to `seen` are left out: they are in the store.
  explicit KernelMessages(std::optional<std::uint64_t> seen);

  struct Next {
    std::optional<record::KmsgLine> line;  // valid until the next call
    // Overwritten, or more than the store is to hold; told now and then.
    std::optional<record::MessageBudget::Summary> lost;
  };
  // Neither a line nor lost ones: nothing more for now.
  Next next(std::uint64_t now_ms);
  // What is to be told of those that were left out, when it is time, or `now`.
  std::optional<record::MessageBudget::Summary> lost(std::uint64_t now_ms, bool now = false) {
    return budget_.summary(now_ms, now);
  }
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  KeptFile file_;
  std::array<char, 8192 + 1> room_{};
  std::optional<std::uint64_t> last_;
  bool caught_up_ = false;  // beyond what is in the store
  record::MessageBudget budget_;
};

}  // namespace whyoom::linux
