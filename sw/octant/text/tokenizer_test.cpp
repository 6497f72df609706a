// SPDX-License-Identifier: Apache-2.0
#include "tokenizer.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <random>

#include "harness/seed.hpp"

namespace {
using octant::Tokenizer;

struct File {
  std::filesystem::path path;
  explicit File(const std::string& bytes)
      : path(std::filesystem::temp_directory_path() /
             ("tokenizer_test_" + std::to_string(std::random_device{}()))) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~File() { std::filesystem::remove(path); }
};

std::string number(auto value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string token(const std::string& piece, float score) {
  return number(score) + number(static_cast<std::int32_t>(piece.size())) + piece;
}
/// Specials, bytes, then some pieces: ids from 259 on.
std::string vocabulary() {
  std::string data = number(std::int32_t{8});
  for (const char* special : {"<unk>", "\n<s>\n", "\n</s>\n"}) data += token(special, 0);
  for (int b = 0; b < 256; ++b) {
    char text[8];
    snprintf(text, sizeof text, "<0x%02X>", b);
    data += token(text, 0);
  }
  const std::pair<const char*, float> pieces[] = {{" ", -9},  {"a", -8},   {"b", -7},
                                                  {"c", -6},  {"ab", -1},  {"bc", -2},
                                                  {" a", -3}, {"abc", -4}, {"\xc3\xa4", -5}};
  for (const auto& [piece, score] : pieces) data += token(piece, score);
  return data;
}

}  // namespace

TEST_CASE("tokenizer: pairs are joined by score") {
  const File file(vocabulary());
  const Tokenizer t(file.path);
  CHECK(t.size() == 3 + 256 + 9);
  CHECK(t.encode("") == std::vector<std::int32_t>{1});
  // " ", a, b, c: ab (-1) goes first, then abc.
  CHECK(t.encode("abc") == std::vector<std::int32_t>{1, 259, 266});
  CHECK(t.encode("a a") == std::vector<std::int32_t>{1, 265, 265});
  // A character with a piece, one without.
  CHECK(t.encode("\xc3\xa4") == std::vector<std::int32_t>{1, 259, 267});
  CHECK(t.encode("\xc3\xb6") == std::vector<std::int32_t>{1, 259, 3 + 0xc3, 3 + 0xb6});
}

TEST_CASE("tokenizer: what was encoded comes back") {
  const File file(vocabulary());
  const Tokenizer t(file.path);
  std::mt19937_64 random(tb::seed());
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (std::size_t n = random() % 20; n > 0; --n) text += "abc xyz\xc3\xa4"[random() % 9];
    std::string back;
    std::int32_t before = -1;
    for (const std::int32_t id : t.encode(text)) {
      if (before >= 0) back += t.decode(before, id);
      before = id;
    }
    CHECK(back == text);
  }
  CHECK_THROWS_AS(t.decode(1, 268), std::out_of_range);
  CHECK_THROWS_AS(t.decode(1, -1), std::out_of_range);
}

TEST_CASE("tokenizer: a damaged file is refused by name") {
  CHECK_THROWS_AS(Tokenizer("/nowhere/tok.bin"), std::invalid_argument);
  const std::string good = vocabulary();
  for (const std::size_t cut : {std::size_t{0}, std::size_t{3}, std::size_t{7}, good.size() - 1}) {
    const File file(good.substr(0, cut));
    CHECK_THROWS_WITH(Tokenizer(file.path), Catch::Contains(file.path.string()));
  }
}
