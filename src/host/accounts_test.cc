#include "host/accounts.h"

#include <gtest/gtest.h>

#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

constexpr std::string_view passwd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "app:x:1000:1000:,,,:/home/app:/bin/bash\n"
    "twin:x:1000:7:::\n"
    "broken:x:x:1\n"
    "short:x\n"
    "bob:x:1001:100::/home/bob:\n";
constexpr std::string_view group =
    "root:x:0:\nusers:x:100:app, bob\napp:x:1000:\nwheel:x:10:bob,root\nshort:x\nx:x:y:app\n";

UserAccount account_of(std::uint32_t uid) {
  std::vector<UserAccount> accounts = {{uid, "", {}}};
  parse_passwd(Lines(passwd, 0, nullptr), accounts);
  parse_group(Lines(group, 0, nullptr), accounts);
  return accounts.front();
}

// The number that decides; -1 = unlimited, 0 = no line.
std::int64_t limit(std::string_view conf, const UserAccount& account) {
  const auto lines = parse_limits_conf(Lines(conf, 0, nullptr));
  const NprocLine* line = deciding_nproc(lines, account);
  return line == nullptr ? 0 : line->most ? static_cast<std::int64_t>(*line->most) : -1;
}

TEST(Accounts, NamesAndGroups) {
  const UserAccount app = account_of(1000);
  EXPECT_EQ(app.name, "app");
  ASSERT_EQ(app.groups.size(), 2U);
  EXPECT_EQ(app.groups[0].name, "app");
  EXPECT_EQ(app.groups[1].name, "users");
  const UserAccount bob = account_of(1001);
  ASSERT_EQ(bob.groups.size(), 2U);
  EXPECT_EQ(bob.groups[0].name, "users");
  EXPECT_EQ(bob.groups[1].name, "wheel");
  EXPECT_TRUE(account_of(4711).name.empty());
}

TEST(Accounts, TheMoreParticularLineWinsWhereverItStands) {
  const UserAccount app = account_of(1000);
  EXPECT_EQ(limit("* soft nproc 10\n", app), 10);
  EXPECT_EQ(limit("@users soft nproc 20\n* soft nproc 10\n", app), 20);
  EXPECT_EQ(limit("app soft nproc 30\n@users soft nproc 20\n* soft nproc 10\n", app), 30);
  EXPECT_EQ(limit("1000:1000 soft nproc 40\n@users soft nproc 20\n", app), 40);
  EXPECT_EQ(limit("@90:110 soft nproc 50\n* soft nproc 10\n", app), 50);
  EXPECT_EQ(
      limit("bob soft nproc 1\n@wheel soft nproc 2\n1001: soft nproc 3\n:999 - nproc 4\n", app), 0);
  EXPECT_EQ(limit(":1000 - nproc 4\n", app), 4);
  EXPECT_EQ(limit("1000 - nproc 4\n", app), 0);  // a user with that name
}

TEST(Accounts, AmongEqualsTheLastCounts) {
  const UserAccount app = account_of(1000);
  EXPECT_EQ(limit("app soft nproc 1\napp - nproc 2\n", app), 2);
  EXPECT_EQ(limit("@app soft nproc 1\n@users soft nproc 2\n", app), 2);
}

TEST(Accounts, TheHardLimitCutsTheSoftOne) {
  const UserAccount app = account_of(1000);
  EXPECT_EQ(limit("app soft nproc 100\n* hard nproc 50\n", app), 50);
  EXPECT_EQ(limit("app soft nproc unlimited\n@users hard nproc 50\n", app), 50);
  EXPECT_EQ(limit("* hard nproc 50\n", app), 50);
  EXPECT_EQ(limit("app soft nproc 10\n* hard nproc 50\n", app), 10);
  EXPECT_EQ(limit("app soft nproc unlimited\n", app), -1);
}

TEST(Accounts, GroupsAndEverybodyDoNotBindRoot) {
  const UserAccount root = account_of(0);
  EXPECT_EQ(limit("* - nproc 1\n@root - nproc 2\n@wheel - nproc 3\n", root), 0);
  EXPECT_EQ(limit("root - nproc 4\n", root), 4);
}

TEST(Accounts, OfAUserThatNoFileNames) {
  const UserAccount stranger = account_of(4711);
  EXPECT_EQ(limit("* soft nproc 10\n", stranger), 10);
  EXPECT_EQ(limit("4000:5000 soft nproc 20\n", stranger), 20);
}

}  // namespace
}  // namespace whyoom::host
