// SPDX-License-Identifier: Apache-2.0
// What the plans of all cases are made of: places in L2, copies, descriptors, data.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine.hpp"
#include "engine_plan.hpp"

namespace octant::plan_parts {
using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
namespace golden = oct::golden::engine;

inline u32 up(u64 v, u32 to) { return static_cast<u32>((v + to - 1) / to * to); }
inline u32 wait(u32 sem, u32 value) { return 1U << 31 | sem << 16 | (value & 0xffff); }
inline u32 signal(u32 sem) { return 1U << 15 | sem << 8 | 1; }

/// L2 from a base upwards.
struct L2 {
  Plan& plan;
  u32 next;
  u32 put(std::vector<u8> bytes);
  u32 room(u32 bytes);
};

/// Rows of `bytes` between L2 and L1.
struct Copy {
  u32 l2, l1, bytes, rows = 1, l2_stride = 0, l1_stride = 0;
  u32 wait0 = 0, wait1 = 0, signal0 = 0;
};
void add(std::vector<u32>& ring, const Copy& c);
void add(std::vector<u32>& ring, const golden::Descriptor& d);

std::vector<u8> noise(std::mt19937_64& random, u64 bytes);
/// Plane A for `n` channels: outputs of K products spread over INT8.
std::vector<u8> plane_a(std::mt19937_64& random, u32 n, u32 k);
std::vector<u8> head_parameters(u32 heads, u32 d);

golden::Descriptor gemm(u32 m, u32 n, u32 k, u32 a, u32 a_stride, u32 b, u32 b_stride, u32 y,
                        u32 y_stride, u32 params);
golden::Descriptor attention(const EngineCase& c, u32 heads, u32 q, u32 k, u32 v, u32 v_stride,
                             u32 params);
/// Runs the descriptor on an image of L1; throws with the case's name if the engine refuses it.
void expect(std::span<u8> l1, const golden::Descriptor& d, const std::string& name);

/// A product whose operands come from L2 (engine_plan_gemm.cpp).
void plan_gemm_l2(Plan& plan, const EngineCase& c, const Machine& machine, std::mt19937_64& random,
                  L2& l2);
}  // namespace octant::plan_parts
