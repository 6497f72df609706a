// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/host_ends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace oct::passes {
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::OpClass;
using ir::ValueId;

namespace {

enum Stage { kBefore, kCore, kAfter };

bool makes_float(const Graph& g, const Node& n) {
  return ir::is_float(g.value(n.output).type.dtype);
}

bool is_product(const Node& n) {
  return ir::op_info(n.op).op_class == OpClass::kGemm || n.op == Op::kEmbedding;
}

/// Nodes that depend on integer and truth inputs alone, without weights.
std::set<NodeId> side_computations(const Graph& g) {
  std::set<NodeId> side;
  std::set<ValueId> known;
  for (const ValueId v : g.inputs()) {
    if (!ir::is_float(g.value(v).type.dtype)) known.insert(v);
  }
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    bool fits = !is_product(n), runs = false;
    for (const ValueId in : n.inputs) {
      if (in == kNone) continue;
      const bool constant = g.value(in).is_constant();
      fits = fits && (constant || known.contains(in));
      runs = runs || !constant;
      // Rows of a table of numbers are weights.
      if (n.op == Op::kGather && constant && makes_float(g, n)) fits = false;
    }
    if (!fits || !runs) continue;
    side.insert(id);
    known.insert(n.output);
  }
  return side;
}

/// Integer arithmetic, and numbers made of integers: there are no kernels for either.
bool needs_host(const Graph& g, const Node& n) {
  const bool layout = ir::op_info(n.op).op_class == OpClass::kLayout;
  if (!makes_float(g, n)) return !layout && n.op != Op::kCast;
  if (n.op == Op::kCast) {
    const ir::DType from = g.value(n.inputs[0]).type.dtype;
    return from != ir::DType::kBool && !ir::is_float(from);
  }
  return !ir::op_info(n.op).canonical;
}

class Stages {
 public:
  explicit Stages(const Graph& g) : g_(g) {
    for (const NodeId id : g.order()) order_.push_back(id), stage_[id] = kCore;
  }

  void prepare() {
    const std::set<NodeId> side = side_computations(g_);
    for (const NodeId id : order_) {
      if (!side.contains(id)) continue;
      if (needs_host(g_, g_.node(id))) {
        with_producers(id, kBefore);
      } else if (stage_of_inputs(id, kBefore)) {
        stage_[id] = kBefore;
      }
    }
    // Broadcasting and the like of what is a number already is the cluster's.
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
      const Node& n = g_.node(*it);
      const bool layout = ir::op_info(n.op).op_class == OpClass::kLayout;
      if (stage_[*it] == kBefore && layout && makes_float(g_, n) && !users_in(n.output, kBefore)) {
        stage_[*it] = kCore;
      }
    }
  }

  void refuse(const std::set<std::string>& names) {
    std::set<NodeId> behind;  // a product, or one themselves
    for (const NodeId id : order_) {
      const auto& in = g_.node(id).inputs;
      const bool here = std::any_of(in.begin(), in.end(), [&](ValueId v) {
        return v != kNone && behind.contains(g_.value(v).producer);
      });
      if (here || is_product(g_.node(id))) behind.insert(id);
    }
    for (const NodeId id : order_) {
      if (!names.contains(g_.node(id).name) || stage_[id] != kCore) continue;
      if (behind.contains(id)) {
        with_users(id);
      } else {
        with_producers(id, kBefore);
      }
    }
  }

  [[nodiscard]] Stage of(NodeId id) const { return stage_.at(id); }
  [[nodiscard]] const std::vector<NodeId>& order() const { return order_; }

 private:
  [[nodiscard]] bool stage_of_inputs(NodeId id, Stage s) const {
    const auto& in = g_.node(id).inputs;
    return std::any_of(in.begin(), in.end(), [&](ValueId v) {
      return v != kNone && g_.value(v).producer != kNone && stage_.at(g_.value(v).producer) == s;
    });
  }
  [[nodiscard]] bool users_in(ValueId v, Stage s) const {
    const auto& users = g_.value(v).users;
    return std::any_of(users.begin(), users.end(), [&](NodeId u) {
      const auto it = stage_.find(u);
      return it != stage_.end() && it->second == s;
    });
  }
  void with_producers(NodeId last, Stage s) {
    std::vector<NodeId> stack{last};
    while (!stack.empty()) {
      const NodeId id = stack.back();
      stack.pop_back();
      if (stage_[id] == s) continue;
      stage_[id] = s;
      for (const ValueId in : g_.node(id).inputs) {
        if (in != kNone && g_.value(in).producer != kNone) stack.push_back(g_.value(in).producer);
      }
    }
  }
  void with_users(NodeId first) {
    stage_[first] = kAfter;
    for (const NodeId id : order_) {
      if (stage_of_inputs(id, kAfter)) stage_[id] = kAfter;
    }
  }
  const Graph& g_;
  std::vector<NodeId> order_;
  std::map<NodeId, Stage> stage_;
};

