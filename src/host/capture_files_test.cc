#include "host/capture_files.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "host/facts.h"
#include "host/memory_files.h"
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
HostFacts record(Files& files, Capture& capture) {
  RecordingFiles recording(files, {.file =
                                       [&](std::string_view path, std::string_view contents) {
                                         capture.files[std::string(path)] = contents;
                                         capture.replay.add(std::string(path),
                                                            std::string(contents));
                                       },
                                   .link = [](std::string_view, std::string_view) {}});
  HostFacts facts = read_facts(recording);
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

}  // namespace
}  // namespace whyoom::host
