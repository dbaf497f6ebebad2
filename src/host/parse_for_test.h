// Only for tests: a parser's answer to a text, with what it found damaged; and to find a part of
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"
#include "host/lines.h"

namespace whyoom::host::test {

template <class T>
struct Parsed {
  T value;
  std::vector<Damage> damage;
};

template <class Parser>
auto parsed(Parser parser, std::string_view text, Lines::End end = Lines::End::kernel) {
  std::vector<Damage> damage;
  auto value = parser(Lines(text, 7, &damage, end));
  return Parsed<decltype(value)>{std::move(value), std::move(damage)};
}

// The group of that path (as /proc/PID/cgroup has it); nullptr when it was not read.
inline const Cgroup* find_group(const CgroupTree& tree, std::string_view path) {
  for (const Cgroup& group : tree.groups) {
    if (tree.path_of(group) == path) {
      return &group;
    }
  }
  return nullptr;
}

// The value of a field that a test knows to be there; a number that no sample has when it is not.
template <class T>
std::uint64_t count(const Maybe<T>& field) {
  return field ? field->value.count() : 987654321987654321;
}

}  // namespace whyoom::host::test
