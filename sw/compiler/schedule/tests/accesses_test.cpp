// SPDX-License-Identifier: Apache-2.0
// Waits follow from the ranges that jobs declare, so these must be true: what the words of each job
// make a machine read and write, worked out here from descriptors and calls alone, lies in them.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "compiler/integer/kernels.hpp"
#include "compiler/integer/random.hpp"
#include "compiler/integer/rows.hpp"
#include "compiler/schedule/jobs.hpp"
#include "compiler/schedule/schedule.hpp"
#include "golden/engine_desc.hpp"
#include "harness/seed.hpp"

using namespace oct;
using namespace oct::schedule;

namespace {

namespace engine = golden::engine;

struct Access {
  Memory memory;
  std::int64_t addr, bytes;
  bool write;
};
using Accesses = std::vector<Access>;

std::int64_t signed_word(std::uint32_t v) { return static_cast<std::int32_t>(v); }

/// `count` rows in L1; addresses are modulo 2^32.
void rows(Accesses& out, engine::Matrix at, std::uint32_t count, std::int64_t bytes, bool write) {
  for (std::uint32_t i = 0; i < count; ++i) out.push_back({Memory::kL1, at.row(i), bytes, write});
}

Accesses of_gemm(const engine::GemmJob& g) {
  Accesses out;
  for (std::uint32_t p = 0; p < g.batch; ++p) {
    const auto part = [&](engine::Matrix m, std::uint32_t batch) {
      return engine::Matrix{m.addr + p * batch, m.stride};
    };
    engine::Matrix a = part(g.a, g.a_batch);
    const std::uint32_t segment = g.segment != 0 ? g.segment : g.k;
    for (std::uint32_t k = 0; k < g.k; k += segment, a.addr += g.segment_stride) {
      rows(out, a, g.m, std::min(segment, g.k - k), false);
    }
    rows(out, part(g.b, g.b_batch), g.w_kn ? g.k : g.n, g.w_kn ? g.n : g.k, false);
    rows(out, part(g.c, g.c_batch), g.y_trans ? g.n : g.m, g.y_trans ? g.m : g.n * (g.y16 ? 2 : 1),
         true);
    if (g.epilogue.residual != engine::Residual::kNone) {
      rows(out, part(g.r, g.r_batch), g.m, g.n * (g.r16 ? 2 : 1), false);
    }
    rows(out, {g.plane_a_addr + p * g.p_batch, 0}, 1, 8 * g.n, false);
    if (g.plane_b) rows(out, {g.plane_b_addr + p * g.p_batch, 0}, 1, 8 * g.n, false);
    if (!g.epilogue.table) continue;
    rows(out, {g.plane_c_addr + p * (g.p_batch / 2), 0}, 1, 4 * g.n, false);
    rows(out, {g.table_addr, 0}, 1, 256, false);
  }
  return out;
}

Accesses of_attention(const engine::AttnJob& a) {
  Accesses out;
  for (std::uint32_t h = 0; h < a.heads; ++h) {
    const std::uint32_t kv = h / a.group, state = a.state + h * a.state_bytes();
    rows(out, {a.q.addr + h * a.q_head, a.q.stride}, a.sq, a.d, false);
    rows(out, {a.k.addr + kv * a.k_head, a.k.stride}, a.sk, a.d, false);
    rows(out, {a.v.addr + kv * a.v_head, a.v.stride}, a.dv, a.sk, false);
    if (a.last) rows(out, {a.o.addr + h * a.o_head, a.o.stride}, a.sq, a.dv, true);
    rows(out, {a.params + 8 * h, 0}, 1, 8, false);
    if (a.key_mask) rows(out, {a.mask, 0}, 1, (a.sk + 63) / 64 * 8, false);
    if (!a.first) rows(out, {state, 0}, 1, a.state_bytes(), false);
    if (!a.last) rows(out, {state, 0}, 1, a.state_bytes(), true);
  }
  return out;
}

/// `in`: L2 to L1. What a patch may point at is the whole table: left out.
Accesses of_dma(std::vector<std::uint32_t> w, bool in, bool patched, std::int64_t slot) {
  for (std::size_t i = 12; i < 16; ++i) {
    if (w[i] >> 31 == 0) continue;
    w.at(w[i] >> 16 & 31) += static_cast<std::uint32_t>(slot * static_cast<std::int16_t>(w[i]));
  }
  Accesses out;
  for (std::int64_t p = 0; p < (w[7] >> 16); ++p) {
    for (std::int64_t r = 0; r < (w[7] & 0xffff); ++r) {
      const std::int64_t l2 = w[4] + r * signed_word(w[8]) + p * signed_word(w[9]);
      const std::int64_t l1 = w[5] + r * signed_word(w[10]) + p * signed_word(w[11]);
      if (!patched) out.push_back({Memory::kL2, l2, w[6], !in});
      out.push_back({Memory::kL1, l1, w[6], in});
    }
  }
  return out;
}

/// The call's words; operands only of kernels whose rows all have as many elements as the first
/// argument says.
Accesses of_call(const Call& call) {
  Accesses out{{Memory::kL1, call.l1, 4 * std::ssize(call.words), false}};
  if (is_engine_call(call)) {
    const engine::Descriptor d = descriptor_of(call.words);
    const bool gemm = d.op() == engine::kOpGemm;
    const Accesses more =
        gemm ? of_gemm(engine::decode_gemm(d)) : of_attention(engine::decode_attn(d));
    out.insert(out.end(), more.begin(), more.end());
    if (gemm) return out;
    const std::int64_t workers = 8, bytes = call.words[25];
    for (std::int64_t i = 0; i < workers; ++i) {
      out.push_back({Memory::kL1, call.words[24] + i * bytes, bytes, true});
    }
    out.push_back({Memory::kL1, call.words[26], 128, false});
    return out;
  }
  const integer::KernelInfo& info = integer::kernel_info(call.kernel);
  const bool equal = !call.kernel.starts_with("rotary") && !call.kernel.starts_with("turn") &&
                     call.kernel != "key_mask";
  if (!info.row_wise || !equal) return out;
  const std::int64_t n = call.words.at(call.words.size() - info.args);
  const std::size_t inputs = info.inputs.size();
  for (std::size_t i = 0; i < inputs + info.outputs.size(); ++i) {
    const bool write = i >= inputs;
    const integer::Elem elem = write ? info.outputs[i - inputs] : info.inputs[i];
    for (std::int64_t r = 0; r < call.words[0]; ++r) {
      const std::int64_t at = call.words[1 + 2 * i] + r * signed_word(call.words[2 + 2 * i]);
      out.push_back({call.places.at(i).memory, at, n * integer::elem_bytes(elem), write});
    }
  }
  return out;
}

Accesses accesses(const Network& network, const Job& job, std::int64_t slot) {
  switch (job.queue) {
    case Queue::kEngine: {
      engine::Descriptor d;
      std::copy(job.words.begin(), job.words.end(), d.w.begin());
      return d.op() == engine::kOpGemm ? of_gemm(engine::decode_gemm(d))
                                       : of_attention(engine::decode_attn(d));
    }
    case Queue::kDmaIn:
    case Queue::kDmaOut: {
      bool patched = false;
      for (const Patch& p : network.patches) {
        patched = patched || (p.queue == job.queue && p.index == job.index);
      }
      return of_dma(job.words, job.queue == Queue::kDmaIn, patched, slot);
    }
    default:
      return of_call(network.calls.at(static_cast<std::size_t>(job.kernel)));
  }
}

bool covers(const Range& r, const Access& a) {
  if (r.memory != a.memory || r.write != a.write) return false;
  if (r.rows == 1 || std::abs(r.stride) <= r.bytes) {
    return r.first() <= a.addr && a.addr + a.bytes <= r.end();
  }
  for (std::int64_t i = 0; i < r.rows; ++i) {
    const std::int64_t at = r.addr + i * r.stride;
    if (at <= a.addr && a.addr + a.bytes <= at + r.bytes) return true;
  }
  return false;
}

/// The first access that no range declares, in words; "" if there is none.
std::string undeclared(const Network& network, std::int64_t slot) {
  for (const Job& job : network.program.jobs()) {
    for (const Access& a : accesses(network, job, slot)) {
      bool found = false;
      for (const Range& r : job.ranges) found = found || covers(r, a);
      if (found) continue;
      return fmt::format("{} (queue {}, job {}) {} {} [{}, {})", job.note,
                         static_cast<unsigned>(job.queue), job.index, a.write ? "writes" : "reads",
                         a.memory == Memory::kL1 ? "L1" : "L2", a.addr, a.addr + a.bytes);
    }
  }
  return "";
}

/// The first byte that an operation writes and no piece shows; "" if there is none.
std::string uncovered(const integer::Graph& graph, const Network& network, std::int64_t slot) {
  std::vector<std::vector<bool>> shown(graph.tensors.size());
  for (std::size_t t = 0; t < shown.size(); ++t) {
    shown[t].resize(static_cast<std::size_t>(graph.tensors[t].bytes()));
  }
  for (const Piece& p : network.pieces) {
    auto& tensor = shown.at(static_cast<std::size_t>(p.tensor));
    for (std::int64_t r = 0; r < p.range.rows; ++r) {
      const std::int64_t at = p.offset + slot * p.slot_stride + r * p.stride;
      for (std::int64_t b = 0; b < p.range.bytes; ++b) {
        tensor.at(static_cast<std::size_t>(at + b)) = true;
      }
    }
  }
  std::string missing;
  for (const integer::Operation& op : graph.operations) {
    integer::for_each_view(op, [&](integer::View v, bool writes) {
      if (!writes) return;
      v.offset += slot * v.slot_stride;
      const integer::Tensor& t = graph.at(v.tensor);
      integer::for_each_row(v, [&](std::int64_t at) {
        for (std::int64_t b = 0; b < v.sizes.back() * integer::elem_bytes(t.elem); ++b) {
          const bool seen =
              shown[static_cast<std::size_t>(v.tensor)][static_cast<std::size_t>(at + b)];
          if (!seen && missing.empty())
            missing = fmt::format("{}: {} byte {}", op.name, t.name, at + b);
        }
      });
    });
  }
  return missing;
}

/// Where L1 is too little, with as much as the compiler says would do.
Network build_or_enough(const integer::Graph& graph, Options options) {
  try {
    return build(graph, options);
  } catch (const ir::CompileError& e) {
    const std::string said = e.what();
    INFO(said);
    REQUIRE(said.find(" bytes would do") != std::string::npos);
    const std::int64_t enough = std::stoll(said.substr(said.rfind("; ") + 2));
    REQUIRE(enough > options.machine.l1_bytes);
    options.machine.l1_bytes = enough;
    return build(graph, options);
  }
}

void check(std::uint64_t seed, const integer::RandomLimits& limits) {
  const integer::Graph graph = integer::random_graph(seed, limits);
  const std::int64_t slot =
      static_cast<std::int64_t>(seed % static_cast<std::uint64_t>(graph.slots));
  for (const std::int64_t kib : {128, 64}) {  // wide heads in groups may need 55
    INFO("graph " << seed << ", " << kib << " KiB, slot " << slot);
    Options options;
    options.effort = 3000;
    options.machine.l1_bytes = kib * 1024 - 512;
    options.machine.l1_first = 512;
    for (const bool engine : {true, false}) {
      options.machine.engine = engine;
      const Network network = build_or_enough(graph, options);
      CHECK(undeclared(network, slot) == "");
      CHECK(uncovered(graph, network, slot) == "");
    }
  }
}

}  // namespace

