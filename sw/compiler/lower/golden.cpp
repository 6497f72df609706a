// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compiler/integer/run.hpp"
#include "compiler/lower/lower.hpp"

namespace oct::lower {

quant::Runner golden(const quant::Plan& plan) {
  const auto graph = std::make_shared<const integer::Graph>(lower(plan));
  return [graph](const exec::Tensors& inputs) { return integer::run(*graph, inputs); };
}

}  // namespace oct::lower
