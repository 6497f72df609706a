// SPDX-License-Identifier: Apache-2.0
// octant run MODEL.onnx: compile, simulate, compare every tensor with the golden executor and the
// outputs with the float model. Guide: docs/guide/running_networks.md.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "commands.hpp"
#include "compiler/emit/emit.hpp"
#include "compiler/exec/executor.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/io/samples.hpp"
#include "compiler/quant/calibrate.hpp"
#include "flow/batch.hpp"
#include "flow/decode.hpp"
#include "flow/flow.hpp"
#include "flow/layer_window.hpp"
#include "flow/picture.hpp"
#include "flow/print.hpp"
#include "flow/report_json.hpp"
#include "flow/stage.hpp"
#include "harness/program_run.hpp"
#include "harness/seed.hpp"
#include "network/network_run.hpp"
#include "trace_file.hpp"
#include "wave_view.hpp"

namespace octant {
namespace {

using namespace oct;

struct RunArguments {
  FlowOptions flow;
  DecodeOptions decode;
  TraceArguments trace;
  std::string report, save_outputs, keep;
  std::uint64_t max_cycles = 0, watchdog = 1'000'000;
  unsigned repeat = 1, latency = 100, samples = 0;
  bool checks = false, no_verify = false, picture = false;
};

/// A folder for the program: the user's, or one that goes when the run ends.
class Folder {
 public:
  explicit Folder(const std::string& keep) : kept_(!keep.empty()) {
    path_ = kept_
                ? std::filesystem::path(keep)
                : std::filesystem::temp_directory_path() / fmt::format("octant_run_{}", ::getpid());
  }
  ~Folder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  bool kept_;
  std::filesystem::path path_;
};

NetworkOptions network_options(const RunArguments& a, const TraceFile& trace) {
  NetworkOptions options;
  options.config = a.flow.config;
  options.checks = a.checks || a.trace.wanted();
  options.seed = tb::derived_seed("model");
  options.max_cycles = a.max_cycles;
  options.watchdog = a.watchdog;
  options.repeat = a.repeat;
  options.latency = a.latency;
  if (a.trace.wanted()) {
    options.trace = [&](tb::ClusterModel& model) { return std::optional(trace.window(model)); };
  }
  return options;
}

NetworkResult simulate(const RunArguments& a, const Compiled& c, const Golden& golden,
                       const Folder& folder) {
  const TraceFile trace(a.trace);
  NetworkOptions options = network_options(a, trace);
  Stage stage("simulate");
  options.progress = [&](double done) { stage.set(done / a.repeat); };
  return run_network(c.graph(), c.network, golden.before, golden.after, folder.path(), options);
}

/// A run to find out when the layer is at work; another one, not to its end, for its waves.
NetworkResult simulate_layer(const RunArguments& a, const Compiled& c, const Golden& golden,
                             const Folder& folder) {
  const std::vector<bool> layers = layers_named(c, a.trace.layer);
  RunArguments plain = a, traced = a;
  plain.trace = {};
  NetworkResult r = simulate(plain, c, golden, folder);
  choose_window(c, r, layers, traced.trace);
  traced.repeat = 1;
  traced.max_cycles = traced.trace.to;
  try {
    (void)simulate(traced, c, golden, folder);
  } catch (const tb::WatchdogError&) {
    if (!std::filesystem::exists(a.trace.file)) throw;
  }
  const std::string& file = a.trace.file;
  if (file.ends_with(".fst")) {
    const std::string view = file.substr(0, file.size() - 4) + ".gtkw";
    write_view(file, view, fmt::format("{}, layer {}", a.flow.model, a.trace.layer));
    fmt::print("{:<26}{}, view {}\n", "", file, view);
  }
  return r;
}

/// Token by token; 0 if all of them were exact.
int run_steps(const RunArguments& a, const Compiled& c, const Folder& folder) {
  const TraceFile trace(a.trace);
  NetworkSession session(c.graph(), c.network, folder.path(), network_options(a, trace));
  DecodeOptions options = a.decode;
  options.seed = a.flow.seed;
  if (!options.prompt.empty()) fmt::print("{}|", options.prompt);
  const DecodeResult r = decode(c, session, options, [](const std::string& text) {
    fmt::print("{}", text);
    std::fflush(stdout);
  });
  const std::size_t n = r.tokens.size() - 1;
  fmt::print("\n{:<26}{} tokens, {} elements, {} mismatches\n", "against the golden model", n,
             r.elements, r.mismatches);
  for (const std::string& w : r.wrong) fmt::print("  {}\n", w);
  fmt::print("{:<26}{} a token (estimated {:.0f})\n{:<26}{:.2f} s, {:.0f} kHz\n", "cycles",
             r.cycles / std::max<std::size_t>(n, 1), c.network.estimate, "simulation", r.seconds,
             static_cast<double>(r.simulated) / std::max(r.seconds, 1e-9) / 1000);
  return r.mismatches == 0 && r.wrong.empty() ? 0 : 1;
}

/// One sample after the other on one cluster; 0 if all were exact.
int run_samples(const RunArguments& a, const Compiled& c, const Folder& folder) {
  std::vector<exec::Tensors> samples{c.inputs};
  if (!a.flow.inputs.empty()) samples = samples_of(c, a.flow.inputs);
  const std::size_t last = std::min<std::size_t>(samples.size(), a.flow.sample + a.samples);
  const TraceFile trace(a.trace);
  NetworkSession session(c.graph(), c.network, folder.path(), network_options(a, trace));
  Batch batch;
  std::uint64_t elements = 0, mismatches = 0, cycles = 0, wrong = 0;
  for (std::size_t i = a.flow.sample; i < last; ++i) {
    const Golden golden = golden_run(c, samples[i]);
    const NetworkResult r = session.run(golden.before, golden.after);
    exec::Tensors got;
    for (const integer::Port& p : c.graph().outputs) {
      got[p.name] = integer::read_output(c.graph(), p, r.memory);
    }
    batch.add(finished(c, samples[i], std::move(got)), float_outputs(c, samples[i]));
    elements += r.coverage.elements, mismatches += r.mismatches, cycles += r.cycles;
    for (const std::string& w : r.wrong) fmt::print("  sample {}: {}\n", i, w);
    wrong += r.exact() ? 0 : 1;
  }
  const std::size_t n = last - a.flow.sample;
  fmt::print(
      "{:<26}{} samples, {} of them exact, {} elements, {} mismatches\n{}{:<26}{} a sample\n",
      "against the golden model", n, n - wrong, grouped(elements), mismatches, batch.text(),
      "cycles", grouped(cycles / n));
  if (!a.save_outputs.empty()) batch.save(a.save_outputs);
  return wrong == 0 ? 0 : 1;
}

/// What the network said, and what the float model says to it.
struct Outputs {
  exec::Tensors got, golden, real;
  exec::Tensors counts;  ///< ones where a token counts; none where all do
};

Outputs read_outputs(const Compiled& c, const Golden& golden, const NetworkResult& r) {
  Outputs o;
  if (!c.whole) {
    quant::Validity valid(c.canonical, c.inputs);
    o.real = exec::run(c.canonical, c.inputs, [&](ir::ValueId v, const ir::Tensor&) {
      if (!valid.needed()) return;
      const ir::Tensor& mask = valid.follow(v);
      for (const ir::Output& out : c.canonical.outputs()) {
        if (out.value == v && mask.defined()) o.counts[out.name] = mask;
      }
    });
  }
  for (const integer::Port& p : c.graph().outputs) {
    o.got[p.name] = integer::read_output(c.graph(), p, r.memory);
    o.golden[p.name] = integer::read_output(c.graph(), p, golden.after);
  }
  if (c.host.any()) {
    for (exec::Tensors* t : {&o.got, &o.golden, &o.real}) *t = finished(c, c.inputs, std::move(*t));
  }
  return o;
}

/// Accuracy of each value of the graph that is stored anywhere, by the golden executor's tensors.
std::vector<Accuracy> layer_accuracy(const Compiled& c, const Golden& golden) {
  std::vector<Accuracy> all;
  if (c.whole) return all;
  quant::Validity valid(c.canonical, c.inputs);
  (void)exec::run(c.canonical, c.inputs, [&](ir::ValueId v, const ir::Tensor& wanted) {
    const ir::Tensor mask = valid.needed() ? valid.follow(v) : ir::Tensor();
    const auto place = c.lowered.places.find(v);
    if (place == c.lowered.places.end() || !ir::is_float(wanted.dtype())) return;
    if (c.canonical.producer(v) == nullptr) return;
    const integer::Port port{"", place->second, ir::DType::kFloat32};
    all.push_back(accuracy_of(c.canonical.value(v).name,
                              integer::read_output(c.graph(), port, golden.after), wanted, mask));
  });
  return all;
}

/// Where the cycles went, largest first; 100 % of them.
void print_lost(const NetworkResult& r) {
  std::vector<std::size_t> order(kCauses);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(r.causes[b], a) < std::pair(r.causes[a], b);
  });
  const char* title = "where they went";
  for (const std::size_t i : order) {
    if (r.causes[i] == 0) break;
    fmt::print("{:<26}{:>5.1f} %  {} ({})\n", std::exchange(title, ""),
               100 * static_cast<double>(r.causes[i]) / static_cast<double>(r.cycles),
               cause_text(static_cast<Cause>(i)), grouped(r.causes[i]));
  }
}

