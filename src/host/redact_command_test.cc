#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "host/redact.h"

namespace whyoom::host {
namespace {

// With blanks between the arguments.
std::string kept_line(std::string text, std::size_t most = 128) {
  std::string kept(keep_command_line(text, most));
  std::ranges::replace(kept, '\0', ' ');
  return kept;
}
// Of arguments with blanks between them instead of NULs.
std::string kept_words(std::string text) {
  std::ranges::replace(text, ' ', '\0');
  return kept_line(text);
}

TEST(RedactCommandLine, KeepsNoSecrets) {
  using namespace std::string_literals;
  EXPECT_EQ(kept_line("java\0-Xmx1g\0-jar\0a.jar\0"s), "java -Xmx1g -jar a.jar");
  EXPECT_EQ(kept_line("x\0--password=hunter2\0y\0"s), "x --password=*** y");
  EXPECT_EQ(kept_line("x\0--api-token\0abc\0y\0"s), "x --api-token *** y");
  EXPECT_EQ(kept_line("psql\0postgres://me:pw@db/x\0"s), "psql postgres://***");
  EXPECT_EQ(kept_line("env\0DB_PASSWORD=a\0"s).find("=a"), std::string::npos);
  EXPECT_EQ(kept_line("curl\0-H\0Authorization: Bearer abcd\0url\0"s),
            "curl -H Authorization: *** *** url");
  EXPECT_EQ(kept_line("curl\0-u\0me:hunter2\0"s), "curl -u me:***");
  EXPECT_EQ(kept_line("sh\0-c\0A=1 PASSWORD=abc run\0"s), "sh -c A=1 PASSWORD=*** run");
  EXPECT_EQ(kept_line("x\0https://h/f?a=1&token=abcd\0y\0"s), "x https://h/f?a=1&token=*** y");
  EXPECT_EQ(kept_line("x\0--password\0-abc\0"s), "x --password ***");
  EXPECT_EQ(kept_line("x\0--token\0s\0abc\0def\0"s), "x --token * abc def");
  EXPECT_EQ(kept_line("java\0-Dkey.store=/a:/b\0"s).find("/a"), std::string::npos);
  EXPECT_EQ(kept_line("a\nb\x1b[1m\0"s), "a?b?[1m");
  EXPECT_EQ(kept_line(std::string(500, 'x')).size(), 128U);
  EXPECT_EQ(kept_line(""), "");
}

TEST(RedactCommandLine, WhatIsASecretToSomePrograms) {
  EXPECT_EQ(kept_words("mysql -h db -pSECRET shop"), "mysql -h db -p*** shop");
  EXPECT_EQ(kept_words("/usr/bin/mysqldump -uroot -pSECRET --all"),
            "/usr/bin/mysqldump -uroot -p*** --all");
  EXPECT_EQ(kept_words("mariadb-dump -pSECRET x"), "mariadb-dump -p*** x");
  EXPECT_EQ(kept_words("sshpass -p SECRET ssh -p 22 host"), "sshpass -p *** ssh -p 22 host");
  EXPECT_EQ(kept_words("sshpass -pSECRET ssh host"), "sshpass -p*** ssh host");
  EXPECT_EQ(kept_words("redis-cli -h h -a SECRET ping"), "redis-cli -h h -a *** ping");
  EXPECT_EQ(kept_words("curl -s -u user:hunter2 https://h"), "curl -s -u user:*** https://h");
  EXPECT_EQ(kept_words("curl --user user:hunter2 url"), "curl --user user:*** url");
  EXPECT_EQ(kept_words("curl --user=user:hunter2 url"), "curl --user=user:*** url");
  EXPECT_EQ(kept_words("curl -uuser:hunter2 url"), "curl -uuser:*** url");
  EXPECT_EQ(kept_words("smbclient -U dom/me%hunter2 //h/s"), "smbclient -U dom/me%*** //h/s");
  EXPECT_EQ(kept_words("ldapsearch -x -D cn=a -w SECRET"), "ldapsearch -x -D cn=a -w ***");
  EXPECT_EQ(kept_words("docker login -u me -p SECRET reg"), "docker login -u me -p *** reg");
  EXPECT_EQ(kept_words("x --password SECRET y"), "x --password *** y");
  EXPECT_EQ(kept_words("env PGPASSWORD=SECRET psql -p 5432"), "env PGPASSWORD=*** psql -p 5432");
  EXPECT_EQ(kept_words("sudo timeout 5 mysql -pSECRET"), "sudo timeout 5 mysql -p***");
  EXPECT_EQ(kept_words("sh -c mysql -pSECRET -e x"), "sh -c mysql -p*** -e x");
  EXPECT_EQ(kept_words("openssl rsa -passin pass:SECRET"), "openssl rsa -passin ***");
}

TEST(RedactCommandLine, OtherProgramsMeanSomethingElse) {
  for (const char* line :
       {"ls -p /tmp", "ssh -p 22 host", "mkdir -p a/b", "docker run -p 80:80 nginx",
        "mysql -P 3306 -p shop", "ps -p 12", "docker run -u 1000:1000 x", "redis-server -a x",
        "ssh -p 22 db mysql -h db", "python3 -u main.py", "mongod --port 27017", "cp -a x y",
        "curl -u me url", "ssh-add -t 60", "login -p me", "unzip -p a.zip", "screen -U -a x"}) {
    EXPECT_EQ(kept_words(line), line);
  }
}

TEST(RedactCommandLine, ArgumentsStayDivided) {
  using namespace std::string_literals;
  EXPECT_EQ(kept_in_capture("/proc/12/cmdline", "sh\0-c\0mysql -pSECRET x\0"s),
            "sh\0-c\0mysql -p*** x\0"s);
  EXPECT_EQ(kept_in_capture("/proc/12/cmdline", "a\0b c\0"s), "a\0b c\0"s);
  EXPECT_EQ(kept_in_capture("/proc/12/cmdline", ""), "");
  EXPECT_EQ(kept_in_capture("/proc/cmdline", "quiet key=value\n"), "quiet key=value\n");
}

}  // namespace
}  // namespace whyoom::host
