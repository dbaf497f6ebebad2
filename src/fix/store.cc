#include "fix/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/language.h"
#include "base/text.h"
#include "fix/settings_file.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

constexpr int most_number = 1'000'000'000;
const std::string lock_name = "lock";
const std::string new_name = ".new";  // a record that is being written
const std::string old_name = ".old";  // one that is being dropped
const std::string state_file = "state";
// Written, then it changes places with the state. It is there from the beginning and always as
// long, so a change of the state needs no space: a disk that is full now cannot leave a fix
// unfinished.
const std::string state_spare = "state.spare";

std::string content_name(std::string_view side, std::size_t index) {
  return std::string(side) + "." + std::to_string(index);
}

tl::unexpected<std::string> store_error(const std::string& path, int error) {
  const bool elsewhere = error == ELOOP || error == ENOTDIR;
  const std::string why = elsewhere
                              ? tr("it is no directory, or a symbolic link; it is not followed")
                              : why_not(path, error);
  return tl::unexpected(tr("the journal of fixes, {}, cannot be used: {}", printable(path), why));
}

linux::Descriptor open_directory(int directory, const std::string& name) {
  return linux::Descriptor(
      ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int names_in(int directory, std::vector<std::string>& names) {
  return linux::each_entry(open_directory(directory, "."), [&names](const dirent& entry) {
    names.emplace_back(entry.d_name);
    return true;
  });
}

// Only files lie in a record's directory.
void remove_record(int store, const std::string& name) {
  const linux::Descriptor record = open_directory(store, name);
  if (record.get() >= 0) {
    std::vector<std::string> files;
    (void)names_in(record.get(), files);
    for (const std::string& file : files) {
      ::unlinkat(record.get(), file.c_str(), 0);
    }
    ::unlinkat(store, name.c_str(), AT_REMOVEDIR);
  }
}

int make_directory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) != 0) {
    return errno == EEXIST ? 0 : errno;
  }
  const linux::Descriptor parent(
      ::open(std::string(linux::directory_of(path)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return parent.get() < 0 ? errno : linux::sync(parent.get());
}

int make_store(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    struct stat status {};
    const std::string parent = path.substr(0, slash);
    if (::stat(parent.c_str(), &status) != 0) {
      if (const int error = make_directory(parent, 0755)) {
        return error;
      }
    }
  }
  return make_directory(path, 0700);
}

// An error when someone else could have written to it.
tl::expected<void, std::string> check_owner(const std::string& path, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return store_error(path, errno);
  }
  if (status.st_uid != ::geteuid()) {
    return tl::unexpected(
        tr("the journal of fixes, {}, belongs to user {} and not to user {}, who runs this. It is "
           "not believed; nothing was changed",
           printable(path), std::to_string(status.st_uid), std::to_string(::geteuid())));
  }
  if ((status.st_mode & 077U) != 0) {
    return tl::unexpected(
        tr("others than its owner can use the journal of fixes, {}. It is not believed. See who "
           "changed it, then run {}",
           printable(path), command_on("chmod 700 {}", path)));
  }
  return {};
}

// The lock belongs to the open file and ends with the process, however that ends. Unlike flock, it
// can be asked for without being taken.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string state_text(FixState state) {
  constexpr std::size_t longest = 11;  // "rolled-back"
  std::string text(state_name(state));
  text.resize(longest, ' ');
  return text + "\n";
}

std::optional<FixState> parse_state(std::string_view text) {
  for (const FixState state : {FixState::planned, FixState::applied, FixState::rolled_back,
                               FixState::undoing, FixState::undone}) {
    if (trim(text) == state_name(state)) {
      return state;
    }
  }
  return std::nullopt;
}

// The content of a record's file, if it is the one that was written.
bool read_content(int directory, const std::string& name, const std::string& sum,
                  std::optional<std::string>& content) {
  if (!content) {
    return true;
  }
  auto text = linux::read_at(directory, name);
  if (!text) {
    return false;
  }
  content = std::move(*text);
  return sum_of(content) == sum;
}

}  // namespace

tl::expected<FixStore, std::string> FixStore::open(const StoreOptions& options) {
  linux::Descriptor directory(
      ::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory.get() < 0) {
    if (errno == ENOENT) {
      return FixStore(options, linux::Descriptor());
    }
    return store_error(options.path, errno);
  }
  if (const auto ours = check_owner(options.path, directory.get()); !ours) {
    return tl::unexpected(ours.error());
  }
  return FixStore(options, std::move(directory));
}

