// SPDX-License-Identifier: Apache-2.0
// One and two operands, element by element.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::DType;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

Shape broadcast_strides(const Shape& shape, const Shape& as) {
  const Shape own = ir::row_major_strides(shape);
  Shape out(as.size(), 0);
  const std::size_t lead = as.size() - shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) out[lead + i] = shape[i] == 1 ? 0 : own[i];
  return out;
}

namespace {

/// Shape and strides of two operands with dimensions merged wherever both allow it.
struct Plan {
  Shape shape, a, b;
  Plan(const Shape& sa, const Shape& sb, const Shape& out) {
    const Shape fa = broadcast_strides(sa, out), fb = broadcast_strides(sb, out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] == 1) continue;
      if (!shape.empty() && a.back() == fa[i] * out[i] && b.back() == fb[i] * out[i]) {
        shape.back() *= out[i];
        a.back() = fa[i];
        b.back() = fb[i];
      } else {
        shape.push_back(out[i]);
        a.push_back(fa[i]);
        b.push_back(fb[i]);
      }
    }
    if (shape.empty()) {
      shape = {1};
      a = b = {0};
    }
  }
};

template <typename In, typename Out, typename F>
void loop(const Tensor& x, const Tensor& y, Tensor& result, F f) {
  auto out = result.mutable_data<Out>();
  if (out.empty()) return;
  const Plan plan(x.shape(), y.shape(), result.shape());
  const In *a = x.data<In>().data(), *b = y.data<In>().data();
  Out* to = out.data();
  const Shape outer(plan.shape.begin(), plan.shape.end() - 1);
  const std::int64_t n = plan.shape.back(), sa = plan.a.back(), sb = plan.b.back();
  Odometer<2> at(
      outer, {Shape(plan.a.begin(), plan.a.end() - 1), Shape(plan.b.begin(), plan.b.end() - 1)});
  for (std::int64_t row = 0; row < static_cast<std::int64_t>(out.size()) / n; ++row, to += n) {
    const In *pa = a + at.offset(0), *pb = b + at.offset(1);
    if (sa == 1 && sb == 1) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(pa[i], pb[i]);
    } else if (sa == 1 && sb == 0) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(pa[i], *pb);
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(pa[i * sa], pb[i * sb]);
    }
    at.next();
  }
}

template <typename T>
T divided(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) throw ir::CompileError("an integer is divided by zero");
    if constexpr (std::is_signed_v<T>) {
      if (b == T{-1}) return static_cast<T>(-static_cast<std::make_unsigned_t<T>>(a));
    }
  }
  return static_cast<T>(a / b);
}

template <typename T>
T power(T a, double e) {
  return static_cast<T>(std::pow(static_cast<double>(a), e));
}

template <typename T>
T modulo(T a, T b, bool fmod) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    if (b == 0) throw ir::CompileError("an integer is divided by zero");
    if constexpr (std::is_signed_v<T>) {
      if (b == T{-1}) return 0;
      const T r = static_cast<T>(a % b);
      return !fmod && r != 0 && ((r < 0) != (b < 0)) ? static_cast<T>(r + b) : r;
    }
    return static_cast<T>(a % b);
  }
}

