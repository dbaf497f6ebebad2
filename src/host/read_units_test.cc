// TasksMax= of a unit: which of its files wins.
#include <gtest/gtest.h>

#include "host/memory_files_for_test.h"
#include "host/read_host.h"

namespace whyoom::host {
namespace {

const std::string mounts =
    "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";

MemoryFiles host_with(const std::string& path, const std::string& current = "50") {
  MemoryFiles files;
  files.add("/proc/self/mountinfo", mounts);
  files.add("/sys/fs/cgroup/cgroup.controllers", "memory pids\n");
  std::string group;
  for (std::size_t at = 1; at != std::string::npos;) {
    const std::size_t slash = path.find('/', at);
    group = path.substr(0, slash);
    files.add("/sys/fs/cgroup" + group + "/cgroup.controllers", "memory pids\n");
    at = slash == std::string::npos ? slash : slash + 1;
  }
  files.add("/sys/fs/cgroup" + path + "/pids.current", current + "\n");
  files.add("/sys/fs/cgroup" + path + "/pids.max", "64\n");
  return files;
}

// "TEXT of FILE:LINE"; several units one after the other.
std::string found(MemoryFiles& files) {
  const Host host = read_host(files);
  std::string text;
  for (const TasksMax& limit : host.task_limits.units) {
    text += limit.unit + "=" + limit.text + " " + host.sources.name(limit.at.source) + ":" +
            std::to_string(limit.at.line) + ";";
  }
  return text;
}

TEST(ReadUnits, TheUnitsOwnFile) {
  MemoryFiles files = host_with("/system.slice/web.service");
  files.add("/usr/lib/systemd/system/web.service", "[Service]\nExecStart=/web\nTasksMax=64\n");
  EXPECT_EQ(found(files), "web.service=64 /usr/lib/systemd/system/web.service:3;");
  // A file of the same name in /etc is the unit then.
  files.add("/etc/systemd/system/web.service", "[Service]\nTasksMax=32\n");
  EXPECT_EQ(found(files), "web.service=32 /etc/systemd/system/web.service:2;");
}

TEST(ReadUnits, DropInsComeAfterItByName) {
  MemoryFiles files = host_with("/system.slice/web-a.service");
  files.add("/etc/systemd/system/web-a.service", "[Service]\nTasksMax=1\n");
  files.add("/usr/lib/systemd/system/service.d/90-all.conf", "[Service]\nTasksMax=2\n");
  files.add("/usr/lib/systemd/system/web-.service.d/50-a.conf", "[Service]\nTasksMax=3\n");
  EXPECT_EQ(found(files), "web-a.service=2 /usr/lib/systemd/system/service.d/90-all.conf:2;");
  files.add("/run/systemd/system/web-a.service.d/90-all.conf", "[Service]\nTasksMax=4\n");
  EXPECT_EQ(found(files), "web-a.service=4 /run/systemd/system/web-a.service.d/90-all.conf:2;");
  files.add("/etc/systemd/system.control/web-a.service.d/99-set.conf", "[Service]\nTasksMax=\n");
  EXPECT_EQ(found(files), "");  // the default again
}

TEST(ReadUnits, TemplatesAndSlicesOfUsers) {
  MemoryFiles files = host_with("/system.slice/system-web.slice/web@7.service");
  files.add("/etc/systemd/system/web@.service", "[Service]\nTasksMax=64\n");
  EXPECT_EQ(found(files), "web@7.service=64 /etc/systemd/system/web@.service:2;");
  MemoryFiles user = host_with("/user.slice/user-1000.slice");
  user.add("/usr/lib/systemd/system/user-.slice.d/10-defaults.conf", "[Slice]\nTasksMax=33%\n");
  EXPECT_EQ(found(user),
            "user-1000.slice=33% /usr/lib/systemd/system/user-.slice.d/10-defaults.conf:2;");
}

TEST(ReadUnits, AUnitOfAUsersOwnSystemd) {
  MemoryFiles files =
      host_with("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service");
  files.add("/etc/systemd/system/web.service", "[Service]\nTasksMax=1\n");
  files.add("/etc/systemd/user/web.service", "[Service]\nTasksMax=64\n");
  EXPECT_EQ(found(files), "web.service=64 /etc/systemd/user/web.service:2;");
}

TEST(ReadUnits, OnlyOfCgroupsThatFillUp) {
  MemoryFiles files = host_with("/system.slice/web.service", "15");
  files.add("/etc/systemd/system/web.service", "[Service]\nTasksMax=64\n");
  EXPECT_EQ(found(files), "");
  files.add("/sys/fs/cgroup/system.slice/web.service/pids.events", "max 3\n");
  EXPECT_NE(found(files), "");
}

TEST(ReadUnits, AMaskedOrBrokenFile) {
  MemoryFiles files = host_with("/system.slice/web.service");
  files.add("/usr/lib/systemd/system/web.service", "[Service]\nTasksMax=many\nTasksMax 3\n\\\n");
  EXPECT_EQ(found(files), "");
  files.add("/etc/systemd/system/web.service.d/x.conf", "TasksMax=9\\\n9\n");
  EXPECT_EQ(found(files), "");
}

}  // namespace
}  // namespace whyoom::host
