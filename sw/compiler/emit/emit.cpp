// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/emit.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/emit/layout.hpp"
#include "compiler/emit/toolchain.hpp"
#include "compiler/ir/tensor.hpp"

namespace oct::emit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 5> kElems{"int8", "uint8", "int16", "int32", "int64"};

void write_file(const fs::path& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw ir::CompileError(file.string() + ": cannot be written");
}

Json port(const integer::Graph& graph, const schedule::Network& network, const Layout& layout,
          const integer::Port& p) {
  const integer::Tensor& t = graph.at(p.view.tensor);
  const std::int64_t at = network.l2.at(static_cast<std::size_t>(p.view.tensor));
  if (at < 0) throw ir::CompileError(p.name + ": its tensor has no place in L2");
  return {{"name", p.name},
          {"onnx_type", ir::dtype_name(p.dtype)},
          {"shape", p.view.sizes},
          {"tensor", t.name},
          {"type", kElems.at(static_cast<std::size_t>(t.elem))},
          {"scale", t.scale},
          {"address", layout.l2(at + p.view.offset)},
          {"strides", p.view.strides}};
}

}  // namespace

std::string host_description(const integer::Graph& graph, const schedule::Network& network,
                             const Layout& layout, const std::string& config) {
  Json inputs = Json::array(), outputs = Json::array(), layers = Json::array();
  for (const integer::Port& p : graph.inputs) inputs.push_back(port(graph, network, layout, p));
  for (const integer::Port& p : graph.outputs) outputs.push_back(port(graph, network, layout, p));
  for (const schedule::Layer& l : network.layers) {
    layers.push_back(
        {{"name", l.name}, {"unit", l.unit}, {"estimated_cycles", l.estimate}, {"macs", l.macs}});
  }
  Json queues = Json::object();
  for (std::size_t q = 0; q < schedule::kNumQueues; ++q) {
    queues[queue_name(q)] = {{"jobs", layout.jobs[q]}, {"units", layout.units[q]}};
  }
  const Json all = {
      {"schema", "octant-network-1"},
      {"name", graph.name},
      {"config", config},
      {"image", {{"file", "network.bin"}, {"address", layout.l2(network.image_l2)}}},
      {"l2", {{"address", layout.arena}, {"bytes", network.l2_used}}},
      {"l1",
       {{"address", layout.l1_base + layout.l1_first}, {"bytes", layout.l1_end - layout.l1_first}}},
      {"queues", queues},
      {"inputs", inputs},
      {"outputs", outputs},
      {"layers", layers},
      {"estimated_cycles", network.estimate}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write(const integer::Graph& graph, const schedule::Network& network, const fs::path& folder,
           const Options& options) {
  const Layout layout = lay_out(graph, network, options.config);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw ir::CompileError(folder.string() + ": cannot be made: " + error.message());
  write_file(folder / "network.c", network_source(graph, network, layout, options.config));
  write_file(folder / "main.c", main_source());
  write_file(folder / "network.ld", linker_checks(layout));
  write_file(folder / "network.json", host_description(graph, network, layout, options.config));
  write_file(folder / "network.bin",
             {reinterpret_cast<const char*>(layout.image.data()), layout.image.size()});
  build_program(options.config, {folder / "network.c", folder / "main.c"}, {folder / "network.ld"},
                folder / "network.elf");
}

}  // namespace oct::emit
