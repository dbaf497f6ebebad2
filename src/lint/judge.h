// The rules: what a configuration would do on machines of some sizes.
#pragma once

#include <span>
#include <vector>

#include "lint/config.h"
#include "lint/finding.h"
#include "memory/machine.h"

namespace whyoom::lint {

// `machines`: memory::usual_machine() of each size of RAM; none: the size is not known. In the
// order of the file.
std::vector<Finding> judge(const Config& config, std::span<const memory::Machine> machines);

// What a container's command line asks for against its limit (heap.cc).
void judge_container(const Container& container, std::vector<Finding>& out);

// "512Mi", "1.5G", "1e9" as Kubernetes reads it; nullopt: it does not.
std::optional<Bytes> kubernetes_memory(std::string_view text);

}  // namespace whyoom::lint
