#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom {
namespace {

std::string of(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hex(hash.finish());
}

// The examples of FIPS 180-4.
TEST(Sha256, IsWhatTheStandardSays) {
  EXPECT_EQ(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesOfAnyLengthAreTheWhole) {
  for (std::size_t length = 0; length < 200; ++length) {
    const std::string text(length, 'x');
    for (std::size_t cut = 0; cut <= length; cut += 7) {
      Sha256 hash;
      hash.add(std::string_view(text).substr(0, cut));
      hash.add(std::string_view(text).substr(cut));
      ASSERT_EQ(hex(hash.finish()), of(text)) << length << " cut at " << cut;
    }
  }
}

TEST(Sha256, HexTakesTheFirstBytes) {
  Sha256 hash;
  hash.add("abc");
  EXPECT_EQ(hex(hash.finish(), 4), "ba7816bf");
}

}  // namespace
}  // namespace whyoom
