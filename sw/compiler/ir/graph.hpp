// SPDX-License-Identifier: Apache-2.0
// The graph that import builds and every pass rewrites: values (graph inputs, constants, results of
// nodes) and nodes with one result each. All shapes are static. Description:
// docs/architecture/flow.md.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/op.hpp"
#include "compiler/ir/tensor.hpp"

namespace oct::ir {

/// A graph that breaks a rule of its own: always a bug of the flow, never of the user.
struct GraphError : std::logic_error {
  using std::logic_error::logic_error;
};

using ValueId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr std::int32_t kNone = -1;  // no value (an optional input left out), no node

using Ints = std::vector<std::int64_t>;
using Attribute =
    std::variant<std::int64_t, double, std::string, Ints, std::vector<double>, Tensor>;

/// Named attributes, in alphabetical order, so that dumps and comparisons are stable.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<const std::string, Attribute>> list) : map_(list) {}

  [[nodiscard]] bool has(const std::string& name) const { return map_.contains(name); }
  void set(const std::string& name, Attribute value) { map_[name] = std::move(value); }
  void erase(const std::string& name) { map_.erase(name); }
  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t otherwise = 0) const;
  [[nodiscard]] double number(const std::string& name, double otherwise = 0) const;
  [[nodiscard]] std::string text(const std::string& name, std::string otherwise = "") const;
  [[nodiscard]] Ints ints(const std::string& name, Ints otherwise = {}) const;
  [[nodiscard]] const std::map<std::string, Attribute>& map() const { return map_; }

 private:
  std::map<std::string, Attribute> map_;
};

struct Type {
  DType dtype = DType::kFloat32;
  Shape shape;
  bool operator==(const Type&) const = default;
};
[[nodiscard]] std::string type_text(const Type& type);

using Sources = std::vector<std::string>;  // names of ONNX nodes
/// Union in order of first appearance.
[[nodiscard]] Sources merged(const Sources& a, const Sources& b);

struct Value {
  std::string name;
  Type type;
  NodeId producer = kNone;    // kNone: a graph input or a constant
  Tensor data;                // defined for a constant
  std::vector<NodeId> users;  // one entry for each use, in no particular order

  [[nodiscard]] bool is_constant() const { return data.defined(); }
  [[nodiscard]] const Shape& shape() const { return type.shape; }
  [[nodiscard]] std::int64_t rank() const { return static_cast<std::int64_t>(type.shape.size()); }
};

struct Node {
  Op op = Op::kReshape;
  std::string name;
  std::vector<ValueId> inputs;  // kNone where an optional input is left out
  ValueId output = kNone;
  Attributes attrs;
  Sources sources;  // the ONNX nodes that this one stands for
  bool alive = true;
};

struct Output {
  std::string name;
  ValueId value = kNone;
};

/// What a node's result has as type; throws CompileError where the operands do not fit.
[[nodiscard]] Type infer_type(Op op, const std::vector<const Value*>& inputs,
                              const Attributes& attrs);

class Graph {
 public:
  std::string name;

  ValueId add_input(std::string name, Type type);
  ValueId add_constant(std::string name, Tensor data);
  /// A new node; its result's type is inferred. Returns the result.
  ValueId add(Op op, std::vector<ValueId> inputs, Attributes attrs, std::string name,
              Sources sources);
  void add_output(std::string name, ValueId value);

  [[nodiscard]] const Value& value(ValueId id) const { return values_.at(index(id)); }
  [[nodiscard]] Value& value(ValueId id) { return values_.at(index(id)); }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes_.at(index(id)); }
  [[nodiscard]] Node& node(NodeId id) { return nodes_.at(index(id)); }
  /// The node that makes a value, or nullptr.
  [[nodiscard]] const Node* producer(ValueId id) const;
  /// The same, only if it is of this kind.
  [[nodiscard]] const Node* producer(ValueId id, Op op) const;
  [[nodiscard]] const Tensor* constant(ValueId id) const;
  [[nodiscard]] bool is_output(ValueId id) const;
  /// Uses by nodes and as graph outputs.
  [[nodiscard]] std::size_t use_count(ValueId id) const;

  [[nodiscard]] const std::vector<ValueId>& inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<Output>& outputs() const { return outputs_; }
  [[nodiscard]] std::size_t value_count() const { return values_.size(); }
  [[nodiscard]] std::size_t node_count() const;

  void set_input(NodeId node, std::size_t index, ValueId value);
  /// Every use of `from`, graph outputs included, becomes one of `to`; the types must be equal.
  void replace_uses(ValueId from, ValueId to);
  /// Removes nodes that nothing uses. Returns how many.
  std::size_t remove_dead();
  /// Drops dead nodes and unused constants, renumbers values and nodes in topological order.
  [[nodiscard]] Graph compacted() const;

  /// Living nodes, each after those it depends on; throws GraphError on a cycle.
  [[nodiscard]] std::vector<NodeId> order() const;
  /// All rules: types as inferred, uses consistent, no cycle. Throws GraphError.
  void verify() const;

 private:
  static std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }
  void drop_use(ValueId value, NodeId user);

  std::deque<Value> values_;  // a deque: references stay valid while passes add to it
  std::deque<Node> nodes_;
  std::vector<ValueId> inputs_;
  std::vector<Output> outputs_;
};

/// One line a node: `%12 = Linear(%3, %w, %b) {..} : f32[1, 32, 64]  # sources`. Constants are
/// shown with their type, small ones with their elements.
[[nodiscard]] std::string to_text(const Graph& graph);

}  // namespace oct::ir
