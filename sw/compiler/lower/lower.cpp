// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/lower.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/context.hpp"
#include "compiler/lower/fuse.hpp"
#include "compiler/lower/nodes.hpp"
#include "compiler/lower/product.hpp"

namespace oct::lower {
namespace {

using ir::Node;

/// Truth values as numbers are what an input holds: 0 and 1.
void lower_cast(Context& ctx, const Node& n) {
  const View from = ctx.places(n.inputs[0]).front();
  const ir::DType to = ctx.graph.value(n.output).type.dtype;
  if (ctx.elem(from) == Elem::kI64 && !ir::is_float(to) && to != ir::DType::kBool) {
    return ctx.put(n.output, from);  // ids in fewer bits: the host widens them all
  }
  if (ctx.elem(from) != Elem::kI8) throw Unsupported("it has no integer form", "");
  ctx.put(n.output, from);
}

void lower_node(Context& ctx, const Node& n) {
  switch (n.op) {
    case Op::kReshape:
    case Op::kRearrange:
      return lower_layout(ctx, n);
    case Op::kSlice:
      return lower_slice(ctx, n);
    case Op::kConcat:
      return lower_concat(ctx, n);
    case Op::kPad:
      return lower_pad(ctx, n);
    case Op::kExpand:
      return lower_expand(ctx, n);
    case Op::kEmbedding:
    case Op::kGather:
      return lower_lookup(ctx, n);
    case Op::kKvAppend:
      return lower_kv_append(ctx, n);
    case Op::kAttention:
      return lower_attention(ctx, n);
    case Op::kRotary:
      return lower_rotary(ctx, n);
    case Op::kLayerNorm:
    case Op::kRmsNorm:
      return lower_norm(ctx, n);
    case Op::kSoftmax:
      return lower_softmax(ctx, n);
    case Op::kAffine:
      return lower_affine(ctx, n);
    case Op::kFixed:
      return lower_fixed(ctx, n);
    case Op::kWhere:
      return lower_mask(ctx, n);
    case Op::kQuantize:
    case Op::kDequantize:
      return lower_as_it_is(ctx, n);
    case Op::kReduceMean:
    case Op::kReduceSum:
    case Op::kReduceMax:
      return lower_reduce(ctx, n);
    case Op::kCast:
      return lower_cast(ctx, n);
    case Op::kMaxPool:
    case Op::kAveragePool:
      return lower_pool(ctx, n);
    default:
      break;
  }
  if (is_function(ctx.graph, n)) return lower_function(ctx, n);
  if (ir::op_info(n.op).op_class == ir::OpClass::kBinary) return lower_binary(ctx, n);
  throw Unsupported("it has no integer form", "");
}

void lower_chain(Context& ctx, const Chain& chain) {
  switch (ctx.graph.node(chain.product).op) {
    case Op::kLinear:
      return lower_linear(ctx, chain);
    case Op::kMatMul:
      return lower_matmul(ctx, chain);
    default:
      return lower_conv(ctx, chain);
  }
}

/// An input of truth values, or of integers that only count as such, that becomes numbers.
bool is_flag(const ir::Graph& g, ValueId v) {
  const ir::Value& value = g.value(v);
  return !value.users.empty() &&
         std::all_of(value.users.begin(), value.users.end(), [&](ir::NodeId user) {
           const Node& n = g.node(user);
           const ir::DType to = g.value(n.output).type.dtype;
           if (n.op != Op::kCast) return false;
           if (value.type.dtype == ir::DType::kBool) return ir::is_float(to);
           return to == ir::DType::kBool && is_flag(g, n.output);
         });
}

Elem integer_elem(ir::DType t, const std::string& name) {
  switch (t) {
    case ir::DType::kInt8:
      return Elem::kI8;
    case ir::DType::kUInt8:
      return Elem::kU8;
    case ir::DType::kInt16:
      return Elem::kI16;
    // Masks and ids: the host widens them.
    case ir::DType::kBool:
    case ir::DType::kInt32:
    case ir::DType::kInt64:
      return Elem::kI64;
    default:
      throw ir::CompileError(fmt::format("input {}: elements of type {} have no integer form", name,
                                         ir::dtype_name(t)));
  }
}

void make_input(Context& ctx, ValueId v) {
  const ir::Value& value = ctx.graph.value(v);
  if (ir::element_count(value.shape()) == 0) return;
  View place;
  if (ir::is_float(value.type.dtype)) {
    place = ctx.destination(v, {}, Context::Zero::kAny);
    if (ctx.out.at(place.tensor).role != Role::kState) ctx.out.at(place.tensor).role = Role::kInput;
  } else {
    const Elem elem =
        is_flag(ctx.graph, v) ? Elem::kI8 : integer_elem(value.type.dtype, value.name);
    place = ctx.out.whole(ctx.tensor(value.name, elem, value.shape(), 1, Role::kInput));
    if (value.shape().empty()) place.sizes.clear(), place.strides.clear();
  }
  ctx.put(v, place);
  ctx.out.inputs.push_back({value.name, place, value.type.dtype});
}

void make_output(Context& ctx, const ir::Output& o) {
  const ir::Value& value = ctx.graph.value(o.value);
  View place = ctx.places(o.value).front();
  for (const View& p : ctx.places(o.value)) {
    const Role role = ctx.out.at(p.tensor).role;
    if (role == Role::kState) place = p;
  }
  Role& role = ctx.out.at(place.tensor).role;
  if (role == Role::kActivation) role = Role::kOutput;
  if (role == Role::kInput) {  // an input handed through
    const View to = ctx.out.whole(ctx.tensor(o.name, ctx.elem(place), value.shape(),
                                             ctx.scale(place), Role::kOutput, {}, ctx.zero(place)));
    ctx.copy(place, to, o.name, {});
    place = to;
  }
  ctx.out.outputs.push_back({o.name, place, value.type.dtype});
}

bool only_in_masks(const ir::Graph& g, const Node& cast) {
  const auto& users = g.value(cast.output).users;
  return std::all_of(users.begin(), users.end(),
                     [&](ir::NodeId id) { return g.node(id).op == Op::kWhere; });
}

struct Problem {
  std::string node, text, hint;
};

}  // namespace

integer::Graph lower(const quant::Plan& plan) { return lower_with_places(plan).graph; }

Lowered lower_with_places(const quant::Plan& plan) {
  Context ctx(plan);
  ctx.out.name = plan.graph.name;
  std::vector<Problem> problems;
  const auto note = [&](const Node& n, const Unsupported& u) {
    problems.push_back({n.name,
                        fmt::format("{} ({}): {}. ONNX nodes: {}", n.name, ir::op_name(n.op),
                                    u.what(), fmt::join(n.sources, " ")),
                        u.hint});
  };
  find_places(ctx);
  const Chains chains = find_chains(ctx);
  for (const ValueId v : ctx.graph.inputs()) make_input(ctx, v);
  for (const ir::NodeId id : ctx.graph.order()) {
    const Node& n = ctx.graph.node(id);
    if (is_constant(ctx.graph, n.output)) continue;
    if (n.op == Op::kCast && only_in_masks(ctx.graph, n)) continue;  // lower_mask looks through it
    const auto member = chains.member.find(id);
    const auto end = chains.at_end.find(id);
    if (member != chains.member.end() && end == chains.at_end.end()) continue;
    try {
      if (end != chains.at_end.end()) {
        lower_chain(ctx, chains.all[end->second]);
      } else {
        lower_node(ctx, n);
      }
      ctx.finish(n);
      ctx.settle(n.output);
    } catch (const Unsupported& u) {
      note(n, u);
      // What follows is looked at as if this node were fine.
      if (!ctx.placed(n.output)) ctx.put(n.output, ctx.stand_in(n.output));
    }
  }
  if (!problems.empty()) {
    std::string text;
    std::vector<std::string> nodes;
    for (const Problem& p : problems) {
      nodes.push_back(p.node);
      text += "\n  " + p.text;
      if (!p.hint.empty()) text += ". Hint: " + p.hint;
    }
    throw Refused(fmt::format("{} node{} cannot run on the cluster:{}\n  Hint: `octant ops` says "
                              "what can; --host-fallback runs the rest on the host",
                              problems.size(), problems.size() == 1 ? "" : "s", text),
                  nodes);
  }
  for (const ir::Output& o : ctx.graph.outputs()) make_output(ctx, o);
  Lowered result{std::move(ctx.out), ctx.first_places()};
  drop_unused(result.graph, result.places);
  caches_first(result.graph);
  return result;
}

}  // namespace oct::lower
