// The write-ahead journal of fixes: a directory with one numbered directory for each fix, which
// holds the record, the old and the new content of each file (before.0, after.0, ...), and the
// state. A record is on the disk, whole, before the first file is changed, so whatever ends a fix
// half way, it can be finished or taken back.
//
// The store belongs to the user who runs this (root) and nobody else can look into it: it holds
// copies of files that may be private. A store that others could have written to is refused.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "fix/record.h"
#include "linux/descriptor.h"

namespace whyoom::fix {

struct StoreOptions {
  std::string path = "/var/lib/whyoom/fixes";
  RunningValues values = {};  // a record that sets a value elsewhere is not believed
  std::string more = {};      // what a command about this store needs: " --root /mnt"
};

// Errors are whole sentences.
class FixStore {
 public:
  // To look. A store that is not there is an empty one.
  static tl::expected<FixStore, std::string> open(const StoreOptions& options);
  // To change: made when it is missing, and locked against another fix for as long as this lives.
  // `pid` is told to whoever comes second.
  static tl::expected<FixStore, std::string> open_locked(const StoreOptions& options, int pid);

  // All, the oldest first. A damaged one is in the list and says what is wrong.
  [[nodiscard]] tl::expected<std::vector<FixRecord>, std::string> list() const;
  // An error when it is not there or damaged.
  [[nodiscard]] tl::expected<FixRecord, std::string> load(int number) const;

  // The process that holds the lock, 0 when its number is not known; nullopt: none but this one.
  [[nodiscard]] std::optional<int> running() const;
  // Neither done nor taken back, and nobody is at it.
  [[nodiscard]] bool interrupted(const FixRecord& record) const;

  // The following need the lock.
  // Puts the record on the disk as planned and gives it a number.
  tl::expected<int, std::string> add(FixRecord record);
  tl::expected<void, std::string> set_state(int number, FixState state);
  // For a fix that changed nothing. False when its record could not be taken out of the journal.
  bool drop(int number);

  [[nodiscard]] const std::string& more() const { return options_.more; }
  [[nodiscard]] const RunningValues& values() const { return options_.values; }
  // "`whyoom undo 3`"
  [[nodiscard]] std::string undo_command(int number) const;
  // "; the journal has fix 3 as interrupted ...": the end of a sentence, for one that is settled
  // and whose record could not be written so.
  [[nodiscard]] std::string still_open(int number) const;
  // Where the old content of the file with this index lies.
  [[nodiscard]] std::string before_path(int number, std::size_t index) const;

 private:
  FixStore(StoreOptions options, linux::Descriptor directory)
      : options_(std::move(options)), directory_(std::move(directory)) {}
  [[nodiscard]] tl::expected<std::vector<int>, std::string> numbers() const;
  [[nodiscard]] FixRecord read(int number) const;
  int write_new_record(const FixRecord& record);

  StoreOptions options_;
  linux::Descriptor directory_;  // none: there is no store
  linux::Descriptor lock_;
};

}  // namespace whyoom::fix
