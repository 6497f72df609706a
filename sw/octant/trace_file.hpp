// SPDX-License-Identifier: Apache-2.0
// The waves that a run leaves behind: options of `octant sim` and `octant run`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/cluster.hpp"

namespace CLI {
class App;
}

namespace octant {

struct TraceArguments {
  static constexpr int kWholeDepth = 99;
  std::string file;  ///< empty: none
  std::vector<std::string> scopes;
  std::uint64_t from = 0, to = ~std::uint64_t{0};
  int depth = kWholeDepth;

  std::string layer;            ///< networks: the window is this layer's
  std::uint64_t most = 20'000;  ///< ... but not more cycles of it
  [[nodiscard]] bool wanted() const { return !file.empty(); }
  /// Throws std::invalid_argument where options do not go together.
  void check() const;
};
void add_trace_options(CLI::App& command, TraceArguments& arguments);

/// Waves are wanted most when a run fails, so they are finished in any case.
class TraceFile {
 public:
  explicit TraceFile(const TraceArguments& arguments);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  /// A file of everything and no time tells the names; then it is known what to record.
  [[nodiscard]] tb::TraceWindow window(tb::ClusterModel& model) const;

 private:
  const TraceArguments& a_;
  std::string fst_;
  mutable bool opened_ = false;
};

}  // namespace octant
