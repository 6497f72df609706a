// SPDX-License-Identifier: Apache-2.0
// From an ONNX model to a graph: every node is lowered to operators of the IR with known shapes;
// what depends on constants alone is computed at once. Nothing is recognised here: that is the
// passes' work.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/import/model_file.hpp"
#include "compiler/ir/graph.hpp"

namespace oct::importer {

struct ImportOptions {
  std::map<std::string, std::int64_t> dims;         // --dim name=value
  std::int64_t max_folded = std::int64_t{1} << 28;  // elements of a constant that import computes
  bool integers = false;                            // the integer dialect: every value is INT32
};

/// "sequence=128". Throws std::invalid_argument.
[[nodiscard]] std::pair<std::string, std::int64_t> parse_dim(const std::string& text);

/// Throws ImportError: one message with every problem found, one line each.
[[nodiscard]] ir::Graph import_file(const std::filesystem::path& file,
                                    const ImportOptions& options = {});
[[nodiscard]] ir::Graph import_model(const onnx::ModelProto& model,
                                     const std::filesystem::path& folder,
                                     const ImportOptions& options = {});

/// Whether a model's numbers are whole: it has an operator of the integer dialect, or nothing in it
/// leaves whole numbers (and its weights or inputs say that they are meant), or both would do.
enum class Arithmetic : std::uint8_t { kFloats, kIntegers, kEither };
[[nodiscard]] Arithmetic arithmetic(const onnx::ModelProto& model);

/// What import understands, for `octant ops`.
struct OperatorNote {
  std::string name;  // with the domain in front if it is not ONNX's own
  std::string note;  // what becomes of it, or what is not understood
};
[[nodiscard]] std::vector<OperatorNote> operators();
[[nodiscard]] std::vector<OperatorNote> dialect_operators();

}  // namespace oct::importer
