// SPDX-License-Identifier: Apache-2.0
// Finds and loads liboct_model_<config>[_fast|_trace].so.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/cluster_model.hpp"

namespace tb {

struct ModelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where models lie: $OCT_MODEL_DIR, or else the folder of the running program.
[[nodiscard]] std::filesystem::path model_folder();

/// "octant", "tiny", ...: what can be loaded from `folder`.
[[nodiscard]] std::vector<std::string> available_models(const std::filesystem::path& folder);

enum class ModelKind {
  kChecked,  ///< liboct_model_<config>.so: assertions on, random start
  kFast,     ///< ..._fast.so: for speed; the checked one where it was not built
  kTrace     ///< ..._trace.so: as checked, and can record
};

/// A new model; throws ModelError naming what there is. The library stays loaded.
[[nodiscard]] std::unique_ptr<ClusterModel> load_model(const std::string& config, ModelKind kind,
                                                       std::uint64_t seed);

}  // namespace tb
