// SPDX-License-Identifier: Apache-2.0
#include "compiler/ir/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace oct::ir {
namespace {

template <typename T>
const T* find(const std::map<std::string, Attribute>& map, const std::string& name) {
  const auto it = map.find(name);
  if (it == map.end()) return nullptr;
  const T* value = std::get_if<T>(&it->second);
  if (!value) throw GraphError("attribute " + name + " has another type");
  return value;
}

}  // namespace

std::int64_t Attributes::integer(const std::string& name, std::int64_t otherwise) const {
  const auto* v = find<std::int64_t>(map_, name);
  return v ? *v : otherwise;
}

double Attributes::number(const std::string& name, double otherwise) const {
  const auto* v = find<double>(map_, name);
  return v ? *v : otherwise;
}

std::string Attributes::text(const std::string& name, std::string otherwise) const {
  const auto* v = find<std::string>(map_, name);
  return v ? *v : otherwise;
}

Ints Attributes::ints(const std::string& name, Ints otherwise) const {
  const auto* v = find<Ints>(map_, name);
  return v ? *v : otherwise;
}

std::string type_text(const Type& type) { return dtype_name(type.dtype) + shape_text(type.shape); }

Sources merged(const Sources& a, const Sources& b) {
  Sources out = a;
  for (const std::string& name : b) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
  return out;
}

ValueId Graph::add_input(std::string name, Type type) {
  const auto id = static_cast<ValueId>(values_.size());
  values_.push_back({std::move(name), std::move(type), kNone, {}, {}});
  inputs_.push_back(id);
  return id;
}

ValueId Graph::add_constant(std::string name, Tensor data) {
  const auto id = static_cast<ValueId>(values_.size());
  Type type{data.dtype(), data.shape()};
  values_.push_back({std::move(name), std::move(type), kNone, std::move(data), {}});
  return id;
}

ValueId Graph::add(Op op, std::vector<ValueId> inputs, Attributes attrs, std::string name,
                   Sources sources) {
  while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  std::vector<const Value*> operands;
  for (const ValueId id : inputs) operands.push_back(id == kNone ? nullptr : &value(id));
  Type type = infer_type(op, operands, attrs);
  (void)element_count(type.shape);  // neither negative nor too large
  const auto node_id = static_cast<NodeId>(nodes_.size());
  const auto output = static_cast<ValueId>(values_.size());
  for (const ValueId id : inputs) {
    if (id != kNone) value(id).users.push_back(node_id);
  }
  values_.push_back({name, std::move(type), node_id, {}, {}});
  nodes_.push_back(
      {op, std::move(name), std::move(inputs), output, std::move(attrs), std::move(sources), true});
  return output;
}

void Graph::add_output(std::string name, ValueId value) {
  outputs_.push_back({std::move(name), value});
}

const Node* Graph::producer(ValueId id) const {
  if (id == kNone || value(id).producer == kNone) return nullptr;
  return &node(value(id).producer);
}

const Node* Graph::producer(ValueId id, Op op) const {
  const Node* n = producer(id);
  return n && n->op == op ? n : nullptr;
}

const Tensor* Graph::constant(ValueId id) const {
  if (id == kNone || !value(id).is_constant()) return nullptr;
  return &value(id).data;
}

bool Graph::is_output(ValueId id) const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [&](const Output& o) { return o.value == id; });
}

std::size_t Graph::use_count(ValueId id) const {
  const auto as_output = std::count_if(outputs_.begin(), outputs_.end(),
                                       [&](const Output& o) { return o.value == id; });
  return value(id).users.size() + static_cast<std::size_t>(as_output);
}

std::size_t Graph::node_count() const {
  return static_cast<std::size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.alive; }));
}

void Graph::drop_use(ValueId id, NodeId user) {
  auto& users = value(id).users;
  const auto it = std::find(users.begin(), users.end(), user);
  if (it == users.end()) throw GraphError("a use is not on its value's list");
  *it = users.back();
  users.pop_back();
}

void Graph::set_input(NodeId user, std::size_t i, ValueId to) {
  Node& n = node(user);
  if (i >= n.inputs.size()) n.inputs.resize(i + 1, kNone);
  if (n.inputs[i] != kNone) drop_use(n.inputs[i], user);
  n.inputs[i] = to;
  if (to != kNone) value(to).users.push_back(user);
}

void Graph::replace_uses(ValueId from, ValueId to) {
  if (from == to) return;
  if (value(from).type != value(to).type) {
    throw GraphError(fmt::format("{} {} cannot take the place of {} {}", value(to).name,
                                 type_text(value(to).type), value(from).name,
                                 type_text(value(from).type)));
  }
  for (const NodeId user : std::exchange(value(from).users, {})) {
    for (ValueId& in : node(user).inputs) {
      if (in != from) continue;
      in = to;
      value(to).users.push_back(user);
      break;  // one entry of the list is one use
    }
  }
  for (Output& o : outputs_) {
    if (o.value == from) o.value = to;
  }
}

