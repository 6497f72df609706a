// SPDX-License-Identifier: Apache-2.0
// octant sim PROGRAM.elf: any bare-metal program on the cluster. Guide:
// docs/guide/running_programs.md.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "harness/cluster.hpp"
#include "harness/elf_loader.hpp"
#include "harness/model_library.hpp"
#include "harness/program_run.hpp"
#include "harness/report.hpp"
#include "harness/seed.hpp"
#include "trace_file.hpp"

namespace octant {
namespace {

struct SimArguments {
  std::string program, config = "octant";
  std::vector<std::string> args, faults;
  TraceArguments trace;
  std::string seed;
  std::uint64_t max_cycles = 0, watchdog = 1'000'000;
  unsigned latency = 100, bandwidth = 64, stalls = 0;
  bool reorder = false, fast_load = false, no_checks = false, stats = false;
};

struct Fault {
  std::uint64_t addr, bytes;
  tb::AxiFault kind;
};

std::uint64_t number(const std::string& text, const std::string& what) {
  std::uint64_t value = 0;
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* first = text.data() + (hex ? 2 : 0);
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size() || first == end) {
    throw std::invalid_argument(what + ": '" + text + "' is not a number");
  }
  return value;
}

/// "0x80001000:64:slverr"
Fault parse_fault(const std::string& text) {
  const std::size_t a = text.find(':'), b = text.rfind(':');
  const std::string option = "--inject-error " + text;
  if (a == std::string::npos || a == b) {
    throw std::invalid_argument(option + ": write ADDRESS:BYTES:slverr, decerr or hang");
  }
  Fault f{};
  f.addr = number(text.substr(0, a), option);
  f.bytes = number(text.substr(a + 1, b - a - 1), option);
  if (f.bytes == 0) throw std::invalid_argument(option + ": at least one byte");
  const std::string kind = text.substr(b + 1);
  if (kind == "slverr")
    f.kind = tb::AxiFault::kSlvErr;
  else if (kind == "decerr")
    f.kind = tb::AxiFault::kDecErr;
  else if (kind == "hang")
    f.kind = tb::AxiFault::kHang;
  else
    throw std::invalid_argument(option + ": '" + kind + "' is none of slverr, decerr, hang");
  return f;
}

void print_stats(tb::Cluster& cluster, const tb::RunResult& result) {
  const tb::AxiMemory::Stats& m = cluster.memory().stats();
  const std::string text = fmt::format(
      "{:<36}{:>14}\n{:<36}{:>14}\n{}"
      "memory reads: {} bursts, {} beats; writes: {} bursts, {} beats; {} refused\n"
      "simulation: {:.2f} s, {:.1f} kHz\n",
      "cycles", result.cycles, "exit code", result.exit_code, tb::counter_report(cluster.host()),
      m.read_bursts, m.read_beats, m.write_bursts, m.write_beats, m.errors, result.seconds,
      static_cast<double>(result.cycles) / result.seconds / 1000);
  std::fputs(text.c_str(), stderr);
}

int simulate(const SimArguments& a) {
  tb::set_seed(a.seed.empty() ? tb::seed_from_environment() : tb::parse_seed(a.seed));
  tb::ClusterOptions options;
  options.checks = !a.no_checks;
  options.memory.read_latency = options.memory.write_latency = a.latency;
  options.memory.bytes_per_cycle = a.bandwidth;
  options.memory.reorder = a.reorder;
  options.memory.stall_percent = a.stalls;
  options.memory.seed = tb::derived_seed("memory");
  a.trace.check();
  std::vector<Fault> faults;
  for (const std::string& text : a.faults) faults.push_back(parse_fault(text));

  const tb::ElfProgram program = tb::ElfProgram::load(a.program);
  const TraceFile trace(a.trace);
  const tb::ModelKind kind = a.trace.wanted() ? tb::ModelKind::kTrace
                             : a.no_checks    ? tb::ModelKind::kFast
                                              : tb::ModelKind::kChecked;
  std::unique_ptr<tb::ClusterModel> model =
      tb::load_model(a.config, kind, tb::derived_seed("model"));
  if (a.trace.wanted()) options.trace = trace.window(*model);
  tb::Cluster cluster(std::move(model), options);
  for (const Fault& f : faults) cluster.memory().inject(f.addr, f.bytes, f.kind);

  tb::RunOptions run;
  run.max_cycles = a.max_cycles;
  run.watchdog = a.watchdog;
  run.fast_load =
      a.fast_load || !faults.empty();  // faults are for the program, not for its loading
  run.args = a.args;
  run.console = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  run.warn = [](const std::string& text) { spdlog::warn("machine error: {}", text); };
  spdlog::debug("machine {}, seed {}", a.config, tb::seed());
  try {
    const tb::RunResult result = tb::ProgramRun(cluster, program, run).run();
    if (a.stats) print_stats(cluster, result);
    if (result.exit_code > 255)
      spdlog::warn("exit code {} does not fit into 8 bits", result.exit_code);
    return result.exit_code & 0xff;
  } catch (...) {
    std::fprintf(stderr, "octant: repeat this run with --seed %llu\n",
                 static_cast<unsigned long long>(tb::seed()));
    throw;
  }
}

}  // namespace

void add_sim(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<SimArguments>();
  CLI::App* sim = app.add_subcommand("sim", "run a bare-metal program on the cluster");
  sim->add_option("program", a->program, "ELF file, linked for this machine")->required();
  sim->add_option("--config", a->config, "machine: octant, tiny, fpga")->capture_default_str();
  sim->add_option("--max-cycles", a->max_cycles, "give up after this many cycles (exit code 3)");
  sim->add_option("--watchdog", a->watchdog,
                  "give up after this many cycles without progress; 0: never")
      ->capture_default_str();
  sim->add_option("--seed", a->seed,
                  "everything random follows from it: memories, registers, timing");
  sim->add_option("--latency", a->latency, "memory latency in cycles")
      ->capture_default_str()
      ->check(CLI::Range(1U, 100'000U));
  sim->add_option("--bandwidth", a->bandwidth, "bytes per cycle and direction")
      ->capture_default_str()
      ->check(CLI::Range(1U, 64U));
  sim->add_flag("--reorder", a->reorder, "random delays and order across identifiers");
  sim->add_option("--stalls", a->stalls, "chance of every ready and valid to wait, in percent")
      ->check(CLI::Range(0U, 95U));
  sim->add_option("--inject-error", a->faults, "ADDRESS:BYTES:slverr|decerr|hang, repeatable")
      ->expected(1)
      ->take_all();
  add_trace_options(*sim, a->trace);
  sim->add_flag("--fast-load", a->fast_load, "fill memory by the back door");
  sim->add_flag("--no-checks", a->no_checks, "no protocol checks, no assertions, for speed");
  sim->add_flag("--stats", a->stats, "print figures at the end");
  sim->add_option("--args", a->args, "arguments of the program's main; last option")->expected(-1);
  sim->footer(
      "The exit code is the program's. 2: wrong arguments or file, 3: the program came to no\n"
      "end, 4: protocol rule or RTL assertion broken, 128 + n: trap n in the program.");
  sim->callback([a, &exit_code] { exit_code = simulate(*a); });
}

}  // namespace octant
