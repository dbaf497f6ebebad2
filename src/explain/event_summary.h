// The events of many hosts in a few numbers: a set of them by their id. Merging is the union of two
// sets, so it does not matter in which order, how often and in which parts events come: summaries
// of parts merged are the summary of the whole. Of two that say different things under one id (a
// report that was cut, another version of whyoom) the better one stays, whichever came first.
// Memory: about 150 bytes an event, and each name once.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "render/document.h"

namespace whyoom::explain {

// What a summary keeps of an event. Empty text: not known.
struct EventFacts {
  std::string id;
  std::string cause;    // "undetermined", or the id of one, which may be newer than this program
  std::string verdict;  // "proved", "likely", "undetermined"
  std::string kind, host, boot, kernel, owner;
  std::string time;  // the wall clock, as the log writes it
  std::uint64_t killed = 0;
  bool panic = false;
  bool unverified = false;  // others than the kernel could have written it
};

// Why an event is not one that a summary may believe: the name of the field. Empty: it is.
// Ids are 32 hexadecimal digits; the names of hosts, kernels and causes have the characters of such
// names, and no text is longer than 1024 bytes.
std::string_view wrong_in(const EventFacts& facts);

class EventSummary {
 public:
  // What an event has in common with others.
  struct Group {
    std::string cause, verdict, kind, host, boot, kernel, owner;
    bool unverified = false;
    auto operator<=>(const Group&) const = default;
  };
  struct Member {
    const Group* group = nullptr;
    std::string time;
    std::uint64_t killed = 0;
    bool panic = false;
  };

  // False: an event of this id was there.
  bool add(const EventFacts& facts);

  [[nodiscard]] bool empty() const { return events_.empty(); }
  // By cause and by host, with the first and the last of each.
  [[nodiscard]] render::Document document(std::size_t most_rows) const;
  // Type "summary" of the schema: the groups, and of each its events. The same text for the same
  // set.
  [[nodiscard]] std::string json() const;

 private:
  std::set<Group> groups_;
  std::map<std::string, Member, std::less<>> events_;  // by id
};

}  // namespace whyoom::explain
