#include "host/capture_files.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "host/facts.h"
#include "host/memory_files_for_test.h"
#include "host/redact.h"

namespace whyoom::host {
namespace {

MemoryFiles some_host() {
  MemoryFiles files;
  files.add("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 500 kB\n");
  files.add("/proc/sys/vm/min_free_kbytes", "45056\n");
  files.add("/proc/7/stat", "7 (a b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 3 0 5\n");
  files.add("/etc/sysctl.conf", "vm.min_free_kbytes = 45056\n");
  files.add_link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");
  files.add("/etc/sysctl.d/na me%\x01.conf", "vm.swappiness = 1\n");
  files.fail("/proc/slabinfo", {FileError::Kind::denied, "Permission denied"});
  return files;
}

struct Capture {
  std::map<std::string, std::string> files;
  CaptureFiles replay;
};

// The facts of `files` while they are recorded, and the capture.
HostFacts record(Files& files, Capture& capture, const ReadOptions& options = {}) {
  RecordingFiles recording(
      files, {.file =
                  [&](std::string_view path, std::string_view contents) {
                    capture.files[std::string(path)] = contents;
                    EXPECT_TRUE(capture.replay.add(std::string(path), std::string(contents)));
                  },
              .link = [](std::string_view, std::string_view) {}});
  HostFacts facts = read_facts(recording, options);
  EXPECT_TRUE(capture.replay.add_index(recording.index()));
  return facts;
}

TEST(Capture, GivesTheSameFactsAgain) {
  MemoryFiles files = some_host();
  Capture capture;
  const HostFacts live = record(files, capture);
  const HostFacts again = read_facts(capture.replay);
  EXPECT_EQ(live.host.meminfo.mem_free->value, again.host.meminfo.mem_free->value);
  ASSERT_EQ(live.host.gaps.size(), again.host.gaps.size());
  for (std::size_t i = 0; i < live.host.gaps.size(); ++i) {
    EXPECT_EQ(live.host.gaps[i].str(), again.host.gaps[i].str());
  }
  ASSERT_EQ(live.min_free_history.boot.settings.size(),
            again.min_free_history.boot.settings.size());
  EXPECT_EQ(live.min_free_history.value_after_boot(), again.min_free_history.value_after_boot());
  EXPECT_EQ(live.host.processes.all.size(), again.host.processes.all.size());
}

TEST(Capture, KeepsWhatNoRuleReads) {
  MemoryFiles files = some_host();
  files.add("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  files.add("/sys/fs/cgroup/cgroup.controllers", "memory\n");
  files.add("/sys/fs/cgroup/a/memory.current", "1000\n");
  const char* const unread[] = {
      "/proc/buddyinfo",
      "/proc/pagetypeinfo",
      "/proc/sys/vm/swappiness",
      "/proc/sys/vm/zone_reclaim_mode",
      "/sys/devices/system/node/online",
      "/sys/devices/system/node/node0/meminfo",
      "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
      "/sys/fs/cgroup/a/memory.peak",
      "/sys/fs/cgroup/a/memory.stat",
      "/sys/fs/cgroup/a/memory.swap.events",
      "/sys/kernel/mm/lru_gen/enabled",
      "/sys/kernel/mm/transparent_hugepage/defrag",
  };
  for (const char* path : unread) {
    files.add(path, "7\n");
  }
  Capture read, kept;
  record(files, read);
  record(files, kept, {.for_capture = true});
  for (const char* path : unread) {
    EXPECT_FALSE(read.files.contains(path)) << path;
    EXPECT_TRUE(kept.files.contains(path)) << path;
  }
}

TEST(Capture, KeepsErrorsAndNames) {
  MemoryFiles files = some_host();
  Capture capture;
  record(files, capture);
  const auto denied = capture.replay.read("/proc/slabinfo", 100);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, FileError::Kind::denied);
  EXPECT_EQ(denied.error().text, "Permission denied");
  const auto listing = capture.replay.list("/etc/sysctl.d", 100);
  ASSERT_TRUE(listing);
  bool found = false;
  for (const Entry& entry : listing->entries) {
    found = found || entry.name == "na me%\x01.conf";
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(capture.replay.read("/nothing", 1).error().kind, FileError::Kind::missing);
}

TEST(Capture, KeepsWhoMayWrite) {
  MemoryFiles files = some_host();
  files.set_status("/etc/sysctl.d", {0, 50, 0775, false});
  files.set_status("/etc/sysctl.conf", {1000, 0, 01644, true});
  Capture capture;
  record(files, capture);
  const auto directory = capture.replay.status("/etc/sysctl.d");
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->uid, 0U);
  EXPECT_EQ(directory->gid, 50U);
  EXPECT_EQ(directory->mode, 0775U);
  EXPECT_FALSE(directory->acl);
  const auto file = capture.replay.status("/etc/sysctl.conf");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->uid, 1000U);
  EXPECT_EQ(file->mode, 01644U);
  EXPECT_TRUE(file->acl);
  EXPECT_EQ(capture.replay.status("/etc").error().kind, FileError::Kind::missing);
  CaptureFiles damaged;
  EXPECT_TRUE(damaged.add_index("whyoom capture 1\nstatus 9 /a\nstatus x /b 1 1\nstatus\n"));
  EXPECT_FALSE(damaged.status("/a"));
  EXPECT_FALSE(damaged.status("/b"));
}

TEST(Capture, RefusesAnotherIndex) {
  CaptureFiles files;
  EXPECT_FALSE(files.add_index(""));
  EXPECT_FALSE(files.add_index("whyoom capture 9\n"));
  EXPECT_TRUE(files.add_index("whyoom capture 1\nlist\nd\nf x\nlink\nread-error 77\n%%%\n"));
}

TEST(Capture, ReadsItsIndexInPiecesOfAnySize) {
  const std::string_view index = "whyoom capture 1\nlist 1 /a\nf one\nd two%20words\nlink /l /t\n";
  for (std::size_t step = 1; step <= index.size(); ++step) {
    CaptureFiles files;
    for (std::size_t at = 0; at < index.size(); at += step) {
      ASSERT_TRUE(files.index_part(index.substr(at, step)));
    }
    ASSERT_TRUE(files.index_end());
    const auto listing = files.list("/a", 10);
    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->cut);
    ASSERT_EQ(listing->entries.size(), 2U);
    EXPECT_EQ(listing->entries[1].name, "two words");
    EXPECT_EQ(files.read_link("/l"), "/t");
  }
}