tl::expected<FixStore, std::string> FixStore::open_locked(const StoreOptions& options, int pid) {
  if (!linux::is_plain_path(options.path)) {
    return store_error(options.path, EINVAL);
  }
  if (const int error = make_store(options.path)) {
    return store_error(options.path, error);
  }
  auto store = open(options);
  if (!store) {
    return store;
  }
  const int directory = store->directory_.get();
  linux::Descriptor lock(
      ::openat(directory, lock_name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (lock.get() < 0) {
    return store_error(options.path, errno);
  }
  struct flock whole = whole_file(F_WRLCK);
  if (::fcntl(lock.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) {
      return store_error(options.path, errno);
    }
    const int other = store->running().value_or(0);
    return tl::unexpected(tr("another whyoom fix is running{}. Wait for its end",
                             other > 0 ? tr(" (pid {})", std::to_string(other)) : std::string()));
  }
  // Only a help for the one who comes second: a full disk is found out when the record is written.
  const std::string number = std::to_string(pid) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 || linux::write_all(lock.get(), number) != 0) {
    (void)::ftruncate(lock.get(), 0);
  }
  remove_record(directory, new_name);
  remove_record(directory, old_name);
  store->lock_ = std::move(lock);
  return store;
}

std::optional<int> FixStore::running() const {
  if (lock_.get() >= 0 || directory_.get() < 0) {
    return std::nullopt;
  }
  const linux::Descriptor file(
      ::openat(directory_.get(), lock_name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct flock whole = whole_file(F_RDLCK);
  if (file.get() < 0 || ::fcntl(file.get(), F_OFD_GETLK, &whole) != 0 || whole.l_type == F_UNLCK) {
    return std::nullopt;
  }
  const auto text = linux::read_whole(file.get(), 64);
  return text ? parse_number<int>(trim(*text)).value_or(0) : 0;
}

bool FixStore::interrupted(const FixRecord& record) const {
  return record.damage.empty() &&
         (record.state == FixState::planned || record.state == FixState::undoing) && !running();
}

tl::expected<std::vector<int>, std::string> FixStore::numbers() const {
  std::vector<int> numbers;
  if (directory_.get() < 0) {
    return numbers;
  }
  std::vector<std::string> names;
  if (const int error = names_in(directory_.get(), names)) {
    return store_error(options_.path, error);
  }
  for (const std::string& name : names) {
    const auto number = parse_number<int>(name);
    if (number && *number > 0 && *number < most_number && std::to_string(*number) == name) {
      numbers.push_back(*number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

FixRecord FixStore::read(int number) const {
  FixRecord record;
  record.number = number;
  const std::string name = std::to_string(number);
  const std::string place = printable(options_.path) + "/" + name;
  const auto damaged = [&](const std::string& why) {
    FixRecord bad;
    bad.number = number;
    bad.damage = tr("the record of fix {} ({}) cannot be used: {}", name, place, why);
    return bad;
  };
  const linux::Descriptor directory = open_directory(directory_.get(), name);
  if (directory.get() < 0) {
    return damaged(errno == ENOTDIR || errno == ELOOP ? tr("it is no directory, or a symbolic link")
                                                      : linux::errno_text(errno));
  }
  const auto text = linux::read_at(directory.get(), "record");
  if (!text) {
    return damaged(tr("its file `record`: {}", linux::errno_text(text.error())));
  }
  auto parsed = parse_record(*text, options_.values);
  if (!parsed) {
    return damaged(parsed.error());
  }
  record = std::move(parsed->record);
  if (record.number != number) {
    return damaged(tr("it is the record of fix {}", std::to_string(record.number)));
  }
  const auto state_text = linux::read_at(directory.get(), state_file);
  const auto state = state_text ? parse_state(*state_text) : std::nullopt;
  if (!state) {
    return damaged(tr("its file `state` is missing or has an unknown word"));
  }
  record.state = *state;
  for (std::size_t i = 0; i < record.change.files.size(); ++i) {
    advise::FileEdit& file = record.change.files[i];
    const std::string before = content_name("before", i);
    const std::string after = content_name("after", i);
    if (!read_content(directory.get(), before, parsed->before[i], file.before)) {
      return damaged(tr("its file {} is missing or damaged", before));
    }
    if (!read_content(directory.get(), after, parsed->after[i], file.after)) {
      return damaged(tr("its file {} is missing or damaged", after));
    }
  }
  return record;
}

tl::expected<std::vector<FixRecord>, std::string> FixStore::list() const {
  const auto found = numbers();
  if (!found) {
    return tl::unexpected(found.error());
  }
  std::vector<FixRecord> records;
  for (const int number : *found) {
    records.push_back(read(number));
  }
  return records;
}

tl::expected<FixRecord, std::string> FixStore::load(int number) const {
  const auto found = numbers();
  if (!found) {
    return tl::unexpected(found.error());
  }
  if (!std::binary_search(found->begin(), found->end(), number)) {
    return tl::unexpected(
        tr("there is no fix {} in {}", std::to_string(number), printable(options_.path)));
  }
  FixRecord record = read(number);
  if (!record.damage.empty()) {
    return tl::unexpected(record.damage);
  }
  return record;
}

int FixStore::write_new_record(const FixRecord& record) {
  if (::mkdirat(directory_.get(), new_name.c_str(), 0700) != 0) {
    return errno;
  }
  const linux::Descriptor directory = open_directory(directory_.get(), new_name);
  if (directory.get() < 0) {
    return errno;
  }
  int error =
      linux::write_new_file(directory.get(), "record", record_text(record, options_.values), 0600);
  const auto write = [&](const std::string& name, const std::string& content) {
    if (error == 0) {
      error = linux::write_new_file(directory.get(), name, content, 0600);
    }
  };
  write(state_file, state_text(record.state));
  write(state_spare, state_text(record.state));
  for (std::size_t i = 0; i < record.change.files.size(); ++i) {
    const advise::FileEdit& file = record.change.files[i];
    if (file.before) {
      write(content_name("before", i), *file.before);
    }
    if (file.after) {
      write(content_name("after", i), *file.after);
    }
  }
  if (error == 0) {
    error = linux::sync(directory.get());
  }
  const std::string name = std::to_string(record.number);
  if (error == 0 &&
      ::renameat(directory_.get(), new_name.c_str(), directory_.get(), name.c_str()) != 0) {
    error = errno;
  }
  return error == 0 ? linux::sync(directory_.get()) : error;
}

tl::expected<int, std::string> FixStore::add(FixRecord record) {
  const auto found = numbers();
  if (!found) {
    return tl::unexpected(found.error());
  }
  record.number = found->empty() ? 1 : found->back() + 1;
  record.state = FixState::planned;
  // What an undo would not take is not kept: nothing could be taken back.
  if (const auto read = parse_record(record_text(record, options_.values), options_.values);
      !read) {
    return tl::unexpected(tr("the record of this fix cannot be kept: {}", read.error()));
  }
  if (const int error = write_new_record(record)) {
    remove_record(directory_.get(), new_name);
    const auto failed = store_error(options_.path, error);
    return drop(record.number) ? failed
                               : tl::unexpected(failed.value() + still_open(record.number));
  }
  return record.number;
}

tl::expected<void, std::string> FixStore::set_state(int number, FixState state) {
  const std::string name = std::to_string(number);
  const linux::Descriptor record = open_directory(directory_.get(), name);
  if (record.get() < 0) {
    return store_error(options_.path + "/" + name, errno);
  }
  const linux::Descriptor spare(::openat(record.get(), state_spare.c_str(),
                                         O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  int error = spare.get() < 0 ? errno : linux::write_all(spare.get(), state_text(state));
  if (error == 0) {
    error = linux::sync(spare.get());
  }
  if (error == 0 && ::renameat2(record.get(), state_spare.c_str(), record.get(), state_file.c_str(),
                                RENAME_EXCHANGE) != 0) {
    error = errno;
    if (linux::no_such_rename(error)) {
      error = ::renameat(record.get(), state_spare.c_str(), record.get(), state_file.c_str()) == 0
                  ? 0
                  : errno;
    }
  }
  if (error == 0) {
    error = linux::sync(record.get());
  }
  return error == 0 ? tl::expected<void, std::string>()
                    : store_error(options_.path + "/" + name, error);
}

bool FixStore::drop(int number) {
  if (::renameat(directory_.get(), std::to_string(number).c_str(), directory_.get(),
                 old_name.c_str()) != 0) {
    return errno == ENOENT;
  }
  remove_record(directory_.get(), old_name);
  (void)linux::sync(directory_.get());
  return true;
}

std::string FixStore::undo_command(int number) const {
  return tr("`whyoom undo {}{}`", std::to_string(number), options_.more);
}

std::string FixStore::still_open(int number) const {
  return tr("; the journal has fix {} as interrupted: {} ends it", std::to_string(number),
            undo_command(number));
}

std::string FixStore::before_path(int number, std::size_t index) const {
  return options_.path + "/" + std::to_string(number) + "/" + content_name("before", index);
}

}  // namespace whyoom::fix
