// SPDX-License-Identifier: Apache-2.0
// Reading ONNX files: the protobuf, tensors in all their encodings, external data.
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>

#include "compiler/ir/tensor.hpp"

namespace oct::importer {

/// Whatever is wrong with a model, in words; the command's exit code is 2.
struct ImportError : ir::CompileError {
  using ir::CompileError::CompileError;
};

/// Parses and checks the outermost things: a graph, opsets that are understood.
[[nodiscard]] onnx::ModelProto read_model(const std::filesystem::path& file);
[[nodiscard]] onnx::ModelProto parse_model(const std::string& bytes, const std::string& name);

/// A tensor's data. `folder` is where external data lies. Throws ImportError with the name in it.
[[nodiscard]] ir::Tensor read_tensor(const onnx::TensorProto& tensor,
                                     const std::filesystem::path& folder);

/// Element type of the IR for one of ONNX; throws ImportError for strings and the like.
[[nodiscard]] ir::DType read_dtype(std::int64_t onnx_type, const std::string& what);

/// The version of the default operator set, 9 to 23.
[[nodiscard]] int default_opset(const onnx::ModelProto& model);

}  // namespace oct::importer
