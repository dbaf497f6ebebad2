// What is set for whyoom itself: /etc/whyoom.conf, then the files of /etc/whyoom.conf.d that end in
// .conf, by name. A line is "key = value"; the last one of a key counts. Which keys there are, and
// what they take, is the command line's to say (app/config.h).
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "host/files.h"

namespace whyoom::host {

inline constexpr std::string_view conf_file = "/etc/whyoom.conf";
inline constexpr std::string_view conf_directory = "/etc/whyoom.conf.d";

struct ConfLine {
  std::string key;    // a-z and "-"
  std::string value;  // without control characters; empty: the default again
  std::string at;     // "/etc/whyoom.conf:3"
};

struct Conf {
  std::vector<ConfLine> lines;
  std::vector<std::string> files;  // that were read, in this order

  // The line that counts, whatever its value; null: nobody set it.
  [[nodiscard]] const ConfLine* find(std::string_view key) const;
};

// Root runs a program that is named there: a file is refused when others than root can write it, or
// put another one in its place. One that is not there says nothing. The error is a sentence, with
// file and line.
tl::expected<Conf, std::string> read_conf(Files& files);

}  // namespace whyoom::host
