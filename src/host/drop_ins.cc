#include "host/drop_ins.h"

#include <map>
#include <utility>

namespace whyoom::host {

std::vector<std::string> drop_ins(Reader& reader, const std::vector<std::string>& directories,
                                  const Message& leaves_open) {
  std::map<std::string, std::string> by_name;
  for (const std::string& directory : directories) {
    const auto entries = reader.list(directory, leaves_open);
    if (!entries) {
      continue;
    }
    for (const Entry& entry : *entries) {
      if (entry.name.ends_with(".conf")) {
        by_name.emplace(entry.name, directory + "/" + entry.name);
      }
    }
  }
  std::vector<std::string> paths;
  paths.reserve(by_name.size());
  for (auto& [name, path] : by_name) {
    paths.push_back(std::move(path));
  }
  return paths;
}

std::optional<Loaded> load_config(Reader& reader, const std::string& path,
                                  const Message& leaves_open) {
  auto text = reader.files().read(path);
  if (text) {
    return Loaded{std::move(*text), reader.host().sources.add(path)};
  }
  if (text.error().kind != FileError::Kind::missing &&
      text.error().kind != FileError::Kind::not_a_file) {
    reader.gap(path, text.error(), leaves_open);
  }
  return std::nullopt;
}

}  // namespace whyoom::host
