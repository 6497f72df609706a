// SPDX-License-Identifier: Apache-2.0
// Many models from ONNX to integers in one process, for random_onnx_test.py:
//   random_onnx_tool FOLDER [--schedule-every N] [--host-every N] [--layers]
// FOLDER/x.onnx comes with FOLDER/x.npz: "sample0:name", "sample1:name", .. are calibration
// samples, "in0:name", .. inputs to run and "want0:name", .. ONNX Runtime's results for them. A
// line a model:
//   x: start
//   x: ok SQNR | noisy SQNR | refused STAGE WORDS | failed STAGE WORDS
// --host-every: the emitted C of every N-th runs on the host, every tensor compared; "BYTES on the
// host" stands behind SQNR. Of four, one is for the small machine and one for workers alone.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compiler/emit/emit.hpp"
#include "compiler/emit/host.hpp"
#include "compiler/exec/executor.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/passes/host_ends.hpp"
#include "compiler/passes/pipeline.hpp"
#include "compiler/schedule/schedule.hpp"

namespace {

using namespace oct;
namespace fs = std::filesystem;

constexpr double kLeastSqnr = 20;          // dB, of the integers
constexpr double kLeastFloatSqnr = 80;     // dB, of the float reference: rounding only
constexpr std::size_t kHostEffort = 2000;  // jobs of the schedule's search: many networks, small

using Runs = std::vector<exec::Tensors>;

struct Feeds {
  std::map<std::string, Runs> groups;

  explicit Feeds(const fs::path& file) {
    for (const auto& [key, tensor] : io::read_npz(file)) {
      const std::size_t digit = key.find_first_of("0123456789"), colon = key.find(':');
      Runs& runs = groups[key.substr(0, digit)];
      const std::size_t i = std::stoul(key.substr(digit));
      runs.resize(std::max(runs.size(), i + 1));
      runs[i][key.substr(colon + 1)] = tensor;
    }
  }
};

struct Power {
  double signal = 0, noise = 0;
  [[nodiscard]] double decibels() const {
    if (std::isnan(noise)) return -INFINITY;
    return noise == 0 ? INFINITY : 10 * std::log10(signal / noise);
  }
};

void add(Power& power, const ir::Tensor& got, const ir::Tensor& wanted) {
  if (got.shape() != wanted.shape()) {
    throw std::runtime_error(fmt::format("shape {}, not {}", ir::shape_text(got.shape()),
                                         ir::shape_text(wanted.shape())));
  }
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const double e = got.at(i) - wanted.at(i);
    power.signal += wanted.at(i) * wanted.at(i), power.noise += e * e;
  }
}

/// Of the output with the least, over all runs: one with a small result by chance says nothing.
double worst(const Runs& got, const Runs& wanted) {
  std::map<std::string, Power> powers;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (const auto& [name, tensor] : wanted[i]) add(powers[name], got.at(i).at(name), tensor);
  }
  double least = INFINITY;
  for (const auto& [name, power] : powers) least = std::min(least, power.decibels());
  return least;
}

