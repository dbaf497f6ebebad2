// What a posted text shows of a host, as its readers find it line by line. Private to this layer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace whyoom::host {

// All that is shown, in its order. The same may be shown again, of another moment.
class PostedParts {
 public:
  using Texts = std::map<std::string, std::string, std::less<>>;
  std::uint64_t line = 0;  // where the text is read

  // `path`: of a file, or "free" and "top" for what they tell of /proc/meminfo. `name`: with what
  // it was shown.
  void add(std::string_view path, std::string_view contents, std::string_view name) {
    add(path, contents, name, line);
  }
  void add(std::string_view path, std::string_view contents, std::string_view name,
           std::uint64_t begin);
  // As /proc/loadavg has it.
  void add_tasks(std::string_view number, std::string_view name);
  // Rows of a file of which some may have been shown before. `key`: how the first of them begins.
  void add_rows(std::string_view path, std::string_view rows, std::string_view key,
                std::string_view name, std::uint64_t begin);
  // Takes those of the last moment.
  void choose();

  Texts files, commands;  // by path: what it says; with what it was shown when that is no file
  std::vector<std::string> names;  // "free", "systemctl status a.service", "/proc/meminfo"
  std::vector<Gap> left_out;

 private:
  enum class When : std::uint8_t { now, copied, earlier, later, open };
  struct Shown {
    std::string path, contents, name;
    std::uint64_t line = 0;
    When when = When::now;
  };
  Shown* part_before(std::size_t index, std::string_view path);
  void order();
  void leave_out(const Shown& shown);
  std::vector<Shown> shown_;
};

// "net.ipv4.netfilter.ip_conntrack_max", as kernels before 2.6.20 had it, by the name of today; any
// other as it is.
std::string_view name_of_today(std::string_view key);
// A line without the marks of lists and quotes before it.
std::string_view unmarked(std::string_view line);
// Digits, blanks and minuses.
bool is_numbers(std::string_view text);
// "15Gi", "1.9G", "16431360k" in bytes; without a unit that many `bytes`. Nothing: unknown, or
// beyond all sizes.
std::optional<double> size_of(std::string_view word, std::optional<double> bytes);

// What `free` and the head of `top` print, as the lines of /proc/meminfo that they read.
class MemoryTable {
 public:
  void see(std::string_view line, PostedParts& parts);
  void end(PostedParts& parts);

 private:
  void take_row(std::string_view row, std::string_view what);
  bool take_head_of_top(std::string_view line, PostedParts& parts);
  void put(std::string_view what, std::string_view name, double bytes);
  std::optional<double> unit_ = std::nullopt;  // of a number without one, in bytes
  bool is_asked_ = false;                      // a command says it
  std::string columns_;                        // the names of them
  std::string meminfo_;
  std::uint64_t line_ = 0;  // where it begins
  std::string_view name_;
};

// A row of `slabtop` as one of /proc/slabinfo; empty: it is none.
std::string slabinfo_row(std::string_view line);

// Files of /proc/sys and of cgroups, and /proc/loadavg, as `cat`, `head` and `grep . FILE...` show
// them, and what `ps -eLf | wc -l` and `top -H` count.
class ShownFiles {
 public:
  // Whether the line belongs to them.
  bool see(std::string_view line, PostedParts& parts);
  void end(PostedParts& parts) { end_file(parts); }

 private:
  [[nodiscard]] std::string path_of(std::string_view word) const;
  bool take_contents(std::string_view line, PostedParts& parts);
  bool take_behind_name(std::string_view line, PostedParts& parts) const;
  void take_directory(std::string_view line);
  void take_command(std::string_view line);
  void wait_for(std::string_view path);
  void end_file(PostedParts& parts);
  // Paths, one a line: of the files that come next, the first of them now. Of a command that counts
  // threads the command.
  std::string waiting_;
  std::string contents_;   // so far, of the first
  std::string directory_;  // where the shell is, as far as the text says
};

// What `systemctl status UNIT` and `systemctl show UNIT` say of its cgroup, as that one's files.
class UnitStatus {
 public:
  void see(std::string_view line, PostedParts& parts);
  void end(PostedParts& parts);

 private:
  static constexpr std::size_t files = 5;
  void take_status(std::string_view line);
  void take_property(std::string_view name, std::string_view value);
  std::string unit_, cgroup_;
  std::array<std::string, files> contents_;
  bool properties_ = false;  // the line before was one
};

// `ulimit -a` of bash, and a fork that was refused.
class ShellText {
 public:
  void see(std::string_view line, std::uint64_t number);
  // Nothing: none is shown, or two that differ, and nobody knows which was in force.
  [[nodiscard]] std::optional<ShellLimits> limits() const;

 private:
  ShellLimits limits_;
  bool any_ = false, contradict_ = false;
};

}  // namespace whyoom::host
