// SPDX-License-Identifier: Apache-2.0
#include "flow/report_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/ir/tensor.hpp"
#include "golden/engine_desc.hpp"
#include "page.hpp"

namespace octant {
namespace {

using Json = nlohmann::ordered_json;
using oct::schedule::Queue;
namespace engine = oct::golden::engine;

constexpr unsigned kDmaBytesPerCycle = 64;
constexpr double kMostDecibels = 200;  // JSON has no infinity

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text).flush()) {
    throw oct::ir::CompileError(file.string() + ": cannot be written");
  }
}

std::string dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json accuracies(const std::vector<Accuracy>& list, const char* key) {
  Json all = Json::array();
  for (const Accuracy& a : list) {
    all.push_back({{key, a.name},
                   {"cosine", a.cosine},
                   {"max_abs_error", a.max_abs_error},
                   {"sqnr_db", a.sqnr_db}});
  }
  return all;
}

/// Those that there are: they add up to the cycles.
Json causes(const Causes& list) {
  Json all = Json::object();
  for (std::size_t i = 0; i < kCauses; ++i) {
    if (list.at(i) != 0) all[cause_key(static_cast<Cause>(i))] = list.at(i);
  }
  return all;
}

Json layers(const Compiled& c, const NetworkResult& r) {
  Json all = Json::array();
  for (std::size_t i = 0; i < c.network.layers.size(); ++i) {
    const oct::schedule::Layer& l = c.network.layers[i];
    Json nodes = Json::array();
    if (i < c.graph().operations.size()) nodes = c.graph().operations[i].sources;
    all.push_back({{"name", l.name},
                   {"nodes", nodes},
                   {"unit", l.unit},
                   {"estimated_cycles", std::round(l.estimate)},
                   {"cycles", r.layers[i].cycles},
                   {"first", r.layers[i].first},
                   {"last", r.layers[i].last},
                   {"macs", l.macs},
                   {"bytes", r.layers[i].bytes},
                   {"lost", causes(r.layers[i].causes)}});
  }
  return all;
}

/// Calibration and compiling apart: one goes with the samples, the other with the network.
Json compile(const Compiled& c, double memory_gib) {
  Json stages = Json::object();
  double all = 0, calibrate = 0;
  for (const StageTime& t : c.stages) {
    stages[t.name] = t.seconds;
    (t.name == kCalibrate ? calibrate : all) += t.seconds;
  }
  return {{"seconds", all},
          {"calibrate_seconds", calibrate},
          {"stages", stages},
          {"memory_gib", memory_gib}};
}

Json l1(const Compiled& c, const NetworkResult& r) {
  Json blocks = Json::array();
  std::int64_t peak = 0;
  for (const auto& b : c.network.l1_blocks) {
    peak = std::max(peak, b.addr + b.bytes);
    std::uint64_t from = r.cycles, to = 0;
    for (std::size_t j = b.from; j < std::min(b.to, r.jobs.size()); ++j) {
      from = std::min(from, r.jobs[j].start);
      to = std::max(to, r.jobs[j].end);
    }
    if (to == 0) continue;
    blocks.push_back(
        {{"name", b.name}, {"addr", b.addr}, {"bytes", b.bytes}, {"from", from}, {"to", to}});
  }
  return {{"bytes", c.machine.l1_bytes}, {"peak", peak - c.machine.l1_first}, {"blocks", blocks}};
}

/// An engine's job in figures; nothing for others.
std::string shape_of(const oct::schedule::Job& job) {
  if (job.queue != Queue::kEngine) return "";
  engine::Descriptor d;
  std::copy(job.words.begin(), job.words.end(), d.w.begin());
  if (d.op() == engine::kOpAttn) {
    const engine::AttnJob a = engine::decode_attn(d);
    return fmt::format("{} heads, {} queries, {} keys of {}, values of {}{}{}{}", a.heads, a.sq,
                       a.sk, a.d, a.dv, a.causal ? ", causal" : "", a.key_mask ? ", key mask" : "",
                       a.first && a.last ? "" : ", a part of the keys");
  }
  const engine::GemmJob g = engine::decode_gemm(d);
  constexpr std::array<const char*, 4> kResidual{"", ", residual added", ", residual multiplied",
                                                 ""};
  return fmt::format("{}{} x {} x {}{}{}{}{}", g.batch > 1 ? fmt::format("{} of ", g.batch) : "",
                     g.m, g.k, g.n, g.epilogue.table ? ", table" : "",
                     kResidual.at(static_cast<std::size_t>(g.epilogue.residual)),
                     g.r16 ? " INT16" : "", g.y16 ? ", to INT16" : "");
}