// Each kind of record is bounded by what it costs in memory, however short it is.
TEST(Capture, HasRoomForSoManyThings) {
  constexpr std::size_t room = 100'000;
  const auto most = [](const std::string& record) {
    CaptureFiles files(room);
    EXPECT_TRUE(files.index_part("whyoom capture 1\nlist 0 /\n"));
    for (std::size_t count = 0; count < 10'000; ++count) {
      std::string line = record;
      if (const auto at = line.find('#'); at != std::string::npos) {
        line.replace(at, 1, std::to_string(count));
      }
      if (const auto added = files.index_part(line); !added) {
        EXPECT_NE(added.error().find("384 MiB of memory that a capture can take"),
                  std::string::npos);
        return count;
      }
    }
    return std::size_t{0};
  };
  EXPECT_NEAR(static_cast<double>(most("f a\n")), room / 81.0, 5);
  for (const char* record : {"list 0 /#\n", "link /# b\n", "read-error 1 /# x\n", "?\n"}) {
    EXPECT_NEAR(static_cast<double>(most(record)), room / 205.0, 30) << record;
  }
  CaptureFiles files(room);
  EXPECT_TRUE(files.add("/a", std::string(99'000, 'x')));
  EXPECT_FALSE(files.add("/b", std::string(1'000, 'x')));
}

TEST(Capture, SaysWhatIsTwice) {
  CaptureFiles files;
  EXPECT_TRUE(files.add("/etc/sysctl.conf", "1"));
  EXPECT_EQ(files.add("/etc/sysctl.conf", "2").error(),
            "it holds two files called /etc/sysctl.conf");
  EXPECT_EQ(files.read("/etc/sysctl.conf", 10), "1");
  EXPECT_TRUE(files.add("/proc/7/stat", "1"));
  EXPECT_TRUE(files.add("/proc/7/stat", "2"));
  EXPECT_EQ(files.read("/proc/7/stat", 10), "2");
  EXPECT_FALSE(files.add_index("whyoom capture 1\nlist 0 /a\nlist 0 /a\n"));
  CaptureFiles two;
  EXPECT_TRUE(two.add_index("whyoom capture 1\n"));
  EXPECT_FALSE(two.add_index("whyoom capture 1\n"));
}

TEST(Capture, RefusesALineThatNeverEnds) {
  CaptureFiles files;
  EXPECT_TRUE(files.index_part("whyoom capture 1\nf "));
  bool refused = false;
  for (int i = 0; i < 100 && !refused; ++i) {
    refused = !files.index_part(std::string(1000, 'x'));
  }
  EXPECT_TRUE(refused);
}

// What cannot be read back is not written, and its reader is told.
TEST(Capture, RecordsWhatThereIsRoomFor) {
  MemoryFiles files;
  files.add("/proc/meminfo", std::string(500, 'a'));
  files.add("/proc/vmstat", std::string(500, 'b'));
  std::size_t written = 0;
  RecordingFiles recording(files,
                           {.file = [&](std::string_view, std::string_view) { ++written; },
                            .link = [](std::string_view, std::string_view) {}},
                           1000);
  EXPECT_TRUE(recording.read("/proc/meminfo", 1000));
  const auto refused = recording.read("/proc/vmstat", 1000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FileError::Kind::too_big);
  EXPECT_EQ(written, 1U);
  EXPECT_EQ(recording.left_out(), 1U);
}

TEST(Redact, KeepsOnlyWhatRulesLookAt) {
  const std::string cloud =
      "password: secret\nruncmd:\n - sysctl -w vm.min_free_kbytes=1048576\n - curl -H token\n";
  EXPECT_EQ(kept_in_capture("/etc/cloud/cloud.cfg", cloud),
            "\n\n - sysctl -w vm.min_free_kbytes=1048576\n\n");
  const std::string unit =
      "[Service]\nEnvironment=KEY=secret\nExecStart=/bin/x --token=secret\nTasksMax=100\n";
  EXPECT_EQ(kept_in_capture("/etc/systemd/system/x.service.d/o.conf", unit),
            "[Service]\n\n\nTasksMax=100\n");
  EXPECT_EQ(kept_in_capture("/proc/7/maps", "00400000-00401000 r-xp /secret\nb\n"), "-\n-\n");
  EXPECT_EQ(kept_in_capture("/proc/meminfo", "MemTotal: 1 kB\n"), "MemTotal: 1 kB\n");
  EXPECT_EQ(kept_in_capture("/etc/sysctl.conf", "# all of it\n"), "# all of it\n");
}

// A name is put behind its directory to be read: it must not lead elsewhere.
TEST(Capture, ANameThatIsNoneIsRefused) {
  const auto add = [](std::string_view name) {
    CaptureFiles files;
    return files.add_index("whyoom capture 1\nlist 0 /etc/sysctl.d\nf " + std::string(name) + "\n");
  };
  EXPECT_TRUE(add("..conf"));
  EXPECT_TRUE(add("a%20b.conf"));
  for (const char* name :
       {"..", ".", "../../etc/shadow", "a/b", "/etc/shadow", "%2e%2e", "a%2fb", "a%00b"}) {
    const auto done = add(name);
    ASSERT_FALSE(done) << name;
    EXPECT_NE(done.error().find("a name that no file can have"), std::string::npos);
  }
}

}  // namespace
}  // namespace whyoom::host
