// SPDX-License-Identifier: Apache-2.0
// The ONNX form: ONNX's own checker takes it, and it says what the graph says.
#include "compiler/integer/onnx.hpp"

#include <onnx/checker.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "compiler/integer/random.hpp"
#include "hand_made.hpp"
#include "harness/seed.hpp"

using namespace oct;
using namespace oct::integer;
using Catch::Matchers::Contains;

namespace {

struct File {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("oct_integer_" + std::to_string(getpid()) + ".onnx");
  ~File() { std::filesystem::remove(path); }
};

onnx::ModelProto written(const Graph& graph) {
  const File file;
  save_onnx(graph, file.path);
  std::ifstream stream(file.path, std::ios::binary);
  onnx::ModelProto model;
  REQUIRE(model.ParseFromIstream(&stream));
  onnx::checker::check_model(model);
  return model;
}

std::vector<std::string> inputs(const onnx::NodeProto& n) {
  return {n.input().begin(), n.input().end()};
}

const onnx::AttributeProto& attribute(const onnx::NodeProto& n, const std::string& name) {
  for (const auto& a : n.attribute()) {
    if (a.name() == name) return a;
  }
  FAIL("no attribute " << name);
  throw std::logic_error("not reached");
}

}  // namespace

TEST_CASE("integer: the hand-made graph as ONNX") {
  HandMade m;
  m.g.at(m.x).scale = 0.25;
  m.g.operations[1].sources = {"/a/MatMul", "/a/Add"};
  const onnx::ModelProto model = written(m.g);
  const onnx::GraphProto& g = model.graph();
  REQUIRE(g.node_size() == 7 + 4);
  std::vector<std::string> types;
  for (const auto& n : g.node()) types.push_back(n.op_type());
  CHECK(types == std::vector<std::string>{"HostWrite", "HostWrite", "Gather", "Gemm", "Gemm",
                                          "Attention", "table_i8_i8", "Copy", "Copy", "HostRead",
                                          "HostRead"});
  // Tensors whose names ports have, too, take another one; the cache has two writers.
  CHECK(inputs(g.node(2)) == std::vector<std::string>{"ids.0", "embedding"});
  CHECK(inputs(g.node(3)) ==
        std::vector<std::string>{"x", "w", "plane_a", "plane_b", "plane_c", "gelu", "x"});
  CHECK(inputs(g.node(4)) == std::vector<std::string>{"h", "wv", "plane_a.16"});
  CHECK(inputs(g.node(5)) == std::vector<std::string>{"h", "x", "vt", "heads", "mask"});
  CHECK(g.node(1).output(0) == "state@1");
  CHECK(inputs(g.node(8)) == std::vector<std::string>{"t", "state@1"});
  CHECK(g.node(8).output(0) == "state");
  CHECK(attribute(g.node(8), "to_slot_stride").i() == 16);
  CHECK(attribute(g.node(3), "residual").s() == "add");
  CHECK(attribute(g.node(4), "y_trans").i() == 1);
  const auto& heads = attribute(g.node(5), "q_strides").ints();
  CHECK(std::vector<std::int64_t>(heads.begin(), heads.end()) ==
        std::vector<std::int64_t>{8, 16, 1});
  CHECK(g.node(3).doc_string() == "/a/MatMul /a/Add");
  CHECK(g.input(0).type().tensor_type().elem_type() == onnx::TensorProto::INT64);
  CHECK(g.output(0).type().tensor_type().shape().dim(1).dim_value() == 16);
  for (const auto& v : g.value_info()) {
    if (v.name() == "x") CHECK_THAT(v.doc_string(), Contains("activation, scale 0.25, 96 bytes"));
  }
  for (const auto& t : g.initializer()) {
    if (t.name() == "w") CHECK(t.raw_data().size() == 256);
  }
}

TEST_CASE("integer: random graphs as ONNX") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Graph graph = random_graph(tb::seed() * 100 + seed);
    INFO("seed " << tb::seed() * 100 + seed);
    const onnx::ModelProto model = written(graph);
    CHECK(static_cast<std::size_t>(model.graph().node_size()) ==
          graph.operations.size() + graph.inputs.size() + graph.outputs.size());
    CHECK(static_cast<std::size_t>(model.graph().output_size()) == graph.outputs.size());
  }
}

TEST_CASE("integer: ONNX into a place that cannot be written") {
  CHECK_THROWS_WITH(save_onnx(HandMade().g, "/nowhere/at/all.onnx"),
                    Contains("/nowhere/at/all.onnx: cannot be written"));
}
