// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding with scores, from a vocabulary file as llama2.c writes it (tok512.bin):
// int32 length of the longest piece, then for each token float32 score, int32 length, bytes; little
// endian. Token 0 is <unk>, 1 begins a text, 2 ends it, 3..258 are single bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace octant {

class Tokenizer {
 public:
  static constexpr std::int32_t kBegin = 1, kEnd = 2;

  /// Throws std::invalid_argument with the file's name and what is wrong in it.
  explicit Tokenizer(const std::filesystem::path& file);

  [[nodiscard]] std::size_t size() const { return pieces_.size(); }
  /// Tokens of a text, kBegin first. The pair of neighbours whose union has the highest score is
  /// joined, the leftmost of equals, until none is in the vocabulary (Sennrich et al. 2016, in
  /// SentencePiece's scored form). Characters that are no piece become bytes.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const;
  /// The bytes of one token behind `before`. Throws std::out_of_range for an id beyond the
  /// vocabulary.
  [[nodiscard]] std::string decode(std::int32_t before, std::int32_t token) const;

 private:
  struct Piece {
    std::string bytes;
    float score = 0;
  };
  std::vector<Piece> pieces_;
  std::map<std::string, std::int32_t, std::less<>> ids_;
};

}  // namespace octant
