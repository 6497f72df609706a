// SPDX-License-Identifier: Apache-2.0
// The attention engine, bit by bit: whole jobs on an image of L1. Link oct_golden_engine.
// Steps: engine_math.hpp; fields and checks: engine_desc.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "engine_desc.hpp"
#include "engine_math.hpp"

namespace oct::golden::engine {

/// Runs one job. A bad descriptor, or one that would leave L1, changes nothing; where a machine
/// stops in the latter case is its own affair.
JobResult run_engine_job(std::span<std::uint8_t> l1, const Descriptor& d);

/// The same from decoded fields, which have been checked.
JobResult run_gemm(std::span<std::uint8_t> l1, const GemmJob& job);
JobResult run_attention(std::span<std::uint8_t> l1, const AttnJob& job);

// ---- The same without L1 and descriptors, for compilers and tests
// --------------------------------

/// State of one query between tiles.
struct QueryState {
  std::int32_t max = kInitialMax;
  std::uint64_t sum = 0;
  std::int32_t* acc = nullptr;  // dv values
};

/// One tile of at most 64 keys: logits (kHidden: not visible) and rows of V^T, each pointing at the
/// tile's first key.
void attention_tile(QueryState& state, std::span<const std::int16_t> logits,
                    std::span<const std::int8_t* const> vt);

/// acc[n] = sum over k of a[k] * b[n][k] for `n` rows of B, `stride` apart.
void dot_rows(const std::int16_t* a, const std::int16_t* b, std::size_t stride, std::size_t n,
              std::size_t k, std::int32_t* acc);

}  // namespace oct::golden::engine
