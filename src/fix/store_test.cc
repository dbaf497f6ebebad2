#include "fix/store.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "fix/fix_for_test.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

constexpr int some_pid = 4711;

FixRecord sample() {
  FixRecord record;
  record.meta = {1'780'000'000'000'000,
                 {advise::Wanted{key("vm.min_free_kbytes"), "67584"}},
                 "whyoom fix 'a\nb' 100%"};
  record.change.files = {{"/etc/sysctl.conf", std::string("a\0b\r\n", 5), "new"},
                         {"/etc/sysctl.d/x y%.conf", std::nullopt, ""},
                         {"/etc/gone.conf", "gone", std::nullopt}};
  record.change.running = {{key("vm.x"), "1\t2", "3 4"}};
  record.attributes = {{0640, 1, 2, {{"security.x", std::string("l\0", 2)}, {"user.a b", ""}}},
                       linux::attributes_of_a_new_file(),
                       {04755, 0, 0, {}}};
  record.made_directories = {"/etc/sysctl.d"};
  return record;
}

void expect_same(const FixRecord& got, const FixRecord& want) {
  EXPECT_EQ(got.damage, "");
  EXPECT_EQ(got.meta.time_us, want.meta.time_us);
  ASSERT_EQ(got.meta.wanted.size(), want.meta.wanted.size());
  for (std::size_t i = 0; i < got.meta.wanted.size(); ++i) {
    EXPECT_EQ(got.meta.wanted[i].key, want.meta.wanted[i].key);
    EXPECT_EQ(got.meta.wanted[i].value, want.meta.wanted[i].value);
  }
  EXPECT_EQ(got.meta.command, want.meta.command);
  EXPECT_EQ(got.attributes, want.attributes);
  EXPECT_EQ(got.made_directories, want.made_directories);
  ASSERT_EQ(got.change.files.size(), want.change.files.size());
  for (std::size_t i = 0; i < want.change.files.size(); ++i) {
    EXPECT_EQ(got.change.files[i].path, want.change.files[i].path);
    EXPECT_EQ(got.change.files[i].before, want.change.files[i].before);
    EXPECT_EQ(got.change.files[i].after, want.change.files[i].after);
  }
  ASSERT_EQ(got.change.running.size(), want.change.running.size());
  for (std::size_t i = 0; i < want.change.running.size(); ++i) {
    EXPECT_EQ(got.change.running[i].key, want.change.running[i].key);
    EXPECT_EQ(got.change.running[i].before, want.change.running[i].before);
    EXPECT_EQ(got.change.running[i].after, want.change.running[i].after);
  }
}

class Store : public ::testing::Test {
 protected:
  Scratch dir;
  const StoreOptions options{dir / "var/lib/fixes"};

  FixStore locked() { return std::move(*FixStore::open_locked(options, some_pid)); }
  [[nodiscard]] std::string damage_of(int number) const {
    const auto records = FixStore::open(options)->list();
    for (const FixRecord& record : *records) {
      if (record.number == number) {
        return record.damage;
      }
    }
    return "not in the list";
  }
};

TEST_F(Store, what_is_added_is_read_again) {
  auto store = locked();
  EXPECT_EQ(store.add(sample()).value(), 1);
  EXPECT_EQ(store.add(sample()).value(), 2);
  expect_same(store.load(1).value(), sample());
  EXPECT_EQ(store.load(2)->state, FixState::planned);
  EXPECT_EQ(get(store.before_path(1, 0)), *sample().change.files[0].before);
  for (const FixState state : {FixState::applied, FixState::undoing, FixState::undone,
                               FixState::rolled_back, FixState::planned}) {
    ASSERT_TRUE(store.set_state(2, state));
    EXPECT_EQ(store.load(2)->state, state);
    EXPECT_EQ(store.load(1)->state, FixState::planned);
  }
  EXPECT_EQ(store.list()->size(), 2U);
  store.drop(2);
  EXPECT_EQ(store.list()->size(), 1U);
  EXPECT_EQ(store.load(2).error(), "there is no fix 2 in " + options.path);
}

TEST_F(Store, one_that_is_not_there_is_empty_and_is_made_for_its_owner_alone) {
  EXPECT_TRUE(FixStore::open(options)->list()->empty());
  EXPECT_FALSE(FixStore::open(options)->load(1));
  EXPECT_FALSE(fs::exists(dir / "var"));
  const auto store = locked();
  EXPECT_EQ(fs::status(options.path).permissions(), fs::perms::owner_all);
}

