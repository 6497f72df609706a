// SPDX-License-Identifier: Apache-2.0
#include "flow/flow.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "compiler/emit/emit.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/io/npz.hpp"
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

std::string known_arrays(const std::map<std::string, ir::Tensor>& arrays) {
  std::vector<std::string> list;
  for (const auto& [name, tensor] : arrays) {
    list.push_back(fmt::format("{} {} {}", name, ir::dtype_name(tensor.dtype()),
                               ir::shape_text(tensor.shape())));
  }
  return list.empty() ? "nothing" : fmt::format("{}", fmt::join(list, ", "));
}

/// How many values of `type` an array holds; 0 if it does not fit.
std::int64_t samples_in(const ir::Tensor& array, const ir::Type& type) {
  if (array.shape() == type.shape) return 1;
  ir::Shape rest = array.shape();
  if (rest.empty()) return 0;
  const std::int64_t n = rest.front();
  rest.erase(rest.begin());
  if (rest == type.shape) return n;
  if (type.shape.empty() || type.shape.front() == 0 || n % type.shape.front() != 0) return 0;
  return rest == ir::Shape(type.shape.begin() + 1, type.shape.end()) ? n / type.shape.front() : 0;
}

ir::Tensor sample_of(const ir::Tensor& array, const ir::Type& type, std::int64_t index) {
  ir::Tensor one(array.dtype(), type.shape);
  const std::size_t bytes = static_cast<std::size_t>(one.size()) * ir::dtype_size(array.dtype());
  const auto* from = array.bytes().data() + static_cast<std::size_t>(index) * bytes;
  const auto copy = [&](auto zero) {
    std::memcpy(one.mutable_data<decltype(zero)>().data(), from, bytes);
  };
  switch (ir::dtype_size(array.dtype())) {
    case 1:
      copy(std::uint8_t{});
      break;
    case 2:
      copy(std::uint16_t{});
      break;
    case 4:
      copy(std::uint32_t{});
      break;
    default:
      copy(std::uint64_t{});
  }
  return one.dtype() == type.dtype ? one : one.converted(type.dtype);
}

}  // namespace

std::pair<std::string, std::int64_t> parse_dim(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  std::int64_t size = -1;
  if (equals != std::string::npos && equals > 0) {
    const char *first = text.data() + equals + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, size);
    if (error != std::errc{} || end != last) size = -1;
  }
  if (size < 0) throw std::invalid_argument("--dim " + text + ": write NAME=NUMBER");
  return {text.substr(0, equals), size};
}

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
  for (const std::string& dim : options.dims) import.dims.insert(parse_dim(dim));
  const auto observe = [&](const std::string& pass, const ir::Graph& graph) {
    spdlog::debug("{}: {} nodes", pass, graph.node_count());
    if (wants(options, pass)) fmt::print("# after {}\n{}", pass, ir::to_text(graph));
  };
  ir::Graph graph = importer::import_file(options.model, import);
  observe("import", graph);
  passes::PassOptions pass_options;
  pass_options.max_positions = options.max_positions;
  graph = passes::canonicalize(std::move(graph), observe, pass_options);
  passes::require_integer_forms(graph);
  return graph;
}

std::vector<exec::Tensors> read_samples(const std::string& file, const ir::Graph& graph) {
  const std::map<std::string, ir::Tensor> arrays = io::read_npz_map(file);
  std::string problems;
  std::int64_t count = -1;
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    const auto it = arrays.find(v.name);
    if (it == arrays.end()) {
      problems += fmt::format("\n  no '{}': the model needs {} {}", v.name,
                              ir::dtype_name(v.type.dtype), ir::shape_text(v.type.shape));
      continue;
    }
    const std::int64_t n = samples_in(it->second, v.type);
    if (n == 0) {
      problems += fmt::format("\n  '{}' is {}, the model needs {} or so many times N", v.name,
                              ir::shape_text(it->second.shape()), ir::shape_text(v.type.shape));
    } else {
      count = count < 0 ? n : std::min(count, n);
    }
  }
  if (!problems.empty()) {
    throw ir::CompileError(fmt::format("{}:{}\n  it has {}", file, problems, known_arrays(arrays)));
  }
  std::vector<exec::Tensors> samples(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)));
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i][v.name] = sample_of(arrays.at(v.name), v.type, static_cast<std::int64_t>(i));
    }
  }
  return samples;
}

/// Canonical graph, plan and lowering, with ranges from samples.
void quantise(const FlowOptions& options, Compiled& c) {
  c.canonical = canonical_graph(options);
  quant::Options quant_options;
  quant_options.seed = options.seed;
  quant_options.integers = lower::golden;
  std::vector<exec::Tensors> samples;
  if (!options.inputs.empty()) {
    samples = read_samples(options.inputs, c.canonical);
    if (options.sample >= samples.size()) {
      throw std::invalid_argument(fmt::format("--sample {}: {} has {} (0 to {})", options.sample,
                                              options.inputs, samples.size(), samples.size() - 1));
    }
    c.inputs = samples[options.sample];
  }
  if (!options.calibrate.empty()) {
    samples = read_samples(options.calibrate, c.canonical);
  } else if (samples.empty()) {
    samples = quant::draw_samples(c.canonical, quant_options);
    spdlog::warn("ranges come from drawn inputs; --calibrate FILE.npz gives real ones");
  }
  if (c.inputs.empty()) c.inputs = samples.front();
  quant::Plan plan = quant::plan(c.canonical, samples, quant_options);
  if (wants(options, "quantise")) fmt::print("# after quantise\n{}", quantised_text(plan));
  c.lowered = lower::lower_with_places(plan);
  c.notes = std::move(plan.notes);
}

Compiled compile_network(const FlowOptions& options) {
  const auto start = std::chrono::steady_clock::now();
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
    if (wants(options, "import")) fmt::print("# after import\n{}", ir::to_text(c.canonical));
  } else {
    quantise(options, c);
  }
  if (c.lowered.graph.name.empty()) c.lowered.graph.name = options.model;
  if (wants(options, "integer")) {
    fmt::print("# after integer\n{}", integer::to_text(c.lowered.graph));
  }
  c.lowered.graph.verify();
  if (!options.scheduled) return c;
  schedule::Options schedule_options;
  schedule_options.machine = c.machine;
  c.network = schedule::build(c.lowered.graph, schedule_options);
  if (wants(options, "schedule")) fmt::print("# after schedule\n{}", schedule_text(c.network));
  c.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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
