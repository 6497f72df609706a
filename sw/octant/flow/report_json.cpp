// SPDX-License-Identifier: Apache-2.0
#include "flow/report_json.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/ir/tensor.hpp"
#include "page.hpp"

namespace octant {
namespace {

using Json = nlohmann::ordered_json;
using oct::schedule::Queue;

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
                   {"cycles", r.layers[i].advance},
                   {"first", r.layers[i].first},
                   {"last", r.layers[i].last},
                   {"macs", l.macs},
                   {"bytes", r.layers[i].bytes}});
  }
  return all;
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
    events.push_back(
        {{"ph", "X"},
         {"pid", 1},
         {"tid", static_cast<int>(jobs[i].queue)},
         {"ts", r.jobs[i].start},
         {"dur", r.jobs[i].end - r.jobs[i].start},
         {"name", layer},
         {"args",
          {{"job", jobs[i].index}, {"note", jobs[i].note}, {"estimate", jobs[i].estimate}}}});
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
      {"accuracy", accuracies(report.outputs, "output")},
      {"layer_accuracy", accuracies(report.layers, "name")},
      {"layers", layers(c, r)},
      {"engine", counters(r.engine, {})},
      {"workers", counters(r.counters, {"core"})},
      {"dma", counters(r.counters, {"DMA", "AXI"})},
      {"machine", {{"macs_per_cycle", c.machine.macs}, {"dma_bytes_per_cycle", kDmaBytesPerCycle}}},
      {"l1", l1(c, r)},
      {"simulation",
       {{"seconds", r.seconds},
        {"khz", static_cast<double>(r.simulated) / std::max(r.seconds, 1e-9) / 1000}}}};
  const std::string text = dump(json);
  write_text(folder / "report.json", text);
  write_text(folder / "report.html", report_page(std::span<const std::string>(&text, 1)));
  write_text(folder / "timeline.json", dump(timeline(c, r)));
}

}  // namespace octant
