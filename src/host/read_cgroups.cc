// The cgroup trees: where they are mounted, then level by level down to a number of groups.
#include <algorithm>
#include <initializer_list>

#include "base/text.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

constexpr auto person = Lines::End::person;

// "/sys/fs/cgroup" + what `path` has below `root`.
std::string directory_of(const CgroupTree& tree, std::string_view path) {
  const std::size_t above = tree.root == "/" ? 0 : tree.root.size();
  std::string directory = tree.mount;
  if (path.size() > above && path != "/") {
    directory += path.substr(above);
  }
  return directory;
}

// Reads the files of one group. Missing files are normal: a controller may be off for a subtree.
class GroupReader {
 public:
  GroupReader(Reader& reader, std::uint64_t& denied) : reader_(reader), denied_(denied) {}

  void read(const CgroupTree& tree, Cgroup& group) {
    directory_ = directory_of(tree, tree.path_of(group)) + "/";
    if (tree.memory) {
      tree.version2 ? memory2(group) : memory1(group);
    }
    if (tree.pids) {
      pids(group);
    }
  }

 private:
  std::optional<Loaded> load(std::string_view name) {
    const std::string path = directory_ + std::string(name);
    auto text = reader_.files().read(path);
    if (!text) {
      denied_ += text.error().kind == FileError::Kind::missing ? 0 : 1;
      return std::nullopt;
    }
    return Loaded{std::move(*text), reader_.host().sources.add(reader_.files().said_by(path))};
  }

  template <class T, class Parser>
  bool parse(std::string_view name, T& field, Parser parser) {
    const auto loaded = load(name);
    if (loaded) {
      field = parser(reader_.lines(*loaded, person));
    }
    return loaded.has_value();
  }

  bool number(std::string_view name, Maybe<std::uint64_t>& field) {
    const auto loaded = load(name);
    if (loaded) {
      field = single_number<std::uint64_t>(loaded->text, loaded->source, &reader_.host().damage);
    }
    return loaded.has_value();
  }

  bool bytes(std::string_view name, Maybe<Bytes>& field) {
    Maybe<std::uint64_t> read;
    const bool found = number(name, read);
    if (read) {
      field = Read<Bytes>{Bytes(read->value), read->at};
    }
    return found;
  }

  // As Reader::keep(). True: all are there.
  bool keep(std::initializer_list<std::string_view> names) {
    bool all = reader_.options().for_capture;
    if (all) {
      for (const std::string_view name : names) {
        all = load(name).has_value() && all;
      }
    }
    return all;
  }

  void memory2(Cgroup& group) {
    keep({"memory.stat"});
    if (const auto loaded = load("cgroup.stat")) {
      group.descendants = parse_named_number(reader_.lines(*loaded), "nr_descendants");
      group.dying_descendants = parse_named_number(reader_.lines(*loaded), "nr_dying_descendants");
    }
    if (!bytes("memory.current", group.current) && reader_.options().posted.empty()) {
      return;  // the root has none of the rest, nor has a group without the controller
    }
    keep({"memory.peak"});
    parse("memory.max", group.max, parse_max_or_bytes);
    parse("memory.high", group.high, parse_max_or_bytes);
    keep(
        {"memory.low", "memory.min", "memory.swap.current", "memory.swap.max", "memory.oom.group"});
    oom_kills("memory.events", group);
    if (group.high && group.high->value) {
      pressure(group);
    }
    keep({"memory.swap.events"});
  }

  void memory1(Cgroup& group) {
    if (bytes("memory.usage_in_bytes", group.current)) {
      keep({"memory.max_usage_in_bytes"});
      parse("memory.limit_in_bytes", group.max, parse_max_or_bytes);
      keep({"memory.failcnt"});
    }
    for (const std::string counter : {"memory.memsw", "memory.kmem", "memory.kmem.tcp"}) {
      if (keep({counter + ".usage_in_bytes"})) {
        keep({counter + ".max_usage_in_bytes", counter + ".limit_in_bytes", counter + ".failcnt"});
      }
    }
    keep({"memory.stat"});
    oom_kills("memory.oom_control", group);
  }

  void oom_kills(std::string_view name, Cgroup& group) {
    if (const auto loaded = load(name)) {
      group.oom_kill = parse_named_number(reader_.lines(*loaded), "oom_kill");
      if (group.high) {
        group.high_events = parse_named_number(reader_.lines(*loaded), "high");
      }
    }
  }

  void pressure(Cgroup& group) {
    if (const auto loaded = load("memory.pressure")) {
      group.stalled = parse_stalled(reader_.lines(*loaded));
    }
  }

  void pids(Cgroup& group) {
    if (!number("pids.current", group.pids_current)) {
      return;
    }
    parse("pids.max", group.pids_max, parse_max_or_number);
    if (const auto loaded = load("pids.events")) {
      group.pids_max_events = parse_named_number(reader_.lines(*loaded), "max");
    }
  }

  Reader& reader_;
  std::uint64_t& denied_;
  std::string directory_;
};

class TreeReader {
 public:
  TreeReader(Reader& reader, CgroupTree& tree) : reader_(reader), tree_(tree) {}

  // False when the mount cannot even be listed.
  bool read() {
    add(tree_.root, std::nullopt, 0);
    GroupReader group_reader(reader_, denied_);
    // The vector is the queue: a group's children are added behind it.
    for (std::size_t i = 0; i < tree_.groups.size(); ++i) {
      group_reader.read(tree_, tree_.groups[i]);
      const bool listed = add_children(static_cast<std::uint32_t>(i));
      if (!listed && i == 0) {
        tree_.groups.clear();
        return false;
      }
    }
    note_gaps();
    return true;
  }

