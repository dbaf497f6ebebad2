// A host's files on their way into a capture, and out of it. What a reader sees while it is
// recorded is what a reader of the capture sees: also which files could not be read, and why.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "host/files.h"

namespace whyoom::host {

// The part of a capture that is no file of the host: listings, errors, links, owners. One record
// a line; a reader passes over records that it does not know.
inline constexpr std::string_view capture_index = "whyoom/index";

// Any bytes as one word of a record, and back.
std::string escape_word(std::string_view text);
std::string unescape_word(std::string_view text);

// What whoever reads a capture has to keep in memory. A thing counts with its text and with what
// it costs to hold it, so that a million empty files are as bounded as one long one. A host with
// 5,000 processes, 4,096 cgroups and 100,000 names takes about 100 MiB of it, logs up to 128 MiB.
class CaptureRoom {
 public:
  static constexpr std::size_t of_host = std::size_t{256} << 20U;
  static constexpr std::size_t of_all = std::size_t{384} << 20U;

  explicit CaptureRoom(std::size_t bytes) : left_(bytes) {}
  // False: there is no room, and nothing was taken.
  bool take(std::size_t text_bytes) { return take_bytes(per_thing + text_bytes); }
  bool take_name(std::string_view name) { return take_bytes(2 * sizeof(Entry) + name.size()); }

 private:
  static constexpr std::size_t per_thing = 192;  // a node of a map, two strings, their blocks
  bool take_bytes(std::size_t bytes) {
    const bool room = bytes <= left_;
    left_ -= room ? bytes : 0;
    return room;
  }
  std::size_t left_;
};

class RecordingFiles : public Files {
 public:
  struct Sink {
    std::function<void(std::string_view path, std::string_view contents)> file;
    std::function<void(std::string_view path, std::string_view target)> link;
    // Names as the capture shall have them; may be empty. Contents are the business of `file`.
    std::function<std::string(std::string_view name)> rename = nullptr;
  };
  RecordingFiles(Files& inner, Sink sink, std::size_t room = CaptureRoom::of_host)
      : inner_(inner), sink_(std::move(sink)), room_(room) {}

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override;
  tl::expected<std::string, FileError> read_link(std::string_view path) override;
  tl::expected<FileStatus, FileError> status(std::string_view path) override;

  // For `capture_index`, when everything has been read.
  [[nodiscard]] const std::string& index() const { return index_; }
  // Files, directories and links that had no room. Their readers were told that they are too big.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  [[nodiscard]] std::string renamed(std::string_view name) const {
    return sink_.rename ? sink_.rename(name) : std::string(name);
  }
  void note_error(std::string_view what, std::string_view path, const FileError& error);
  tl::unexpected<FileError> no_room();

  Files& inner_;
  Sink sink_;
  CaptureRoom room_;
  std::uint64_t left_out_ = 0;
  std::string index_ = "whyoom capture 1\n";
  // A file is kept as it was at the first look, so that its rules see one state.
  std::map<std::string, std::string, std::less<>> seen_;
  std::set<std::string, std::less<>> noted_;
};

class CaptureFiles : public Files {
 public:
  // The error is a sentence: what is more than a capture can be, or no part of one.
  using Result = tl::expected<void, std::string>;
  explicit CaptureFiles(std::size_t room = CaptureRoom::of_all) : room_(room) {}

  Result add(std::string path, std::string contents);
  // The index in pieces of any size, then its end.
  Result index_part(std::string_view piece);
  Result index_end();
  Result add_index(std::string_view text);  // all of it
  // Where the contents are that were not added: an unpacked capture.
  void contents_in(std::unique_ptr<Files> files) { unpacked_ = std::move(files); }

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override;
  tl::expected<std::string, FileError> read_link(std::string_view path) override;
  tl::expected<FileStatus, FileError> status(std::string_view path) override;

 private:
  template <class T>
  using ByPath = std::map<std::string, T, std::less<>>;

  Result add_line(std::string_view line);
  Result add_record(std::string_view line);
  Result add_name(std::string name, bool is_directory);
  void add_status(std::string_view mode, std::string_view path, Cursor words);

  CaptureRoom room_;
  std::string line_;  // of the index, as much as came
  enum class Index : std::uint8_t { none, open, ended } index_ = Index::none;
  Listing* listing_ = nullptr;  // the one whose names come
  ByPath<std::string> files_, links_;
  ByPath<Listing> listings_;
  ByPath<FileStatus> statuses_;
  ByPath<FileError> read_errors_, list_errors_, link_errors_;
  std::unique_ptr<Files> unpacked_;
};

}  // namespace whyoom::host