/// Wraps as two's complement does, without undefined behaviour.
template <typename T, typename F>
T wrapped(T a, T b, F f) {
  if constexpr (std::is_floating_point_v<T>) {
    return f(a, b);
  } else {
    return static_cast<T>(f(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  }
}

template <typename T>
void arithmetic(const Call& call, const Tensor& a, const Tensor& b, Tensor& out) {
  const auto run = [&](auto f) { loop<T, T>(a, b, out, f); };
  switch (call.node.op) {
    case Op::kAdd:
      return run([](T x, T y) { return wrapped(x, y, [](auto p, auto q) { return p + q; }); });
    case Op::kSub:
      return run([](T x, T y) { return wrapped(x, y, [](auto p, auto q) { return p - q; }); });
    case Op::kMul:
      return run([](T x, T y) { return wrapped(x, y, [](auto p, auto q) { return p * q; }); });
    case Op::kDiv:
      return run([](T x, T y) { return divided(x, y); });
    case Op::kMin:
      return run([](T x, T y) { return x != x ? x : (y < x || y != y ? y : x); });
    case Op::kMax:
      return run([](T x, T y) { return x != x ? x : (y > x || y != y ? y : x); });
    case Op::kMod: {
      const bool fmod = call.attrs().integer("fmod") != 0;
      return run([fmod](T x, T y) { return modulo(x, y, fmod); });
    }
    case Op::kPRelu:
      return run([](T x, T y) { return x < T{0} ? static_cast<T>(x * y) : x; });
    case Op::kPow:
      return run([](T x, T y) {
        return y == T{2} ? static_cast<T>(x * x) : power(x, static_cast<double>(y));
      });
    default:
      throw std::logic_error("not an arithmetic operator");
  }
}

template <typename T>
void comparison(Op op, const Tensor& a, const Tensor& b, Tensor& out) {
  using B = std::uint8_t;
  switch (op) {
    case Op::kEqual:
      return loop<T, B>(a, b, out, [](T x, T y) -> B { return x == y; });
    case Op::kLess:
      return loop<T, B>(a, b, out, [](T x, T y) -> B { return x < y; });
    default:
      return loop<T, B>(a, b, out, [](T x, T y) -> B { return x <= y; });
  }
}

template <typename T>
void bitwise(Op op, const Tensor& a, const Tensor& b, Tensor& out) {
  if constexpr (!std::is_integral_v<T>) {
    throw ir::CompileError("a bitwise operator on floats");
  } else {
    constexpr std::uint64_t kBits = 8 * sizeof(T);
    switch (op) {
      case Op::kAnd:
      case Op::kBitAnd:
        return loop<T, T>(a, b, out, [](T x, T y) { return static_cast<T>(x & y); });
      case Op::kOr:
      case Op::kBitOr:
        return loop<T, T>(a, b, out, [](T x, T y) { return static_cast<T>(x | y); });
      case Op::kXor:
      case Op::kBitXor:
        return loop<T, T>(a, b, out, [](T x, T y) { return static_cast<T>(x ^ y); });
      default: {
        const bool left = op == Op::kShiftLeft;
        return loop<T, T>(a, b, out, [left](T x, T y) {
          const auto n = static_cast<std::uint64_t>(y);
          if (n >= kBits) return T{0};
          const auto v = static_cast<std::make_unsigned_t<T>>(x);
          return static_cast<T>(left ? v << n : v >> n);
        });
      }
    }
  }
}

}  // namespace

Tensor binary(const Call& call) {
  Tensor out = call.make();
  const Tensor& a = call.in(0);
  const Tensor b = call.in(1).converted(a.dtype());  // Pow and shifts may mix types
  const Op op = call.node.op;
  ir::with_type(a.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    switch (op) {
      case Op::kEqual:
      case Op::kLess:
      case Op::kLessOrEqual:
        return comparison<T>(op, a, b, out);
      case Op::kAnd:
      case Op::kOr:
      case Op::kXor:
      case Op::kBitAnd:
      case Op::kBitOr:
      case Op::kBitXor:
      case Op::kShiftLeft:
      case Op::kShiftRight:
        return bitwise<T>(op, a, b, out);
      case Op::kPow:
        if (a.dtype() != DType::kFloat32 && call.in(1).dtype() == DType::kFloat32) {
          const Tensor fa = a.converted(DType::kFloat32);
          Tensor result(DType::kFloat32, out.shape());
          loop<float, float>(fa, call.in(1), result,
                             [](float x, float y) { return std::pow(x, y); });
          out = result.converted(a.dtype());
          return;
        }
        [[fallthrough]];
      default:
        return arithmetic<T>(call, a, b, out);
    }
  });
  return out;
}

Tensor where(const Call& call) {
  Tensor out = call.make();
  const Tensor &c = call.in(0), &a = call.in(1), &b = call.in(2);
  const Shape& s = out.shape();
  ir::with_size(a.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    auto to = out.mutable_data<T>();
    const auto pc = c.data<std::uint8_t>();
    const auto pa = a.data<T>(), pb = b.data<T>();
    Odometer<3> at(s, {broadcast_strides(c.shape(), s), broadcast_strides(a.shape(), s),
                       broadcast_strides(b.shape(), s)});
    for (T& v : to) {
      const auto i = [&](std::size_t n) { return static_cast<std::size_t>(at.offset(n)); };
      v = pc[i(0)] ? pa[i(1)] : pb[i(2)];
      at.next();
    }
  });
  return out;
}

}  // namespace oct::exec
