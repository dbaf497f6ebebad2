#include "host/accounts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::size_t most_groups = 1024;

template <std::size_t N>
std::optional<std::array<std::string_view, N>> fields_of(std::string_view line) {
  std::array<std::string_view, N> fields;
  for (std::size_t i = 0; i < N; ++i) {
    if (line.find(':') == npos && i + 1 < N) {
      return std::nullopt;
    }
    fields[i] = take_part(line, ':');
  }
  return fields;
}

bool has_member(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    if (trim(take_part(members, ',')) == name) {
      return true;
    }
  }
  return false;
}

// "1000", "1000:2000", ":2000", "1000:"
bool in_range(std::string_view range, std::uint32_t id) {
  const std::size_t colon = range.find(':');
  const auto low = parse_number<std::uint32_t>(range.substr(0, colon));
  if (colon == npos) {
    return false;  // a plain number is a name
  }
  const auto high = parse_number<std::uint32_t>(range.substr(colon + 1));
  const bool low_ok = low || range.substr(0, colon).empty();
  const bool high_ok = high || range.substr(colon + 1).empty();
  return (low || high) && low_ok && high_ok && id >= low.value_or(0) &&
         // ":N" is N alone
         (low ? id <= high.value_or(UINT32_MAX) : id == *high);
}

enum class Whose : std::uint8_t { user, group, everybody, nobody };  // the most particular first

Whose match(std::string_view domain, const UserAccount& account) {
  if (!account.name.empty() && domain == account.name) {
    return Whose::user;
  }
  if (domain.starts_with('@') && domain.size() > 1) {
    const std::string_view group = domain.substr(1);
    const bool in = std::ranges::any_of(account.groups, [group](const UserAccount::Group& one) {
      return (!one.name.empty() && one.name == group) || in_range(group, one.gid);
    });
    return in && account.uid != 0 ? Whose::group : Whose::nobody;
  }
  if (in_range(domain, account.uid)) {
    return Whose::user;
  }
  return domain == "*" && account.uid != 0 ? Whose::everybody : Whose::nobody;
}

}  // namespace

void parse_passwd(Lines lines, std::vector<UserAccount>& accounts) {
  while (lines.next()) {
    const auto fields = fields_of<4>(lines.line());
    if (!fields) {
      continue;
    }
    const auto uid = parse_number<std::uint32_t>((*fields)[2]);
    const auto gid = parse_number<std::uint32_t>((*fields)[3]);
    const auto account = std::ranges::find_if(
        accounts, [&uid](const UserAccount& one) { return uid == one.uid && one.name.empty(); });
    if (account != accounts.end() && !(*fields)[0].empty()) {
      account->name = (*fields)[0];
      if (gid) {
        account->groups.push_back({*gid, {}});
      }
    }
  }
}

void parse_group(Lines lines, std::vector<UserAccount>& accounts) {
  while (lines.next()) {
    const auto fields = fields_of<4>(lines.line());
    const auto gid = fields ? parse_number<std::uint32_t>((*fields)[2]) : std::nullopt;
    if (!gid) {
      continue;
    }
    for (UserAccount& account : accounts) {
      const auto own = std::ranges::find(account.groups, *gid, &UserAccount::Group::gid);
      if (own != account.groups.end()) {
        own->name = own->name.empty() ? (*fields)[0] : std::string_view(own->name);
      } else if (!account.name.empty() && account.groups.size() < most_groups &&
                 has_member((*fields)[3], account.name)) {
        account.groups.push_back({*gid, std::string((*fields)[0])});
      }
    }
  }
}

const NprocLine* deciding_nproc(const std::vector<NprocLine>& lines, const UserAccount& account) {
  const NprocLine* soft = nullptr;
  const NprocLine* hard = nullptr;
  Whose soft_whose = Whose::nobody;
  Whose hard_whose = Whose::nobody;
  for (const NprocLine& line : lines) {
    const Whose whose = match(line.domain, account);
    if (whose == Whose::nobody) {
      continue;
    }
    if (line.type != "hard" && whose <= soft_whose) {
      soft = &line;
      soft_whose = whose;
    }
    if (line.type != "soft" && whose <= hard_whose) {
      hard = &line;
      hard_whose = whose;
    }
  }
  const bool cut = hard != nullptr && hard->most &&
                   (soft == nullptr || !soft->most || *soft->most > *hard->most);
  return cut ? hard : soft;
}

}  // namespace whyoom::host
