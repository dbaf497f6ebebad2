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

class RecordingFiles : public Files {
 public:
  struct Sink {
    std::function<void(std::string_view path, std::string_view contents)> file;
    std::function<void(std::string_view path, std::string_view target)> link;
    // Names as the capture shall have them; may be empty. Contents are the business of `file`.
    std::function<std::string(std::string_view name)> rename = nullptr;
  };
  RecordingFiles(Files& inner, Sink sink) : inner_(inner), sink_(std::move(sink)) {}

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override;
  tl::expected<std::string, FileError> read_link(std::string_view path) override;
  tl::expected<FileStatus, FileError> status(std::string_view path) override;

  // For `capture_index`, when everything has been read.
  [[nodiscard]] const std::string& index() const { return index_; }

 private:
  [[nodiscard]] std::string renamed(std::string_view name) const {
    return sink_.rename ? sink_.rename(name) : std::string(name);
  }
  void note_error(std::string_view what, std::string_view path, const FileError& error);

  Files& inner_;
  Sink sink_;
  std::string index_ = "whyoom capture 1\n";
  // A file is kept as it was at the first look, so that its rules see one state.
  std::map<std::string, std::string, std::less<>> seen_;
  std::set<std::string, std::less<>> noted_;
};

class CaptureFiles : public Files {
 public:
  void add(std::string path, std::string contents);
  // False: this is no index of a capture that this program understands.
  bool add_index(std::string_view text);
  // Where the contents are that were not added: an unpacked capture.
  void contents_in(std::unique_ptr<Files> files) { unpacked_ = std::move(files); }
  [[nodiscard]] bool empty() const { return files_.empty(); }

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override;
  tl::expected<std::string, FileError> read_link(std::string_view path) override;
  tl::expected<FileStatus, FileError> status(std::string_view path) override;

 private:
  template <class T>
  using ByPath = std::map<std::string, T, std::less<>>;

  void add_record(std::string_view line, Listing*& open);
  void add_status(std::string_view mode, std::string_view path, Cursor words);

  ByPath<std::string> files_, links_;
  ByPath<Listing> listings_;
  ByPath<FileStatus> statuses_;
  ByPath<FileError> read_errors_, list_errors_, link_errors_;
  std::unique_ptr<Files> unpacked_;
};

}  // namespace whyoom::host
