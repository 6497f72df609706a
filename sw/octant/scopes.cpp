// SPDX-License-Identifier: Apache-2.0
#include "scopes.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace octant {
namespace {

const std::string kTop = "TOP.oct_top";
constexpr int kAll = 99;

/// "[*]" in the pattern matches an index; everything else itself.
bool matches(const std::string& pattern, const std::string& name) {
  std::size_t n = 0;
  for (std::size_t p = 0; p < pattern.size();) {
    if (pattern.compare(p, 3, "[*]") == 0) {
      if (n == name.size() || name[n] != '[') return false;
      const std::size_t close = name.find(']', n);
      if (close == std::string::npos) return false;
      p += 3;
      n = close + 1;
    } else if (n < name.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else {
      return false;
    }
  }
  return n == name.size();
}

std::string parent(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// A name that does not exist: what there is at the place up to which it does.
[[noreturn]] void refuse(const std::string& wanted, const std::string& pattern,
                         const std::vector<tb::FstScope>& there) {
  const auto exists = [&](const std::string& p) {
    return std::any_of(there.begin(), there.end(),
                       [&](const tb::FstScope& s) { return matches(p, s.name); });
  };
  std::string place = parent(pattern);
  while (!place.empty() && !exists(place)) place = parent(place);
  if (place.empty()) place = kTop;
  std::string names;
  for (const tb::FstScope& s : there) {
    if (s.is_struct || !matches(place, parent(s.name))) continue;
    const std::string last = s.name.substr(s.name.rfind('.') + 1);
    if (names.find(" " + last + ",") == std::string::npos) names += " " + last + ",";
  }
  if (!names.empty()) names.pop_back();
  const std::string shown = place == kTop ? "oct_top" : place.substr(kTop.size() + 1);
  throw std::invalid_argument(
      "--scope " + wanted + ": no such instance; " +
      (names.empty() ? "there is none in " + shown : "in " + shown + " there are:" + names));
}

/// Levels of instances between `top` and `name` below it; -1 if it is not.
int level(const std::string& top, const std::string& name) {
  if (!name.starts_with(top)) return -1;
  if (name.size() > top.size() && name[top.size()] != '.') return -1;
  return static_cast<int>(
      std::count(name.begin() + static_cast<std::ptrdiff_t>(top.size()), name.end(), '.'));
}

/// How many of the names at the end are structs.
unsigned structs(const tb::FstScope& scope, const std::vector<tb::FstScope>& there) {
  if (!scope.is_struct) return 0;
  const std::string above = parent(scope.name);
  const auto found = std::find_if(there.begin(), there.end(),
                                  [&](const tb::FstScope& s) { return s.name == above; });
  return 1 + (found == there.end() ? 0 : structs(*found, there));
}

}  // namespace

std::vector<tb::TraceScope> choose_scopes(const std::vector<std::string>& wanted, int depth,
                                          const std::vector<tb::FstScope>& there) {
  std::vector<std::string> patterns;
  for (const std::string& name : wanted) {
    if (name.empty()) throw std::invalid_argument("--scope: empty name");
    const std::string pattern =
        name == "oct_top" ? kTop : (name.starts_with("TOP.") ? name : kTop + "." + name);
    if (std::none_of(there.begin(), there.end(),
                     [&](const tb::FstScope& s) { return matches(pattern, s.name); })) {
      refuse(name, pattern, there);
    }
    patterns.push_back(pattern);
  }
  if (patterns.empty() && depth < kAll) patterns.push_back(kTop);

  std::vector<tb::TraceScope> chosen;
  for (const std::string& pattern : patterns) {
    for (const tb::FstScope& top : there) {
      if (!matches(pattern, top.name)) continue;
      if (depth >= kAll || top.is_struct) {
        chosen.push_back({top.name, kAll, structs(top, there)});
        continue;
      }
      // Depth counts instances; a signal with members belongs to its instance, whole.
      for (const tb::FstScope& s : there) {
        const int at = level(top.name, s.name);
        if (at < 0) continue;
        if (!s.is_struct && at < depth) chosen.push_back({s.name, 1, 0});
        const auto owner = [&](const tb::FstScope& o) { return o.name == parent(s.name); };
        if (s.is_struct && at <= depth) {
          const auto found = std::find_if(there.begin(), there.end(), owner);
          if (found != there.end() && !found->is_struct) chosen.push_back({s.name, kAll, 1});
        }
      }
    }
  }
  return chosen;
}

}  // namespace octant
