#include "fix/replace_file.h"

#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <random>
#include <vector>

#include "fix/fix_for_test.h"

namespace whyoom::fix {
namespace {

tl::expected<std::unique_ptr<FileStep>, std::string> prepare(const advise::FileEdit& edit,
                                                             const Warn& warn = {}) {
  return FileStep::prepare(edit, "7-0", linux::attributes_of_a_new_file(), warn);
}

// All that a step warned of, a line each.
struct Warnings {
  std::string text;
  Warn warn = [this](const std::string& what) { text += what + "\n"; };
};

std::string replace(const advise::FileEdit& edit) {
  auto step = prepare(edit);
  if (!step) {
    return step.error();
  }
  const auto done = (*step)->commit();
  return done ? std::string() : done.error();
}

ino_t inode(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// An ACL as the kernel keeps it: version 2, then tag, permissions and id of each entry, sorted.
std::string acl_with_user(std::uint32_t user) {
  constexpr std::uint32_t nobody = UINT32_MAX;
  struct Entry {
    std::uint16_t tag, permissions;
    std::uint32_t id;
  };
  const std::vector<Entry> entries{
      {0x01, 6, nobody}, {0x02, 6, user}, {0x04, 4, nobody}, {0x10, 6, nobody}, {0x20, 0, nobody}};
  std::string bytes{'\2', '\0', '\0', '\0'};
  bytes.append(reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(Entry));
  return bytes;
}

const std::string awkward = std::string("a = 1\r\n# \xff\xfe\0\nno end", 19);

TEST(ReplaceFile, every_byte_is_written) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  for (const std::string& content : {awkward, std::string(), std::string(300'000, '\n')}) {
    put(path, "old");
    EXPECT_EQ(replace({path, "old", content}), "");
    EXPECT_EQ(get(path), content);
    EXPECT_EQ(snapshot(dir.path()).size(), 1U);
  }
}

TEST(ReplaceFile, mode_owner_and_attributes_stay) {
  for (const bool on_disk : {false, true}) {
    const Scratch dir(linux::test::scratch_base(on_disk));
    const std::string path = dir / "a.conf";
    put(path, "old");
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown(path.c_str(), 12, 34), 0);
    }
    const std::string value("x\0y", 3);
    const bool user = ::setxattr(path.c_str(), "user.note", value.data(), value.size(), 0) == 0;
    const bool label = ::setxattr(path.c_str(), "security.whyoom", "l", 1, 0) == 0;
    const bool label_refused = !label && errno == EPERM;  // root of a container
    const std::string acl = acl_with_user(4321);
    const bool has_acl =
        ::setxattr(path.c_str(), "system.posix_acl_access", acl.data(), acl.size(), 0) == 0;
    RecordProperty("kept", std::string(user ? "user " : "") + (label ? "security " : "") +
                               (has_acl ? "acl" : ""));
    if (on_disk && ::geteuid() == 0) {
      EXPECT_TRUE(user && (label || label_refused) && has_acl)
          << "this file system should have them all";
    }
    const auto before = snapshot(dir.path());
    EXPECT_EQ(replace({path, "old", "new"}), "");
    EXPECT_EQ(get(path), "new");
    EXPECT_EQ(replace({path, "new", "old"}), "");
    EXPECT_EQ(snapshot(dir.path()), before);
  }
}

TEST(ReplaceFile, an_acl_that_a_directory_gives_is_not_added) {
  const Scratch dir(linux::test::scratch_base(true));
  const std::string path = dir / "a.conf";
  put(path, "old");
  const auto before = snapshot(dir.path());
  const std::string acl = acl_with_user(4321);
  if (::setxattr(dir.path().c_str(), "system.posix_acl_default", acl.data(), acl.size(), 0) != 0) {
    GTEST_SKIP() << "no ACLs in this file system";
  }
  EXPECT_EQ(replace({path, "old", "new"}), "");
  EXPECT_EQ(replace({path, "new", "old"}), "");
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST(ReplaceFile, a_new_file_can_be_read_by_all_and_be_removed_again) {
  const Scratch dir;
  const std::string path = dir / "b.conf";
  const mode_t mask = ::umask(077);
  EXPECT_EQ(replace({path, std::nullopt, "x = 1\n"}), "");
  ::umask(mask);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0644U);
  EXPECT_EQ(status.st_uid, ::geteuid());
  EXPECT_EQ(get(path), "x = 1\n");
  EXPECT_EQ(replace({path, "x = 1\n", std::nullopt}), "");
  EXPECT_TRUE(snapshot(dir.path()).empty());
}

TEST(ReplaceFile, hard_links_stay_one_file) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  const std::string other = dir / "other";
  for (const std::string& content : {std::string("new and longer\n"), std::string("s"), awkward}) {
    put(path, "old old\n");
    ::link(path.c_str(), other.c_str());
    const ino_t file = inode(path);
    EXPECT_EQ(replace({path, "old old\n", content}), "");
    EXPECT_EQ(get(path), content);
    EXPECT_EQ(get(other), content);
    EXPECT_EQ(inode(path), file);
    EXPECT_EQ(inode(other), file);
    EXPECT_EQ(snapshot(dir.path()).size(), 2U);
  }
}

TEST(ReplaceFile, two_names_of_one_file_can_be_in_one_change) {
  const Scratch dir;
  put(dir / "a", "old");
  ::link((dir / "a").c_str(), (dir / "b").c_str());
  const auto before = snapshot(dir.path());
  auto a = prepare({dir / "a", "old", "new"});
  auto b = prepare({dir / "b", "old", "new"});
  ASSERT_TRUE(a && b);
  EXPECT_TRUE((*a)->commit());
  EXPECT_TRUE((*b)->commit());
  EXPECT_EQ(get(dir / "b"), "new");
  EXPECT_TRUE((*b)->roll_back());
  EXPECT_TRUE((*a)->roll_back());
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST(ReplaceFile, a_link_is_not_written_through) {
  const Scratch dir;
  put(dir / "real", "old");
  fs::create_symlink("real", dir / "link");
  fs::create_directory(dir / "d");
  put(dir / "d/f", "old");
  fs::create_symlink("d", dir / "way");
  const auto before = snapshot(dir.path());
  EXPECT_NE(replace({dir / "link", "old", "new"}).find("symbolic link"), std::string::npos);
  EXPECT_NE(replace({dir / "way/f", "old", "new"}), "");
  EXPECT_NE(replace({dir / "d", "old", "new"}).find("no regular file"), std::string::npos);
  EXPECT_NE(replace({dir / "d/../real", "old", "new"}), "");
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST(ReplaceFile, what_someone_changed_is_left_alone) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  put(path, "theirs");
  EXPECT_NE(replace({path, "old", "new"}).find("changed by someone else"), std::string::npos);
  EXPECT_NE(replace({path, std::nullopt, "new"}).find("changed by someone else"),
            std::string::npos);
  EXPECT_NE(replace({path, "old", std::nullopt}).find("changed by someone else"),
            std::string::npos);
  EXPECT_EQ(get(path), "theirs");
  EXPECT_EQ(snapshot(dir.path()).size(), 1U);
}

TEST(ReplaceFile, what_is_changed_after_the_preparation_is_left_alone) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  for (const std::optional<std::string>& before :
       {std::optional<std::string>(), std::optional<std::string>("old")}) {
    for (const std::optional<std::string>& after :
         {std::optional<std::string>(), std::optional<std::string>("new")}) {
      if (!before && !after) {
        continue;
      }
      fs::remove(path);
      if (before) {
        put(path, *before);
      }
      {
        auto step = prepare({path, before, after});
        ASSERT_TRUE(step) << step.error();
        put(path, "theirs");
        EXPECT_FALSE((*step)->commit());
      }
      EXPECT_EQ(get(path), "theirs");
      EXPECT_EQ(snapshot(dir.path()).size(), 1U);
    }
  }
}

TEST(ReplaceFile, rolling_back_gives_the_very_same_file) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  put(path, "old");
  const ino_t file = inode(path);
  const auto before = snapshot(dir.path());
  for (const std::optional<std::string>& after :
       {std::optional<std::string>(), std::optional<std::string>("new")}) {
    auto step = prepare({path, "old", after});
    ASSERT_TRUE(step);
    ASSERT_TRUE((*step)->commit());
    EXPECT_TRUE((*step)->committed());
    EXPECT_NE(inode(path), file);
    EXPECT_TRUE((*step)->roll_back());
    EXPECT_EQ(inode(path), file);
    EXPECT_EQ(snapshot(dir.path()), before);
  }
}

