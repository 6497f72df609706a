// SPDX-License-Identifier: Apache-2.0
#include "scopes.hpp"

#include <stdexcept>

namespace octant {
namespace {

constexpr unsigned kMaxIndex = 64;  // more generate copies than any machine has

void expand(const std::string& scope, std::vector<std::string>& out) {
  const std::size_t star = scope.find("[*]");
  if (star == std::string::npos) {
    out.push_back(scope);
    return;
  }
  for (unsigned i = 0; i < kMaxIndex; ++i) {
    expand(scope.substr(0, star) + "[" + std::to_string(i) + "]" + scope.substr(star + 3), out);
  }
}

}  // namespace

std::vector<std::string> expand_scopes(const std::vector<std::string>& scopes) {
  std::vector<std::string> all;
  for (const std::string& scope : scopes) {
    if (scope.empty()) throw std::invalid_argument("--scope: empty name");
    expand(scope.starts_with("TOP") ? scope : "TOP.oct_top." + scope, all);
  }
  return all;
}

}  // namespace octant