TEST_F(Store, the_second_one_is_told_who_is_at_it) {
  {
    auto store = locked();
    const int number = store.add(sample()).value();
    const auto second = FixStore::open_locked(options, 1);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), "another whyoom fix is running (pid 4711). Wait for its end");
    const auto looking = FixStore::open(options);
    EXPECT_EQ(looking->running(), some_pid);
    EXPECT_FALSE(looking->interrupted(looking->load(number).value()));
    EXPECT_FALSE(store.running());
    EXPECT_TRUE(store.interrupted(store.load(number).value()));
  }
  const auto looking = FixStore::open(options);
  EXPECT_FALSE(looking->running());
  EXPECT_TRUE(looking->interrupted(looking->load(1).value()));
  EXPECT_TRUE(FixStore::open_locked(options, 1));
}

TEST_F(Store, one_that_others_can_use_is_refused) {
  { const auto store = locked(); }
  ASSERT_EQ(::chmod(options.path.c_str(), 0750), 0);
  EXPECT_NE(FixStore::open(options).error().find("chmod 700"), std::string::npos);
  EXPECT_FALSE(FixStore::open_locked(options, some_pid));
  ASSERT_EQ(::chmod(options.path.c_str(), 0700), 0);
  EXPECT_TRUE(FixStore::open(options));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(options.path.c_str(), 1234, 0), 0);
    EXPECT_NE(FixStore::open(options).error().find("belongs to user 1234"), std::string::npos);
  }
}

TEST_F(Store, a_link_is_not_followed) {
  fs::create_directories(dir / "elsewhere");
  fs::create_directories(dir / "var/lib");
  fs::permissions(dir / "elsewhere", fs::perms::owner_all);
  fs::create_directory_symlink(dir / "elsewhere", options.path);
  EXPECT_NE(FixStore::open(options).error().find("not followed"), std::string::npos);
  EXPECT_FALSE(FixStore::open_locked(options, some_pid));
  fs::remove(options.path);
  {
    auto store = locked();
    store.add(sample()).value();
    store.add(sample()).value();
  }
  fs::rename(options.path + "/1", dir / "elsewhere/1");
  fs::create_directory_symlink(dir / "elsewhere/1", options.path + "/1");
  EXPECT_NE(damage_of(1).find("symbolic link"), std::string::npos) << damage_of(1);
  fs::rename(options.path + "/2/before.0", dir / "elsewhere/2");
  fs::create_symlink(dir / "elsewhere/2", options.path + "/2/before.0");
  EXPECT_NE(damage_of(2).find("before.0"), std::string::npos) << damage_of(2);
}

TEST_F(Store, each_kind_of_damage_is_named) {
  { locked().add(sample()).value(); }
  const std::string record = get(options.path + "/1/record");
  const std::string place = options.path + "/1/";
  ASSERT_EQ(damage_of(1), "");
  for (std::size_t size = 0; size < record.size(); ++size) {
    put(place + "record", record.substr(0, size));
    ASSERT_NE(damage_of(1), "") << size;
  }
  for (std::size_t at = 0; at < record.size(); ++at) {
    std::string bad = record;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put(place + "record", bad);
    ASSERT_NE(damage_of(1), "") << at;
  }
  put(place + "record", record);
  for (const std::string name : {"before.0", "after.0", "after.1", "before.2", "state"}) {
    const std::string content = get(place + name);
    put(place + name, content + "x");
    EXPECT_NE(damage_of(1).find(name), std::string::npos) << damage_of(1);
    fs::remove(place + name);
    EXPECT_NE(damage_of(1).find(name), std::string::npos) << damage_of(1);
    put(place + name, content);
  }
  EXPECT_EQ(damage_of(1), "");
  fs::rename(options.path + "/1", options.path + "/5");
  EXPECT_NE(damage_of(5).find("record of fix 1"), std::string::npos);
  put(options.path + "/8", "");
  EXPECT_NE(damage_of(8).find("no directory"), std::string::npos);
  EXPECT_FALSE(FixStore::open(options)->load(8));
  EXPECT_EQ(locked().add(sample()).value(), 9);
}

TEST_F(Store, a_newer_format_is_told) {
  { locked().add(sample()).value(); }
  std::string record = get(options.path + "/1/record");
  record.replace(0, 12, "whyoom-fix 2");
  put(options.path + "/1/record", record);
  EXPECT_NE(damage_of(1).find("a newer whyoom wrote it (format 2, this one reads 1)"),
            std::string::npos)
      << damage_of(1);
}

// `text` of a record with one line put in the place of another, and a checksum that fits.
std::string with_line(const std::string& from, const std::string& to) {
  FixRecord record = sample();
  record.number = 1;
  std::string text = record_text(record, {});
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  text.erase(text.rfind("crc32 "));
  return text + "crc32 " + sum_of(text).substr(sum_of(text).find(' ') + 1) + "\n";
}

