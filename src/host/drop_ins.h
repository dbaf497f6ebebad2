// Directories of drop-ins, as systemd and PAM read them. Private to this layer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/reader.h"

namespace whyoom::host {

// The files of drop-in directories in the order in which they apply: by name over all directories,
// a directory that stands first hiding the same name in the later ones.
std::vector<std::string> drop_ins(Reader& reader, const std::vector<std::string>& directories,
                                  const Message& leaves_open);

// A drop-in may be a link to /dev/null, which hides the same name elsewhere.
std::optional<Loaded> load_config(Reader& reader, const std::string& path,
                                  const Message& leaves_open);

}  // namespace whyoom::host
