// SPDX-License-Identifier: Apache-2.0
// engine_fidelity: the tables of docs/architecture/engine_arithmetic.md, section "Distance from
// real numbers". A seed as argument draws other data.
#include "engine_fidelity.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

using fidelity::Error;

void attention_tables(std::mt19937_64& random) {
  const double deviations[] = {0, 0.5, 1, 2, 4, 8};
  const double heights[] = {4, 5, 5.5, 6, 6.5, 7, 8, 10};
  const std::uint32_t lengths[] = {16, 63, 128, 257, 512, 1500, 4096};
  std::printf(
      "softmax(QK^T)V, d = 64, mean error in %% of the output's range, of the row's range / "
      "relative L2 in %%\n");
  std::printf("| S \\ deviation |");
  for (const double v : deviations) std::printf(" %g |", v);
  std::printf("\n");
  for (const std::uint32_t s : lengths) {
    std::printf("| %u |", s);
    for (const double v : deviations) {
      const Error e = fidelity::attention_error(fidelity::random_attention(random, s, v));
      std::printf(" %.2f, %.2f / %.1f |", 100 * e.of_range, 100 * e.of_row_range, 100 * e.l2);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  std::printf(
      "one key above a flat tail, mean error in %% of the output's range, of the row's range\n| S "
      "\\ height |");
  for (const double v : heights) std::printf(" %g |", v);
  std::printf("\n");
  for (const std::uint32_t s : lengths) {
    std::printf("| %u |", s);
    for (const double v : heights) {
      const Error e = fidelity::attention_error(fidelity::peaked_attention(random, s, v));
      std::printf(" %.2f, %.2f |", 100 * e.of_range, 100 * e.of_row_range);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

void epilogue_tables(std::mt19937_64& random) {
  for (const bool wide : {false, true}) {
    const auto r = fidelity::requantisation_error(random, wide, 4000000);
    std::printf(
        "requantisation to %s: at most 0.5 + 2^%.1f from the scale as stored, 0.5 + 2^%.1f "
        "from a real one\n",
        wide ? "INT16" : "INT8", std::log2(r.stored - 0.5), std::log2(r.real - 0.5));
  }
  const auto print = [](const char* name, auto f, double in, double out) {
    const auto a = fidelity::activation_error(f, in, out);
    std::printf(
        "%s, steps of 1/%g: at most %.3f from f(8-bit input), %.3f from f(real input), %d "
        "from the latter rounded\n",
        name, 1 / out, a.of_index, a.of_real, a.rounded);
  };
  print("GELU", fidelity::gelu, 1 / 32.0, 1 / 32.0);
  print("SiLU", fidelity::silu, 1 / 16.0, 1 / 16.0);
  print("tanh", [](double x) { return std::tanh(x); }, 1 / 127.0, 1 / 127.0);
}

void speed() {
  std::vector<std::uint8_t> l1(1024 * 1024, 1);
  fidelity::engine::GemmJob j{.w_kn = true, .m = 512, .n = 512, .k = 512};
  j.a = {0, 512}, j.b = {512 * 512, 512}, j.c = {2 * 512 * 512, 512};
  j.plane_a_addr = 3 * 512 * 512;
  const std::clock_t start = std::clock();
  for (int i = 0; i < 8; ++i) fidelity::engine::run_gemm(l1, j);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("the model itself: %.1f GMAC/s (GEMM 512x512x512)\n", 8 * 0.134217728 / seconds);
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937_64 random(argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 1);
  attention_tables(random);
  epilogue_tables(random);
  speed();
}