class Splitter {
 public:
  Splitter(const Graph& g, const Stages& stages) : g_(g), stages_(stages) {
    std::set<std::string> names;
    for (const ValueId v : g.inputs()) names.insert(name_[v] = g.value(v).name);
    for (const ir::Output& o : g.outputs()) {
      if (!name_.contains(o.value)) names.insert(name_[o.value] = o.name);
    }
    for (const NodeId id : stages.order()) {
      const ValueId v = g.node(id).output;
      if (name_.contains(v)) continue;
      std::string name = g.value(v).name.empty() ? g.node(id).name : g.value(v).name;
      if (names.contains(name)) name = fmt::format("{}.{}", name, v);
      names.insert(name_[v] = name);
    }
  }

  Graph part(Stage stage) {
    Graph p;
    p.name = g_.name;
    std::map<ValueId, ValueId> here;
    if (stage == kCore) {  // the model's inputs in its order
      for (const ValueId v : g_.inputs()) {
        if (used_in(v, stage)) here[v] = p.add_input(name_.at(v), g_.value(v).type);
      }
    }
    const auto value = [&](ValueId v) {
      if (v == kNone) return v;
      if (const auto it = here.find(v); it != here.end()) return it->second;
      const ir::Value& x = g_.value(v);
      return here[v] = x.is_constant() ? p.add_constant(x.name, x.data)
                                       : p.add_input(name_.at(v), x.type);
    };
    for (const NodeId id : stages_.order()) {
      if (stages_.of(id) != stage) continue;
      const Node& n = g_.node(id);
      std::vector<ValueId> in;
      for (const ValueId v : n.inputs) in.push_back(value(v));
      const ValueId made = p.add(n.op, in, n.attrs, n.name, n.sources);
      p.value(made).name = g_.value(n.output).name;
      here[n.output] = made;
    }
    // The model's outputs in its order, under all their names; then what others need.
    for (const ir::Output& o : g_.outputs()) {
      const NodeId from = g_.value(o.value).producer;
      if (from == kNone ? stage == kCore : stages_.of(from) == stage) {
        p.add_output(o.name, value(o.value));
      }
    }
    for (const NodeId id : stages_.order()) {
      const ValueId v = g_.node(id).output;
      if (stages_.of(id) == stage && !g_.is_output(v) && needed_later(v, stage)) {
        p.add_output(name_.at(v), here.at(v));
      }
    }
    return p;
  }

 private:
  [[nodiscard]] bool used_in(ValueId v, Stage stage) const {
    const auto& users = g_.value(v).users;
    return g_.is_output(v) || std::any_of(users.begin(), users.end(), [&](NodeId u) {
             return g_.node(u).alive && stages_.of(u) == stage;
           });
  }
  [[nodiscard]] bool needed_later(ValueId v, Stage stage) const {
    const auto& users = g_.value(v).users;
    return std::any_of(users.begin(), users.end(),
                       [&](NodeId u) { return g_.node(u).alive && stages_.of(u) != stage; });
  }

  const Graph& g_;
  const Stages& stages_;
  std::map<ValueId, std::string> name_;
};

}  // namespace

HostEnds split_host_ends(const Graph& g, const std::set<std::string>& refused) {
  Stages stages(g);
  stages.prepare();
  HostEnds ends;
  const auto list = [&](std::vector<std::string>& names) {
    for (const NodeId id : stages.order()) {
      const Node& n = g.node(id);
      const std::string text = fmt::format("{} ({})", n.name, ir::op_name(n.op));
      const bool known =
          std::find(ends.prepared.begin(), ends.prepared.end(), text) != ends.prepared.end();
      if (stages.of(id) != kCore && !known) names.push_back(text);
    }
  };
  list(ends.prepared);
  stages.refuse(refused);
  list(ends.refused);
  if (!ends.any()) {
    ends.core = g;
    return ends;
  }
  Splitter splitter(g, stages);
  ends.before = splitter.part(kBefore);
  ends.core = splitter.part(kCore);
  ends.after = splitter.part(kAfter);
  if (ends.core.node_count() == 0) {
    throw ir::CompileError("--host-fallback: nothing of the model is left for the cluster");
  }
  return ends;
}

}  // namespace oct::passes
