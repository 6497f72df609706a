// SPDX-License-Identifier: Apache-2.0
// Many models from ONNX to integers in one process, for random_onnx_test.py:
//   random_onnx_tool FOLDER [--schedule-every N] [--layers]
// FOLDER/x.onnx comes with FOLDER/x.npz: "0:name", "1:name", .. are calibration samples,
// "in:name" the inputs to run and "want:name" ONNX Runtime's results for them. One line a model:
//   x: start
//   x: ok SQNR | noisy SQNR | refused STAGE WORDS | failed STAGE WORDS
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compiler/exec/executor.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/passes/pipeline.hpp"
#include "compiler/schedule/schedule.hpp"

namespace {

using namespace oct;
namespace fs = std::filesystem;

constexpr double kLeastSqnr = 20;       // dB, of the integers
constexpr double kLeastFloatSqnr = 80;  // dB, of the float reference: rounding only

struct Feeds {
  std::vector<exec::Tensors> samples;
  exec::Tensors inputs, wanted;
};

Feeds read_feeds(const fs::path& file) {
  Feeds f;
  for (const auto& [key, tensor] : io::read_npz(file)) {
    const std::size_t colon = key.find(':');
    const std::string group = key.substr(0, colon), name = key.substr(colon + 1);
    if (group == "in") {
      f.inputs[name] = tensor;
    } else if (group == "want") {
      f.wanted[name] = tensor;
    } else {
      const std::size_t i = std::stoul(group);
      f.samples.resize(std::max(f.samples.size(), i + 1));
      f.samples[i][name] = tensor;
    }
  }
  return f;
}

double sqnr(const ir::Tensor& got, const ir::Tensor& wanted) {
  if (got.shape() != wanted.shape()) {
    throw std::runtime_error(fmt::format("shape {}, not {}", ir::shape_text(got.shape()),
                                         ir::shape_text(wanted.shape())));
  }
  double signal = 0, noise = 0;
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const double e = got.at(i) - wanted.at(i);
    signal += wanted.at(i) * wanted.at(i), noise += e * e;
  }
  if (signal == 0 || std::isnan(noise)) return noise == 0 ? INFINITY : -INFINITY;
  return 10 * std::log10(signal / std::max(noise, 1e-300));
}

/// The worst of all float outputs.
double worst(const exec::Tensors& got, const exec::Tensors& wanted) {
  double least = INFINITY;
  for (const auto& [name, tensor] : wanted) {
    if (ir::is_float(tensor.dtype())) least = std::min(least, sqnr(got.at(name), tensor));
  }
  return least;
}

void print_layers(const ir::Graph& canonical, const exec::Tensors& inputs,
                  const lower::Lowered& low, const integer::Memory& memory) {
  (void)exec::run(canonical, inputs, [&](ir::ValueId v, const ir::Tensor& t) {
    const auto place = low.places.find(v);
    if (place == low.places.end() || !ir::is_float(t.dtype())) return;
    const integer::Tensor& stored = low.graph.at(place->second.tensor);
    const auto got = integer::read_output(low.graph, {"", place->second, t.dtype()}, memory);
    const ir::Node* n = canonical.producer(v);
    fmt::print("  {:40} {:10} {:2} bits {:5.1f} dB\n", stored.name,
               n ? ir::op_name(n->op) : "input", 8 * integer::elem_bytes(stored.elem),
               sqnr(got, t));
  });
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The verdict in words.
std::string model(const fs::path& file, bool schedule, bool layers) {
  std::string stage = "import";
  try {
    const Feeds feeds = read_feeds(fs::path(file).replace_extension(".npz"));
    ir::Graph canonical = passes::canonicalize(importer::import_file(file));
    stage = "integer_forms";
    passes::require_integer_forms(canonical);
    stage = "float";
    const double exact = worst(exec::run(canonical, feeds.inputs), feeds.wanted);
    if (exact < kLeastFloatSqnr) return fmt::format("failed float {:.1f} dB", exact);
    stage = "plan";
    const quant::Plan plan = quant::plan(std::move(canonical), feeds.samples, {});
    stage = "lower";
    const lower::Lowered low = lower::lower_with_places(plan);
    low.graph.verify();
    stage = "run";
    integer::Memory memory = integer::make_memory(low.graph);
    for (const integer::Port& p : low.graph.inputs) {
      integer::write_input(low.graph, p, feeds.inputs.at(p.name), memory);
    }
    integer::run(low.graph, memory);
    exec::Tensors got;
    for (const integer::Port& p : low.graph.outputs) {
      got[p.name] = integer::read_output(low.graph, p, memory);
    }
    const double db = worst(got, feeds.wanted);
    if (layers) print_layers(plan.graph, feeds.inputs, low, memory);
    if (schedule) {
      stage = "schedule";
      const schedule::Network network = schedule::build(low.graph, {});
      stage = "verify";
      (void)schedule::verify(low.graph, network, memory, 1);
    }
    return fmt::format("{} {:.2f} dB", db < kLeastSqnr ? "noisy" : "ok", db);
  } catch (const ir::CompileError& error) {
    return fmt::format("refused {} {}", stage, one_line(error.what()));
  } catch (const std::exception& error) {
    return fmt::format("failed {} {}", stage, one_line(error.what()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  fs::path folder;
  std::size_t every = 0;
  bool layers = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--schedule-every" && i + 1 < argc) {
      every = std::stoul(argv[++i]);
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
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string name = files[i].stem().string();
    fmt::print("{}: start\n", name);
    std::fflush(stdout);  // a crash must be somebody's
    fmt::print("{}: {}\n", name, model(files[i], every && i % every == 0, layers));
  }
}
