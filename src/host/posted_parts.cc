#include "host/posted_parts.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace whyoom::host {

namespace {

constexpr std::size_t most_names = 16, most_left_out = 8, most_parts = 4096;

// What stays in force until somebody changes it, so that a state which is shown later has it too.
bool is_in_force(std::string_view path) {
  constexpr std::string_view limits[] = {"pids.max", "memory.max", "memory.high",
                                         "memory.limit_in_bytes"};
  return path.starts_with("/proc/sys/") ||
         std::ranges::find(limits, last_part(path)) != std::end(limits);
}

bool has_line(std::string_view text, std::string_view begin) {
  return text.starts_with(begin) || text.find("\n" + std::string(begin)) != std::string_view::npos;
}

}  // namespace

std::string_view name_of_today(std::string_view key) {
  constexpr std::string_view max = "net.netfilter.nf_conntrack_max",
                             count = "net.netfilter.nf_conntrack_count";
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"net.ipv4.netfilter.ip_conntrack_max", max},
      {"net.ipv4.ip_conntrack_max", max},
      {"net.nf_conntrack_max", max},
      {"net.ipv4.netfilter.ip_conntrack_count", count}};
  for (const auto& [old, now] : names) {
    if (key == old) {
      return now;
    }
  }
  return key;
}

void PostedParts::add(std::string_view path, std::string_view contents, std::string_view name,
                      std::uint64_t begin) {
  if (shown_.size() == most_parts) {
    shown_.erase(shown_.begin(), shown_.begin() + most_parts / 2);
  }
  shown_.push_back({std::string(path), std::string(contents), std::string(name), begin, When::now});
  shown_.back().contents += contents.ends_with('\n') ? "" : "\n";
  // A table is only whole when the next one begins.
  for (std::size_t i = shown_.size() - 1; i > 0 && shown_[i - 1].line > begin; --i) {
    std::swap(shown_[i - 1], shown_[i]);
  }
}

// The last part of that file before the one with this index.
PostedParts::Shown* PostedParts::part_before(std::size_t index, std::string_view path) {
  while (index > 0) {
    if (shown_[--index].path == path && shown_[index].when != When::later) {
      return &shown_[index];
    }
  }
  return nullptr;
}

void PostedParts::add_tasks(std::string_view number, std::string_view name) {
  add("/proc/loadavg", std::string("0 0 0 0/").append(number) + " 0\n", name);
}

void PostedParts::add_rows(std::string_view path, std::string_view rows, std::string_view key,
                           std::string_view name, std::uint64_t begin) {
  constexpr std::size_t most = 1U << 17U;
  Shown* const before = part_before(shown_.size(), path);
  if (before == nullptr || before->contents.size() > most || has_line(before->contents, key)) {
    add(path, rows, name, begin);
  } else {
    before->contents.append(rows) += rows.ends_with('\n') ? "" : "\n";
  }
}

// Tells of each part when it counts.
void PostedParts::order() {
  const std::size_t all = shown_.size();
  std::size_t last_state = all;
  for (std::size_t i = 0; i < all; ++i) {
    last_state = is_in_force(shown_[i].path) ? last_state : i;
  }
  const Shown* const first = shown_.data();
  const Shown* changed_state = nullptr;
  const Shown* end = nullptr;  // the last part of a moment that is over
  for (std::size_t i = 0; i < all; ++i) {
    Shown& now = shown_[i];
    Shown* const before = part_before(i, now.path);
    if (before == nullptr) {
      continue;
    }
    if (before->when != When::open && before->contents == now.contents) {
      before->when = When::copied;
    } else if (i > last_state && (changed_state == nullptr || changed_state < before)) {
      // Nothing is shown of the time with the new value; or nobody knows with which one it was.
      before->when = before > first + last_state ? When::now : When::open;
      now.when = When::later;
    } else {
      before->when = When::earlier;
      end = std::max<const Shown*>(end, before);
      changed_state = is_in_force(now.path) ? changed_state : &now;
    }
  }
  for (Shown& each : shown_) {
    const bool over = end != nullptr && &each <= end && !is_in_force(each.path);
    each.when = over && each.when == When::now ? When::earlier : each.when;
  }
}

void PostedParts::leave_out(const Shown& shown) {
  const std::string what = printable(shown.name == "sysctl" ? shown.path : shown.name);
  if (left_out.size() < most_left_out &&
      std::ranges::find(left_out, what, &Gap::path) == left_out.end()) {
    left_out.push_back({FileError::Kind::failed, what,
                        Message("{} in line {}", what, std::to_string(shown.line)),
                        shown.when == When::earlier
                            ? Message("the text shows a later moment too, which counts")
                            : Message("the text shows more than one value of it, and not of which "
                                      "of them the rest is")});
  }
}

void PostedParts::choose() {
  order();
  for (Shown& shown : shown_) {
    if (shown.when == When::now) {
      if (!shown.name.starts_with('/') && shown.name != "sysctl") {
        commands.emplace(shown.path, shown.name);
      }
      if (names.size() < most_names && std::ranges::find(names, shown.name) == names.end()) {
        names.push_back(shown.name);
      }
      files.emplace(shown.path, std::move(shown.contents));
    } else if (shown.when != When::copied) {
      leave_out(shown);
    }
  }
}

}  // namespace whyoom::host
