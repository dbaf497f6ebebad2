#include "app/fix_hooks.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/host_root.h"
#include "app/live_state.h"
#include "base/language.h"
#include "base/text.h"
#include "fix/running_value.h"

namespace whyoom::app {

namespace {

using Result = tl::expected<void, std::string>;

constexpr std::string_view min_free = "vm.min_free_kbytes";
constexpr std::string_view scale_factor = "vm.watermark_scale_factor";
constexpr std::uint64_t step_count = 8;
// For kswapd, which reclaims up to the new marks.
constexpr unsigned pause_us = 150'000;

// Why the next step must not be made.
std::optional<std::string> would_kill(std::uint64_t value) {
  const auto live = read_state();
  if (!live) {
    return live.error();
  }
  const auto& kills_from = live->state.kills_from;
  if (!kills_from || value < kills_from->value.count()) {
    return std::nullopt;
  }
  return tr(
      "the memory of this machine changed meanwhile: at {} kB the kernel would kill, since it does "
      "from {} kB on now",
      std::to_string(value), std::to_string(kills_from->value.count()));
}

// The values on the way from `from` to `to`, `to` last. One when it does not go up by much.
std::vector<std::uint64_t> steps_up(std::uint64_t from, std::uint64_t to) {
  if (to <= from + from / 4) {
    return {to};
  }
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 1; i < step_count; ++i) {
    values.push_back(from + (to - from) / step_count * i);
  }
  values.push_back(to);
  return values;
}

Result write_value(const advise::RunningEdit& edit, bool look, Console& io) {
  const auto from = parse_number<std::uint64_t>(trim(edit.before));
  const auto to = parse_number<std::uint64_t>(trim(edit.after));
  if (edit.key != min_free || !look || !from || !to || *to <= *from) {
    return fix::RunningValues().write(edit);
  }
  advise::RunningEdit step = edit;
  for (const std::uint64_t value : steps_up(*from, *to)) {
    if (const auto why = would_kill(value)) {
      return tl::unexpected(*why);
    }
    step.after = std::to_string(value);
    if (Result done = fix::RunningValues().write(step); !done) {
      return done;
    }
    step.before = step.after;
    if (value != *to) {
      io.tell(tr("vm.min_free_kbytes is {} now, on the way to {}", step.after, edit.after));
      io.errors.flush();
      ::usleep(pause_us);
    }
  }
  return {};
}

tl::expected<std::unique_ptr<host::Files>, std::string> open_files() {
  auto root = open_host({}, linux::SandboxChoice::automatic);
  return root ? tl::expected<std::unique_ptr<host::Files>, std::string>(std::move(root->files))
              : tl::unexpected(root.error());
}

// The files say the same.
Result check_all_files(const std::vector<advise::Wanted>& wanted, bool disk) {
  auto files = disk ? files_of_new_root() : open_files();
  if (!files) {
    return tl::unexpected(files.error());
  }
  for (const advise::Wanted& each : wanted) {
    if (Result kept = check_files(**files, each); !kept) {
      return kept;
    }
  }
  return {};
}

}  // namespace

fix::ApplyHooks fix_hooks(const std::vector<advise::Wanted>& wanted, const HookOptions& options,
                          Console& io) {
  fix::ApplyHooks hooks;
  hooks.write_value = [look = options.look, &io](const advise::RunningEdit& edit) {
    return write_value(edit, look, io);
  };
  hooks.verify = [wanted, options]() -> Result {
    const bool marks = std::ranges::any_of(wanted, [](const advise::Wanted& each) {
      return each.key == min_free || each.key == scale_factor;
    });
    if (marks && !options.disk) {
      const auto live = read_state();
      if (!live) {
        return tl::unexpected(live.error());
      }
      if (Result right = check_marks(live->state.machine); !right) {
        return right;
      }
    }
    return options.files ? check_all_files(wanted, options.disk) : Result();
  };
  hooks.warn = [&io](const std::string& what) { io.tell(what); };
  return hooks;
}

}  // namespace whyoom::app
