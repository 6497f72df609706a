// SPDX-License-Identifier: Apache-2.0
// octant bench: single cases for the attention engine in the whole cluster, checked byte by byte
// against the golden model. Guide: docs/guide/running_programs.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "engine_run.hpp"
#include "harness/model_library.hpp"
#include "harness/seed.hpp"

namespace octant {
namespace {

struct BenchArguments {
  std::vector<std::string> gemm, gemv, attention;
  std::string config = "octant", mask = "none", seed;
  bool from_l2 = false, b_from_l2 = false, traffic = false, checks = false, counters = false,
       speed = false;
  unsigned refuse = 0, latency = 100;
};

std::vector<EngineCase> cases(const BenchArguments& a) {
  std::vector<EngineCase> list;
  const auto from = a.from_l2     ? EngineCase::From::kL2
                    : a.b_from_l2 ? EngineCase::From::kWeightsL2
                                  : EngineCase::From::kL1;
  for (const std::string& text : a.gemm) {
    const auto [m, k, n] = parse_shape("--gemm", text, 3);
    list.push_back({.kind = EngineCase::Kind::kGemm, .from = from, .m = m, .k = k, .n = n});
  }
  for (const std::string& text : a.gemv) {
    const auto [k, n, none] = parse_shape("--gemv", text, 2);
    list.push_back({.kind = EngineCase::Kind::kGemm, .from = from, .k = k, .n = n, .gemv = true});
  }
  for (const std::string& text : a.attention) {
    if (a.b_from_l2) throw std::invalid_argument("--b-from-l2 is for --gemm and --gemv");
    const auto [h, s, d] = parse_shape("--attention", text, 3);
    if (d > 128)
      throw std::invalid_argument("--attention " + text + ": heads have 1 to 128 channels");
    EngineCase c{.kind = EngineCase::Kind::kAttention, .from = from, .heads = h, .s = s, .d = d};
    if (a.mask == "causal") c.mask = EngineCase::Mask::kCausal;
    if (a.mask == "padding") c.mask = EngineCase::Mask::kPadding;
    list.push_back(c);
  }
  if (list.empty()) {
    throw std::invalid_argument("bench: give at least one of --gemm, --gemv, --attention");
  }
  if (a.traffic && (a.from_l2 || a.b_from_l2)) {
    throw std::invalid_argument("--traffic: the DMA moves the case's own data with --from-l2");
  }
  return list;
}

int bench(const BenchArguments& a) {
  tb::set_seed(a.seed.empty() ? tb::seed_from_environment() : tb::parse_seed(a.seed));
  int wrong = 0;
  for (const EngineCase& c : cases(a)) {
    tb::ClusterOptions options;
    options.checks = a.checks;
    options.memory.read_latency = options.memory.write_latency = a.latency;
    options.memory.bytes_per_cycle = a.traffic ? 32 : 64;
    options.memory.seed = tb::derived_seed("memory");
    tb::Cluster cluster(
        tb::load_model(a.config, a.checks ? tb::ModelKind::kChecked : tb::ModelKind::kFast,
                       tb::derived_seed("model")),
        options);
    const tb::ClusterInfo& info = cluster.info();
    std::mt19937_64 random(tb::derived_seed("data"));
    const Machine machine{a.traffic ? info.l1_bytes - 4096 : info.l1_bytes, info.l2_base,
                          info.engine_macs};
    const Plan plan = make_plan(c, machine, random);
    const std::uint64_t limit = 20000 + 64 * c.macs() / info.engine_macs;
    const EngineResult r = run_plan(cluster, plan, {a.traffic, a.refuse}, limit);
    std::string name = c.name();
    if (a.traffic) name += " traffic";
    if (a.refuse != 0) name += fmt::format(" refuse {}", a.refuse);
    const double use = 100.0 * static_cast<double>(c.macs()) / static_cast<double>(r.cycles) /
                       static_cast<double>(info.engine_macs);
    std::printf("bench: %s: %llu cycles, utilisation %.2f %%, %llu bytes checked, %llu wrong\n",
                name.c_str(), static_cast<unsigned long long>(r.cycles), use,
                static_cast<unsigned long long>(r.checked),
                static_cast<unsigned long long>(r.wrong));
    if (a.counters) {
      const EngineCounters& n = r.counters;
      std::printf(
          "  active %u: computing %u, waits for X %u, W %u, accumulators %u, weights P %u, no slot "
          "%u; a port refused in %u, jobs %u\n",
          n.active, n.computing, n.wait_x, n.wait_w, n.wait_acc, n.wait_p, n.no_slot, n.refused,
          n.jobs);
    }
    if (a.speed) {
      std::printf("  simulated %llu cycles in %.3f s of processor time: %.0f kHz\n",
                  static_cast<unsigned long long>(r.simulated), r.seconds,
                  static_cast<double>(r.simulated) / r.seconds / 1000);
    }
    if (r.wrong != 0) {
      std::printf("  first difference %s; repeat with --seed %llu\n", r.first_wrong.c_str(),
                  static_cast<unsigned long long>(tb::seed()));
      ++wrong;
    }
    std::fflush(stdout);
  }
  return wrong == 0 ? 0 : 1;
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<BenchArguments>();
  CLI::App* cmd =
      app.add_subcommand("bench", "one case on the attention engine in the whole cluster");
  cmd->add_option("--gemm", a->gemm, "MxKxN: C[M][N] = A[M][K] B[K][N]; repeatable");
  cmd->add_option("--gemv", a->gemv, "KxN: one row of activations; repeatable");
  cmd->add_option("--attention", a->attention, "HxSxD: heads, sequence, channels; repeatable");
  cmd->add_flag("--from-l2", a->from_l2, "operands and results in L2, moved by DMA");
  cmd->add_flag("--b-from-l2", a->b_from_l2, "only the weights come from L2");
  cmd->add_option("--mask", a->mask, "of the attention")
      ->check(CLI::IsMember({"none", "causal", "padding"}))
      ->capture_default_str();
  cmd->add_flag("--traffic", a->traffic,
                "standard traffic: DMA at 32 byte/cycle, workers' loads in 10 % of cycles");
  cmd->add_option("--refuse", a->refuse, "percent of the engine's port requests held back")
      ->check(CLI::Range(0U, 90U));
  cmd->add_option("--latency", a->latency, "memory latency in cycles")
      ->capture_default_str()
      ->check(CLI::Range(1U, 100'000U));
  cmd->add_option("--config", a->config, "machine: octant, tiny, fpga")->capture_default_str();
  cmd->add_option("--seed", a->seed, "data, memories and timing follow from it");
  cmd->add_flag("--checks", a->checks, "assertions and protocol checks on");
  cmd->add_flag("--counters", a->counters, "print the engine's counters");
  cmd->add_flag("--speed", a->speed, "print how fast the busy engine was simulated");
  cmd->footer("Exit code 1: a result differs from the golden model.");
  cmd->callback([a, &exit_code] { exit_code = bench(*a); });
}

}  // namespace octant
