// SPDX-License-Identifier: Apache-2.0
#include "compiler/ir/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace oct::ir {
namespace {

bool close(double a, double b, double size, double tolerance) {
  return a == b || std::fabs(a - b) <= tolerance * size;
}

std::string tensors(const Tensor& a, const Tensor& b, double tolerance) {
  const Type ta{a.dtype(), a.shape()}, tb{b.dtype(), b.shape()};
  if (ta != tb) return type_text(ta) + " and " + type_text(tb);
  double size = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) size = std::max(size, std::fabs(a.at(i)));
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (is_float(a.dtype()) ? !close(a.at(i), b.at(i), size, tolerance)
                            : a.int_at(i) != b.int_at(i)) {
      return fmt::format("element {} is {} and {}", i, a.at(i), b.at(i));
    }
  }
  return "";
}

std::string attributes(const Node& a, const Node& b, double tolerance) {
  for (const auto& [name, value] : a.attrs.map()) {
    const auto it = b.attrs.map().find(name);
    if (it == b.attrs.map().end()) return name + " is only in one";
    if (value.index() != it->second.index()) return name + " has two types";
    if (const auto* d = std::get_if<double>(&value)) {
      const double other = std::get<double>(it->second);
      if (!close(*d, other, std::fabs(*d), tolerance)) {
        return fmt::format("{} is {} and {}", name, *d, other);
      }
      continue;
    }
    bool same = true;
    if (const auto* i = std::get_if<std::int64_t>(&value)) {
      same = *i == std::get<std::int64_t>(it->second);
    } else if (const auto* s = std::get_if<std::string>(&value)) {
      same = *s == std::get<std::string>(it->second);
    } else if (const auto* v = std::get_if<Ints>(&value)) {
      same = *v == std::get<Ints>(it->second);
    }
    if (!same) return name + " differs";
  }
  return a.attrs.map().size() == b.attrs.map().size() ? "" : "attributes are only in one";
}

class Comparison {
 public:
  Comparison(const Graph& a, const Graph& b, double tolerance)
      : a_(a), b_(b), tolerance_(tolerance) {}

  std::string values(ValueId x, ValueId y) {
    if (x == kNone || y == kNone) return x == y ? "" : "an operand is only in one";
    const auto [it, fresh] = pairs_.emplace(x, y);
    const Value &vx = a_.value(x), &vy = b_.value(y);
    if (!fresh) {
      // The same constant may stand for several equal ones.
      if (it->second == y || vx.is_constant()) return "";
      return fmt::format("{} stands for {} and {}", vx.name, b_.value(it->second).name, vy.name);
    }
    const std::string at = fmt::format("{} and {}: ", vx.name, vy.name);
    if (vx.type != vy.type) return at + type_text(vx.type) + " and " + type_text(vy.type);
    if (vx.is_constant() != vy.is_constant()) return at + "one is constant";
    if (vx.is_constant()) {
      const std::string d = tensors(vx.data, vy.data, tolerance_);
      return d.empty() ? "" : at + d;
    }
    const Node *nx = a_.producer(x), *ny = b_.producer(y);
    if (!nx || !ny) return nx || ny || vx.name != vy.name ? at + "another graph input" : "";
    if (nx->op != ny->op) {
      return at + std::string(op_name(nx->op)) + " and " + std::string(op_name(ny->op));
    }
    const std::string d = attributes(*nx, *ny, tolerance_);
    if (!d.empty()) return at + d;
    if (nx->inputs.size() != ny->inputs.size()) return at + "different numbers of operands";
    // Deep graphs are walked by recursion of as many levels as they have nodes in a row.
    for (std::size_t i = 0; i < nx->inputs.size(); ++i) {
      const std::string inner = values(nx->inputs[i], ny->inputs[i]);
      if (!inner.empty()) return inner;
    }
    return "";
  }

 private:
  const Graph &a_, &b_;
  double tolerance_;
  std::map<ValueId, ValueId> pairs_;
};

}  // namespace

std::string difference(const Graph& a, const Graph& b, double tolerance) {
  if (a.outputs().size() != b.outputs().size()) return "different numbers of outputs";
  if (a.node_count() != b.node_count()) {
    return fmt::format("{} and {} nodes", a.node_count(), b.node_count());
  }
  Comparison comparison(a, b, tolerance);
  for (std::size_t i = 0; i < a.outputs().size(); ++i) {
    const std::string d = comparison.values(a.outputs()[i].value, b.outputs()[i].value);
    if (!d.empty()) return a.outputs()[i].name + ": " + d;
  }
  return "";
}

}  // namespace oct::ir
