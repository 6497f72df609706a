// SPDX-License-Identifier: Apache-2.0
// Kernels of networks on the host against their golden functions: corner and random operands,
// shapes with tails, teams of one to eight workers.
#include <catch2/catch.hpp>
#include <cstring>

#include "harness/seed.hpp"
#include "network_case.hpp"
#include "oct_network.h"

namespace {

using oct::network_case::Case;
using oct::network_case::Shape;
constexpr std::uint32_t kBase = 0x10001000;

/// Runs a case on a team and compares every byte of the image.
void check(const Case& c, unsigned size) {
  std::vector<std::uint8_t> image;
  const auto words = oct::network_case::place(c, kBase, image);
  std::vector<std::uint8_t> want = image;
  std::memcpy(want.data() + oct::network_case::output_offset(c), c.outputs[0].data.data(),
              c.outputs[0].data.size());
  oct_net_map(0, kBase, static_cast<std::uint32_t>(image.size()), image.data());
  for (unsigned rank = size; rank-- > 0;) {
    auto job = words;
    REQUIRE(c.info->host(job.data(), rank, size) == 0);
  }
  for (std::size_t i = 0; i < image.size(); ++i) {
    if (image[i] != want[i]) {
      const auto at = static_cast<std::int64_t>(i - oct::network_case::output_offset(c));
      INFO(c.info->name << ": byte " << at % c.outputs[0].stride << " of output row "
                        << at / c.outputs[0].stride << ", args "
                        << Catch::Detail::stringify(c.args));
      REQUIRE(int{image[i]} == int{want[i]});
    }
  }
}

}  // namespace

TEST_CASE("network kernels: C equals golden for every kernel, shape and team") {
  auto random = tb::rng("network kernels");
  std::size_t jobs = 0;
  for (const auto& info : oct::integer::all_kernels()) {
    for (const Shape& shape :
         {Shape{1, 1}, Shape{1, 4}, Shape{3, 5}, Shape{2, 7, false, 4}, Shape{9, 16},
          Shape{1, 64, false, 8}, Shape{5, 33}, Shape{4, 66, true}, Shape{17, 20, true, 12},
          Shape{1, 384}, Shape{2, 130, true}, Shape{8, 96}}) {
      for (const unsigned size : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
        INFO(info.name << " " << shape.rows << "x" << shape.n << " on " << size << ", seed "
                       << tb::seed());
        check(oct::network_case::make_case(std::string(info.name), shape, random), size);
        ++jobs;
      }
    }
  }
  REQUIRE(jobs >= 12 * 8 * 50);
}

TEST_CASE("network kernels: the table is complete") {
  REQUIRE(oct::integer::all_kernels().size() >= 50);
#define OCT_CHECK(name) CHECK(oct::integer::has_kernel(#name));
  OCT_NET_KERNELS(OCT_CHECK)
  for (const auto& info : oct::integer::all_kernels()) {
    CHECK(info.function == "oct_net_" + std::string(info.name));
  }
  REQUIRE_FALSE(oct::integer::has_kernel("layernorm"));
  REQUIRE_THROWS_WITH(oct::integer::kernel_info("nonsense"), Catch::Contains("nonsense"));
}
