// One fix brought to one of its two sides, and back when that fails. Private to apply.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "fix/apply.h"
#include "fix/replace_file.h"

namespace whyoom::fix {

using Result = tl::expected<void, std::string>;

enum class Side : std::uint8_t { before, after };

// Names the temporary file of one file of one fix.
std::string step_tag(int number, std::size_t index);

class FixTransaction {
 public:
  FixTransaction(const FixRecord& record, const FixStore& store, const ApplyHooks& hooks,
                 Side target)
      : record_(record), store_(store), hooks_(hooks), target_(target) {}

  // Prepares all that is not there yet; nothing is changed when this fails.
  Result prepare();
  // Then each step and the look at the end; on a failure all of it is taken back.
  tl::expected<void, ApplyFailure> carry_out();

 private:
  [[nodiscard]] const std::optional<std::string>& wanted(const advise::FileEdit& file) const {
    return target_ == Side::after ? file.after : file.before;
  }
  [[nodiscard]] const std::string& wanted(const advise::RunningEdit& value) const {
    return target_ == Side::after ? value.after : value.before;
  }
  // The order of the change, or the other way round.
  [[nodiscard]] std::vector<std::size_t> order(std::size_t count) const;

  Result make_directories();
  void remove_directories();
  void remove_empty(const std::vector<std::string>& paths) const;
  Result prepare_file(std::size_t index);
  Result prepare_value(std::size_t index);
  Result set_values();
  Result write_value(const advise::RunningEdit& edit) const;
  Result look() const;
  ApplyFailure take_back(std::string why);
  void take_back_value(const advise::RunningEdit& edit, ApplyFailure& failure) const;

  const FixRecord& record_;
  const FixStore& store_;
  const ApplyHooks& hooks_;
  Side target_;
  std::vector<std::string> made_;
  std::vector<std::pair<std::size_t, std::unique_ptr<FileStep>>>
      files_;                                // with their index in the change
  std::vector<advise::RunningEdit> values_;  // to set, from what they are now
  std::size_t values_begun_ = 0;
};

}  // namespace whyoom::fix
