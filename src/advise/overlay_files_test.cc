#include "advise/overlay_files.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/memory_files_for_test.h"

namespace whyoom::advise {
namespace {

using host::FileError;

class Overlay : public testing::Test {
 protected:
  Overlay() {
    below_.add("/etc/sysctl.d/a.conf", "a");
    below_.add("/etc/sysctl.d/b.conf", "b");
    below_.add_link("/etc/sysctl.d/z.conf", "../sysctl.conf");
    below_.add_directory("/etc/empty");
  }

  std::vector<std::string> names(std::string_view directory) {
    std::vector<std::string> all;
    if (const auto listing = files_.list(directory)) {
      for (const host::Entry& entry : listing->entries) {
        all.push_back(entry.name);
      }
      std::ranges::sort(all);
    } else {
      all = {std::string(listing.error().text)};
    }
    return all;
  }

  host::MemoryFiles below_;
  OverlayFiles files_{below_};
};

TEST_F(Overlay, ShowsWhatIsBelowUntilItIsChanged) {
  EXPECT_EQ(files_.read("/etc/sysctl.d/a.conf"), "a");
  EXPECT_EQ(files_.read_link("/etc/sysctl.d/z.conf"), "../sysctl.conf");
  files_.put("/etc/sysctl.d/a.conf", "new");
  files_.put("/etc/sysctl.d/z.conf", "a file");
  EXPECT_EQ(files_.read("/etc/sysctl.d/a.conf"), "new");
  EXPECT_FALSE(files_.read_link("/etc/sysctl.d/z.conf"));
  EXPECT_EQ(files_.read("/etc/sysctl.d/b.conf"), "b");
  files_.put("/etc/sysctl.d/b.conf", std::nullopt);
  const auto gone = files_.read("/etc/sysctl.d/b.conf");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, FileError::Kind::missing);
}

TEST_F(Overlay, AFileIsNotReadBeyondItsLimit) {
  files_.put("/etc/sysctl.d/a.conf", "12345");
  EXPECT_EQ(files_.read("/etc/sysctl.d/a.conf", 5), "12345");
  const auto cut = files_.read("/etc/sysctl.d/a.conf", 4);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, FileError::Kind::too_big);
}

TEST_F(Overlay, DirectoriesHaveWhatComesAndLackWhatGoes) {
  using Names = std::vector<std::string>;
  files_.put("/etc/sysctl.d/c.conf", "c");
  files_.put("/etc/sysctl.d/b.conf", std::nullopt);
  files_.put("/etc/sysctl.d/a.conf", "changed");
  EXPECT_EQ(names("/etc/sysctl.d"), (Names{"a.conf", "c.conf", "z.conf"}));
  EXPECT_EQ(names("/etc/empty"), Names{});
  EXPECT_EQ(names("/run/sysctl.d"), Names{"No such file or directory"});
  // Taken away where nothing was: there is no such directory yet.
  files_.put("/run/sysctl.d/d.conf", std::nullopt);
  EXPECT_EQ(names("/run/sysctl.d"), Names{"No such file or directory"});
  files_.put("/run/sysctl.d/d.conf", "d");
  EXPECT_EQ(names("/run/sysctl.d"), Names{"d.conf"});
  below_.fail("/etc/sysctl.d", {FileError::Kind::denied, "Permission denied"});
  EXPECT_EQ(names("/etc/sysctl.d"), Names{"Permission denied"});
}

}  // namespace
}  // namespace whyoom::advise
