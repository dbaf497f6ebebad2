// Whose processes they are, by /etc/passwd and /etc/group, and which line of limits.conf gives such
// a user the limit on processes. Users of a directory service (LDAP, sssd) stand in neither file.
// Sources: passwd(5), group(5), limits.conf(5); Linux-PAM 1.5 pam_limits.c process_limit().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/config_files.h"
#include "host/lines.h"

namespace whyoom::host {

struct UserAccount {
  std::uint32_t uid = 0;
  std::string name;  // empty = not in /etc/passwd
  struct Group {
    std::uint32_t gid = 0;
    std::string name;  // empty = not in /etc/group
  };
  std::vector<Group> groups;  // the first is that of /etc/passwd
};

// Fills in the accounts whose uid is set already. Of several lines with one uid the first counts.
void parse_passwd(Lines lines, std::vector<UserAccount>& accounts);
void parse_group(Lines lines, std::vector<UserAccount>& accounts);

// A line for the user beats one for a group, that one for everybody ("*"), wherever they stand;
// among equals the last counts. Groups and "*" do not bind root. The soft limit is at most the hard
// one, so a hard line can be what decides.
// nullptr: none does.
const NprocLine* deciding_nproc(const std::vector<NprocLine>& lines, const UserAccount& account);

}  // namespace whyoom::host