/// Chrome's trace format, which Perfetto reads: a track for each queue, a microsecond is a cycle.
Json timeline(const Compiled& c, const NetworkResult& r) {
  constexpr std::array<const char*, oct::schedule::kNumQueues> kNames{
      "engine", "DMA in", "DMA out", "workers, team 0", "workers, team 1"};
  Json events = Json::array();
  for (std::size_t q = 0; q < kNames.size(); ++q) {
    events.push_back({{"ph", "M"},
                      {"pid", 1},
                      {"tid", q},
                      {"name", "thread_name"},
                      {"args", {{"name", kNames.at(q)}}}});
  }
  const auto& jobs = c.network.program.jobs();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::string layer =
        jobs[i].layer < c.network.layers.size() ? c.network.layers[jobs[i].layer].name : "";
    events.push_back({{"ph", "X"},
                      {"pid", 1},
                      {"tid", static_cast<int>(jobs[i].queue)},
                      {"ts", r.jobs[i].start},
                      {"dur", r.jobs[i].end - r.jobs[i].start},
                      {"name", layer},
                      {"args",
                       {{"job", jobs[i].index},
                        {"note", jobs[i].note},
                        {"shape", shape_of(jobs[i])},
                        {"estimate", jobs[i].estimate}}}});
  }
  return {{"displayTimeUnit", "ns"}, {"traceEvents", events}};
}

Json counters(const std::vector<std::pair<std::string, std::uint64_t>>& list,
              const std::vector<std::string>& words) {
  Json all = Json::object();
  for (const auto& [name, value] : list) {
    const bool wanted =
        words.empty() || std::any_of(words.begin(), words.end(), [&](const auto& w) {
          return name.find(w) != std::string::npos;
        });
    if (wanted) all[name] = value;
  }
  return all;
}

}  // namespace

Accuracy accuracy_of(const std::string& name, const oct::ir::Tensor& got,
                     const oct::ir::Tensor& wanted, const oct::ir::Tensor& counts) {
  double ab = 0, aa = 0, bb = 0, ee = 0;
  Accuracy a;
  a.name = name;
  const bool masked = counts.defined() && counts.size() == got.size();
  for (std::int64_t i = 0; i < got.size(); ++i) {
    if (masked && counts.at(i) == 0) continue;
    const double x = got.at(i), y = wanted.at(i), e = x - y;
    ab += x * y, aa += x * x, bb += y * y, ee += e * e;
    a.max_abs_error = std::max(a.max_abs_error, std::abs(e));
  }
  a.cosine = ee == 0 ? 1 : ab / std::sqrt(std::max(aa * bb, 1e-300));
  a.sqnr_db = ee == 0 ? kMostDecibels
                      : std::clamp(10 * std::log10(std::max(bb, 1e-300) / ee), -kMostDecibels,
                                   kMostDecibels);
  return a;
}

void write_report(const std::filesystem::path& folder, const RunReport& report, const Compiled& c,
                  const NetworkResult& r) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw oct::ir::CompileError(folder.string() + ": " + error.message());
  const Json json = {
      {"schema", "octant-report-1"},
      {"model", report.model},
      {"config", report.config},
      {"cycles", r.cycles},
      {"macs", report.macs},
      {"utilisation", report.utilisation},
      {"estimated_cycles", std::round(c.network.estimate)},
      {"bit_exact",
       {{"tensors", r.coverage.tensors},
        {"elements", r.coverage.elements},
        {"mismatches", r.mismatches}}},
      {"whole", c.host.refused.empty()},
      {"host", {{"prepared", c.host.prepared}, {"refused", c.host.refused}}},
      {"accuracy", accuracies(report.outputs, "output")},
      {"layer_accuracy", accuracies(report.layers, "name")},
      {"lost", causes(r.causes)},
      {"layers", layers(c, r)},
      {"engine", counters(r.engine, {})},
      {"workers", counters(r.counters, {"core"})},
      {"dma", counters(r.counters, {"DMA", "AXI"})},
      {"machine", {{"macs_per_cycle", c.machine.macs}, {"dma_bytes_per_cycle", kDmaBytesPerCycle}}},
      {"l1", l1(c, r)},
      {"compile", compile(c, report.memory_gib)},
      {"simulation",
       {{"seconds", r.seconds},
        {"khz", static_cast<double>(r.simulated) / std::max(r.seconds, 1e-9) / 1000}}}};
  const std::string text = dump(json);
  write_text(folder / "report.json", text);
  write_text(folder / "report.html", report_page(std::span<const std::string>(&text, 1)));
  write_text(folder / "timeline.json", dump(timeline(c, r)));
}

}  // namespace octant
