// SPDX-License-Identifier: Apache-2.0
#include "compiler/integer/onnx.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include <climits>
#include <cstring>
#include <fstream>
#include <set>

#include "compiler/integer/rows.hpp"

namespace oct::integer {
namespace {

using Proto = onnx::TensorProto;

int onnx_type(Elem e) {
  constexpr std::array<int, 5> kTypes{Proto::INT8, Proto::UINT8, Proto::INT16, Proto::INT32,
                                      Proto::INT64};
  return kTypes.at(static_cast<std::size_t>(e));
}
int onnx_type(ir::DType d) {
  switch (d) {
    case ir::DType::kFloat32:
      return Proto::FLOAT;
    case ir::DType::kInt8:
      return Proto::INT8;
    case ir::DType::kUInt8:
      return Proto::UINT8;
    case ir::DType::kInt16:
      return Proto::INT16;
    case ir::DType::kUInt16:
      return Proto::UINT16;
    case ir::DType::kInt32:
      return Proto::INT32;
    case ir::DType::kUInt32:
      return Proto::UINT32;
    case ir::DType::kInt64:
      return Proto::INT64;
    case ir::DType::kUInt64:
      return Proto::UINT64;
    case ir::DType::kBool:
      return Proto::BOOL;
  }
  return Proto::UNDEFINED;
}

void set_type(onnx::ValueInfoProto& info, int type, const ir::Shape& shape) {
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  auto* dims = tensor->mutable_shape();
  for (const std::int64_t n : shape) dims->add_dim()->set_dim_value(n);
}

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph), values_(graph.tensors.size()) {}
  onnx::ModelProto model();

 private:
  /// ONNX has one producer a value: each operation that writes part of a tensor makes a new one.
  struct Values {
    std::string name, now;  ///< of the tensor; of what it holds at present ("" before any writer)
    int writers = 0, done = 0;
  };
  Values& of(TensorId id) { return values_.at(static_cast<std::size_t>(id)); }

  std::string unique(const std::string& wanted, std::size_t id) {
    std::string name = wanted.empty() ? fmt::format("tensor.{}", id) : wanted;
    if (!names_.insert(name).second) names_.insert(name = fmt::format("{}.{}", name, id));
    return name;
  }
  void name_values();
  void constant(const Tensor& t, const std::string& name);
  void port(const Port& p, bool input);
  void operation(const Operation& op);

  onnx::NodeProto& node(const std::string& type, const std::string& name,
                        const ir::Sources& sources);
  static void attribute(onnx::NodeProto& n, const std::string& name, std::int64_t value);
  static void attribute(onnx::NodeProto& n, const std::string& name,
                        const std::vector<std::int64_t>& value);
  static void attribute(onnx::NodeProto& n, const std::string& name, const std::string& value);
  void place(onnx::NodeProto& n, const View& v, const std::string& name);
  void read(onnx::NodeProto& n, const View& v, const std::string& name);
  void read(onnx::NodeProto& n, TensorId id) { n.add_input(id == kNone ? "" : of(id).now); }
  void write(onnx::NodeProto& n, const std::vector<std::pair<const View*, std::string>>& views);

  void fill(onnx::NodeProto& n, const Gemm& g);
  void fill(onnx::NodeProto& n, const Attention& a);
  void fill(onnx::NodeProto& n, const Kernel& k);
  void fill(onnx::NodeProto& n, const Copy& c);
  void fill(onnx::NodeProto& n, const Gather& g);

  const Graph& graph_;
  std::vector<Values> values_;
  std::set<std::string> names_;
  onnx::GraphProto* out_ = nullptr;
};

void Writer::name_values() {
  for (const Port& p : graph_.inputs) names_.insert(p.name);
  for (const Port& p : graph_.outputs) names_.insert(p.name);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    values_[i].name = unique(graph_.tensors[i].name, i);
  }
  for (const Port& p : graph_.inputs) ++of(p.view.tensor).writers;
  for (const Operation& op : graph_.operations) {
    for_each_view(op, [&](const View& v, bool writes) { of(v.tensor).writers += writes ? 1 : 0; });
  }
}

