// SPDX-License-Identifier: Apache-2.0
// The kernels for networks that come quantised, in C, against their golden functions.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "compiler/integer/kernels.hpp"
#include "kernels/oct_network.h"
#include "kernels/oct_quantised.h"

using namespace oct::integer;

namespace {

constexpr std::int64_t kRows = 5, kStride = 1024;

std::vector<std::int32_t> arguments(const KernelInfo& k, std::int32_t n, std::mt19937& random) {
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<std::int32_t>(low, high)(random);
  };
  const std::string_view name = k.name;
  if (name == "qadd_i8_i8_i8") {
    const int m = (1 << 21) - 1, c = draw(-(1 << 29), 1 << 29);
    return {n, draw(-m, m), draw(-m, m), c, c < 0 ? -1 : 0, draw(1, 30)};
  }
  if (name.starts_with("qadd")) {
    return {n,
            draw(-(1 << 29), 1 << 29),
            draw(-(1 << 29), 1 << 29),
            draw(-1000000000, 1000000000),
            draw(-16, 15),
            draw(24, 34)};
  }
  if (name.starts_with("qmul")) {
    return {
        n,           draw(-128, 127), draw(-128, 127), draw(-128, 127), draw(-(1 << 23), 1 << 23),
        draw(20, 32)};
  }
  if (name == "qsoftmax") return {n, draw(1 << 8, (1 << 24) - 1), draw(-128, 127)};
  if (name == "qlayernorm") return {n, draw(0, 1 << 30), draw(0, 3), draw(1, 28)};
  if (name == "spread") return {n, draw(-128, 127), draw(0, 3)};
  return {n, draw(-128, 127), draw(-128, 127)};
}

}  // namespace

TEST_CASE("kernels for quantised networks: C equals golden") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    for (const KernelInfo& k : quantised_kernels()) {
      INFO("seed " << seed << " " << k.name);
      const std::int32_t n = std::uniform_int_distribution<std::int32_t>(1, 100)(random);
      std::vector<std::vector<std::uint8_t>> in(k.inputs.size()), constants(k.constants.size());
      for (auto& bytes : in) {
        bytes.resize(kRows * kStride);
        const bool extreme = random() % 4 == 0, flat = random() % 8 == 0;
        for (auto& b : bytes) {
          b = static_cast<std::uint8_t>(flat      ? 7
                                        : extreme ? (random() & 1 ? 0x80 : 0x7f)
                                                  : random());
        }
      }
      for (auto& bytes : constants) {
        std::vector<std::int32_t> words(256);
        const bool table = k.name == "qsoftmax";
        for (std::size_t i = 0; i < words.size(); ++i) {
          words[i] = table
                         ? static_cast<std::int32_t>((1U << 23) >> std::min<std::size_t>(i / 4, 31))
                         : static_cast<std::int32_t>(random()) >> 4;
        }
        bytes.resize(1024);
        std::memcpy(bytes.data(), words.data(), 1024);
      }
      std::vector<std::uint8_t> golden(kRows * kStride, 0x55), device = golden;
      KernelCall call;
      call.rows = kRows;
      for (auto& b : in) call.inputs.push_back({b.data(), kStride});
      call.outputs = {{golden.data(), kStride}};
      for (auto& c : constants) call.constants.push_back(c.data());
      call.args = arguments(k, n, random);
      REQUIRE(call.args.size() == k.args);
      k.golden(call);
      // The same as a job: one region of memory.
      std::vector<std::uint8_t> memory;
      const auto place = [&](const std::vector<std::uint8_t>& bytes) {
        const auto at = static_cast<std::uint32_t>(memory.size());
        memory.insert(memory.end(), bytes.begin(), bytes.end());
        return 0x10000U + at;
      };
      std::vector<std::uint32_t> job{static_cast<std::uint32_t>(kRows)};
      for (const auto& b : in) job.push_back(place(b)), job.push_back(kStride);
      const std::uint32_t y = place(device);
      job.push_back(y), job.push_back(kStride);
      for (const auto& c : constants) job.push_back(place(c));
      for (const std::int32_t a : call.args) job.push_back(static_cast<std::uint32_t>(a));
      oct_net_map(0, 0x10000, static_cast<std::uint32_t>(memory.size()), memory.data());
      const unsigned team = 1 + seed % 8;
      for (unsigned rank = 0; rank < team; ++rank) REQUIRE(k.host(job.data(), rank, team) == 0);
      std::memcpy(device.data(), memory.data() + (y - 0x10000U), device.size());
      REQUIRE((device == golden));
    }
  }
}
