// SPDX-License-Identifier: Apache-2.0
#include "tokenizer.hpp"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace octant {
namespace {

constexpr std::int32_t kFirstByte = 3;

/// Bytes of the UTF-8 character that starts at `at`; a stray byte stands for itself.
std::size_t character(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  if ((static_cast<unsigned char>(text[at]) & 0xc0U) == 0xc0U) {
    while (end < text.size() && end < at + 4 &&
           (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      ++end;
    }
  }
  return end - at;
}

}  // namespace

Tokenizer::Tokenizer(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::invalid_argument(fmt::format("{}: cannot be read", file.string()));
  const std::string data{std::istreambuf_iterator<char>(in), {}};
  const auto bad = [&](std::size_t at, const std::string& why) {
    return std::invalid_argument(fmt::format(
        "{}: {} at byte {}; expected a vocabulary as llama2.c writes it", file.string(), why, at));
  };
  std::size_t at = 4;
  if (data.size() < at) throw bad(0, "no length of the longest piece");
  while (at < data.size()) {
    if (data.size() - at < 8) throw bad(at, "half a token");
    Piece piece;
    std::int32_t length = 0;
    std::memcpy(&piece.score, &data[at], 4);
    std::memcpy(&length, &data[at + 4], 4);
    at += 8;
    if (length < 0 || static_cast<std::size_t>(length) > data.size() - at) {
      throw bad(at - 4, fmt::format("a piece of {} bytes", length));
    }
    piece.bytes = data.substr(at, static_cast<std::size_t>(length));
    at += static_cast<std::size_t>(length);
    ids_.emplace(piece.bytes, static_cast<std::int32_t>(pieces_.size()));
    pieces_.push_back(std::move(piece));
  }
  if (pieces_.size() < kFirstByte + 256) {
    throw bad(data.size(), fmt::format("{} tokens, at least {} are needed: the end", pieces_.size(),
                                       kFirstByte + 256));
  }
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> tokens{kBegin};
  if (text.empty()) return tokens;
  // Words carry the space before them; the first has one, too.
  const std::string spaced = " " + std::string(text);
  for (std::size_t i = 0; i < spaced.size();) {
    const std::size_t length = character(spaced, i);
    const auto known = ids_.find(std::string_view(spaced).substr(i, length));
    if (known != ids_.end()) {
      tokens.push_back(known->second);
    } else {
      for (std::size_t b = i; b < i + length; ++b) {
        tokens.push_back(kFirstByte + static_cast<unsigned char>(spaced[b]));
      }
    }
    i += length;
  }
  for (;;) {
    float best = -std::numeric_limits<float>::infinity();
    std::size_t where = 0;
    std::int32_t joined = -1;
    for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
      const auto pair = ids_.find(pieces_[static_cast<std::size_t>(tokens[i])].bytes +
                                  pieces_[static_cast<std::size_t>(tokens[i + 1])].bytes);
      if (pair == ids_.end()) continue;
      const float score = pieces_[static_cast<std::size_t>(pair->second)].score;
      if (score > best) best = score, where = i, joined = pair->second;
    }
    if (joined < 0) return tokens;
    tokens[where] = joined;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

std::string Tokenizer::decode(std::int32_t before, std::int32_t token) const {
  if (token < 0 || static_cast<std::size_t>(token) >= pieces_.size()) {
    throw std::out_of_range(fmt::format("token {}: the vocabulary has {}", token, pieces_.size()));
  }
  if (token >= kFirstByte && token < kFirstByte + 256) {
    return {static_cast<char>(token - kFirstByte)};
  }
  const std::string& bytes = pieces_[static_cast<std::size_t>(token)].bytes;
  return before == kBegin && bytes.starts_with(' ') ? bytes.substr(1) : bytes;
}

}  // namespace octant
