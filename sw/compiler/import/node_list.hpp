// SPDX-License-Identifier: Apache-2.0
// Lists of ONNX nodes: names, order, what reads what.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "compiler/import/model_file.hpp"

namespace oct::importer {

using NodeList = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

[[nodiscard]] std::string node_name(const onnx::NodeProto& node, std::size_t index);
/// Indices so that each node follows those it reads; throws ImportError with the nodes of a cycle,
/// and for a result that is `known` already.
[[nodiscard]] std::vector<int> sorted(const NodeList& list,
                                      const std::function<bool(const std::string&)>& known);
/// Names that something reads: of nodes at any depth, and what graphs and functions give back.
[[nodiscard]] std::set<std::string> names_read(const onnx::ModelProto& model);

}  // namespace oct::importer
