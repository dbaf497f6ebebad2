// Only for tests: files below a scratch directory, its running values, and a store beside it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "fix/running_value.h"
#include "fix/store.h"
#include "linux/tree_for_test.h"

namespace whyoom::fix {

namespace fs = std::filesystem;
using linux::test::get;
using linux::test::key;
using linux::test::put;
using linux::test::Scratch;
using linux::test::snapshot;

class WithStore : public ::testing::Test {
 protected:
  FixStore store() { return std::move(*FixStore::open_locked(options, 1)); }

  Scratch dir, var;
  const RunningValues values{dir / "sys"};
  const StoreOptions options{var / "fixes", values};
};

}  // namespace whyoom::fix