void print_layers(const ir::Graph& canonical, const exec::Tensors& inputs,
                  const lower::Lowered& low, const integer::Memory& memory) {
  (void)exec::run(canonical, inputs, [&](ir::ValueId v, const ir::Tensor& t) {
    const auto place = low.places.find(v);
    if (place == low.places.end() || !ir::is_float(t.dtype())) return;
    const integer::Tensor& stored = low.graph.at(place->second.tensor);
    Power power;
    add(power, integer::read_output(low.graph, {"", place->second, t.dtype()}, memory), t);
    const ir::Node* n = canonical.producer(v);
    fmt::print("  {:40} {:10} {:2} bits {:5.1f} dB\n", stored.name,
               n ? ir::op_name(n->op) : "input", 8 * integer::elem_bytes(stored.elem),
               power.decibels());
  });
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Bytes compared.
std::int64_t on_host(const integer::Graph& graph, const integer::Memory& golden,
                     const fs::path& folder, std::size_t number) {
  emit::HostOptions options;
  if (number % 4 == 1) options.config = "tiny";
  options.seed = number;
  options.runs = 2;
  schedule::Options how;
  how.machine = emit::machine(options.config);
  how.machine.engine = number % 4 != 2;
  how.effort = kHostEffort;
  return emit::run_on_host(graph, schedule::build(graph, how), golden, folder, options);
}

struct What {
  std::size_t number = 0;
  bool schedule = false, host = false, layers = false;
};

/// The verdict in words.
std::string model(const fs::path& file, const What& what) {
  std::string stage = "import";
  try {
    const Feeds feeds(fs::path(file).replace_extension(".npz"));
    Runs inputs = feeds.groups.at("in"), samples = feeds.groups.at("sample");
    const Runs& wanted = feeds.groups.at("want");
    ir::Graph canonical = passes::canonicalize(importer::import_file(file));
    // Arithmetic on ids and masks is the host's.
    const passes::HostEnds ends = passes::split_host_ends(canonical, {});
    for (Runs* runs : {&inputs, &samples}) {
      for (exec::Tensors& in : *runs) in.merge(exec::run(ends.before, in));
    }
    canonical = ends.core;
    stage = "integer_forms";
    passes::require_integer_forms(canonical);
    stage = "float";
    Runs reference;
    for (const exec::Tensors& in : inputs) reference.push_back(exec::run(canonical, in));
    const double exact = worst(reference, wanted);
    if (exact < kLeastFloatSqnr) return fmt::format("failed float {:.1f} dB", exact);
    stage = "plan";
    quant::Options options;
    options.integers = lower::golden;  // as octant's users have it
    const quant::Plan plan = quant::plan(std::move(canonical), samples, options);
    stage = "lower";
    const lower::Lowered low = lower::lower_with_places(plan);
    low.graph.verify();
    stage = "run";
    Runs got;
    integer::Memory memory;
    for (const exec::Tensors& in : inputs) {
      memory = integer::make_memory(low.graph);
      for (const integer::Port& p : low.graph.inputs) {
        integer::write_input(low.graph, p, in.at(p.name), memory);
      }
      integer::run(low.graph, memory);
      exec::Tensors& out = got.emplace_back();
      for (const integer::Port& p : low.graph.outputs) {
        out[p.name] = integer::read_output(low.graph, p, memory);
      }
    }
    const double db = worst(got, wanted);
    for (const std::string& note : plan.notes) {
      if (what.layers) fmt::print("  {}\n", note);
    }
    if (what.layers) print_layers(plan.graph, inputs.back(), low, memory);
    if (what.schedule) {
      stage = "schedule";
      const schedule::Network network = schedule::build(low.graph, {});
      stage = "verify";
      (void)schedule::verify(low.graph, network, memory, 1);
    }
    std::string host;
    if (what.host) {
      stage = "host";
      host = fmt::format(", {} bytes on the host",
                         on_host(low.graph, memory, file.parent_path() / "host", what.number));
    }
    return fmt::format("{} {:.2f} dB{}", db < kLeastSqnr ? "noisy" : "ok", db, host);
  } catch (const ir::CompileError& error) {
    return fmt::format("refused {} {}", stage, one_line(error.what()));
  } catch (const std::exception& error) {
    return fmt::format("failed {} {}", stage, one_line(error.what()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  fs::path folder;
  std::size_t schedule_every = 0, host_every = 0;
  bool layers = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--schedule-every" && i + 1 < argc) {
      schedule_every = std::stoul(argv[++i]);
    } else if (word == "--host-every" && i + 1 < argc) {
      host_every = std::stoul(argv[++i]);
    } else if (word == "--layers") {
      layers = true;
    } else {
      folder = word;
    }
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".onnx") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  const auto due = [](std::size_t i, std::size_t every) { return every != 0 && i % every == 0; };
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string name = files[i].stem().string();
    fmt::print("{}: start\n", name);
    std::fflush(stdout);  // a crash must be somebody's
    fmt::print("{}: {}\n", name,
               model(files[i], {i, due(i, schedule_every), due(i, host_every), layers}));
  }
}