void print_result(const RunReport& report, const Compiled& c, const NetworkResult& r) {
  fmt::print("{:<26}{} tensors, {} elements, {} mismatches\n", "against the golden model",
             r.coverage.tensors, grouped(r.coverage.elements), r.mismatches);
  for (const std::string& w : r.wrong) fmt::print("  {}\n", w);
  for (const Accuracy& a : report.outputs) {
    fmt::print("{:<26}{}: cosine {:.6f}, SQNR {:.1f} dB, largest error {:.3g}\n",
               &a == &report.outputs.front() ? "against the float model" : "", a.name, a.cosine,
               a.sqnr_db, a.max_abs_error);
  }
  fmt::print("{:<26}{} (estimated {}), {} MAC, utilisation {:.1f} %\n", "cycles", grouped(r.cycles),
             grouped(static_cast<std::uint64_t>(std::llround(c.network.estimate))),
             grouped(report.macs), 100 * report.utilisation);
  print_lost(r);
  fmt::print("{:<26}{:.2f} s, {:.0f} kHz\n", "simulation", r.seconds,
             static_cast<double>(r.simulated) / std::max(r.seconds, 1e-9) / 1000);
}

int run(const RunArguments& a) {
  tb::set_seed(a.flow.seed);
  a.trace.check();
  Compiled c = compile_network(a.flow);
  if (!a.trace.layer.empty()) {
    if (a.decode.steps != 0 || a.samples != 0) {
      throw std::invalid_argument(
          "--layer goes with a single inference, without --steps, --samples");
    }
    (void)layers_named(c, a.trace.layer);
  }
  const Folder folder(a.keep);
  {
    const Stage stage("program", &c.stages);
    emit::write(c.graph(), c.network, folder.path(), {a.flow.config});
  }
  const double memory = peak_gib();
  fmt::print("{:<25} {} operations, {} jobs, {:.1f} KiB of constants\n", a.flow.model,
             c.graph().operations.size(), c.network.program.jobs().size(),
             static_cast<double>(c.network.image.size()) / 1024);
  std::fflush(stdout);
  if (a.decode.steps != 0) return run_steps(a, c, folder);
  if (a.samples != 0) return run_samples(a, c, folder);
  const Golden golden = [&] {
    const Stage stage("golden model");
    return golden_run(c, c.inputs);
  }();
  if (!a.no_verify) {
    const Stage stage("check");
    schedule::verify(c.graph(), c.network, golden.after, a.flow.seed);
  }

  NetworkResult r =
      a.trace.layer.empty() ? simulate(a, c, golden, folder) : simulate_layer(a, c, golden, folder);
  Outputs outputs = read_outputs(c, golden, r);
  RunReport report;
  report.model = a.flow.model;
  report.config = a.flow.config;
  report.memory_gib = memory;
  for (const schedule::Layer& l : c.network.layers) report.macs += l.macs;
  report.utilisation = static_cast<double>(report.macs) /
                       (static_cast<double>(std::max<std::uint64_t>(r.cycles, 1)) * c.machine.macs);
  for (const auto& [name, got] : outputs.got) {
    if (!got.same_bits(outputs.golden.at(name))) {
      r.wrong.push_back(fmt::format("output {} in L2 is not the golden model's", name));
    }
    if (c.whole) continue;
    const ir::Tensor& real = outputs.real.at(name);
    if (!ir::is_float(real.dtype())) continue;
    const auto counts = outputs.counts.find(name);
    report.outputs.push_back(accuracy_of(
        name, got, real, counts == outputs.counts.end() ? ir::Tensor() : counts->second));
  }
  if (a.picture) print_pictures(c.inputs, outputs.got, outputs.real);
  print_result(report, c, r);
  fmt::print("{}", host_text(c));
  if (c.whole) {
    fmt::print("{:<26}exact, of the integer dialect\n", "whole numbers");
    for (auto& [name, t] : outputs.got) t = t.converted(ir::DType::kInt32);
  }
  if (!a.save_outputs.empty()) io::write_npz(a.save_outputs, outputs.got);
  if (!a.report.empty()) {
    const Stage stage("report");
    report.layers = layer_accuracy(c, golden);
    write_report(a.report, report, c, r);
    spdlog::info("report: {}/report.html", a.report);
  }
  return r.exact() ? 0 : 1;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<RunArguments>();
  CLI::App* command =
      app.add_subcommand("run", "compile an ONNX model, simulate it, compare every tensor");
  add_flow_options(*command, a->flow);
  command->add_option("--report", a->report,
                      "folder for report.json, report.html and timeline.json");
  command->add_option("--save-outputs", a->save_outputs, "write the outputs into FILE.npz");
  command->add_option("--keep", a->keep, "folder for the program, as octant compile -o");
  command->add_option("--steps", a->decode.steps,
                      "language models with caches: so many tokens, each the next one's input");
  command->add_option("--prompt", a->decode.prompt, "text that they go on with");
  command->add_option("--tokenizer", a->decode.tokenizer, "its tokens: vocabulary of llama2.c");
  command->add_option("--temperature", a->decode.temperature, "0: always the likeliest token")
      ->check(CLI::Range(0.0, 10.0));
  command->add_option("--repeat", a->repeat, "inferences, one after the other")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command->add_option("--samples", a->samples,
                      "so many samples of --inputs, from --sample on, one after the other");
  command->add_option("--latency", a->latency, "memory latency in cycles")
      ->capture_default_str()
      ->check(CLI::Range(1U, 100'000U));
  command->add_option("--max-cycles", a->max_cycles, "give up after this many cycles");
  command->add_option("--watchdog", a->watchdog, "give up after this many cycles without progress")
      ->capture_default_str();
  command->add_flag("--checks", a->checks, "model with assertions, protocol checks: slower");
  command->add_flag("--no-verify", a->no_verify, "skip the check of the job list before the run");
  command->add_flag("--picture", a->picture, "print images that go in and classes that come out");
  add_trace_options(*command, a->trace);
  command->add_option("--layer", a->trace.layer,
                      "with --trace: waves of this layer or ONNX node, with a view for GTKWave");
  command->add_option("--layer-cycles", a->trace.most, "at most so many cycles of it")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}))
      ->capture_default_str();
  command->footer(
      "Exit code 0: everything is bit-exact. 1: something differs. 2: wrong arguments, model or\n"
      "input, 3: the program came to no end, 4: protocol rule or RTL assertion broken.");
  command->callback([a, &exit_code] { exit_code = run(*a); });
}

}  // namespace octant
