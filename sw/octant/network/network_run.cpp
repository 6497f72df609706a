// SPDX-License-Identifier: Apache-2.0
#include "network/network_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "compiler/emit/layout.hpp"
#include "compiler/ir/tensor.hpp"
#include "harness/control_regs.hpp"
#include "harness/elf_loader.hpp"
#include "harness/model_library.hpp"
#include "harness/program_run.hpp"
#include "harness/report.hpp"

namespace octant {
namespace {

using oct::integer::Role;

constexpr std::uint32_t kEngineRegs = 0x2000;

/// As oct_net_result_t of oct_net_run.h, in words.
struct Record {
  std::uint32_t runs, status, begin, end, last, error_valid, queue, tag, cause, addr, table,
      element, id, limit;
};

bool in_l2(const oct::integer::Graph& graph, const oct::schedule::Network& network, std::size_t t) {
  const Role role = graph.tensors[t].role;
  return network.l2.at(t) >= 0 &&
         (role == Role::kInput || role == Role::kState || role == Role::kOutput);
}

std::vector<std::pair<std::string, std::uint64_t>> engine_counters(tb::AxilDriver& host) {
  constexpr std::array<const char*, 9> kNames{"active",  "computing", "wait_x",
                                              "wait_w",  "wait_acc",  "wait_p",
                                              "no_slot", "refused",   "jobs"};
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (std::uint32_t i = 0; i < kNames.size(); ++i) {
    all.emplace_back(kNames.at(i), host.read(kEngineRegs + 4 * i));
  }
  return all;
}

/// Times from the first instruction on; what each layer took.
void measure(const oct::schedule::Network& network, const PieceChecker& checker,
             std::uint32_t begin, unsigned macs, NetworkResult& result) {
  const std::uint64_t zero = checker.released() + begin;
  const auto since = [&](std::uint64_t cycle) { return cycle > zero ? cycle - zero : 0; };
  result.jobs = checker.times();
  result.layers.resize(network.layers.size());
  for (LayerTime& l : result.layers) l.first = ~std::uint64_t{0};
  for (std::size_t i = 0; i < result.jobs.size(); ++i) {
    JobTime& t = result.jobs[i];
    t = {since(t.start), since(t.end)};
    result.cycles = std::max(result.cycles, t.end);
    const oct::schedule::Job& job = network.program.jobs()[i];
    if (job.layer >= result.layers.size()) continue;
    LayerTime& l = result.layers[job.layer];
    l.first = std::min(l.first, t.start);
    l.last = std::max(l.last, t.end);
    if ((job.words[0] & 0xff) == 0x10) {
      l.bytes += std::uint64_t{job.words[6]} * (job.words[7] & 0xffff) * (job.words[7] >> 16);
    }
  }
  for (LayerTime& l : result.layers) {
    if (l.last == 0) l.first = 0;
  }
  const LostCycles lost = lost_cycles(network, result.jobs, checker.engine(), begin + 1, macs);
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    result.layers[i].cycles = lost.cycles[i];
    result.layers[i].causes = lost.layers[i];
  }
  result.causes = lost.total;
  result.wrong = lost.check(result.cycles);
}

}  // namespace

struct NetworkSession::State {
  const oct::integer::Graph& graph;
  const oct::schedule::Network& network;
  NetworkOptions options;
  oct::emit::Layout layout;
  tb::ElfProgram program;
  tb::BackDoor door;
  std::unique_ptr<tb::Cluster> cluster;
  std::unique_ptr<PieceChecker> checker;
  bool counted = false;  // the engine's counters have been compared: they go on in later runs
};

NetworkSession::NetworkSession(const oct::integer::Graph& graph,
                               const oct::schedule::Network& network,
                               const std::filesystem::path& folder, const NetworkOptions& options)
    : state_(std::make_unique<State>(State{graph,
                                           network,
                                           options,
                                           oct::emit::lay_out(graph, network, options.config),
                                           tb::ElfProgram::load(folder / "network.elf"),
                                           {},
                                           nullptr,
                                           nullptr,
                                           false})) {
  if (!state_->program.symbol("oct_net_result")) {
    throw tb::ElfError(state_->program.name() + ": is no network (no oct_net_result in it)");
  }
  auto model = tb::load_model(options.config,
                              options.trace    ? tb::ModelKind::kTrace
                              : options.checks ? tb::ModelKind::kChecked
                                               : tb::ModelKind::kFast,
                              options.seed);
  state_->door = model->back_door();
  tb::ClusterOptions cluster_options;
  cluster_options.checks = options.checks;
  cluster_options.memory.read_latency = cluster_options.memory.write_latency = options.latency;
  cluster_options.memory.seed = options.seed + 1;
  if (options.trace) cluster_options.trace = options.trace(*model);
  state_->cluster =
      std::make_unique<tb::Cluster>(std::make_unique<tb::Watched>(std::move(model),
                                                                  [state = state_.get()] {
                                                                    if (state->checker)
                                                                      state->checker->tick();
                                                                  }),
                                    cluster_options);
  state_->cluster->memory().write(state_->layout.l2(network.image_l2), state_->layout.image);
}

