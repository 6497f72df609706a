// SPDX-License-Identifier: Apache-2.0
// A model down to its integer graph, run by the golden executor and compared with the float
// reference, for tests and by hand:
//   flow_lower MODEL.onnx [--dim NAME=N].. [--inputs F.npz] [--simple] [--dump] [--layers]
//   [--at-least COSINE]
//              [--same-as OTHER.onnx]
// --simple: largest magnitudes instead of the quantiser's plan. Without inputs they are drawn.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "compiler/exec/executor.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/lower/tests/signature.hpp"
#include "compiler/lower/tests/simple_plan.hpp"
#include "compiler/passes/pipeline.hpp"

namespace {

using namespace oct;

std::string operations(const integer::Graph& g) {
  std::map<std::string, int> count;
  for (const integer::Operation& op : g.operations) {
    constexpr std::array<const char*, 5> kNames{"Gemm", "Attention", "Kernel", "Copy", "Gather"};
    const auto* k = std::get_if<integer::Kernel>(&op.what);
    ++count[k ? k->name : kNames.at(op.what.index())];
  }
  std::string text;
  for (const auto& [name, n] : count)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, name);
  return text;
}

struct Likeness {
  double cosine = 1, sqnr = INFINITY;
};
Likeness compare(const ir::Tensor& got, const ir::Tensor& wanted) {
  double ab = 0, aa = 0, bb = 0, e = 0;
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const double a = got.at(i), b = wanted.at(i);
    ab += a * b, aa += a * a, bb += b * b, e += (a - b) * (a - b);
  }
  if (aa == 0 && bb == 0) return {};
  return {ab / std::sqrt(std::max(aa * bb, 1e-300)), 10 * std::log10(bb / std::max(e, 1e-300))};
}

struct Args {
  importer::ImportOptions import;
  std::string model, inputs, other;
  bool simple = false, dump = false, layers = false;
  double at_least = -1;
};

lower::Lowered lowered(const Args& args, const std::string& model, ir::Graph& canonical,
                       std::vector<exec::Tensors>& samples) {
  canonical = passes::canonicalize(importer::import_file(model, args.import));
  if (!args.inputs.empty() && samples.empty()) samples.push_back(io::read_npz_map(args.inputs));
  if (samples.empty()) samples = quant::draw_samples(canonical, {});
  const quant::Plan plan =
      args.simple ? quant::simple_plan(canonical, samples) : quant::plan(canonical, samples, {});
  lower::Lowered low = lower::lower_with_places(plan);
  canonical = plan.graph;
  if (args.dump) std::fputs(integer::to_text(low.graph).c_str(), stdout);
  low.graph.verify();
  return low;
}

int run(const Args& args) {
  ir::Graph canonical;
  std::vector<exec::Tensors> samples;
  const lower::Lowered low = lowered(args, args.model, canonical, samples);
  const integer::Graph& g = low.graph;
  if (!args.other.empty()) {
    ir::Graph second;
    const std::string d = lower::difference(
        lower::signature(g), lower::signature(lowered(args, args.other, second, samples).graph));
    if (!d.empty()) fmt::print("the integer graphs differ:\n{}\n", d);
    return d.empty() ? 0 : 1;
  }
  fmt::print("{}: {} operations: {}\n", args.model, g.operations.size(), operations(g));
  integer::Memory memory = integer::make_memory(g);
  for (const integer::Port& p : g.inputs) {
    integer::write_input(g, p, samples.front().at(p.name), memory);
  }
  integer::run(g, memory);
  const exec::Tensors wanted = exec::run(canonical, samples.front(), [&](auto v, const auto& t) {
    const auto place = low.places.find(v);
    if (!args.layers || place == low.places.end() || !ir::is_float(t.dtype())) return;
    const Likeness l =
        compare(integer::read_output(g, {"", place->second, ir::DType::kFloat32}, memory), t);
    const ir::Node* n = canonical.producer(v);
    const integer::Tensor& stored = g.at(place->second.tensor);
    fmt::print("  {:50} {:10} {} step {:.3g} cosine {:.5f} SQNR {:.1f} dB\n", stored.name,
               n ? ir::op_name(n->op) : "input", 8 * integer::elem_bytes(stored.elem), stored.scale,
               l.cosine, l.sqnr);
  });
  exec::Tensors got;
  for (const integer::Port& p : g.outputs) got[p.name] = integer::read_output(g, p, memory);
  double worst = 1;
  for (const auto& [name, tensor] : wanted) {
    if (!ir::is_float(tensor.dtype())) continue;
    const Likeness l = compare(got.at(name), tensor);
    worst = std::min(worst, l.cosine);
    fmt::print("  {}: cosine {:.5f}, SQNR {:.1f} dB\n", name, l.cosine, l.sqnr);
  }
  return worst >= args.at_least ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Args args;
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto next = [&] { return words.at(++i); };
      if (words[i] == "--dim") {
        const std::string text = next();
        const std::size_t eq = text.find('=');
        args.import.dims[text.substr(0, eq)] = std::stoll(text.substr(eq + 1));
      } else if (words[i] == "--inputs") {
        args.inputs = next();
      } else if (words[i] == "--same-as") {
        args.other = next();
      } else if (words[i] == "--at-least") {
        args.at_least = std::stod(next());
      } else if (words[i] == "--simple") {
        args.simple = true;
      } else if (words[i] == "--layers") {
        args.layers = true;
      } else if (words[i] == "--dump") {
        args.dump = true;
      } else {
        args.model = words[i];
      }
    }
    return run(args);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "flow_lower: %s\n", error.what());
    return 2;
  }
}
