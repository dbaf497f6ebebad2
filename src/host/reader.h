// What the readers of each subject share: load a file, note a gap, hand text to a parser. Private
// to this layer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "host/files.h"
#include "host/host.h"
#include "host/read_host.h"

namespace whyoom::host {

// Whether a file that is not there is worth a word: many exist only on some kernels.
enum class Absent : std::uint8_t { normal, gap };

struct Loaded {
  std::string text;
  std::uint32_t source = 0;
};

class Reader {
 public:
  Reader(Files& files, Host& host, const ReadOptions& options)
      : files_(files), host_(host), options_(options) {}

  [[nodiscard]] Files& files() { return files_; }
  [[nodiscard]] Host& host() { return host_; }
  [[nodiscard]] const ReadOptions& options() const { return options_; }

  // The file's text. nullopt when it is missing, unreadable or (for Absent::gap) empty; the gap is
  // noted then. `leaves_open`: what is not known without the file.
  std::optional<Loaded> load(std::string_view path, const Message& leaves_open,
                             Absent absent = Absent::normal);
  // What no rule reads, for a capture alone. To make the text of some of these files costs the
  // kernel far more than all others together: /proc/pagetypeinfo walks the lists of free blocks,
  // under the zone's lock. False: not read, or not there.
  bool keep(std::string_view path, const Message& leaves_open = {},
            Absent absent = Absent::normal) {
    return options_.for_capture && load(path, leaves_open, absent).has_value();
  }
  // Sorted by name; nullopt as above.
  std::optional<std::vector<Entry>> list(std::string_view path, const Message& leaves_open,
                                         Absent absent = Absent::normal);
  Lines lines(const Loaded& loaded, Lines::End end = Lines::End::kernel) {
    return {loaded.text, loaded.source, &host_.damage, end};
  }

  // Loads `path` and parses it into `field`; leaves `field` alone when there is nothing to read.
  template <class T, class Parser>
  bool parse(std::string_view path, T& field, Parser parser, const Message& leaves_open,
             Absent absent = Absent::normal, Lines::End end = Lines::End::kernel) {
    const auto loaded = load(path, leaves_open, absent);
    if (loaded) {
      field = parser(lines(*loaded, end));
    }
    return loaded.has_value();
  }

  void gap(std::string_view path, const FileError& error, const Message& leaves_open);
  void gap(FileError::Kind kind, std::string_view path, Message why, const Message& leaves_open);

 private:
  Files& files_;
  Host& host_;
  const ReadOptions& options_;
};

// By subject.
void read_kernel(Reader& reader);  // release, command line, settings
void read_memory(Reader& reader);  // meminfo, zones, blocks, slab, swap, pressure
void read_nodes(Reader& reader);   // nodes, huge pages, transparent huge pages, lru_gen
void read_processes(Reader& reader);
void read_pid_namespaces(Reader& reader);  // of the processes that were read
void read_cgroups(Reader& reader);
void read_cgroups_of_processes(Reader& reader);  // where a limit is near
void read_units(Reader& reader);                 // TasksMax= of units that are full or nearly so
void read_task_limits(Reader& reader);           // limits.conf, systemd
void read_services(Reader& reader);              // kubelet, tuned
void read_kept_evidence(Reader& reader);

// Takes out, with a word in the list of damage, a meminfo that contradicts itself, and zones that
// contradict it.
void refuse_what_is_no_machine(Host& host);
void refuse_other_zones(Host& host);  // when the page size is known

}  // namespace whyoom::host
