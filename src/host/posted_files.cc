#include "host/posted_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "host/lines.h"
#include "host/settings.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;

class PostedFiles : public Files {
 public:
  explicit PostedFiles(std::string_view text);
  [[nodiscard]] bool has(std::string_view path) const { return files_.contains(path); }

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  // Not "missing": the host has these directories, and nobody knows what is in them.
  tl::expected<Listing, FileError> list(std::string_view, std::size_t) override {
    return tl::unexpected(FileError{FileError::Kind::failed, "it is not in the text"});
  }
  tl::expected<std::string, FileError> read_link(std::string_view) override { return missing(); }
  tl::expected<FileStatus, FileError> status(std::string_view) override { return missing(); }

 private:
  static tl::unexpected<FileError> missing() {
    return tl::unexpected(FileError{FileError::Kind::missing, "it is not in the text"});
  }
  std::map<std::string, std::string, std::less<>> files_;  // by path
};

// "MemFree:  2155620 kB", "HugePages_Total:  12816"
bool is_meminfo(std::string_view line) {
  return line.find(':') != npos && key_value(line).has_value();
}

// All but the first line of a zone are indented.
bool is_zoneinfo(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t') || line.starts_with("Node ");
}

// "# name  <active_objs> ...", "kmalloc-64  29822  29822  64  64  1 : tunables ..."
bool is_slabinfo(std::string_view line) {
  return line.starts_with("# name") || line.find(" : tunables") != npos;
}

struct Form {
  std::string_view path, begin;  // how its first line begins
  bool (*goes_on)(std::string_view line);
};
constexpr Form forms[] = {{"/proc/meminfo", "MemTotal:", is_meminfo},
                          {"/proc/zoneinfo", "Node 0, zone ", is_zoneinfo},
                          {"/proc/slabinfo", "slabinfo - version:", is_slabinfo}};

struct Block {
  const Form* form = nullptr;
  std::string_view mark;  // before each of its lines
};

std::optional<Block> block_at(std::string_view line) {
  for (const Form& form : forms) {
    const std::size_t at = line.find(form.begin);
    if (at != npos && std::ranges::none_of(line.substr(0, at), is_alnum) &&
        (form.goes_on != is_meminfo || is_meminfo(line.substr(at)))) {
      return Block{&form, line.substr(0, at)};
    }
  }
  return std::nullopt;
}

// What `sysctl` prints and its files say: "vm.min_free_kbytes = 67584". The path, and the value.
std::optional<std::pair<std::string, std::string>> setting_at(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == npos) {
    return std::nullopt;
  }
  const std::string_view key = trim(line.substr(0, equals));
  const std::string_view value = trim(line.substr(equals + 1));
  const bool number = !value.empty() && std::ranges::all_of(value, [](char c) {
    return is_digit(c) || c == '-' || c == ' ' || c == '\t';
  });
  const auto known = std::ranges::find(setting_files(), key, &SettingFile::key);
  return number && known != setting_files().end()
             ? std::optional(std::pair(setting_path(key), std::string(value)))
             : std::nullopt;
}

PostedFiles::PostedFiles(std::string_view text) {
  std::optional<Block> block;
  std::string contents;
  const auto end_block = [&] {
    if (block) {
      files_.emplace(block->form->path, std::move(contents));
      block.reset();
    }
    contents.clear();
  };
  while (!text.empty()) {
    std::string_view line = take_part(text, '\n');
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (block && line.starts_with(block->mark) &&
        block->form->goes_on(line.substr(block->mark.size()))) {
      contents += std::string(line.substr(block->mark.size())) + '\n';
      continue;
    }
    end_block();
    block = block_at(line);
    if (block) {
      contents = std::string(line.substr(block->mark.size())) + '\n';
    } else if (auto setting = setting_at(line)) {
      files_.insert(std::move(*setting));
    }
  }
  end_block();
}

tl::expected<std::string, FileError> PostedFiles::read(std::string_view path, std::size_t most) {
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return missing();
  }
  return found->second.size() > most
             ? tl::unexpected(FileError{FileError::Kind::too_big, "File too large"})
             : tl::expected<std::string, FileError>(found->second);
}

}  // namespace

std::unique_ptr<Files> posted_files(std::string_view text) {
  auto files = std::make_unique<PostedFiles>(text);
  const bool any = files->has("/proc/meminfo") || files->has("/proc/zoneinfo");
  return any ? std::move(files) : nullptr;
}

}  // namespace whyoom::host
