// SPDX-License-Identifier: Apache-2.0
// The marks on the distance between engine and real numbers
// (docs/architecture/engine_arithmetic.md).
#include "engine_fidelity.hpp"

#include <catch2/catch.hpp>

#include "harness/seed.hpp"

TEST_CASE("engine fidelity: softmax(QK^T)V") {
  auto random = tb::rng("fidelity attention");
  for (const std::uint32_t s : {16U, 64U, 257U, 512U, 1500U, 4096U}) {
    for (const double deviation : {0.0, 0.5, 1.0, 2.0, 4.0, 8.0}) {
      const auto e = fidelity::attention_error(fidelity::random_attention(random, s, deviation));
      INFO("S " << s << " deviation " << deviation);
      CHECK(e.of_range <= (s > 1500 ? 0.007 : 0.005));
      CHECK(e.l2 <= (s <= 512 ? 0.03 : 0.07));
    }
  }
}

TEST_CASE("engine fidelity: one key above a flat tail") {
  auto random = tb::rng("fidelity peak");
  for (const std::uint32_t s : {16U, 64U, 257U, 512U, 1500U, 4096U}) {
    for (const double height : {4.0, 5.0, 5.5, 6.0, 6.5, 7.0, 8.0, 10.0}) {
      const auto e = fidelity::attention_error(fidelity::peaked_attention(random, s, height));
      INFO("S " << s << " height " << height);
      CHECK(e.of_range <= 0.03);
      CHECK(e.of_row_range <= 0.03);
    }
  }
}

TEST_CASE("engine fidelity: requantisation and activations") {
  auto random = tb::rng("fidelity requantisation");
  const auto narrow = fidelity::requantisation_error(random, false, 300000);
  CHECK(narrow.real <= 0.5 + 1.0 / 4096);
  const auto wide = fidelity::requantisation_error(random, true, 300000);
  CHECK(wide.stored <= 0.5 + 1.0 / 4096);
  CHECK(wide.real <= 0.5 + 1.0 / 256);
  const auto gelu = fidelity::activation_error(fidelity::gelu, 1 / 32.0, 1 / 32.0);
  const auto silu = fidelity::activation_error(fidelity::silu, 1 / 16.0, 1 / 16.0);
  for (const auto& a : {gelu, silu}) {
    CHECK(a.of_index <= 0.5);
    CHECK(a.rounded <= 1);
  }
}
