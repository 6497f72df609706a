// SPDX-License-Identifier: Apache-2.0
// Speed of the epilogue in simulation, by hand: test.attn_drain_speed. Processor time, the block
// alone.
#include <catch2/catch.hpp>
#include <cstdio>
#include <ctime>

#include "Vtb_attn_drain.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

constexpr unsigned kUnits = oct::config::kEngineMacs / 64;

double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

template <typename Step>
void measure(tb::Clocked<Vtb_attn_drain>& dut, const char* what, Step step) {
  constexpr int kCycles = 300000;
  const double start = seconds();
  for (int i = 0; i < kCycles; ++i) {
    step(i);
    dut.tick();
  }
  std::printf("%s: %.0f kHz\n", what, kCycles / (seconds() - start) / 1000);
}

}  // namespace

TEST_CASE("drain: speed of the simulation") {
  tb::Clocked<Vtb_attn_drain> dut;
  dut->clear_i = 0;
  dut->d_valid_i = 0;
  dut->dot_soon_i = dut->dot_valid_i = 0;
  dut->rd_ready_i = 3;
  dut->data_valid_i = 0;
  dut->region_full_i = 0;
  dut->acc_ready_i = 1;
  dut->acc_valid_i = 0;
  dut->norm_valid_i = 0;
  dut->y_ready_i = 1;
  dut.reset();
  measure(dut, "idle", [](int) {});
  dut->dot_valid_i = 1;
  dut->dot_scale_i = 0x1f500000;
  measure(dut, "logits",
          [&](int i) { dut->dot_lo_i[static_cast<unsigned>(i) % kUnits] = i * 77U; });
  dut->dot_split_i = 1;
  measure(dut, "logits of split rows", [&](int i) {
    dut->dot_lo_i[static_cast<unsigned>(i) % kUnits] = i * 77U;
    dut->dot_hi_i[static_cast<unsigned>(i) % kUnits] = i * 55U;
  });
  dut->dot_valid_i = 0;
  // Attention's drains: nothing else has to be brought.
  dut->job_attn_i = 3;
  dut->job_last_i = 3;
  dut->d_valid_i = 1;
  dut->d_rows_i = 64;
  dut->d_groups_i = 1;
  dut->d_cols_i = kUnits;
  dut->region_full_i = 3;
  dut->norm_valid_i = 1;
  measure(dut, "drains", [&](int i) {
    dut->acc_valid_i = 1;
    dut->acc_data_i[static_cast<unsigned>(i) % kUnits] = i * 333U;
  });
  CHECK(dut.cycles() > 1000000);
}