TEST(ReplaceFile, rolling_back_leaves_alone_what_was_changed_since) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  put(path, "old");
  auto step = prepare({path, "old", "new"});
  ASSERT_TRUE(step && (*step)->commit());
  put(path, "theirs");
  EXPECT_FALSE((*step)->roll_back());
  EXPECT_EQ(get(path), "theirs");
}

TEST(ReplaceFile, what_is_only_prepared_leaves_no_trace) {
  const Scratch dir;
  put(dir / "a.conf", "old");
  const auto before = snapshot(dir.path());
  {
    auto step = prepare({dir / "a.conf", "old", "new"});
    ASSERT_TRUE(step);
    EXPECT_EQ(snapshot(dir.path()).size(), 2U);
    EXPECT_TRUE(fs::exists(dir / ".a.conf.whyoom-7-0"));
  }
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST(ReplaceFile, the_rest_of_a_killed_run_is_in_nobodys_way) {
  const Scratch dir;
  const advise::FileEdit edit{dir / "a.conf", "old", "new"};
  for (const std::string& rest : {std::string("ne"), std::string(), std::string("old"),
                                  std::string("\0e", 2), std::string("new")}) {
    put(dir / "a.conf", "old");
    put(dir / ".a.conf.whyoom-7-0", rest);
    EXPECT_EQ(replace(edit), "");
    EXPECT_EQ(snapshot(dir.path()).size(), 1U);
    put(dir / ".a.conf.whyoom-7-0", rest);
    EXPECT_TRUE(remove_leftover(edit, "7-0"));
    EXPECT_FALSE(remove_leftover(edit, "7-0"));
    EXPECT_EQ(snapshot(dir.path()).size(), 1U);
  }
}

TEST(ReplaceFile, what_lies_there_and_is_neither_content_is_kept_and_named) {
  const Scratch dir;
  const advise::FileEdit edit{dir / "a.conf", "old", "new"};
  const std::string kept = dir / "a.conf.kept-by-whyoom-7-0";
  Warnings warnings;
  put(edit.path, "old");
  put(dir / ".a.conf.whyoom-7-0", "theirs");
  {
    auto step = prepare(edit, warnings.warn);
    ASSERT_TRUE(step && (*step)->commit());
  }
  EXPECT_EQ(get(edit.path), "new");
  EXPECT_EQ(get(kept), "theirs");
  put(dir / ".a.conf.whyoom-7-0", "theirs too");
  EXPECT_TRUE(remove_leftover(edit, "7-0", warnings.warn));
  EXPECT_EQ(get(kept), "theirs") << "what was kept is not overwritten";
  EXPECT_EQ(get(kept + "-2"), "theirs too");
  EXPECT_EQ(snapshot(dir.path()).size(), 3U);
  const std::string said =
      "there is a text of " + edit.path + " that somebody else wrote. It is kept in " + kept;
  EXPECT_EQ(warnings.text, said + ": compare the two\n" + said + "-2: compare the two\n");
}

// A program that had opened the file before its name went to the new one.
TEST(ReplaceFile, what_is_written_to_the_old_file_afterwards_gets_its_name_back) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  for (const std::optional<std::string>& after :
       {std::optional<std::string>(), std::optional<std::string>("new")}) {
    put(path, "old");
    linux::Descriptor theirs(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    auto step = prepare({path, "old", after});
    ASSERT_TRUE(step && (*step)->commit());
    EXPECT_NE((*step)->check_old().error().find("open to be written in another program"),
              std::string::npos);
    ASSERT_EQ(::write(theirs.get(), "+theirs", 7), 7);
    theirs.close();
    EXPECT_NE((*step)->check_old().error().find("changed by someone else"), std::string::npos);
    EXPECT_TRUE((*step)->roll_back());
    EXPECT_EQ(get(path), "old+theirs");
    EXPECT_EQ(snapshot(dir.path()).size(), 1U);
  }
}

TEST(ReplaceFile, an_old_file_that_was_changed_or_can_still_be_is_kept_and_named) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  for (const bool still_open : {false, true}) {
    Warnings warnings;
    put(path, "old");
    linux::Descriptor theirs(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    {
      auto step = prepare({path, "old", "new"}, warnings.warn);
      ASSERT_TRUE(step && (*step)->commit());
      if (!still_open) {
        ASSERT_EQ(::write(theirs.get(), "+theirs", 7), 7);
        theirs.close();
      }
      (*step)->keep();
    }
    EXPECT_EQ(get(path), "new");
    EXPECT_EQ(get(dir / "a.conf.kept-by-whyoom-7-0"), still_open ? "old" : "old+theirs");
    EXPECT_NE(warnings.text.find(dir / "a.conf.kept-by-whyoom-7-0"), std::string::npos);
    EXPECT_EQ(snapshot(dir.path()).size(), 2U);
    fs::remove(dir / "a.conf.kept-by-whyoom-7-0");
  }
}

TEST(ReplaceFile, an_old_file_that_is_only_read_is_in_nobodys_way) {
  const Scratch dir;
  const std::string path = dir / "a.conf";
  put(path, "old");
  const linux::Descriptor theirs(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Warnings warnings;
  {
    auto step = prepare({path, "old", "new"}, warnings.warn);
    ASSERT_TRUE(step && (*step)->commit());
    EXPECT_TRUE((*step)->check_old());
  }
  EXPECT_EQ(warnings.text, "");
  EXPECT_EQ(snapshot(dir.path()).size(), 1U);
}

TEST(ReplaceFile, a_temporary_file_that_stays_is_told) {
  const Scratch dir(linux::test::scratch_base(true));
  const std::string path = dir / "a.conf";
  const auto set_flag = [&](int flag) {
    const linux::Descriptor file(::open(dir.path().c_str(), O_RDONLY | O_CLOEXEC));
    return ::ioctl(file.get(), FS_IOC_SETFLAGS, &flag) == 0;
  };
  Warnings warnings;
  put(path, "old");
  {
    auto step = prepare({path, "old", "new"}, warnings.warn);
    ASSERT_TRUE(step && (*step)->commit());
    if (!set_flag(FS_APPEND_FL)) {
      GTEST_SKIP() << "no append-only directories here (needs root and ext4 or the like)";
    }
  }
  ASSERT_TRUE(set_flag(0));
  EXPECT_EQ(warnings.text,
            "the temporary file " + (dir / ".a.conf.whyoom-7-0") +
                " could not be removed: Operation not permitted. Remove it by hand\n");
}

TEST(ReplaceFile, a_long_name_has_a_temporary_one_that_fits) {
  const Scratch dir;
  const std::string path = dir / std::string(255, 'x');
  put(path, "old");
  EXPECT_EQ(replace({path, "old", "new"}), "");
  EXPECT_EQ(get(path), "new");
}

TEST(ReplaceFile, a_locked_file_or_directory_is_told_with_the_way_out) {
  const Scratch dir(linux::test::scratch_base(true));
  fs::create_directory(dir / "it's");
  const std::string path = dir / "it's/a.conf";
  put(path, "old");
  const auto set_flag = [](const std::string& where, int flag) {
    const linux::Descriptor file(::open(where.c_str(), O_RDONLY | O_CLOEXEC));
    return ::ioctl(file.get(), FS_IOC_SETFLAGS, &flag) == 0;
  };
  if (!set_flag(path, FS_IMMUTABLE_FL)) {
    GTEST_SKIP() << "no immutable files here (needs root and ext4 or the like)";
  }
  const auto before = snapshot(dir.path());
  const std::string file_word = "'" + (dir / "it'\\''s/a.conf'");
  EXPECT_EQ(replace({path, "old", "new"}), path +
                                               " cannot be changed: the file is immutable. Run "
                                               "`chattr -i " +
                                               file_word + "` first");
  ASSERT_TRUE(set_flag(path, FS_APPEND_FL));
  EXPECT_NE(replace({path, "old", "new"}).find("chattr -a " + file_word), std::string::npos);
  ASSERT_TRUE(set_flag(path, 0) && set_flag(dir / "it's", FS_IMMUTABLE_FL));
  for (const advise::FileEdit& edit :
       {advise::FileEdit{path, "old", "new"}, advise::FileEdit{path, "old", std::nullopt},
        advise::FileEdit{dir / "it's/b", std::nullopt, "new"}}) {
    EXPECT_NE(replace(edit).find("directory is immutable"), std::string::npos);
  }
  ASSERT_TRUE(set_flag(dir / "it's", 0));
  EXPECT_EQ(snapshot(dir.path()), before);
}

TEST(IsTorn, blocks_of_either_content) {
  const std::string a(4096, 'a');
  const std::string b(4096, 'b');
  const std::string end = "end";
  EXPECT_TRUE(is_torn(a + b + end, a + a + end, b + b + end));
  EXPECT_TRUE(is_torn(b + a + end, a + a + end, b + b + end));
  // Written, and not yet cut.
  EXPECT_TRUE(is_torn("new\nr\nold line\n", "older\nold line\n", "new\n"));
  EXPECT_FALSE(is_torn(a + end, a + a + end, b + b + end));
  EXPECT_FALSE(is_torn(a + "c" + b, a + a + end, b + b + end));
  EXPECT_FALSE(is_torn("theirs", "older\nold line\n", "new\n"));
  EXPECT_FALSE(is_torn("", "old", "new"));
}

TEST(IsTorn, the_way_back_too) {
  // From the shorter to the longer one and not to its end, and longer than what was written.
  EXPECT_TRUE(is_torn("vm.x = 1\n# a", "vm.x = 1\n# and more\n", "vm.x = 20\n"));
  EXPECT_TRUE(is_torn("new\nr\nold line\n", "new\n", "older\nold line\n"));
  EXPECT_TRUE(is_torn("older\nold l", "new\n", "older\nold line\n"));
  EXPECT_TRUE(is_torn(std::string("new\nr\n\0\0\0", 9), "new\n", "older\nold line\n"));
  EXPECT_FALSE(is_torn(std::string("ne\0\nr\n", 6), "new\n", "older\nold line\n"));
  EXPECT_FALSE(is_torn("older\nold line\n+", "new\n", "older\nold line\n"));
}

// Writes in place that go either way and end anywhere, some of them with pages that the disk had
// not seen when the power went.
TEST(IsTorn, whatever_interrupted_goes_leave_and_nothing_else) {
  std::mt19937 random{20261128};
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  const auto text = [&] {
    std::string made(pick(4) == 0 ? 4096 * (1 + pick(3)) + pick(9) : pick(60), ' ');
    for (char& c : made) {
      c = static_cast<char>('a' + pick(3));
    }
    return made;
  };
  std::size_t torn = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::string sides[] = {text(), text()};
    std::string now = sides[0];
    for (std::size_t goes = 1 + pick(4); goes > 0; --goes) {
      const std::string& to = sides[pick(2)];
      const std::string start = now;
      const std::size_t written = pick(to.size() + 1);
      now = to.substr(0, written) + (now.size() > written ? now.substr(written) : "");
      const bool cut = written == to.size() && pick(2) == 0;
      now.resize(cut ? to.size() : now.size());
      for (std::size_t page = 0; !cut && page < start.size(); page += 512) {
        if (pick(4) == 0) {
          const std::size_t size =
              std::min({std::size_t{512}, start.size() - page, now.size() - page});
          now.replace(page, size, start, page, size);
        }
      }
    }
    torn += now != sides[0] && now != sides[1] ? 1U : 0U;
    ASSERT_TRUE(now == sides[0] || now == sides[1] || is_torn(now, sides[0], sides[1])) << round;
    ASSERT_TRUE(now == sides[0] || now == sides[1] || is_torn(now, sides[1], sides[0])) << round;
    std::string theirs = now;
    theirs.insert(pick(theirs.size() + 1), "+");
    ASSERT_FALSE(is_torn(theirs, sides[0], sides[1])) << round;
  }
  EXPECT_GT(torn, 1000U);
}

}  // namespace
}  // namespace whyoom::fix