 private:
  void add(std::string path, std::optional<std::uint32_t> parent, std::uint16_t depth) {
    Cgroup group;
    group.path = static_cast<std::uint32_t>(tree_.paths.size());
    group.parent = parent;
    group.depth = depth;
    tree_.paths.push_back(std::move(path));
    tree_.groups.push_back(group);
  }

  bool add_children(std::uint32_t parent) {
    const std::string path(tree_.path_of(tree_.groups[parent]));
    auto listing = reader_.files().list(directory_of(tree_, path));
    if (!listing) {
      const bool missing = listing.error().kind == FileError::Kind::missing;
      if (parent == 0) {
        reader_.gap(tree_.mount, listing.error(), Message("the limits of cgroups are not known"));
      }
      denied_ += missing ? 0 : 1;
      return false;
    }
    tree_.cut = tree_.cut || listing->cut;
    std::sort(listing->entries.begin(), listing->entries.end(),
              [](const Entry& a, const Entry& b) { return a.name < b.name; });
    const auto depth = static_cast<std::uint16_t>(tree_.groups[parent].depth + 1);
    for (const Entry& entry : listing->entries) {
      if (!entry.is_directory) {
        continue;
      }
      if (depth > reader_.options().most_depth ||
          tree_.groups.size() >= reader_.options().most_cgroups) {
        tree_.cut = true;
        break;
      }
      add(path == "/" ? "/" + entry.name : path + "/" + entry.name, parent, depth);
    }
    return true;
  }

  void note_gaps() {
    if (tree_.cut) {
      reader_.gap(FileError::Kind::too_big, tree_.mount,
                  Message("only {} cgroups below {} were read", tree_.groups.size(),
                          printable(tree_.mount)),
                  Message("the limits of the others are not known"));
    }
    if (denied_ > 0) {
      reader_.gap(FileError::Kind::denied, tree_.mount,
                  Message("{} files and directories below {} could not be read", denied_,
                          printable(tree_.mount)),
                  Message("some limits of cgroups are not known"));
    }
  }

  Reader& reader_;
  CgroupTree& tree_;
  std::uint64_t denied_ = 0;
};

bool has_word(std::string_view text, std::string_view wanted) {
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    if (word == wanted) {
      return true;
    }
  }
  return false;
}

// Where mountinfo cannot be read, the usual places.
std::vector<CgroupMount> usual_mounts(Reader& reader) {
  std::vector<CgroupMount> mounts;
  const std::string top = "/sys/fs/cgroup";
  for (const std::string& path : {top, top + "/unified"}) {
    if (reader.files().read(path + "/cgroup.controllers")) {
      mounts.push_back({path, "/", true, false, false});
    }
  }
  if (reader.files().list(top + "/memory", 1)) {
    mounts.push_back({top + "/memory", "/", false, true, false});
  }
  if (reader.files().list(top + "/pids", 1)) {
    mounts.push_back({top + "/pids", "/", false, false, true});
  }
  return mounts;
}

void read_mounts(Reader& reader) {
  Mounts& mounts = reader.host().mounts;
  for (const char* path : {"/proc/self/mountinfo", "/proc/1/mountinfo"}) {
    if (reader.parse(path, mounts, parse_mountinfo, Message("the mounts are not known"))) {
      break;
    }
  }
  if (mounts.cgroups.empty()) {
    mounts.cgroups = usual_mounts(reader);
  }
}

// A hierarchy may be mounted in several places.
bool already_read(const Host& host, const CgroupTree& tree) {
  return std::any_of(host.cgroups.begin(), host.cgroups.end(), [&](const CgroupTree& other) {
    return other.version2 == tree.version2 && other.memory == tree.memory &&
           other.pids == tree.pids && !other.groups.empty();
  });
}

}  // namespace

void read_cgroups(Reader& reader) {
  read_mounts(reader);
  Host& host = reader.host();
  for (const CgroupMount& mount : host.mounts.cgroups) {
    CgroupTree tree;
    tree.version2 = mount.version2;
    tree.memory = mount.memory;
    tree.pids = mount.pids;
    tree.mount = mount.path;
    tree.root = mount.root.starts_with('/') ? mount.root : "/";
    if (mount.version2) {
      const auto controllers = reader.files().read(mount.path + "/cgroup.controllers");
      tree.memory = controllers && has_word(*controllers, "memory");
      tree.pids = controllers && has_word(*controllers, "pids");
    }
    if ((!tree.memory && !tree.pids) || already_read(host, tree)) {
      continue;
    }
    if (TreeReader(reader, tree).read()) {
      host.cgroups.push_back(std::move(tree));
    }
  }
  const auto has = [&](bool CgroupTree::*controller) {
    return std::any_of(host.cgroups.begin(), host.cgroups.end(),
                       [&](const CgroupTree& tree) { return tree.*controller; });
  };
  if (!has(&CgroupTree::memory)) {
    reader.gap(FileError::Kind::missing, "/sys/fs/cgroup",
               Message("no cgroup tree with the memory controller was found"),
               Message("the memory limits of cgroups are not known"));
  }
  if (!has(&CgroupTree::pids)) {
    reader.gap(FileError::Kind::missing, "/sys/fs/cgroup",
               Message("no cgroup tree with the pids controller was found"),
               Message("the task limits of cgroups are not known"));
  }
}

}  // namespace whyoom::host
