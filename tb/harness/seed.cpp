// SPDX-License-Identifier: Apache-2.0
#include "harness/seed.hpp"

#include <cstdlib>
#include <optional>
#include <stdexcept>

namespace tb {
namespace {

std::optional<std::uint64_t>& current() {
  static std::optional<std::uint64_t> value;
  return value;
}

}  // namespace

std::uint64_t parse_seed(const std::string& text) {
  std::size_t used = 0;
  std::uint64_t value = 0;
  try {
    value = std::stoull(text, &used, 0);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || text.front() == '-') {
    throw std::invalid_argument("seed: '" + text + "' is not a number; give decimal or 0x...");
  }
  return value;
}

std::uint64_t seed_from_environment() {
  if (const char* text = std::getenv("OCT_SEED"); text != nullptr && *text != '\0') {
    return parse_seed(text);
  }
  // 31 bits: what $random in a model takes, and short enough to type.
  return std::random_device{}() & 0x7fffffffU;
}

std::uint64_t seed() {
  if (!current()) current() = seed_from_environment();
  return *current();
}

void set_seed(std::uint64_t value) { current() = value; }

std::uint64_t derived_seed(std::string_view stream) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : stream) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  // splitmix64 finaliser, so that neighbouring seeds give unrelated streams.
  std::uint64_t x = hash ^ (seed() * 0x9e3779b97f4a7c15U);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::mt19937_64 rng(std::string_view stream) { return std::mt19937_64(derived_seed(stream)); }

}  // namespace tb
