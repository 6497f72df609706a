// SPDX-License-Identifier: Apache-2.0
// One seed per run decides everything random: reset values, memory contents and stimulus.
// `--seed N` or the environment's OCT_SEED repeat a run; without them every run draws a new one.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace tb {

/// The seed of this run.
[[nodiscard]] std::uint64_t seed();

/// Fixes the seed; main calls it once, before anything random happens.
void set_seed(std::uint64_t value);

/// Parses decimal or 0x-hexadecimal; throws std::invalid_argument on anything else.
[[nodiscard]] std::uint64_t parse_seed(const std::string& text);

/// The seed from OCT_SEED, or a random one.
[[nodiscard]] std::uint64_t seed_from_environment();

/// A number that follows from the run's seed and `stream` alone. Use a stream per purpose and test
/// ("alu shifts"), so that a test run alone repeats what it did among others.
[[nodiscard]] std::uint64_t derived_seed(std::string_view stream);

/// A generator seeded with derived_seed(stream).
[[nodiscard]] std::mt19937_64 rng(std::string_view stream);

/// Uniform in [low, high].
template <typename Int>
[[nodiscard]] Int uniform(std::mt19937_64& generator, Int low, Int high) {
  return static_cast<Int>(std::uniform_int_distribution<std::int64_t>(
      static_cast<std::int64_t>(low), static_cast<std::int64_t>(high))(generator));
}

/// True in `percent` of the calls.
[[nodiscard]] inline bool chance(std::mt19937_64& generator, unsigned percent) {
  return generator() % 100 < percent;
}

}  // namespace tb
