#include "host/host_names.h"

#include <gtest/gtest.h>

#include "host/memory_files_for_test.h"

namespace whyoom::host {
namespace {

HostNames names_of(const std::vector<std::pair<std::string, std::string>>& tree) {
  MemoryFiles files;
  for (const auto& [path, text] : tree) {
    files.add(path, text);
  }
  HostNames names;
  names.add_own(files);
  return names;
}

TEST(HostNames, AllNamesOfTheMachineAreOne) {
  const HostNames names = names_of({{"/proc/sys/kernel/hostname", "vm1\n"},
                                    {"/etc/hostname", "# static\nvm1\n"},
                                    {"/proc/sys/kernel/domainname", "(none)\n"},
                                    {"/etc/hosts",
                                     "127.0.0.1 localhost\n127.0.1.1\tvm1.example.com vm1 mailer\n"
                                     "10.0.0.9 other.example.com # vm1\n"}});
  EXPECT_EQ(names.replaced("vm1 vm1.example.com VM1 mailer other.example.com"),
            "host-1 host-1 host-1 host-1 other.domain-1");
  EXPECT_EQ(names.replaced("vm10 xvm1 vm1_a 99-vm1.conf (none) localhost"),
            "vm10 xvm1 vm1_a 99-host-1.conf (none) localhost");
  EXPECT_TRUE(names.left().empty());
}

TEST(HostNames, NamesInLogsAreCounted) {
  HostNames names = names_of({{"/proc/sys/kernel/hostname", "vm1\n"}});
  names.add("web7");
  names.add("vm1");
  names.add("web8.corp.example");
  EXPECT_EQ(names.replaced_in_log("web7 web8 vm1 web8.corp.example\nweb7\n"),
            "host-2 host-3 host-1 host-3\nhost-2\n");
}

TEST(HostNames, AWordOfTheKernelIsReplacedOnlyWhereALogNamesTheHost) {
  const HostNames names = names_of({{"/proc/sys/kernel/hostname", "node\n"}});
  EXPECT_EQ(names.replaced("Node 0, zone DMA"), "Node 0, zone DMA");
  EXPECT_EQ(names.replaced_in_log("Nov 23 07:41:32 node kernel: Node 0 DMA free:1kB node\n"
                                  "{\"_HOSTNAME\":\"node\",\"MESSAGE\":\"Node 0 node\"}\n"
                                  "{\"MESSAGE\":\"Node 0 node\"}\n"),
            "Nov 23 07:41:32 host-1 kernel: Node 0 DMA free:1kB node\n"
            "{\"_HOSTNAME\":\"host-1\",\"MESSAGE\":\"Node 0 node\"}\n"
            "{\"MESSAGE\":\"Node 0 node\"}\n");
  EXPECT_EQ(names.left(), std::vector<std::string>{"node"});
}

TEST(HostNames, WithoutAnyFileNothingIsReplaced) {
  EXPECT_EQ(names_of({}).replaced_in_log("a b\n\nc"), "a b\n\nc");
}

}  // namespace
}  // namespace whyoom::host