/// Rows without what lies between them.
void Writer::constant(const Tensor& t, const std::string& name) {
  auto* init = out_->add_initializer();
  init->set_name(name);
  init->set_data_type(onnx_type(t.elem));
  for (const std::int64_t n : t.shape) init->add_dims(n);
  init->set_doc_string(fmt::format("scale {:.9g}", t.scale));
  const std::int64_t row = (t.shape.empty() ? 1 : t.shape.back()) * elem_bytes(t.elem);
  std::string& raw = *init->mutable_raw_data();
  for (std::int64_t at = 0; at < t.bytes(); at += t.row_bytes()) {
    raw.append(reinterpret_cast<const char*>(t.data.data()) + at, static_cast<std::size_t>(row));
  }
}

onnx::NodeProto& Writer::node(const std::string& type, const std::string& name,
                              const ir::Sources& sources) {
  onnx::NodeProto& n = *out_->add_node();
  n.set_op_type(type);
  n.set_domain("octant");
  n.set_name(name);
  n.set_doc_string(fmt::format("{}", fmt::join(sources, " ")));
  return n;
}

void Writer::attribute(onnx::NodeProto& n, const std::string& name, std::int64_t value) {
  auto* a = n.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INT);
  a->set_i(value);
}
void Writer::attribute(onnx::NodeProto& n, const std::string& name,
                       const std::vector<std::int64_t>& value) {
  auto* a = n.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t v : value) a->add_ints(v);
}
void Writer::attribute(onnx::NodeProto& n, const std::string& name, const std::string& value) {
  auto* a = n.add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::STRING);
  a->set_s(value);
}

void Writer::place(onnx::NodeProto& n, const View& v, const std::string& name) {
  const View whole = graph_.whole(v.tensor);
  if (v.offset != 0) attribute(n, name + "_offset", v.offset);
  if (v.slot_stride != 0) attribute(n, name + "_slot_stride", v.slot_stride);
  if (v.sizes == whole.sizes && v.strides == whole.strides) return;
  attribute(n, name + "_sizes", v.sizes);
  attribute(n, name + "_strides", v.strides);
}

void Writer::read(onnx::NodeProto& n, const View& v, const std::string& name) {
  n.add_input(v.used() ? of(v.tensor).now : "");
  if (v.used()) place(n, v, name);
}

void Writer::write(onnx::NodeProto& n,
                   const std::vector<std::pair<const View*, std::string>>& views) {
  for (const auto& [view, name] : views) {
    Values& v = of(view->tensor);
    if (v.done > 0) n.add_input(v.now);
    place(n, *view, name);
  }
  // Inputs that were left out at the end are not written at all.
  while (n.input_size() > 0 && n.input(n.input_size() - 1).empty()) {
    n.mutable_input()->RemoveLast();
  }
  for (const auto& [view, name] : views) {
    Values& v = of(view->tensor);
    ++v.done;
    const auto id = static_cast<std::size_t>(view->tensor);
    v.now = v.done == v.writers ? v.name : unique(fmt::format("{}@{}", v.name, v.done), id);
    n.add_output(v.now);
    const Tensor& t = graph_.at(view->tensor);
    auto& info = *out_->add_value_info();
    info.set_name(v.now);
    set_type(info, onnx_type(t.elem), t.shape);
    constexpr std::array<const char*, 5> kRoles{"input", "output", "activation", "constant",
                                                "state"};
    info.set_doc_string(fmt::format("{}, scale {:.9g}, {} bytes; {}",
                                    kRoles.at(static_cast<std::size_t>(t.role)), t.scale, t.bytes(),
                                    fmt::join(t.sources, " ")));
  }
}

void Writer::fill(onnx::NodeProto& n, const Gemm& g) {
  const Epilogue& e = g.epilogue;
  read(n, g.a, "a"), read(n, g.w, "w");
  read(n, e.plane_a), read(n, e.plane_b), read(n, e.plane_c), read(n, e.table);
  read(n, g.r, "r");
  constexpr std::array<const char*, 3> kResiduals{"none", "add", "multiply"};
  if (g.r.used()) attribute(n, "residual", kResiduals.at(static_cast<std::size_t>(e.residual)));
  for (const auto& [name, flag] :
       {std::pair{"w_kn", g.w_kn}, std::pair{"y_trans", g.y_trans}, {"relu", e.relu}}) {
    if (flag) attribute(n, name, std::int64_t{1});
  }
  attribute(n, "clip", std::vector<std::int64_t>{e.lo, e.hi});
  write(n, {{&g.y, "y"}});
}

