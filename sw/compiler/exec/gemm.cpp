// SPDX-License-Identifier: Apache-2.0
// Matrix products by oneDNN, attention.
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/exec/kernels.hpp"

// Of the OpenMP runtime that oneDNN brings along; not there if it was built without.
extern "C" void omp_set_num_threads(int) __attribute__((weak));

namespace oct::exec {
using ir::DType;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

void sgemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
           std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c,
           std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  // One thread: the others would spin between products, which on a machine with other work costs
  // far more than a second core gains.
  thread_local const bool one_thread = [] {
    if (omp_set_num_threads) omp_set_num_threads(1);
    return true;
  }();
  (void)one_thread;
  if (k == 0) {
    if (beta == 0) {
      for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, 0.0F);
    }
    return;
  }
  if (dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0F, a, std::max<std::int64_t>(lda, 1),
                 b, std::max<std::int64_t>(ldb, 1), beta, c, ldc) != dnnl_success) {
    throw std::runtime_error("oneDNN refused a matrix product");
  }
}

namespace {

Tensor linear(const Call& call) {
  Tensor out = call.make();
  const std::int64_t k = call.in(1).shape()[0], n = call.in(1).shape()[1];
  const std::int64_t m = n == 0 ? 0 : out.size() / n;
  auto c = out.mutable_data<float>();
  const bool bias = call.has(2);
  if (bias) {
    const auto b = call.in(2).data<float>();
    for (std::int64_t i = 0; i < m; ++i) std::copy(b.begin(), b.end(), c.begin() + i * n);
  }
  sgemm(false, false, m, n, k, call.in(0).data<float>().data(), k, call.in(1).data<float>().data(),
        n, bias ? 1.0F : 0.0F, c.data(), n);
  return out;
}

/// One product of two matrices of integers, with zero points (0 without).
template <typename A, typename B, typename C>
void integer_product(const A* a, std::int64_t a_row, std::int64_t a_column, const B* b,
                     std::int64_t b_row, std::int64_t b_column, C* c, std::int64_t m,
                     std::int64_t n, std::int64_t k, std::int64_t za, const Tensor* zb) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      std::int64_t sum = 0;
      const std::int64_t z = zb ? zb->int_at(zb->size() == 1 ? 0 : j) : 0;
      for (std::int64_t l = 0; l < k; ++l) {
        sum += (static_cast<std::int64_t>(a[i * a_row + l * a_column]) - za) *
               (static_cast<std::int64_t>(b[l * b_row + j * b_column]) - z);
      }
      c[i * n + j] = static_cast<C>(sum);
    }
  }
}

Tensor matmul(const Call& call) {
  Tensor out = call.make();
  const Tensor &x = call.in(0), &y = call.in(1);
  Shape sa = x.shape(), sb = y.shape();
  if (sa.size() == 1) sa.insert(sa.begin(), 1);
  if (sb.size() == 1) sb.push_back(1);
  const bool ta = call.attrs().integer("transpose_a"), tb = call.attrs().integer("transpose_b");
  const std::int64_t a_columns = sa.back(), b_columns = sb.back();
  const std::int64_t a_size = a_columns * sa[sa.size() - 2], b_size = b_columns * sb[sb.size() - 2];
  const std::int64_t m = ta ? a_columns : sa[sa.size() - 2], k = ta ? sa[sa.size() - 2] : a_columns;
  const std::int64_t n = tb ? sb[sb.size() - 2] : b_columns;
  const Shape batch_a(sa.begin(), sa.end() - 2), batch_b(sb.begin(), sb.end() - 2);
  const Shape batch = ir::broadcast_shape(batch_a, batch_b);
  const std::int64_t count = ir::element_count(batch);
  Odometer<2> at(batch, {broadcast_strides(batch_a, batch), broadcast_strides(batch_b, batch)});
  for (std::int64_t i = 0; i < count; ++i, at.next()) {
    const std::int64_t oa = at.offset(0) * a_size, ob = at.offset(1) * b_size, oc = i * m * n;
    if (x.dtype() == DType::kFloat32) {
      sgemm(ta, tb, m, n, k, x.data<float>().data() + oa, a_columns, y.data<float>().data() + ob,
            b_columns, 0, out.mutable_data<float>().data() + oc, n);
      continue;
    }
    const std::int64_t za =
        call.node.op == Op::kMatMulInteger && call.has(2) ? call.in(2).int_at(0) : 0;
    const Tensor* zb = call.node.op == Op::kMatMulInteger && call.has(3) ? &call.in(3) : nullptr;
    ir::with_type(x.dtype(), [&](auto* pa) {
      ir::with_type(y.dtype(), [&](auto* pb) {
        ir::with_type(out.dtype(), [&](auto* pc) {
          using A = Pointee<decltype(pa)>;
          using B = Pointee<decltype(pb)>;
          using C = Pointee<decltype(pc)>;
          if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && std::is_integral_v<C>) {
            integer_product(x.data<A>().data() + oa, ta ? 1 : a_columns, ta ? a_columns : 1,
                            y.data<B>().data() + ob, tb ? 1 : b_columns, tb ? b_columns : 1,
                            out.mutable_data<C>().data() + oc, m, n, k, za, zb);
          }
        });
      });
    });
  }
  return out;
}

