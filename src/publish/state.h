// What was sent already: kept over restarts, so that it is not sent again. Written whole to another
// file, synced and renamed: a kill at any moment leaves the old state or the new one, and costs at
// most that some events are sent once more, with the same ids.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_set>

namespace whyoom::publish {

// Where reading goes on in a file that is read again.
struct Position {
  std::uint64_t device = 0, inode = 0, offset = 0;  // of the line's begin; inode 0: no file
};

class State {
 public:
  static constexpr std::size_t most_ids = 100'000;  // the newest

  State() = default;
  State(State&& other) noexcept;
  State& operator=(State&&) = delete;
  ~State();

  // Locks it: two publishers with one state would send twice. `url`: a state is of one receiver. An
  // empty `file` is a state that is kept nowhere. The error is a whole sentence.
  static tl::expected<State, std::string> open(const std::string& file, const std::string& url);

  [[nodiscard]] bool knows(std::string_view id) const;
  void add(std::string_view id);
  // All up to there has its answer.
  void set_last(std::string_view id, const Position& position);
  [[nodiscard]] const std::string& last_id() const { return last_; }
  [[nodiscard]] const Position& position() const { return position_; }
  [[nodiscard]] bool changed() const { return changed_; }
  // Empty, or why it could not be written.
  std::string save();

 private:
  using Id = std::array<char, 16>;
  struct Hash {
    std::size_t operator()(const Id& id) const;
  };
  static bool pack(std::string_view text, Id& id);
  void remember(const Id& id);
  std::string read(const std::string& text, const std::string& url);

  std::string file_, url_, last_;
  Position position_;
  std::deque<Id> order_;
  std::unordered_set<Id, Hash> known_;
  bool changed_ = false;
  int lock_ = -1;
};

}  // namespace whyoom::publish
