// SPDX-License-Identifier: Apache-2.0
// tb::collect_coverage: in builds with -DOCT_COVERAGE=ON, adds up what all models of a process have
// seen, and writes it to $OCT_COVERAGE_DIR/<process>.dat when it ends. scripts/coverage.py reads
// it.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unordered_map>

#include "verilated.h"
#include "verilated_cov.h"

namespace tb {

class Coverage {
 public:
  static Coverage& instance() {
    static Coverage all;
    return all;
  }

  /// What the models of this context have counted; call it while they live.
  void add(VerilatedContext& context) {
    if (folder_.empty()) return;
    const std::string part = name(".part");
    context.coveragep()->write(part.c_str());
    std::ifstream in(part);
    std::string line;
    while (std::getline(in, line)) {
      const auto space = line.rfind(' ');
      if (!line.starts_with("C ") || space == std::string::npos) continue;
      counts_[line.substr(0, space)] += std::strtoull(line.c_str() + space, nullptr, 10);
    }
    std::filesystem::remove(part);
  }

  Coverage(const Coverage&) = delete;
  Coverage& operator=(const Coverage&) = delete;

 private:
  Coverage() {
    if (const char* folder = std::getenv("OCT_COVERAGE_DIR"); folder != nullptr) folder_ = folder;
  }
  ~Coverage() {
    if (folder_.empty() || counts_.empty()) return;
    std::ofstream out(name(".dat"));
    for (const auto& [point, count] : counts_) out << point << ' ' << count << '\n';
  }
  [[nodiscard]] std::string name(const char* suffix) const {
    return folder_ + "/" + std::to_string(getpid()) + suffix;
  }

  std::string folder_;
  std::unordered_map<std::string, std::uint64_t> counts_;
};

}  // namespace tb
