// SPDX-License-Identifier: Apache-2.0
// NumPy's .npz files: named tensors in a zip archive.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/tensor.hpp"

namespace oct::io {

/// In the archive's order. Half and double become float32. Throws CompileError.
[[nodiscard]] std::vector<std::pair<std::string, ir::Tensor>> read_npz(
    const std::filesystem::path& file);
[[nodiscard]] std::map<std::string, ir::Tensor> read_npz_map(const std::filesystem::path& file);

/// Stored, not compressed.
void write_npz(const std::filesystem::path& file, const std::map<std::string, ir::Tensor>& tensors);

}  // namespace oct::io