TEST_F(Store, what_an_undo_would_not_take_is_not_kept) {
  FixRecord record = sample();
  record.change.files[0].path = "/usr/lib/sysctl.d/50-default.conf";
  auto store = locked();
  const auto added = store.add(record);
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().find("cannot be kept"), std::string::npos) << added.error();
  EXPECT_TRUE(store.list()->empty());
}

TEST(FixRecordText, what_no_fix_writes_is_refused) {
  const std::string key_line = "\nrunning vm.x\nrunning-path /proc/sys/vm/x\n";
  ASSERT_TRUE(parse_record(with_line(key_line, key_line), {}));
  for (const char* path :
       {"etc/a", "/etc/../root/a", "/", "/a//b", "/a/", "/a/./b", "", "/proc/sysrq-trigger",
        "/sys/power/state", "/dev/sda", "/usr/lib/sysctl.d/50-default.conf", "/run/sysctl.d/x.conf",
        "/lib/systemd/system/x.service"}) {
    EXPECT_FALSE(
        parse_record(with_line("file /etc/gone.conf\n", std::string("file ") + path + "\n"), {}))
        << path;
  }
  for (const char* path : {"/proc/sysrq-trigger", "/proc/sys/../sysrq-trigger", "/etc/passwd",
                           "/proc/sys/vm/y", "/proc/sys/vm/../vm/x"}) {
    EXPECT_FALSE(parse_record(
        with_line("running-path /proc/sys/vm/x\n", std::string("running-path ") + path + "\n"), {}))
        << path;
  }
  for (const char* value : {"running-before 1%0a2", "running-after 3%00", "running-after %1b[2J"}) {
    const std::string what = std::string(value).substr(0, std::string(value).find(' '));
    const std::string was = what + (what == "running-before" ? " 1%092\n" : " 3 4\n");
    ASSERT_TRUE(parse_record(with_line(was, was), {})) << was;
    EXPECT_FALSE(parse_record(with_line(was, std::string(value) + "\n"), {})) << value;
  }
  for (const char* value : {"", "6%0a7", "6%7f"}) {
    EXPECT_FALSE(
        parse_record(with_line("\nvalue 67584\n", "\nvalue " + std::string(value) + "\n"), {}))
        << value;
  }
  for (const char* name : {"kernel/../../../etc/victim", "kernel.x/../../etc/victim", "../x.y",
                           "vm", "vm/x", "vm.x%0ay", ""}) {
    for (const char* what : {"\nkey vm.min_free_kbytes\n", "\nrunning vm.x\n"}) {
      const std::string word = std::string(what).substr(0, std::string(what).find(' ') + 1);
      EXPECT_FALSE(parse_record(with_line(what, word + name + "\n"), {})) << word << name;
    }
  }
  EXPECT_FALSE(parse_record(
      with_line("made-directory /etc/sysctl.d\n", "made-directory /home/other\n"), {}));
}

TEST(FixRecordText, several_settings_are_read_again_and_a_key_has_one_value) {
  FixRecord record = sample();
  record.number = 1;
  record.meta.wanted.push_back({key("kernel.pid_max"), "4194304"});
  const std::string text = record_text(record, {});
  const auto read = parse_record(text, {});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(keys_of(read->record.meta), "vm.min_free_kbytes, kernel.pid_max");
  ASSERT_EQ(read->record.meta.wanted.size(), 2U);
  EXPECT_EQ(read->record.meta.wanted[1].value, "4194304");
  EXPECT_FALSE(parse_record(with_line("value 67584\n", ""), {}));
  EXPECT_FALSE(parse_record(with_line("value 67584\n", "value 67584\nvalue 1\n"), {}));
}

TEST(FixRecordText, each_key_that_can_be_made_is_read_again) {
  for (const char* name : {"vm.x", "net.ipv4.conf.eth0/1.x", "net/ipv4/conf/a.b-c:1@x/y",
                           "kernel.sched_domain.cpu0.domain0.flags", "dev.raid.speed_limit_max"}) {
    FixRecord record = sample();
    record.number = 1;
    record.meta.wanted[0].key = key(name);
    record.change.running[0].key = key(name);
    const auto read = parse_record(record_text(record, {}), {});
    ASSERT_TRUE(read) << name << ": " << read.error();
    EXPECT_EQ(read->record.change.running[0].key, key(name));
    EXPECT_EQ(read->record.meta.wanted[0].key, key(name));
  }
}

TEST_F(Store, a_record_that_was_being_written_is_no_record) {
  { const auto store = locked(); }
  fs::create_directory(options.path + "/.new");
  put(options.path + "/.new/record", "half");
  EXPECT_TRUE(FixStore::open(options)->list()->empty());
  EXPECT_EQ(locked().add(sample()).value(), 1);
  EXPECT_FALSE(fs::exists(options.path + "/.new"));
}

}  // namespace
}  // namespace whyoom::fix
