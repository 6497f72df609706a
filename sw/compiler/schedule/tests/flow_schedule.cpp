// SPDX-License-Identifier: Apache-2.0
// A model down to its job list, by hand and for tests:
//   flow_schedule MODEL.onnx [--dim NAME=N].. [--inputs F.npz] [--simple] [--l1 BYTES] [--orders N]
//                 [--layers] [--jobs]
// Prints the estimate and who is busy; --orders: runs the list in as many orders against the golden
// executor; --simple: largest magnitudes instead of the quantiser's plan.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "compiler/integer/run.hpp"
#include "compiler/io/samples.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/lower/tests/simple_plan.hpp"
#include "compiler/schedule/cost.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/tests/tool.hpp"

namespace {

using namespace oct;

struct Args {
  CLI::App app{"a model down to its job list", "flow_schedule"};
  tools::ModelArgs model{app};
  std::string inputs;
  std::int64_t l1 = 128 * 1024;
  int orders = 1;
  std::size_t effort = schedule::Options{}.effort;
  bool simple = false, layers = false, jobs = false;

  Args() {
    app.add_option("--inputs", inputs);
    app.add_option("--l1", l1, "bytes");
    app.add_option("--orders", orders);
    app.add_option("--effort", effort, "jobs that the search may place");
    app.add_flag("--simple", simple);
    app.add_flag("--layers", layers);
    app.add_flag("--jobs", jobs);
  }
};

void report(const schedule::Network& n, const Args& args) {
  using schedule::Queue;
  std::array<double, schedule::kNumQueues> busy{};
  for (const schedule::Job& j : n.program.jobs()) {
    busy.at(static_cast<std::size_t>(j.queue)) += j.estimate;
  }
  std::uint64_t macs = 0;
  for (const schedule::Layer& l : n.layers) macs += l.macs;
  fmt::print(
      "estimate {:.0f} cycles, products {:.0f}; engine {:.0f}, DMA in {:.0f}, out {:.0f}, "
      "workers {:.0f}\n",
      n.estimate, static_cast<double>(macs) / 1024, busy[0], busy[1], busy[2], busy[3]);
  fmt::print("{} jobs:", n.program.jobs().size());
  for (std::size_t q = 0; q < schedule::kNumQueues; ++q) {
    fmt::print(" {}", n.program.queue(static_cast<Queue>(q)).size());
  }
  fmt::print("; L2 {} KiB, image {} KiB, {} calls, {} pieces\n", n.l2_used / 1024,
             n.image.size() / 1024, n.calls.size(), n.pieces.size());
  if (args.layers) {
    for (const schedule::Layer& l : n.layers) {
      fmt::print("  {:>9.0f} {:>9.0f} {:8} {}\n", l.estimate, static_cast<double>(l.macs) / 1024,
                 l.unit, l.name);
    }
  }
  if (!args.jobs) return;
  const schedule::cost::Times t = schedule::cost::simulate(n.program);
  for (std::size_t i = 0; i < n.program.jobs().size(); ++i) {
    const schedule::Job& j = n.program.jobs()[i];
    std::string waits;
    for (const schedule::Wait& w : j.waits) {
      waits += fmt::format(" {}:{}", static_cast<int>(w.queue), w.index);
    }
    fmt::print("{:>8.0f} {:>8.0f} {:>7.0f} q{}:{} layer {} {} ({})\n", t.start[i], t.end[i],
               j.estimate, static_cast<int>(j.queue), j.index, j.layer, j.note, waits);
  }
}

int run(const Args& args) {
  const ir::Graph canonical = args.model.canonical(args.model.model);
  std::vector<exec::Tensors> samples;
  if (!args.inputs.empty()) samples = io::read_samples(args.inputs, canonical);
  if (samples.empty()) samples = quant::draw_samples(canonical, {});
  const integer::Graph g = lower::lower(args.simple ? quant::simple_plan(canonical, samples)
                                                    : quant::plan(canonical, samples, {}));
  g.verify();
  schedule::Options options;
  options.effort = args.effort;
  options.machine.l1_first = 512;
  options.machine.l1_bytes = args.l1 - 512 - 12 * 1024;
  const std::clock_t before = std::clock();
  const schedule::Network n = schedule::build(g, options);
  fmt::print("{}: {} operations, built in {:.2f} s\n", args.model.model, g.operations.size(),
             static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
  report(n, args);
  if (const std::string bad = schedule::check_blocks(n.l1_blocks, n.program); !bad.empty()) {
    fmt::print("{}\n", bad);
    return 1;
  }
  if (args.orders == 0) return 0;
  integer::Memory memory = integer::make_memory(g);
  for (const integer::Port& p : g.inputs) {
    integer::write_input(g, p, samples.front().at(p.name), memory);
  }
  integer::run(g, memory);
  for (int i = 0; i < args.orders; ++i) {
    const std::int64_t bytes = schedule::verify(g, n, memory, static_cast<std::uint64_t>(i) + 1);
    fmt::print("order {}: {} bytes equal\n", i, bytes);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Args args;
  return tools::tool_main(args.app, argc, argv, [&] { return run(args); });
}
