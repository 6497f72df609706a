// SPDX-License-Identifier: Apache-2.0
// Random models through quantiser, lowering and golden executor, against floats.
#include <algorithm>
#include <catch2/catch.hpp>

#include "compiler/integer/run.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/lower/tests/random_model.hpp"
#include "compiler/tests/judge.hpp"

namespace {

using namespace oct;

/// Chains of INT8 lose more than that now and then: few may, and none much more.
TEST_CASE("random models keep 20 dB") {
  constexpr unsigned kModels = 300, kBelow = 20;
  const unsigned first = Catch::rngSeed() * 1000U;
  unsigned below = 0;
  for (unsigned seed = first; seed < first + kModels; ++seed) {
    const lower::RandomModel model = lower::random_model(seed);
    INFO("model " << seed << "\n" << ir::to_text(model.graph));
    const quant::Plan plan = quant::plan(model.graph, model.samples, {});
    const integer::Graph g = lower::lower(plan);
    REQUIRE_NOTHROW(g.verify());
    const exec::Tensors exact = exec::run(model.graph, model.samples[0]);
    double worst = 100;
    for (const auto& [name, got] : integer::run(g, model.samples[0])) {
      worst = std::min(worst, tools::compare(got, exact.at(name)).sqnr);
    }
    below += worst < 20 ? 1 : 0;
    CHECK(worst >= 8);
  }
  INFO(below << " of " << kModels << " below 20 dB");
  CHECK(below <= kBelow);
}

}  // namespace