std::size_t Graph::remove_dead() {
  std::vector<char> is_result(values_.size());
  for (const Output& o : outputs_) is_result[index(o.value)] = 1;
  std::vector<NodeId> work;
  const auto consider = [&](ValueId id) {
    const Value& v = value(id);
    if (v.producer != kNone && v.users.empty() && !is_result[index(id)] && node(v.producer).alive) {
      work.push_back(v.producer);
    }
  };
  for (std::size_t i = 0; i < values_.size(); ++i) consider(static_cast<ValueId>(i));
  std::size_t removed = 0;
  while (!work.empty()) {
    Node& n = node(work.back());
    const NodeId id = work.back();
    work.pop_back();
    if (!n.alive) continue;
    n.alive = false;
    ++removed;
    for (const ValueId in : n.inputs) {
      if (in == kNone) continue;
      drop_use(in, id);
      consider(in);
    }
  }
  return removed;
}

std::vector<NodeId> Graph::order() const {
  // Depth first from each node in turn: an order close to the one nodes were added in.
  enum : char { kNew, kOpen, kDone };
  std::vector<char> state(nodes_.size(), kNew);
  std::vector<NodeId> out, stack;
  for (std::size_t start = 0; start < nodes_.size(); ++start) {
    if (!nodes_[start].alive || state[start] != kNew) continue;
    stack.push_back(static_cast<NodeId>(start));
    while (!stack.empty()) {
      const NodeId id = stack.back();
      if (state[index(id)] == kDone) {
        stack.pop_back();
        continue;
      }
      // A node is open while its operands are on the stack above it.
      state[index(id)] = kOpen;
      bool ready = true;
      for (auto it = node(id).inputs.rbegin(); it != node(id).inputs.rend(); ++it) {
        const NodeId before = *it == kNone ? kNone : value(*it).producer;
        if (before == kNone || state[index(before)] == kDone) continue;
        if (state[index(before)] == kOpen) {
          throw GraphError("the graph has a cycle through node " + node(before).name);
        }
        stack.push_back(before);
        ready = false;
      }
      if (ready) {
        state[index(id)] = kDone;
        out.push_back(id);
        stack.pop_back();
      }
    }
  }
  return out;
}

Graph Graph::compacted() const {
  Graph out;
  out.name = name;
  std::vector<ValueId> map(values_.size(), kNone);
  for (const ValueId id : inputs_) {
    map[index(id)] = out.add_input(value(id).name, value(id).type);
  }
  const auto take = [&](ValueId id) {
    if (id != kNone && map[index(id)] == kNone) {
      map[index(id)] = out.add_constant(value(id).name, value(id).data);
    }
    return id == kNone ? kNone : map[index(id)];
  };
  for (const NodeId id : order()) {
    const Node& n = node(id);
    std::vector<ValueId> inputs;
    for (const ValueId in : n.inputs) inputs.push_back(take(in));
    const ValueId result = out.add(n.op, std::move(inputs), n.attrs, n.name, n.sources);
    out.value(result).name = value(n.output).name;
    map[index(n.output)] = result;
  }
  for (const Output& o : outputs_) out.add_output(o.name, take(o.value));
  return out;
}

void Graph::verify() const {
  std::vector<std::size_t> uses(values_.size());
  for (const NodeId id : order()) {
    const Node& n = node(id);
    std::vector<const Value*> operands;
    for (const ValueId in : n.inputs) {
      operands.push_back(in == kNone ? nullptr : &value(in));
      if (in == kNone) continue;
      ++uses[index(in)];
      const auto& users = value(in).users;
      if (std::find(users.begin(), users.end(), id) == users.end()) {
        throw GraphError(n.name + ": its use of " + value(in).name + " is not on the list");
      }
      if (value(in).producer != kNone && !node(value(in).producer).alive) {
        throw GraphError(n.name + ": uses the result of a removed node");
      }
    }
    const Type type = infer_type(n.op, operands, n.attrs);
    if (type != value(n.output).type) {
      throw GraphError(fmt::format("{}: result is {}, but {} follows from its operands", n.name,
                                   type_text(value(n.output).type), type_text(type)));
    }
    if (value(n.output).producer != id) throw GraphError(n.name + ": not its result's producer");
  }
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (uses[i] != values_[i].users.size()) {
      throw GraphError(values_[i].name + ": its list of users is wrong");
    }
  }
  for (const Output& o : outputs_) {
    const Value& v = value(o.value);
    if (v.producer != kNone && !node(v.producer).alive) {
      throw GraphError("graph output " + o.name + " has lost its producer");
    }
  }
}

}  // namespace oct::ir
