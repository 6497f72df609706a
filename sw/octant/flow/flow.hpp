// SPDX-License-Identifier: Apache-2.0
// From an ONNX file to a scheduled network: what `octant compile` and `octant run` share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/passes/host_ends.hpp"
#include "compiler/quant/plan.hpp"
#include "compiler/schedule/schedule.hpp"
#include "flow/stage.hpp"

namespace CLI {
class App;
}

namespace octant {

struct FlowOptions {
  std::string model, config = "octant", calibrate, inputs;
  std::vector<std::string> dims, dumps;
  std::int64_t max_positions = 2048, l1_bytes = 0;
  std::uint64_t seed = 1;
  unsigned sample = 0;    ///< of `inputs`
  bool scheduled = true;  ///< down to the job list, not only to the integer graph
  bool without_engine = false;
  bool host_fallback = false;       ///< what has no integer form runs on the host
  std::string arithmetic = "auto";  ///< "integer", "float": which arithmetic the model means
};

/// Adds the options that both commands have.
void add_flow_options(CLI::App& command, FlowOptions& options);
/// What import and passes make of the file; dumps what was asked for.
[[nodiscard]] oct::ir::Graph canonical_graph(const FlowOptions& options);
/// The same, without what the host does. Throws CompileError for what nobody can run.
[[nodiscard]] oct::passes::HostEnds split_graph(const FlowOptions& options,
                                                const oct::ir::Graph& canonical,
                                                const std::set<std::string>& refused = {});

inline constexpr const char* kCalibrate = "calibrate";  ///< the stage that goes with the samples

struct Compiled {
  oct::ir::Graph model;        ///< canonical, whole
  oct::ir::Graph canonical;    ///< what of it the cluster runs
  oct::passes::HostEnds host;  ///< the rest; its core is `canonical`
  oct::exec::Tensors inputs;   ///< of the inference, and what the host makes of them
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

/// The model's inputs, and beside them what the host makes of them for the cluster.
[[nodiscard]] oct::exec::Tensors prepared(const Compiled& compiled, oct::exec::Tensors inputs);
/// The model's outputs from the cluster's: what the host does behind it.
[[nodiscard]] oct::exec::Tensors finished(const Compiled& compiled,
                                          const oct::exec::Tensors& inputs,
                                          oct::exec::Tensors outputs);
/// All samples of a file, prepared.
[[nodiscard]] std::vector<oct::exec::Tensors> samples_of(const Compiled& compiled,
                                                         const std::string& file);
/// One line about what the host does, or none.
[[nodiscard]] std::string host_text(const Compiled& compiled);

/// Tensors before and after an inference by the golden executor.
struct Golden {
  oct::integer::Memory before, after;
};
[[nodiscard]] Golden golden_run(const Compiled& compiled, const oct::exec::Tensors& inputs);

}  // namespace octant