/// softmax of one row of scores, in place; `allowed` null: every key. Returns false for a row
/// without any key.
bool softmax_row(float* row, const std::vector<char>& allowed) {
  float top = -std::numeric_limits<float>::infinity();
  for (std::size_t j = 0; j < allowed.size(); ++j) {
    if (allowed[j]) top = std::max(top, row[j]);
  }
  if (top == -std::numeric_limits<float>::infinity()) return false;
  float sum = 0;
  for (std::size_t j = 0; j < allowed.size(); ++j) {
    row[j] = allowed[j] ? std::exp(row[j] - top) : 0.0F;
    sum += row[j];
  }
  for (std::size_t j = 0; j < allowed.size(); ++j) row[j] /= sum;
  return true;
}

}  // namespace

Tensor attention(const Call& call) {
  Tensor out = call.make();
  const Tensor &q = call.in(0), &k = call.in(1), &v = call.in(2);
  const Shape &qs = q.shape(), &ks = k.shape();
  const std::int64_t heads = qs[1], rows = qs[2], d = qs[3], groups = ks[1], keys = ks[2];
  const std::int64_t e = v.shape()[3];
  const auto scale = static_cast<float>(call.attrs().number("scale", 1));
  const auto softcap = static_cast<float>(call.attrs().number("softcap", 0));
  const bool causal = call.attrs().integer("causal");
  const std::int64_t offset = call.attrs().integer("offset"),
                     window = call.attrs().integer("window");
  const float empty = call.attrs().integer("masked_rows") ? 1.0F / static_cast<float>(keys) : 0.0F;
  const Shape score_shape{qs[0], heads, rows, keys};
  const Shape bias_strides =
      call.has(4) ? broadcast_strides(call.in(4).shape(), score_shape) : Shape{};
  std::vector<float> scores(static_cast<std::size_t>(rows * keys));
  std::vector<char> allowed(static_cast<std::size_t>(keys));
  for (std::int64_t b = 0; b < qs[0]; ++b) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::int64_t g = h / (heads / groups);
      const float* qp = q.data<float>().data() + (b * heads + h) * rows * d;
      const float* kp = k.data<float>().data() + (b * groups + g) * keys * d;
      const float* vp = v.data<float>().data() + (b * groups + g) * keys * e;
      sgemm(false, true, rows, keys, d, qp, d, kp, d, 0, scores.data(), keys);
      for (std::int64_t i = 0; i < rows; ++i) {
        float* row = scores.data() + i * keys;
        for (std::int64_t j = 0; j < keys; ++j) {
          row[j] *= scale;
          if (softcap > 0) row[j] = softcap * std::tanh(row[j] / softcap);
          if (call.has(4)) {
            row[j] += call.in(4).data<float>()[static_cast<std::size_t>(
                b * bias_strides[0] + h * bias_strides[1] + i * bias_strides[2] +
                j * bias_strides[3])];
          }
          bool use = !call.has(3) || call.in(3).at(b * keys + j) != 0;
          if (causal) use = use && j <= i + offset && (window == 0 || j > i + offset - window);
          allowed[static_cast<std::size_t>(j)] = use;
        }
        if (!softmax_row(row, allowed)) std::fill_n(row, keys, empty);
      }
      sgemm(false, false, rows, e, keys, scores.data(), keys, vp, e, 0,
            out.mutable_data<float>().data() + (b * heads + h) * rows * e, e);
    }
  }
  return out;
}

Tensor gemm(const Call& call) { return call.node.op == Op::kLinear ? linear(call) : matmul(call); }

}  // namespace oct::exec