NetworkSession::~NetworkSession() = default;

NetworkResult NetworkSession::run(const oct::integer::Memory& initial,
                                  const oct::integer::Memory& golden, std::int64_t slot,
                                  bool keep_states) {
  const oct::integer::Graph& graph = state_->graph;
  const oct::schedule::Network& network = state_->network;
  const oct::emit::Layout& layout = state_->layout;
  const NetworkOptions& options = state_->options;
  tb::Cluster& cluster = *state_->cluster;
  tb::AxiMemory& memory = cluster.memory();
  if (slot < 0) slot = graph.slots - 1;
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const Role role = graph.tensors[t].role;
    if (!in_l2(graph, network, t) || role == Role::kOutput) continue;
    if (role == Role::kState && keep_states) continue;
    memory.write(layout.l2(network.l2[t]), initial.at(t));
  }
  if (const auto place = state_->program.symbol("oct_net_slot")) {
    memory.store(*place, static_cast<std::uint32_t>(slot));
  }
  if (options.tamper) options.tamper(memory);

  NetworkResult result;
  tb::RunOptions run;
  run.max_cycles = options.max_cycles;
  run.watchdog = options.watchdog;
  run.fast_load = true;
  run.args = {std::to_string(options.repeat)};
  std::string said;
  run.console = [&](std::string_view text) { said += text; };
  std::string machine_error;
  run.warn = [&](const std::string& text) {
    if (machine_error.empty()) machine_error = text;
  };
  tb::ProgramRun program_run(cluster, state_->program, run);
  state_->checker = std::make_unique<PieceChecker>(graph, network, golden, layout.arena, slot);
  PieceChecker& checker = *state_->checker;
  checker.progress = options.progress;
  checker.attach(state_->door, cluster.info().l1_bytes, cluster.info().cores - 1, memory);
  const std::uint64_t before = cluster.cycle();
  const auto start = std::chrono::steady_clock::now();
  int exit_code = 0;
  try {
    exit_code = program_run.run().exit_code;
  } catch (const tb::WatchdogError& error) {
    throw tb::WatchdogError(std::string(error.what()) + checker.heads());
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.simulated = cluster.cycle() - before;

  const auto record = memory.load<Record>(*state_->program.symbol("oct_net_result"));
  if (exit_code == 1) {
    const oct::emit::Ids& ids = layout.ids.at(record.table);
    throw oct::ir::CompileError(fmt::format(
        "input {}: element {} is {}; ids from 0 to {} are known", ids.port,
        ids.position + record.element, static_cast<std::int32_t>(record.id), record.limit - 1));
  }
  if (exit_code != 0) {
    throw std::runtime_error(fmt::format("the network failed with exit code {}: {}\n{}{}",
                                         exit_code, machine_error, said, checker.heads()));
  }
  const unsigned macs = cluster.info().engine_macs;
  measure(network, checker, record.begin, macs, result);
  result.zero = before + checker.released() + record.begin;
  result.controller_cycles = record.end - record.begin;
  result.last_cycles = record.last;
  result.coverage = checker.coverage();
  result.mismatches = checker.mismatches();
  result.wrong.insert(result.wrong.begin(), checker.wrong().begin(), checker.wrong().end());
  for (const std::string& tensor : result.coverage.missing) {
    result.wrong.push_back("never compared: " + tensor);
  }
  if (checker.runs() != options.repeat) {
    result.wrong.push_back(
        fmt::format("{} of {} inferences came to their end", checker.runs(), options.repeat));
  }
  if (result.coverage.elements == 0) result.wrong.push_back("nothing was compared");
  result.counters = tb::read_counters(cluster.host());
  result.engine = engine_counters(cluster.host());
  if (options.repeat == 1 && !std::exchange(state_->counted, true)) {
    const auto wrong = check_watch(network, checker.engine(), macs, result.engine);
    result.wrong.insert(result.wrong.end(), wrong.begin(), wrong.end());
  }
  result.memory.resize(graph.tensors.size());
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (!in_l2(graph, network, t)) continue;
    result.memory[t].resize(static_cast<std::size_t>(graph.tensors[t].bytes()));
    memory.read(layout.l2(network.l2[t]), result.memory[t]);
  }
  return result;
}

NetworkResult run_network(const oct::integer::Graph& graph, const oct::schedule::Network& network,
                          const oct::integer::Memory& initial, const oct::integer::Memory& golden,
                          const std::filesystem::path& folder, const NetworkOptions& options) {
  return NetworkSession(graph, network, folder, options).run(initial, golden);
}

}  // namespace octant
