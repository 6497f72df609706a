// SPDX-License-Identifier: Apache-2.0
#include "flow/flow.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <stdexcept>

#include "compiler/emit/emit.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/io/samples.hpp"
#include "compiler/passes/pipeline.hpp"
#include "flow/integers.hpp"

namespace octant {
namespace {

using namespace oct;

constexpr std::array<const char*, 3> kLaterStages{"quantise", "integer", "schedule"};

void check_dump_names(const std::vector<std::string>& dumps) {
  auto names = passes::pass_names();
  names.insert(names.end(), kLaterStages.begin(), kLaterStages.end());
  for (const std::string& dump : dumps) {
    if (dump != "all" && std::find(names.begin(), names.end(), dump) == names.end()) {
      throw std::invalid_argument(fmt::format(
          "--dump-after={}: no such stage; there are {} and all", dump, fmt::join(names, ", ")));
    }
  }
}

bool wants(const FlowOptions& options, const std::string& stage) {
  return std::any_of(options.dumps.begin(), options.dumps.end(),
                     [&](const std::string& d) { return d == stage || d == "all"; });
}

std::string quantised_text(const quant::Plan& plan) {
  std::string text;
  for (const auto& [id, q] : plan.values) {
    text += fmt::format("{:<60} INT{:<3} step {:.6g}, seen {:.6g}\n", plan.graph.value(id).name,
                        8 * integer::elem_bytes(q.elem), q.scale, q.max_abs);
  }
  for (const std::string& note : plan.notes) text += "# " + note + "\n";
  return text;
}

std::string schedule_text(const schedule::Network& network) {
  constexpr std::array<const char*, schedule::kNumQueues> kNames{"engine", "dma-in", "dma-out",
                                                                 "team0", "team1"};
  std::string text;
  for (const schedule::Job& job : network.program.jobs()) {
    text +=
        fmt::format("{:<8}{:>5} {:>8.0f} {:<40} {}", kNames.at(static_cast<std::size_t>(job.queue)),
                    job.index, job.estimate, job.note,
                    job.layer < network.layers.size() ? network.layers[job.layer].name : "");
    for (const schedule::Wait& w : job.waits) {
      text += fmt::format(" < {} {}", kNames.at(static_cast<std::size_t>(w.queue)), w.index);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

void add_flow_options(CLI::App& command, FlowOptions& o) {
  command.add_option("model", o.model, "the ONNX file")->required();
  command.add_option("--dim", o.dims, "size of an open dimension, NAME=NUMBER; repeatable");
  command.add_option("--config", o.config, "machine: octant, tiny, fpga")->capture_default_str();
  command.add_option("--calibrate", o.calibrate,
                     "samples for the ranges of activations: arrays by input name");
  command.add_option("--inputs", o.inputs, "inputs of the inference: arrays by name");
  command.add_option("--sample", o.sample, "which of several samples in --inputs")
      ->capture_default_str();
  command.add_option("--l1", o.l1_bytes, "bytes of L1 that the network may use")
      ->check(CLI::Range(std::int64_t{1024}, std::int64_t{1} << 24));
  command.add_flag("--host-fallback", o.host_fallback,
                   "what has no integer form runs on the host; the network is not whole in RTL "
                   "then, and the report says so");
  command.add_flag("--without-engine", o.without_engine,
                   "products and attention on the workers, with the same results");
  command
      .add_option("--arithmetic", o.arithmetic,
                  "integer: the model's numbers are whole and computed exactly; float: they are "
                  "quantised; auto: by what is in the model and in --inputs")
      ->check(CLI::IsMember({"auto", "integer", "float"}))
      ->capture_default_str();
  command.add_option("--seed", o.seed, "of inputs drawn and of the simulation's random state")
      ->capture_default_str();
  command.add_option("--dump-after", o.dumps,
                     "print what a stage made (import, a pass, quantise, integer, schedule, all); "
                     "repeatable");
  command
      .add_option("--max-positions", o.max_positions, "positions that a rotary embedding must know")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

ir::Graph canonical_graph(const FlowOptions& options) {
  check_dump_names(options.dumps);
  importer::ImportOptions import;
  for (const std::string& dim : options.dims) import.dims.insert(importer::parse_dim(dim));
  const auto observe = [&](const std::string& pass, const ir::Graph& graph) {
    spdlog::debug("{}: {} nodes", pass, graph.node_count());
    if (wants(options, pass)) fmt::print("# after {}\n{}", pass, ir::to_text(graph));
  };
  ir::Graph graph = importer::import_file(options.model, import);
  observe("import", graph);
  passes::PassOptions pass_options;
  pass_options.max_positions = options.max_positions;
  return passes::canonicalize(std::move(graph), observe, pass_options);
}

passes::HostEnds split_graph(const FlowOptions& options, const ir::Graph& canonical,
                             const std::set<std::string>& refused) {
  std::set<std::string> host = refused;
  if (options.host_fallback) host.merge(passes::without_integer_forms(canonical));
  passes::HostEnds ends = passes::split_host_ends(canonical, host);
  passes::require_integer_forms(ends.core);
  return ends;
}

exec::Tensors prepared(const Compiled& c, exec::Tensors inputs) {
  if (c.host.before.node_count() == 0) return inputs;
  inputs.merge(exec::run(c.host.before, inputs));
  return inputs;
}

exec::Tensors finished(const Compiled& c, const exec::Tensors& inputs, exec::Tensors outputs) {
  if (!c.host.any()) return outputs;
  exec::Tensors all = prepared(c, inputs);
  for (auto& [name, t] : outputs) all[name] = std::move(t);
  if (c.host.after.node_count() != 0) {
    for (auto& [name, t] : exec::run(c.host.after, all)) all[name] = std::move(t);
  }
  exec::Tensors result;
  for (const ir::Output& o : c.model.outputs()) result[o.name] = all.at(o.name);
  return result;
}

std::string host_text(const Compiled& c) {
  std::string text;
  if (!c.host.prepared.empty()) {
    text += fmt::format("{:<26}{} nodes on ids and masks, before the cluster starts: {}\n", "host",
                        c.host.prepared.size(), fmt::join(c.host.prepared, ", "));
  }
  if (!c.host.refused.empty()) {
    text += fmt::format("{:<26}{} nodes (--host-fallback), NOT whole in RTL: {}\n", "host",
                        c.host.refused.size(), fmt::join(c.host.refused, ", "));
  }
  return text;
}

std::vector<exec::Tensors> samples_of(const Compiled& c, const std::string& file) {
  std::vector<exec::Tensors> samples = io::read_samples(file, c.model);
  for (exec::Tensors& s : samples) s = prepared(c, std::move(s));
  return samples;
}

/// Plan and lowering of what the cluster runs, with ranges from samples.
void quantise(const FlowOptions& options, Compiled& c, const std::set<std::string>& refused) {
  c.host = split_graph(options, c.model, refused);
  c.canonical = c.host.core;
  quant::Options quant_options;
  quant_options.seed = options.seed;
  quant_options.integers = lower::golden;
  std::vector<exec::Tensors> samples;
  if (!options.inputs.empty()) {
    samples = samples_of(c, options.inputs);
    if (options.sample >= samples.size()) {
      throw std::invalid_argument(fmt::format("--sample {}: {} has {} (0 to {})", options.sample,
                                              options.inputs, samples.size(), samples.size() - 1));
    }
    c.inputs = samples[options.sample];
  }
  if (!options.calibrate.empty()) {
    samples = samples_of(c, options.calibrate);
  } else if (samples.empty()) {
    samples = quant::draw_samples(c.model, quant_options);
    for (exec::Tensors& s : samples) s = prepared(c, std::move(s));
    spdlog::warn("ranges come from drawn inputs; --calibrate FILE.npz gives real ones");
  }
  if (c.inputs.empty()) c.inputs = samples.front();
  quant::Plan plan = [&] {
    const Stage stage(kCalibrate, &c.stages);
    return quant::plan(c.canonical, samples, quant_options);
  }();
  if (wants(options, "quantise")) fmt::print("# after quantise\n{}", quantised_text(plan));
  const Stage stage("lower", &c.stages);
  c.lowered = lower::lower_with_places(plan);
  c.notes = std::move(plan.notes);
}

/// With --host-fallback, what lowering refuses is the host's, too, until nothing is refused.
void quantise_with_host(const FlowOptions& options, Compiled& c) {
  {
    const Stage stage("import", &c.stages);
    c.model = canonical_graph(options);
  }
  std::set<std::string> refused;
  for (;;) {
    try {
      return quantise(options, c, refused);
    } catch (const lower::Refused& e) {
      if (!options.host_fallback) throw;
      const std::size_t before = refused.size();
      refused.insert(e.nodes.begin(), e.nodes.end());
      if (refused.size() == before) throw;
      c.inputs.clear();
    }
  }
}

Compiled compile_network(const FlowOptions& options) {
  Compiled c;
  c.machine = emit::machine(options.config);
  c.machine.engine = !options.without_engine;
  if (options.l1_bytes != 0) {
    if (options.l1_bytes > c.machine.l1_bytes) {
      throw std::invalid_argument(fmt::format("--l1 {}: networks may use {} bytes on {}",
                                              options.l1_bytes, c.machine.l1_bytes,
                                              options.config));
    }
    c.machine.l1_bytes = options.l1_bytes;
  }
  c.whole = whole_numbers(options);
  if (c.whole) {
    check_dump_names(options.dumps);
    compile_integers(options, c);
    c.model = c.canonical;
    if (wants(options, "import")) fmt::print("# after import\n{}", ir::to_text(c.canonical));
  } else {
    quantise_with_host(options, c);
  }
  if (c.lowered.graph.name.empty()) c.lowered.graph.name = options.model;
  if (wants(options, "integer")) {
    fmt::print("# after integer\n{}", integer::to_text(c.lowered.graph));
  }
  c.lowered.graph.verify();
  if (!options.scheduled) return c;
  schedule::Options schedule_options;
  schedule_options.machine = c.machine;
  {
    const Stage stage("schedule", &c.stages);
    c.network = schedule::build(c.lowered.graph, schedule_options);
  }
  if (wants(options, "schedule")) fmt::print("# after schedule\n{}", schedule_text(c.network));
  return c;
}

Golden golden_run(const Compiled& c, const exec::Tensors& inputs) {
  Golden g;
  g.before = integer::make_memory(c.graph());
  for (const integer::Port& port : c.graph().inputs) {
    integer::write_input(c.graph(), port, inputs.at(port.name), g.before);
  }
  g.after = g.before;
  integer::run(c.graph(), g.after);
  return g;
}

}  // namespace octant
