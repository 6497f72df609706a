// SPDX-License-Identifier: Apache-2.0
#include "harness/model_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

namespace tb {
namespace {

constexpr char kPrefix[] = "liboct_model_";

template <typename Function>
Function* symbol(void* library, const char* name, const std::string& file) {
  void* address = dlsym(library, name);
  if (address == nullptr) throw ModelError(fmt::format("{}: {} is missing", file, name));
  return reinterpret_cast<Function*>(address);
}

}  // namespace

std::filesystem::path model_folder() {
  if (const char* folder = std::getenv("OCT_MODEL_DIR"); folder != nullptr && *folder != '\0') {
    return folder;
  }
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

std::vector<std::string> available_models(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(kPrefix) || !file.ends_with(".so")) continue;
    const std::string name = file.substr(sizeof kPrefix - 1, file.size() - sizeof kPrefix - 2);
    if (!name.ends_with("_trace") && !name.ends_with("_fast")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<ClusterModel> load_model(const std::string& config, ModelKind kind,
                                         std::uint64_t seed) {
  const std::filesystem::path folder = model_folder();
  const std::string suffix = kind == ModelKind::kTrace  ? "_trace"
                             : kind == ModelKind::kFast ? "_fast"
                                                        : "";
  const std::filesystem::path file = folder / (kPrefix + config + suffix + ".so");
  if (!std::filesystem::exists(file)) {
    if (kind == ModelKind::kFast) return load_model(config, ModelKind::kChecked, seed);
    throw ModelError(fmt::format("no {}model of the machine '{}' in {}; there is: {}{}",
                                 kind == ModelKind::kTrace ? "tracing " : "", config,
                                 folder.string(), fmt::join(available_models(folder), ", "),
                                 kind == ModelKind::kTrace
                                     ? ". Build it: scripts/build.sh oct_model_" + config + suffix
                                     : ""));
  }
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw ModelError(fmt::format("{}: {}", file.string(), dlerror()));
  const int version = symbol<int()>(library, "oct_model_interface", file)();
  if (version != kModelInterface) {
    throw ModelError(fmt::format("{}: built with interface {}, this program has {}; rebuild it",
                                 file.string(), version, kModelInterface));
  }
  auto* create = symbol<ClusterModel*(std::uint64_t)>(library, "oct_model_create", file);
  return std::unique_ptr<ClusterModel>(create(seed));
}

}  // namespace tb