void Writer::fill(onnx::NodeProto& n, const Attention& a) {
  read(n, a.q, "q"), read(n, a.k, "k"), read(n, a.v, "v");
  read(n, a.head_params);
  read(n, a.key_mask, "key_mask");
  if (a.causal) attribute(n, "causal", std::int64_t{1});
  if (a.offset != 0) attribute(n, "offset", a.offset);
  if (a.window != 0) attribute(n, "window", a.window);
  write(n, {{&a.o, "o"}});
}

void Writer::fill(onnx::NodeProto& n, const Kernel& k) {
  for (std::size_t i = 0; i < k.inputs.size(); ++i) read(n, k.inputs[i], fmt::format("x{}", i));
  for (const TensorId id : k.constants) read(n, id);
  attribute(n, "args", std::vector<std::int64_t>(k.args.begin(), k.args.end()));
  std::vector<std::pair<const View*, std::string>> outputs;
  for (std::size_t i = 0; i < k.outputs.size(); ++i) {
    outputs.emplace_back(&k.outputs[i], fmt::format("y{}", i));
  }
  write(n, outputs);
}

void Writer::fill(onnx::NodeProto& n, const Copy& c) {
  read(n, c.from, "from");
  write(n, {{&c.to, "to"}});
}

void Writer::fill(onnx::NodeProto& n, const Gather& g) {
  read(n, g.ids, "ids"), read(n, g.table);
  write(n, {{&g.to, "to"}});
}

void Writer::port(const Port& p, bool input) {
  const Tensor& t = graph_.at(p.view.tensor);
  onnx::ValueInfoProto& info = input ? *out_->add_input() : *out_->add_output();
  info.set_name(p.name);
  set_type(info, onnx_type(p.dtype), p.view.sizes);
  info.set_doc_string(fmt::format("integer * {:.9g}", ir::is_float(p.dtype) ? t.scale : 1.0));
  onnx::NodeProto& n = node(input ? "HostWrite" : "HostRead", p.name, {});
  if (input) {
    n.add_input(p.name);
    write(n, {{&p.view, "to"}});
  } else {
    read(n, p.view, "from");
    n.add_output(p.name);
  }
}

void Writer::operation(const Operation& op) {
  constexpr std::array<const char*, 5> kTypes{"Gemm", "Attention", "", "Copy", "Gather"};
  const auto* kernel = std::get_if<Kernel>(&op.what);
  const std::string type = kernel != nullptr ? kernel->name : kTypes.at(op.what.index());
  onnx::NodeProto& n = node(type, op.name, op.sources);
  std::visit([&](const auto& what) { fill(n, what); }, op.what);
}

onnx::ModelProto Writer::model() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("octant");
  model.add_opset_import()->set_version(17);
  auto* opset = model.add_opset_import();
  opset->set_domain("octant");
  opset->set_version(1);
  auto* slots = model.add_metadata_props();
  slots->set_key("slots");
  slots->set_value(std::to_string(graph_.slots));
  out_ = model.mutable_graph();
  out_->set_name(graph_.name.empty() ? "network" : graph_.name);

  name_values();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (graph_.tensors[i].role != Role::kConstant) continue;
    values_[i].now = values_[i].name;
    constant(graph_.tensors[i], values_[i].name);
  }
  for (const Port& p : graph_.inputs) port(p, true);
  for (const Operation& op : graph_.operations) operation(op);
  for (const Port& p : graph_.outputs) port(p, false);
  return model;
}

}  // namespace

void save_onnx(const Graph& graph, const std::filesystem::path& path) {
  std::int64_t constants = 0;
  for (const Tensor& t : graph.tensors) constants += static_cast<std::int64_t>(t.data.size());
  if (constants > INT_MAX - (64 << 20)) {
    throw ir::CompileError(
        fmt::format("{}: {} bytes of constants; a file holds 2 GiB", path.string(), constants));
  }
  std::ofstream file(path, std::ios::binary);
  if (!file || !Writer(graph).model().SerializeToOstream(&file) || !file.flush()) {
    throw ir::CompileError(fmt::format("{}: cannot be written", path.string()));
  }
}

}  // namespace oct::integer
