// SPDX-License-Identifier: Apache-2.0
// What the lowering of one ONNX node sees and makes. One function an operator, in lower_*.cpp.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/import/importer.hpp"

namespace oct::importer {

/// A node that cannot be taken: why, and what the user can do.
struct Unsupported {
  std::string reason, hint;
};

class Lowering {
 public:
  Lowering(ir::Graph& graph, const onnx::NodeProto& node, std::string name, int opset,
           std::vector<ir::ValueId> inputs, const std::filesystem::path& folder,
           std::int64_t max_folded)
      : graph_(graph),
        node_(node),
        name_(std::move(name)),
        opset_(opset),
        inputs_(std::move(inputs)),
        outputs_(static_cast<std::size_t>(node.output_size()), ir::kNone),
        folder_(folder),
        max_folded_(max_folded) {}

  // The node.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const onnx::NodeProto& proto() const { return node_; }
  [[nodiscard]] int opset() const { return opset_; }
  [[nodiscard]] std::size_t input_count() const { return inputs_.size(); }
  [[nodiscard]] std::size_t output_count() const { return outputs_.size(); }
  [[nodiscard]] bool has(std::size_t i) const {
    return i < inputs_.size() && inputs_[i] != ir::kNone;
  }
  [[nodiscard]] bool wants(std::size_t i) const {
    return static_cast<int>(i) < node_.output_size() && !node_.output(static_cast<int>(i)).empty();
  }
  [[nodiscard]] ir::ValueId in(std::size_t i) const;
  [[nodiscard]] ir::ValueId in_or_none(std::size_t i) const {
    return has(i) ? inputs_[i] : ir::kNone;
  }
  [[nodiscard]] const std::vector<ir::ValueId>& all_inputs() const { return inputs_; }
  /// The input's data; throws Unsupported if it is known only at run time.
  [[nodiscard]] const ir::Tensor& constant(std::size_t i, const std::string& what) const;

  /// Another value in its place, from here on.
  void replace_input(std::size_t i, ir::ValueId v) { inputs_.at(i) = v; }

  // Attributes.
  [[nodiscard]] bool has_attr(const std::string& name) const { return attribute(name); }
  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t otherwise) const;
  [[nodiscard]] double number(const std::string& name, double otherwise) const;
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const;
  [[nodiscard]] ir::Ints ints(const std::string& name, const ir::Ints& otherwise = {}) const;
  [[nodiscard]] const onnx::AttributeProto* attribute(const std::string& name) const;
  /// An integer list that is an attribute in old operator sets and input `i` in new ones.
  [[nodiscard]] std::optional<ir::Ints> list(const std::string& name, std::size_t i) const;
  [[nodiscard]] ir::Tensor tensor(const onnx::TensorProto& proto) const {
    return read_tensor(proto, folder_);
  }

  // Values.
  [[nodiscard]] const ir::Graph& graph() const { return graph_; }
  [[nodiscard]] const ir::Shape& shape(ir::ValueId v) const { return graph_.value(v).shape(); }
  [[nodiscard]] ir::DType dtype(ir::ValueId v) const { return graph_.value(v).type.dtype; }
  [[nodiscard]] std::size_t rank(ir::ValueId v) const { return shape(v).size(); }
  /// Size of the last dimension; throws std::out_of_range for a scalar.
  [[nodiscard]] std::int64_t last(ir::ValueId v) const { return shape(v).at(rank(v) - 1); }
  [[nodiscard]] std::size_t axis(std::int64_t a, ir::ValueId v) const {
    return static_cast<std::size_t>(ir::normalized_axis(a, rank(v)));
  }

  // Making the result. A node of constants becomes a constant.
  ir::ValueId add(ir::Op op, std::vector<ir::ValueId> inputs, ir::Attributes attrs = {});
  ir::ValueId constant(ir::Tensor data);
  /// Throws Unsupported if a constant of that shape is larger than import is to compute.
  void require_foldable(const ir::Shape& shape) const;
  ir::ValueId scalar(double value, ir::DType dtype);
  ir::ValueId reshape(ir::ValueId v, ir::Shape shape);
  ir::ValueId transpose(ir::ValueId v, const ir::Ints& perm);
  ir::ValueId cast(ir::ValueId v, ir::DType to);
  /// What was quantised at run time to make v; kNone if it was not.
  [[nodiscard]] ir::ValueId quantised_at_run_time(ir::ValueId v) const;
  /// Elements [start, start + size) of one axis.
  ir::ValueId part(ir::ValueId v, std::size_t axis, std::int64_t start, std::int64_t size);
  void result(ir::ValueId v, std::size_t i = 0) { outputs_.at(i) = v; }
  [[nodiscard]] const std::vector<ir::ValueId>& results() const { return outputs_; }

 private:
  ir::Graph& graph_;
  const onnx::NodeProto& node_;
  std::string name_;
  int opset_;
  std::vector<ir::ValueId> inputs_, outputs_;
  const std::filesystem::path& folder_;
  std::int64_t max_folded_;
};

using LowerFunction = std::function<void(Lowering&)>;
struct OperatorEntry {
  LowerFunction lower;
  std::string note;
};
/// Key: "Add" or "com.microsoft:Gelu".
using OperatorTable = std::map<std::string, OperatorEntry>;

void add_elementwise(OperatorTable& table);
void add_layout(OperatorTable& table);
void add_index(OperatorTable& table);
void add_compute(OperatorTable& table);
void add_norm(OperatorTable& table);
void add_attention(OperatorTable& table);
void add_microsoft(OperatorTable& table);
void add_quant(OperatorTable& table);
[[nodiscard]] const OperatorTable& operator_table();
/// The integer dialect's: keys without a domain, since it comes in several.
[[nodiscard]] const OperatorTable& dialect_table();
/// Floats and narrow integers become INT32, if they are whole and fit.
void whole_numbers(ir::Tensor& t);
/// Attributes of a sliding window: strides, dilations, pads.
[[nodiscard]] ir::Attributes window(const Lowering& l, ir::ValueId x, const ir::Ints& kernel);

}  // namespace oct::importer
