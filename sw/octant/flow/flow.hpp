// SPDX-License-Identifier: Apache-2.0
// From an ONNX file to a scheduled network: what `octant compile` and `octant run` share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/quant/plan.hpp"
#include "compiler/schedule/schedule.hpp"
#include "flow/stage.hpp"

namespace octant {

struct FlowOptions {
  std::string model, config = "octant", calibrate, inputs;
  std::vector<std::string> dims, dumps;
  std::int64_t max_positions = 2048, l1_bytes = 0;
  std::uint64_t seed = 1;
  unsigned sample = 0;    ///< of `inputs`
  bool scheduled = true;  ///< down to the job list, not only to the integer graph
  bool without_engine = false;
  std::string arithmetic = "auto";  ///< "integer", "float": which arithmetic the model means
};

/// Adds the options that both commands have.
void add_flow_options(CLI::App& command, FlowOptions& options);
/// What import and passes make of the file; dumps what was asked for.
[[nodiscard]] oct::ir::Graph canonical_graph(const FlowOptions& options);

inline constexpr const char* kCalibrate = "calibrate";  ///< the stage that goes with the samples

struct Compiled {
  oct::ir::Graph canonical;
  oct::exec::Tensors inputs;  ///< of the inference
  oct::lower::Lowered lowered;
  oct::schedule::Machine machine;
  oct::schedule::Network network;
  std::vector<std::string> notes;
  bool whole = false;             ///< of whole numbers: exact, without a float model beside it
  std::vector<StageTime> stages;  ///< what took how long

  [[nodiscard]] const oct::integer::Graph& graph() const { return lowered.graph; }
};

/// Everything up to the job list. Throws CompileError.
[[nodiscard]] Compiled compile_network(const FlowOptions& options);

/// Tensors before and after an inference by the golden executor.
struct Golden {
  oct::integer::Memory before, after;
};
[[nodiscard]] Golden golden_run(const Compiled& compiled, const oct::exec::Tensors& inputs);

}  // namespace octant
