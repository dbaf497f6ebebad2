#include "fix/settings_file.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

TEST(SettingsFile, commands_name_the_path_in_one_word) {
  EXPECT_EQ(command_on("df -h {}", "/etc/sysctl.d/10-a_b.conf"),
            "`df -h /etc/sysctl.d/10-a_b.conf`");
  EXPECT_EQ(command_on("df -h {}", "/etc/a b"), "`df -h '/etc/a b'`");
  EXPECT_EQ(command_on("df -h {}", "it's"), "`df -h 'it'\\''s'`");
}

// With its characters escaped it would be the name of another file.
TEST(SettingsFile, commands_do_without_a_path_that_cannot_be_seen) {
  for (const char* path : {"", "/etc/a\nb", "/etc/a\x1b", "/etc/\xff", "-x"}) {
    EXPECT_EQ(command_on("df -h {}", path), "`df -h <path>`");
  }
}

TEST(SettingsFile, names_with_control_characters_are_made_fit) {
  EXPECT_EQ(cannot_change("/etc/a\x1b[2Jb", ELOOP).find('\x1b'), std::string::npos);
}

TEST(SettingsFile, a_directory_of_others_is_named_with_a_way_to_see_who) {
  EXPECT_NE(cannot_change("/a/b/c", linux::others_hold_it).find("namei -l"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::fix
