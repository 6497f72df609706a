// SPDX-License-Identifier: Apache-2.0
// Functions of one value.
#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::DType;
using ir::Op;
using ir::Pointee;
using ir::Tensor;

namespace {

float gelu(float x, bool tanh_form) {
  if (tanh_form) {
    const float inner = 0.7978845608F * (x + 0.044715F * x * x * x);
    return 0.5F * x * (1.0F + std::tanh(inner));
  }
  return 0.5F * x * (1.0F + std::erf(x * 0.70710678118F));
}

float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

float softplus(float x) { return x > 20.0F ? x : std::log1p(std::exp(x)); }

template <typename F>
Tensor map_floats(const Call& call, F f) {
  Tensor out = call.make();
  const auto x = call.in(0).data<float>();
  std::transform(x.begin(), x.end(), out.mutable_data<float>().begin(), f);
  return out;
}

/// Functions that integers have too.
Tensor exact(const Call& call) {
  Tensor out = call.make();
  const Op op = call.node.op;
  ir::with_type(call.in(0).dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const auto x = call.in(0).data<T>();
    auto to = out.mutable_data<T>();
    const auto run = [&](auto f) { std::transform(x.begin(), x.end(), to.begin(), f); };
    switch (op) {
      case Op::kNeg:
        return run([](T v) { return static_cast<T>(T{0} - v); });
      case Op::kAbs:
        return run([](T v) { return v < T{0} ? static_cast<T>(T{0} - v) : v; });
      case Op::kSign:
        return run([](T v) { return static_cast<T>((v > T{0}) - (v < T{0})); });
      case Op::kRelu:
        return run([](T v) { return v < T{0} ? T{0} : v; });
      case Op::kFloor:
        return run([](T v) { return static_cast<T>(std::floor(v)); });
      case Op::kCeil:
        return run([](T v) { return static_cast<T>(std::ceil(v)); });
      case Op::kRound:  // half to even
        return run([](T v) { return static_cast<T>(std::nearbyint(static_cast<double>(v))); });
      default: {  // kClip
        const double inf = std::numeric_limits<double>::infinity();
        const double low = call.attrs().number("min", -inf), high = call.attrs().number("max", inf);
        return run([low, high](T v) {
          const auto d = static_cast<double>(v);
          return d < low ? static_cast<T>(low) : d > high ? static_cast<T>(high) : v;
        });
      }
    }
  });
  return out;
}

Tensor truth(const Call& call) {
  Tensor out = call.make();
  auto to = out.mutable_data<std::uint8_t>();
  const Tensor& x = call.in(0);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double v = x.at(i);
    const bool yes = call.node.op == Op::kNot     ? v == 0
                     : call.node.op == Op::kIsNan ? std::isnan(v)
                                                  : std::isinf(v);
    to[static_cast<std::size_t>(i)] = yes;
  }
  return out;
}

Tensor with_parameters(const Call& call) {
  const auto alpha = [&](double otherwise) {
    return static_cast<float>(call.attrs().number("alpha", otherwise));
  };
  switch (call.node.op) {
    case Op::kLeakyRelu: {
      const float a = alpha(0.01);
      return map_floats(call, [a](float x) { return x < 0 ? a * x : x; });
    }
    case Op::kElu: {
      const float a = alpha(1);
      return map_floats(call, [a](float x) { return x < 0 ? a * std::expm1(x) : x; });
    }
    case Op::kSelu: {
      const float a = alpha(1.67326319217681884765625);
      const auto g = static_cast<float>(call.attrs().number("gamma", 1.05070102214813232421875));
      return map_floats(call, [a, g](float x) { return g * (x < 0 ? a * std::expm1(x) : x); });
    }
    case Op::kHardSigmoid: {
      const float a = alpha(0.2), b = static_cast<float>(call.attrs().number("beta", 0.5));
      return map_floats(call, [a, b](float x) { return std::clamp(a * x + b, 0.0F, 1.0F); });
    }
    case Op::kSilu: {
      const float a = alpha(1);
      return map_floats(call, [a](float x) { return x * sigmoid(a * x); });
    }
    case Op::kTable: {
      const auto& values = std::get<Tensor>(call.attrs().map().at("values"));
      const auto v = values.data<float>();
      const auto scale = static_cast<float>(call.attrs().number("scale"));
      const auto zero =
          static_cast<float>(call.attrs().integer("zero") - call.attrs().integer("low"));
      const auto last = static_cast<float>(v.size() - 1);
      return map_floats(call, [=](float x) {
        return v[static_cast<std::size_t>(
            std::clamp(std::nearbyint(x / scale) + zero, 0.0F, last))];
      });
    }
    case Op::kGelu: {
      const bool tanh_form = call.attrs().text("approximate", "none") == "tanh";
      return map_floats(call, [tanh_form](float x) { return gelu(x, tanh_form); });
    }
    default:
      throw std::logic_error("no kernel for " + std::string(ir::op_name(call.node.op)));
  }
}

}  // namespace

Tensor unary(const Call& call) {
  switch (call.node.op) {
    case Op::kCast:
      return call.in(0).converted(call.result.dtype);
    case Op::kNot:
    case Op::kIsNan:
    case Op::kIsInf:
      return truth(call);
    case Op::kNeg:
    case Op::kAbs:
    case Op::kSign:
    case Op::kRelu:
    case Op::kFloor:
    case Op::kCeil:
    case Op::kRound:
    case Op::kClip:
      return exact(call);
    case Op::kSigmoid:
      return map_floats(call, sigmoid);
    case Op::kTanh:
      return map_floats(call, [](float x) { return std::tanh(x); });
    case Op::kErf:
      return map_floats(call, [](float x) { return std::erf(x); });
    case Op::kExp:
      return map_floats(call, [](float x) { return std::exp(x); });
    case Op::kLog:
      return map_floats(call, [](float x) { return std::log(x); });
    case Op::kSqrt:
      return map_floats(call, [](float x) { return std::sqrt(x); });
    case Op::kReciprocal:
      return map_floats(call, [](float x) { return 1.0F / x; });
    case Op::kSin:
      return map_floats(call, [](float x) { return std::sin(x); });
    case Op::kCos:
      return map_floats(call, [](float x) { return std::cos(x); });
    case Op::kSoftplus:
      return map_floats(call, softplus);
    case Op::kSoftsign:
      return map_floats(call, [](float x) { return x / (1.0F + std::fabs(x)); });
    case Op::kMish:
      return map_floats(call, [](float x) { return x * std::tanh(softplus(x)); });
    case Op::kHardSwish:
      return map_floats(call, [](float x) { return x * std::clamp(x / 6.0F + 0.5F, 0.0F, 1.0F); });
    default:
      return with_parameters(call);
  }
}

}  // namespace oct::exec
