#include "linux/archive.h"

#include <gtest/gtest.h>

namespace whyoom::linux {
namespace {

std::string tar_of(const std::string& name) {
  std::string header = name;
  header.resize(257, '\0');
  return header + "ustar";
}

TEST(Archive, IsToldFromItsStart) {
  EXPECT_EQ(archive_of("PK\x03\x04 and more"), Archive::zip);
  EXPECT_EQ(archive_of("7z\xbc\xaf\x27\x1c"), Archive::seven_zip);
  EXPECT_EQ(archive_of(tar_of("var/log/kern.log")), Archive::tar);
  EXPECT_EQ(archive_of(tar_of("whyoom/log-1")), Archive::capture);
  EXPECT_EQ(archive_of(tar_of("whyoom/index")), Archive::capture);
  EXPECT_EQ(archive_of(tar_of("./whyoom/index")), Archive::capture);
  EXPECT_EQ(archive_of(std::string(300, 'x')), Archive::none);
  EXPECT_EQ(archive_of("[    1.0] ustar"), std::nullopt);
  EXPECT_EQ(archive_of(""), std::nullopt);
}

TEST(Archive, TheCommandHasTheName) {
  EXPECT_EQ(how_to_read(Archive::tar, "a b.tar"),
            "this is a tar archive; take the log out of it: tar -xOf 'a b.tar' | whyoom explain -");
  EXPECT_NE(how_to_read(Archive::zip, "x.zip").find(": unzip -p x.zip |"), std::string::npos);
  EXPECT_NE(how_to_read(Archive::seven_zip, "x").find(": 7z e -so x |"), std::string::npos);
  EXPECT_EQ(how_to_read(Archive::tar, "-"), "this is a tar archive; take the log out of it first");
  // No command can have this name.
  EXPECT_EQ(how_to_read(Archive::tar, "a\x1b.tar"),
            "this is a tar archive; take the log out of it first");
  EXPECT_NE(how_to_read(Archive::capture, "x").find("--root FILE"), std::string::npos);
  EXPECT_EQ(how_to_read(Archive::none, "x"), "");
}

}  // namespace
}  // namespace whyoom::linux