TEST_CASE("schedule: jobs touch what they declare, and every byte is a piece") {
  auto random = tb::rng("schedule accesses");
  for (int i = 0; i < 30; ++i) check(random(), {});
  check(random(), integer::large_limits());
}

TEST_CASE("schedule: an access beyond a range is seen") {
  const Range one{Memory::kL1, 64, 16, 1, 0, true}, many{Memory::kL1, 64, 16, 3, 32, true};
  CHECK(covers(one, {Memory::kL1, 64, 16, true}));
  CHECK_FALSE(covers(one, {Memory::kL1, 64, 17, true}));
  CHECK_FALSE(covers(one, {Memory::kL1, 63, 2, true}));
  CHECK_FALSE(covers(one, {Memory::kL1, 64, 16, false}));
  CHECK_FALSE(covers(one, {Memory::kL2, 64, 16, true}));
  CHECK(covers(many, {Memory::kL1, 128, 16, true}));
  CHECK_FALSE(covers(many, {Memory::kL1, 80, 1, true}));
  // A patched row is the only access without a declared place.
  std::vector<std::uint32_t> copy(16);
  copy[4] = 4096, copy[5] = 512, copy[6] = 24, copy[7] = 2U << 16 | 3, copy[8] = 40, copy[10] = 24;
  copy[11] = 72;
  CHECK(of_dma(copy, true, false, 0).size() == 12);
  CHECK(of_dma(copy, true, true, 0).size() == 6);
  copy[12] = 1U << 31 | 4U << 16 | 8;
  CHECK(of_dma(copy, false, false, 5).front().addr == 4096 + 40);
}
