// SPDX-License-Identifier: Apache-2.0
// Integer matrix product: the definition that kernels and engine are compared with.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace golden {

/// C[m][n] = sum over k of A[m][k] * BT[n][k]: rows times rows, B stored transposed.
[[nodiscard]] inline std::vector<std::int32_t> matmul_i8(std::span<const std::int8_t> a,
                                                         std::span<const std::int8_t> bt,
                                                         std::size_t m, std::size_t n,
                                                         std::size_t k) {
  assert(a.size() == m * k && bt.size() == n * k);
  std::vector<std::int32_t> c(m * n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      std::int32_t sum = 0;
      for (std::size_t x = 0; x < k; ++x) sum += std::int32_t{a[i * k + x]} * bt[j * k + x];
      c[i * n + j] = sum;
    }
  }
  return c;
}

}  // namespace golden
