// What a change put aside under a temporary name, and how it goes away: it is removed when it holds
// nothing that is not kept elsewhere. A text that somebody else wrote is never removed: it gets a
// name that says so, and the person is told. Private to replace_file.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace whyoom::fix {

// A sentence for the person at the keyboard about what went well only in the main.
using Warn = std::function<void(const std::string&)>;

struct PutAside {
  int directory = -1;
  std::string path;       // of the file that was changed, for messages
  std::string temporary;  // the name that it has in the directory now
  std::string kept;       // the name that another's text gets
};

// "sysctl.conf.kept-by-whyoom-7-0": no reader of sysctl files takes it.
std::string kept_name(std::string_view file_name, std::string_view tag);

// Removes it if `ours` says that the content may go; else it is kept. `warn` is told of what is
// kept and of what could not be removed. False when the temporary name is still taken.
bool settle(const PutAside& aside, const std::function<bool(std::string_view)>& ours,
            const Warn& warn);

// Somebody has this file open to write, so that its content can change at any moment. False also
// where the file system cannot tell.
bool is_open_for_writing(int fd);

// Each byte of `now` is the one that `before` or `after` has at its place, or a zero behind the
// first `written` bytes: what never reached the disk. No longer than the longer of the two.
bool is_mixture(std::string_view now, std::string_view before, std::string_view after,
                std::size_t written);

}  // namespace whyoom::fix
