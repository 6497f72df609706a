// SPDX-License-Identifier: Apache-2.0
// Text form of an integer graph.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/integer/graph.hpp"

namespace oct::integer {
namespace {

const char* elem_text(Elem e) {
  constexpr std::array<const char*, 5> kNames{"i8", "u8", "i16", "i32", "i64"};
  return kNames.at(static_cast<std::size_t>(e));
}
const char* role_text(Role r) {
  constexpr std::array<const char*, 5> kNames{"input", "output", "activation", "constant", "state"};
  return kNames.at(static_cast<std::size_t>(r));
}

/// "%3", or with what differs from the whole tensor: "%3+128[1, 4, 64; 512, 64, 1]".
struct Text {
  const Graph& graph;

  [[nodiscard]] std::string tensor(TensorId id) const {
    return id == kNone ? "-" : fmt::format("%{}", id);
  }
  [[nodiscard]] std::string view(const View& v) const {
    if (!v.used()) return "-";
    const View whole = graph.whole(v.tensor);
    std::string out = tensor(v.tensor);
    if (v.offset != 0) out += fmt::format("+{}", v.offset);
    if (v.slot_stride != 0) out += fmt::format("+slot*{}", v.slot_stride);
    if (v.sizes == whole.sizes && v.strides == whole.strides) return out;
    return out + fmt::format("[{}; {}]", fmt::join(v.sizes, ", "), fmt::join(v.strides, ", "));
  }
  [[nodiscard]] std::string views(const std::vector<View>& list) const {
    std::vector<std::string> out;
    for (const View& v : list) out.push_back(view(v));
    return fmt::format("{}", fmt::join(out, ", "));
  }

  std::string operator()(const Gemm& g) const {
    const Epilogue& e = g.epilogue;
    std::string out =
        fmt::format("{} = Gemm({}, {}, planes {} {} {}", view(g.y), view(g.a), view(g.w),
                    tensor(e.plane_a), tensor(e.plane_b), tensor(e.plane_c));
    if (e.table != kNone) out += ", table " + tensor(e.table);
    if (e.residual == Epilogue::Residual::kAdd) out += ", + " + view(g.r);
    if (e.residual == Epilogue::Residual::kMultiply) out += ", * " + view(g.r);
    out += ")";
    if (g.w_kn) out += " w_kn";
    if (g.y_trans) out += " y_trans";
    if (e.relu) out += " relu";
    return out + fmt::format(" clip [{}, {}]", e.lo, e.hi);
  }
  std::string operator()(const Attention& a) const {
    std::string out = fmt::format("{} = Attention({}, {}, {}, heads {}", view(a.o), view(a.q),
                                  view(a.k), view(a.v), tensor(a.head_params));
    if (a.key_mask.used()) out += ", mask " + view(a.key_mask);
    out += ")";
    if (a.causal) out += " causal";
    if (a.offset != 0) out += fmt::format(" offset={}", a.offset);
    if (a.window != 0) out += fmt::format(" window={}", a.window);
    return out;
  }
  std::string operator()(const Kernel& k) const {
    std::string out = fmt::format("{} = {}({}", views(k.outputs), k.name, views(k.inputs));
    for (const TensorId id : k.constants) out += ", " + tensor(id);
    return out + fmt::format(") args [{}]", fmt::join(k.args, ", "));
  }
  std::string operator()(const Copy& c) const {
    return fmt::format("{} = Copy({})", view(c.to), view(c.from));
  }
  std::string operator()(const Gather& g) const {
    return fmt::format("{} = Gather({}, ids {})", view(g.to), tensor(g.table), view(g.ids));
  }
};

std::string port_text(const Text& text, const Port& p, const char* kind) {
  return fmt::format("  {} {} : {}{} = {}\n", kind, p.name, ir::dtype_name(p.dtype),
                     ir::shape_text(p.view.sizes), text.view(p.view));
}

}  // namespace

std::string to_text(const Graph& graph) {
  const Text text{graph};
  std::string out = fmt::format("integer graph {}\n", graph.name);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const Tensor& t = graph.tensors[i];
    out += fmt::format("  %{} {} : {} {}{} scale {:.6g}, {} bytes\n", i, t.name, role_text(t.role),
                       elem_text(t.elem), ir::shape_text(t.shape), t.scale, t.bytes());
  }
  for (const Port& p : graph.inputs) out += port_text(text, p, "input");
  for (const Operation& op : graph.operations) {
    out += fmt::format("  {}  # {}\n", std::visit(text, op.what), fmt::join(op.sources, " "));
  }
  for (const Port& p : graph.outputs) out += port_text(text, p, "output");
  return out;
}

}  // namespace oct::integer
