// SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"

#include <cstring>
#include <vector>

namespace oct::golden::engine {
namespace {

/// L1 with addresses modulo 2^32, little-endian.
class Memory {
 public:
  explicit Memory(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  /// Notes the first of `count` bytes at `addr` that is outside.
  void need(std::uint32_t addr, std::uint64_t count) {
    if (count == 0 || outside_) return;
    if (addr + count > bytes_.size()) {
      outside_ = true;
      offset_ = std::max(addr, static_cast<std::uint32_t>(bytes_.size()));
    }
  }
  void need_rows(Matrix x, std::uint32_t rows, std::uint64_t bytes) {
    for (std::uint32_t i = 0; i < rows && !outside_; ++i) need(x.row(i), bytes);
  }
  [[nodiscard]] JobResult verdict() const {
    return outside_ ? JobResult{Cause::kL1Range, offset_} : JobResult{};
  }

  [[nodiscard]] const std::int8_t* at(std::uint32_t addr) const {
    return reinterpret_cast<const std::int8_t*>(bytes_.data() + addr);
  }
  template <typename T>
  [[nodiscard]] T load(std::uint32_t addr) const {
    T v;
    std::memcpy(&v, bytes_.data() + addr, sizeof v);
    return v;
  }
  template <typename T>
  void store(std::uint32_t addr, T v) {
    std::memcpy(bytes_.data() + addr, &v, sizeof v);
  }

 private:
  std::span<std::uint8_t> bytes_;
  bool outside_ = false;
  std::uint32_t offset_ = 0;
};
static_assert(std::endian::native == std::endian::little);

// ---- GEMM --------------------------------------------------------------------------------------
void need_gemm(Memory& l1, const GemmJob& j) {
  const std::uint32_t segment = j.segment == 0 ? j.k : j.segment;
  for (std::uint32_t i = 0; i < j.m; ++i) {
    std::uint32_t at = j.a.row(i);
    for (std::uint32_t k = 0; k < j.k; k += segment, at += j.segment_stride) {
      l1.need(at, std::min(segment, j.k - k));
    }
  }
  l1.need_rows(j.b, j.w_kn ? j.k : j.n, j.w_kn ? j.n : j.k);
  const std::uint64_t width = j.y16 ? 2 : 1;
  l1.need_rows(j.c, j.y_trans ? j.n : j.m, j.y_trans ? j.m : j.n * width);
  if (j.epilogue.residual != Residual::kNone) l1.need_rows(j.r, j.m, j.n * (j.r16 ? 2ULL : 1ULL));
  l1.need(j.plane_a_addr, std::uint64_t{j.n} * 8);
  if (j.plane_b) l1.need(j.plane_b_addr, std::uint64_t{j.n} * 8);
  if (j.epilogue.table) {
    l1.need(j.plane_c_addr, std::uint64_t{j.n} * 4);
    l1.need(j.table_addr, 256);
  }
}

Channel load_channel(const Memory& l1, const GemmJob& j, std::uint32_t n) {
  Channel c;
  c.bias = l1.load<std::int32_t>(j.plane_a_addr + 8 * n);
  c.m1 = unpack_scale(l1.load<std::uint32_t>(j.plane_a_addr + 8 * n + 4));
  if (j.plane_b) {
    c.m2 = unpack_scale(l1.load<std::uint32_t>(j.plane_b_addr + 8 * n));
    c.b2 = l1.load<std::int32_t>(j.plane_b_addr + 8 * n + 4);
  }
  if (j.epilogue.table) c.m0 = unpack_scale(l1.load<std::uint32_t>(j.plane_c_addr + 4 * n));
  return c;
}

/// B transposed and widened: rows of K, each padded to a multiple of 32.
std::vector<std::int16_t> load_b(const Memory& l1, const GemmJob& j, std::size_t stride) {
  std::vector<std::int16_t> b(stride * j.n);
  if (!j.w_kn) {
    for (std::uint32_t n = 0; n < j.n; ++n) {
      std::copy_n(l1.at(j.b.row(n)), j.k, &b[n * stride]);
    }
    return b;
  }
  constexpr std::uint32_t kBlock = 32;  // of both loops, for the cache's sake
  for (std::uint32_t k0 = 0; k0 < j.k; k0 += kBlock) {
    for (std::uint32_t n = 0; n < j.n; ++n) {
      for (std::uint32_t k = k0; k < std::min(j.k, k0 + kBlock); ++k) {
        b[n * stride + k] = *l1.at(j.b.row(k) + n);
      }
    }
  }
  return b;
}

/// The whole matrix is read before anything is written, like a machine may or may not do: a job
/// must not write what it reads, except each element of the residual.
void gemm_product(Memory& l1, const GemmJob& j) {
  const std::size_t stride = (j.k + 31) / 32 * 32;
  const std::vector<std::int16_t> b = load_b(l1, j, stride);
  std::vector<Channel> channels(j.n);
  for (std::uint32_t n = 0; n < j.n; ++n) channels[n] = load_channel(l1, j, n);
  std::array<std::int8_t, 256> table{};
  if (j.epilogue.table) std::copy_n(l1.at(j.table_addr), 256, table.begin());

  std::vector<std::int16_t> a(stride);
  std::vector<std::int32_t> acc(j.n);
  const std::uint32_t segment = j.segment == 0 ? j.k : j.segment;
  for (std::uint32_t i = 0; i < j.m; ++i) {
    std::uint32_t at = j.a.row(i);
    for (std::uint32_t k = 0; k < j.k; k += segment, at += j.segment_stride) {
      std::copy_n(l1.at(at), std::min(segment, j.k - k), &a[k]);
    }
    dot_rows(a.data(), b.data(), stride, j.n, stride, acc.data());
    for (std::uint32_t n = 0; n < j.n; ++n) {
      std::int32_t r = 0;
      if (j.epilogue.residual != Residual::kNone) {
        r = j.r16 ? l1.load<std::int16_t>(j.r.row(i) + 2 * n) : *l1.at(j.r.row(i) + n);
      }
      const std::int32_t y = epilogue(acc[n], r, channels[n], j.epilogue, table.data());
      if (j.y_trans) {
        l1.store(j.c.row(n) + i, static_cast<std::int8_t>(y));
      } else if (j.y16) {
        l1.store(j.c.row(i) + 2 * n, static_cast<std::int16_t>(y));
      } else {
        l1.store(j.c.row(i) + n, static_cast<std::int8_t>(y));
      }
    }
  }
}

/// The p-th product of a batch as a job of its own.
GemmJob batch_part(GemmJob j, std::uint32_t p) {
  j.a.addr += p * j.a_batch;
  j.b.addr += p * j.b_batch;
  j.c.addr += p * j.c_batch;
  j.r.addr += p * j.r_batch;
  j.plane_a_addr += p * j.p_batch;
  j.plane_b_addr += p * j.p_batch;
  j.plane_c_addr += p * static_cast<std::uint32_t>(static_cast<std::int32_t>(j.p_batch) / 2);
  return j;
}

// ---- Attention ---------------------------------------------------------------------------------
/// Head h as a job of one head; its parameters and state stand at params and state.
AttnJob head_part(AttnJob j, std::uint32_t h) {
  j.q.addr += h * j.q_head;
  j.k.addr += h / j.group * j.k_head;
  j.v.addr += h / j.group * j.v_head;
  j.o.addr += h * j.o_head;
  j.params += 8 * h;
  j.state += h * j.state_bytes();
  j.heads = 1;
  return j;
}

void need_attention(Memory& l1, const AttnJob& j) {
  l1.need_rows(j.q, j.sq, j.d);
  l1.need_rows(j.k, j.sk, j.d);
  l1.need_rows(j.v, j.dv, j.sk);
  if (j.last) l1.need_rows(j.o, j.sq, j.dv);
  l1.need(j.params, 8);
  if (j.key_mask) l1.need(j.mask, (j.sk + 63) / 64 * 8);
  if (!(j.first && j.last)) l1.need(j.state, j.state_bytes());
}

bool visible(const Memory& l1, const AttnJob& j, std::uint32_t i, std::uint32_t key) {
  const std::int64_t diagonal = std::int64_t{i} + j.offset;
  if (j.causal && key > diagonal) return false;
  if (j.window > 0 && key <= diagonal - j.window) return false;
  return !j.key_mask || (*l1.at(j.mask + key / 8) >> (key % 8) & 1) != 0;
}

/// Between jobs: for each 16 queries [dv][16] x 32 bit, then [16] x {max, sum} in 64 bits.
struct StatePlace {
  std::uint32_t base, dv, lane;
  StatePlace(const AttnJob& j, std::uint32_t i)
      : base(j.state + i / 16 * 16 * (4 * j.dv + 8)), dv(j.dv), lane(i % 16) {}
  [[nodiscard]] std::uint32_t acc(std::uint32_t c) const { return base + 64 * c + 4 * lane; }
  [[nodiscard]] std::uint32_t sum() const { return base + 64 * dv + 8 * lane; }
};

void load_state(const Memory& l1, StatePlace place, QueryState& s) {
  for (std::uint32_t c = 0; c < place.dv; ++c) s.acc[c] = l1.load<std::int32_t>(place.acc(c));
  const auto word = l1.load<std::int64_t>(place.sum());
  s.max = static_cast<std::int32_t>(word >> 48);
  s.sum = static_cast<std::uint64_t>(word) & ((std::uint64_t{1} << 40) - 1);
}

void store_state(Memory& l1, StatePlace place, const QueryState& s) {
  for (std::uint32_t c = 0; c < place.dv; ++c) l1.store(place.acc(c), s.acc[c]);
  l1.store(place.sum(), static_cast<std::int64_t>(s.max) * (std::int64_t{1} << 48) |
                            static_cast<std::int64_t>(s.sum));
}

void attention_head(Memory& l1, const AttnJob& j) {
  const Scale q_scale = unpack_scale(l1.load<std::uint32_t>(j.params));
  const Scale o_scale = unpack_scale(l1.load<std::uint32_t>(j.params + 4));
  const std::size_t stride = (j.d + 31) / 32 * 32;
  std::vector<std::int16_t> q(stride), k(stride * j.sk), logits(j.sk);
  std::vector<std::int32_t> dots(j.sk), acc(j.dv);
  std::vector<const std::int8_t*> vt(j.dv);
  for (std::uint32_t x = 0; x < j.sk; ++x) std::copy_n(l1.at(j.k.row(x)), j.d, &k[x * stride]);

  for (std::uint32_t i = 0; i < j.sq; ++i) {
    std::copy_n(l1.at(j.q.row(i)), j.d, q.begin());
    dot_rows(q.data(), k.data(), stride, j.sk, stride, dots.data());
    for (std::uint32_t x = 0; x < j.sk; ++x) {
      const int value = visible(l1, j, i, x) ? logit(dots[x], q_scale) : kHidden;
      logits[x] = static_cast<std::int16_t>(value);
    }
    std::fill(acc.begin(), acc.end(), 0);
    QueryState state{.acc = acc.data()};
    const StatePlace place(j, i);
    if (!j.first) load_state(l1, place, state);
    for (std::uint32_t x = 0; x < j.sk; x += kTileKeys) {
      const std::uint32_t keys = std::min<std::uint32_t>(kTileKeys, j.sk - x);
      for (std::uint32_t c = 0; c < j.dv; ++c) vt[c] = l1.at(j.v.row(c) + x);
      attention_tile(state, {&logits[x], keys}, vt);
    }
    if (!j.last) {
      store_state(l1, place, state);
      continue;
    }
    const Scale r = normaliser(state.sum, o_scale);
    for (std::uint32_t c = 0; c < j.dv; ++c) {
      l1.store(j.o.row(i) + c, static_cast<std::int8_t>(normalise(acc[c], r)));
    }
  }
}

}  // namespace

void dot_rows(const std::int16_t* a, const std::int16_t* b, std::size_t stride, std::size_t n,
              std::size_t k, std::int32_t* acc) {
  constexpr std::size_t kRows = 4;  // share the loads of a
  std::size_t i = 0;
  for (; i + kRows <= n; i += kRows) {
    const std::int16_t* b0 = b + i * stride;
    const std::int16_t *b1 = b0 + stride, *b2 = b1 + stride, *b3 = b2 + stride;
    std::int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (std::size_t x = 0; x < k; ++x) {
      s0 += a[x] * b0[x];
      s1 += a[x] * b1[x];
      s2 += a[x] * b2[x];
      s3 += a[x] * b3[x];
    }
    acc[i] = s0;
    acc[i + 1] = s1;
    acc[i + 2] = s2;
    acc[i + 3] = s3;
  }
  for (; i < n; ++i) {
    std::int32_t sum = 0;
    for (std::size_t x = 0; x < k; ++x) sum += a[x] * b[i * stride + x];
    acc[i] = sum;
  }
}

void attention_tile(QueryState& state, std::span<const std::int16_t> logits,
                    std::span<const std::int8_t* const> vt) {
  int max = state.max;
  for (const int l : logits) max = std::max(max, ceiling(l));
  const int shift = rescale_shift(state.max, max);
  state.max = max;
  state.sum >>= shift;
  std::array<std::int16_t, kTileKeys> p{};
  for (std::size_t x = 0; x < logits.size(); ++x) {
    if (logits[x] == kHidden) continue;
    const std::uint32_t e = exponential(max, logits[x]);
    state.sum += e;
    p[x] = static_cast<std::int16_t>(weight(e));
  }
  for (std::size_t c = 0; c < vt.size(); ++c) {
    std::int32_t sum = 0;
    for (std::size_t x = 0; x < logits.size(); ++x) sum += p[x] * std::int16_t{vt[c][x]};
    state.acc[c] = (state.acc[c] >> shift) + sum;
  }
}

JobResult run_gemm(std::span<std::uint8_t> l1, const GemmJob& job) {
  Memory memory(l1);
  for (std::uint32_t p = 0; p < job.batch; ++p) need_gemm(memory, batch_part(job, p));
  if (memory.verdict().cause != Cause::kNone) return memory.verdict();
  for (std::uint32_t p = 0; p < job.batch; ++p) gemm_product(memory, batch_part(job, p));
  return {};
}

JobResult run_attention(std::span<std::uint8_t> l1, const AttnJob& job) {
  Memory memory(l1);
  for (std::uint32_t h = 0; h < job.heads; ++h) need_attention(memory, head_part(job, h));
  if (memory.verdict().cause != Cause::kNone) return memory.verdict();
  for (std::uint32_t h = 0; h < job.heads; ++h) attention_head(memory, head_part(job, h));
  return {};
}

JobResult run_engine_job(std::span<std::uint8_t> l1, const Descriptor& d) {
  if (const JobResult bad = check(d); bad.cause != Cause::kNone) return bad;
  return d.op() == kOpGemm ? run_gemm(l1, decode_gemm(d)) : run_attention(l1, decode_attn(d));
}

}  // namespace oct::golden::engine
