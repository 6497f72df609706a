// SPDX-License-Identifier: Apache-2.0
#include "compiler/ir/op.hpp"

#include <array>
#include <stdexcept>

namespace oct::ir {
namespace {

constexpr std::array kOps = {
#define OCT_IR_INFO(kind, op_class, canonical) OpInfo{#kind, OpClass::op_class, canonical != 0},
    OCT_IR_OPS(OCT_IR_INFO)
#undef OCT_IR_INFO
};

}  // namespace

const OpInfo& op_info(Op op) { return kOps.at(static_cast<std::size_t>(op)); }

std::optional<Op> op_by_name(std::string_view name) {
  for (std::size_t i = 0; i < kOps.size(); ++i) {
    if (kOps[i].name == name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

bool is_commutative(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kMul:
    case Op::kMin:
    case Op::kMax:
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kEqual:
    case Op::kBitAnd:
    case Op::kBitOr:
    case Op::kBitXor:
      return true;
    default:
      return false;
  }
}

std::size_t op_count() { return kOps.size(); }

}  // namespace oct::ir
