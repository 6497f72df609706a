// SPDX-License-Identifier: Apache-2.0
#include "flow/integers.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "compiler/dialect/samples.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/io/npz.hpp"

namespace octant {
namespace {

using namespace oct;

/// All arrays hold whole numbers of 32 bits.
bool whole_arrays(const std::string& file) {
  for (const auto& [name, t] : io::read_npz(file)) {
    for (std::int64_t i = 0; i < t.size(); ++i) {
      const double v = t.at(i);
      if (v != std::nearbyint(v) || !(std::abs(v) <= INT32_MAX)) return false;
    }
  }
  return true;
}

}  // namespace

bool whole_numbers(const FlowOptions& options) {
  if (options.arithmetic == "integer") return true;
  if (options.arithmetic == "float") return false;
  const auto kind = importer::arithmetic(importer::read_model(options.model));
  if (kind != importer::Arithmetic::kEither) return kind == importer::Arithmetic::kIntegers;
  return !options.inputs.empty() && whole_arrays(options.inputs);
}

void compile_integers(const FlowOptions& options, Compiled& c) {
  importer::ImportOptions import;
  import.integers = true;
  for (const std::string& dim : options.dims) import.dims.insert(importer::parse_dim(dim));
  c.canonical = importer::import_file(options.model, import);
  std::vector<dialect::Sample> samples;
  dialect::Sample given;
  if (!options.inputs.empty()) {
    samples = dialect::read_samples(options.inputs, c.canonical);
    if (options.sample >= samples.size()) {
      throw std::invalid_argument(fmt::format("--sample {}: {} has {} (0 to {})", options.sample,
                                              options.inputs, samples.size(), samples.size() - 1));
    }
    given = samples[options.sample];
  }
  if (!options.calibrate.empty()) {
    const auto more = dialect::read_samples(options.calibrate, c.canonical);
    samples.insert(samples.end(), more.begin(), more.end());
    if (given.empty()) given = more.front();
  }
  if (samples.empty()) {
    given = dialect::draw_sample(c.canonical, options.seed);
    samples.push_back(given);
    spdlog::warn("inputs are taken to be INT8; --inputs or --calibrate FILE.npz shows others");
  }
  c.lowered = dialect::lower(c.canonical, {c.machine.l1_bytes, dialect::ranges(samples)});
  c.inputs = dialect::for_ports(given, c.lowered.graph);
}

}  // namespace octant
