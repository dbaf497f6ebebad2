// What whyoom says a host's sysctl files do to a key, for property.py to hold against the real
// programs. Usage: sysctl_answer ROOT KEY...; for each key and reader one line
// "KEY READER HEX" with the value in hexadecimal, "-" when the reader leaves the key alone.
//        sysctl_answer --replace|--comment ROOT KEY boot|system VALUE changes or comments out the
// line that decides; status 1 when there is none or the edit is refused.
//        sysctl_answer --fix ROOT KEY all VALUE writes what `whyoom fix` would write.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "advise/sysctl_edit.h"
#include "host/sysctl_path.h"

namespace {

namespace fs = std::filesystem;
using whyoom::host::FileError;
using whyoom::host::Listing;
using whyoom::host::SysctlKey;

class Tree : public whyoom::host::Files {
 public:
  explicit Tree(std::string root) : root_(std::move(root)) {}

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t) override {
    const auto real = at(path);
    std::error_code error;
    const auto status = fs::symlink_status(real, error);
    if (!fs::exists(status)) {
      return tl::make_unexpected(FileError{FileError::Kind::missing, "missing"});
    }
    if (!fs::is_regular_file(status)) {
      return tl::make_unexpected(FileError{FileError::Kind::not_a_file, "no regular file"});
    }
    std::ifstream in(real, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t) override {
    Listing listing;
    std::error_code error;
    if (!fs::is_directory(fs::symlink_status(at(path), error))) {
      return tl::make_unexpected(FileError{FileError::Kind::missing, "no directory"});
    }
    for (const auto& entry : fs::directory_iterator(at(path), error)) {
      listing.entries.push_back({entry.path().filename().string(), entry.is_directory(error)});
    }
    return listing;
  }
  tl::expected<std::string, FileError> read_link(std::string_view path) override {
    std::error_code error;
    const auto target = fs::read_symlink(at(path), error);
    if (error) {
      return tl::make_unexpected(FileError{FileError::Kind::failed, error.message()});
    }
    return target.string();
  }

  tl::expected<whyoom::host::FileStatus, FileError> status(std::string_view) override {
    return tl::make_unexpected(FileError{FileError::Kind::missing, "not known"});
  }

 private:
  [[nodiscard]] std::string at(std::string_view path) const { return root_ + std::string(path); }
  std::string root_;
};

void print(const std::string& key, const char* reader, const whyoom::host::SysctlAnswer& answer) {
  std::printf("%s %s ", key.c_str(), reader);
  const auto* setting = answer.winning();
  if (setting == nullptr) {
    std::printf("-");
  } else {
    std::printf("=");
    for (const char c : setting->value) {
      std::printf("%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  std::printf("\n");
}

int fix(const std::string& root, const std::string& key, const std::string& value) {
  Tree tree(root);
  const auto edit = whyoom::advise::edit_sysctl_files(tree, {SysctlKey::parse(key).value(), value});
  if (!edit) {
    std::fprintf(stderr, "%s\n", edit.error().str().c_str());
    return 1;
  }
  for (const auto& file : edit->files) {
    fs::create_directories(fs::path(root + file.path).parent_path());
    std::ofstream(root + file.path, std::ios::binary) << file.after.value();
  }
  return 0;
}

int edit(const std::string& operation, const std::string& root, const std::string& key,
         const std::string& reader, const std::string& value) {
  Tree tree(root);
  const auto history = whyoom::host::find_sysctl(tree, SysctlKey::parse(key).value());
  const auto* winner = (reader == "boot" ? history.boot : history.system).winning();
  if (winner == nullptr) {
    return 1;
  }
  auto text = whyoom::host::SysctlText::parse(tree.read(winner->real, SIZE_MAX).value());
  const auto done = operation == "--replace" ? text.replace_value(winner->line, value)
                                             : text.comment_out(winner->line);
  if (!done) {
    return 1;
  }
  std::ofstream(root + winner->real, std::ios::binary) << text.text();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && argv[1][0] == '-') {
    return std::string(argv[1]) == "--fix" ? fix(argv[2], argv[3], argv[5])
                                           : edit(argv[1], argv[2], argv[3], argv[4], argv[5]);
  }
  if (argc < 3) {
    return 2;
  }
  Tree tree(argv[1]);
  for (int i = 2; i < argc; ++i) {
    const auto history = whyoom::host::find_sysctl(tree, SysctlKey::parse(argv[i]).value());
    print(history.key, "boot", history.boot);
    print(history.key, "system", history.system);
    print(history.key, "load", history.load);
  }
  return 0;
}
