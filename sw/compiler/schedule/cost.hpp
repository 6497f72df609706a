// SPDX-License-Identifier: Apache-2.0
// What jobs cost in cycles, and how long a list of jobs takes. Test: tests/random_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/schedule/schedule.hpp"

namespace oct::schedule::cost {

/// M x N outputs of K products.
[[nodiscard]] double gemm(const Machine& machine, std::int64_t m, std::int64_t n, std::int64_t k,
                          std::int64_t out_bytes, std::int64_t residual_bytes);
/// What such a job takes on top, beside neighbours and a busy DMA: few rows at a time leave a table
/// or INT16 residuals little time between two blocks.
[[nodiscard]] double gemm_extra(std::int64_t m, bool table, std::int64_t residual_bytes);
/// From such a job's last product to its end, beside the latency: the results of the last block of
/// rows and columns, one after the other. Until then nobody else has its operands' buffers.
[[nodiscard]] double gemm_drain(const Machine& machine, std::int64_t m, std::int64_t n, bool table);
/// The same of a filled descriptor; 0 for all but products.
[[nodiscard]] double drain(const Machine& machine, const Job& job);
/// One head.
[[nodiscard]] double attention(const Machine& machine, std::int64_t sq, std::int64_t sk,
                               std::int64_t d, std::int64_t dv);
/// `rows` times `bytes` bytes without the latency of memory.
[[nodiscard]] double dma(std::int64_t rows, std::int64_t bytes);
/// A filled descriptor of engine or DMA.
[[nodiscard]] double job(const Machine& machine, const Job& job);

/// When every job starts and ends if each takes its estimate.
struct Times {
  std::vector<double> start, end;  ///< by place in Program::jobs()
  double total = 0;
};
/// `team`: the workers take so much longer.
[[nodiscard]] Times simulate(const Program& program, double team = 1);
/// The same job by job, while the program is written.
class Clock {
 public:
  explicit Clock(double team = 1) : team_(team) {}
  /// The next job of the program: its end.
  double add(const Program& program);
  [[nodiscard]] std::size_t jobs() const { return end_.size(); }
  /// When a queue's unit has done what it was given.
  [[nodiscard]] double free(Queue q) const { return units_.at(static_cast<std::size_t>(q)).free; }
  [[nodiscard]] Times times() && { return {std::move(start_), std::move(end_), total_}; }

 private:
  struct Unit {
    double free = 0;                 // its data path
    double ended = 0;                // its last job; jobs end in order
    std::array<double, 4> recent{};  // ends of the last four: as many may be under way
    std::size_t count = 0;
  };
  std::array<Unit, kNumQueues> units_{};
  std::vector<double> start_, end_;
  double total_ = 0;
  double team_;
  double crowding_ = 1;  // of kernels beside the engine's last job
};
/// Sets Network::estimate and the layers' estimates, by the rule of attribution.hpp.
void estimate(Network& network);

}  // namespace oct::schedule::cost
