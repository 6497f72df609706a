// SPDX-License-Identifier: Apache-2.0
#include "plain.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "compiler/integer/kernels.hpp"

namespace oct::integer::plain {
namespace {

using Wide = __int128;

Wide rounded(Wide v, unsigned s) { return s == 0 ? v : (v + (Wide{1} << (s - 1))) >> s; }
Wide clip(Wide v, Wide lo, Wide hi) { return std::max(lo, std::min(v, hi)); }
Wide saturated(Wide v, unsigned bits) {
  return clip(v, -(Wide{1} << (bits - 1)), (Wide{1} << (bits - 1)) - 1);
}
struct Scale {
  std::int64_t m;
  unsigned s;
  explicit Scale(std::uint32_t word)
      : m(static_cast<std::int64_t>(word & 0x7fffff) - static_cast<std::int64_t>(word & 0x800000)),
        s(word >> 24 & 63) {}
  [[nodiscard]] Wide of(Wide v) const { return saturated(rounded(v * m, s), 32); }
};

template <typename T>
T element(const Memory& memory, TensorId id, std::int64_t index) {
  T v;
  std::memcpy(&v, memory.at(static_cast<std::size_t>(id)).data() + index * std::int64_t{sizeof v},
              sizeof v);
  return v;
}

struct Interpreter {
  const Graph& graph;
  Memory& memory;
  std::int64_t slot;

  using Index = std::initializer_list<std::int64_t>;
  [[nodiscard]] std::int64_t at(const View& v, Index index) const {
    return get(graph, memory, v, {index.begin(), index.size()}, slot);
  }
  void set(const View& v, Index index, std::int64_t value) {
    put(graph, memory, v, {index.begin(), index.size()}, value, slot);
  }

  void operator()(const Gemm& g) {
    const std::int64_t n_count = g.w.sizes[g.w_kn ? 2 : 1], k_count = g.w.sizes[g.w_kn ? 1 : 2];
    const std::int64_t piece = g.a.sizes.back();
    for (std::int64_t b = 0; b < g.a.sizes[0]; ++b) {
      for (std::int64_t m = 0; m < g.a.sizes[1]; ++m) {
        for (std::int64_t n = 0; n < n_count; ++n) {
          std::int64_t acc = 0;
          for (std::int64_t k = 0; k < k_count; ++k) {
            const std::int64_t a =
                g.a.sizes.size() == 4 ? at(g.a, {b, m, k / piece, k % piece}) : at(g.a, {b, m, k});
            acc += a * (g.w_kn ? at(g.w, {b, k, n}) : at(g.w, {b, n, k}));
          }
          const std::int64_t r = g.r.used() ? at(g.r, {b, m, n}) : 0;
          const std::int64_t y = epilogue(g.epilogue, n, acc, r);
          set(g.y, {b, g.y_trans ? n : m, g.y_trans ? m : n}, y);
        }
      }
    }
  }
  [[nodiscard]] std::int64_t epilogue(const Epilogue& e, std::int64_t n, std::int64_t acc,
                                      std::int64_t r) const {
    const auto word = [&](TensorId id, std::int64_t i) {
      return element<std::uint32_t>(memory, id, i);
    };
    Wide t = Wide{acc} + static_cast<std::int32_t>(word(e.plane_a, 2 * n));
    if (e.table != kNone) {
      const Wide i = clip(rounded(Scale(word(e.plane_c, n)).of(t), 14), -128, 127);
      t = element<std::int8_t>(memory, e.table, static_cast<std::int64_t>(i) + 128);
    }
    Wide u = Scale(word(e.plane_a, 2 * n + 1)).of(t), v = 0, b2 = 0;
    if (e.relu) u = std::max<Wide>(u, 0);
    if (e.plane_b != kNone) {
      const Scale second(word(e.plane_b, 2 * n));
      b2 = static_cast<std::int32_t>(word(e.plane_b, 2 * n + 1));
      if (e.residual == Epilogue::Residual::kAdd) v = second.of(r);
      if (e.residual == Epilogue::Residual::kMultiply) {
        v = saturated(rounded(saturated(u, 24) * r, second.s), 32);
        u = 0;
      }
    }
    return static_cast<std::int64_t>(clip(rounded(u + v + b2, 14), e.lo, e.hi));
  }

  void operator()(const Attention& a) {
    for (std::int64_t h = 0; h < a.q.sizes[0]; ++h) {
      for (std::int64_t i = 0; i < a.q.sizes[1]; ++i) query(a, h, i);
    }
  }
  void query(const Attention& a, std::int64_t h, std::int64_t i) {
    const std::int64_t kv = h * a.k.sizes[0] / a.q.sizes[0], dv = a.v.sizes[1];
    const Scale q_scale(element<std::uint32_t>(memory, a.head_params, 2 * h));
    const Scale o_scale(element<std::uint32_t>(memory, a.head_params, 2 * h + 1));
    const std::int64_t keys = a.k.sizes[1];
    std::vector<std::int64_t> sums(static_cast<std::size_t>(dv));
    std::int64_t max = -512, total = 0;
    for (std::int64_t tile = 0; tile < keys; tile += 64) {
      const std::int64_t end = std::min(keys, tile + 64);
      std::vector<std::int64_t> logit;
      std::int64_t top = max;
      for (std::int64_t j = tile; j < end; ++j) {
        std::int64_t dot = 0;
        for (std::int64_t x = 0; x < a.q.sizes[2]; ++x)
          dot += at(a.q, {h, i, x}) * at(a.k, {kv, j, x});
        bool seen = !a.causal || j <= i + a.offset;
        if (a.window > 0 && j <= i + a.offset - a.window) seen = false;
        if (a.key_mask.used() && (at(a.key_mask, {0, j / 8}) >> (j % 8) & 1) == 0) seen = false;
        const Wide scaled = clip(rounded(Wide{dot} * q_scale.m, q_scale.s), -32767, 32767);
        logit.push_back(seen ? static_cast<std::int64_t>(scaled) : -32768);
        top = std::max(top, (logit.back() + 63) >> 6);
      }
      const auto drop = static_cast<unsigned>(std::min<std::int64_t>(top - max, 31));
      max = top;
      total >>= drop;
      for (std::int64_t& s : sums) s >>= drop;
      for (std::int64_t j = tile; j < end; ++j) {
        const std::int64_t l = logit[static_cast<std::size_t>(j - tile)];
        if (l == -32768) continue;
        const std::int64_t x = 64 * max - l, n = x >> 6, f = x & 63;
        const std::int64_t entry =
            std::min(65535LL, std::llround(65536 * std::exp2(-static_cast<double>(f) / 64)));
        const std::int64_t e = n < 20 ? (entry << 4) >> n : 0;
        total += e;
        const std::int64_t p = std::min<std::int64_t>(255, (e + 2048) >> 12);
        for (std::int64_t c = 0; c < dv; ++c) {
          sums[static_cast<std::size_t>(c)] += p * at(a.v, {kv, c, j});
        }
      }
    }
    for (std::int64_t c = 0; c < dv; ++c) {
      set(a.o, {h, i, c}, normalised(sums[static_cast<std::size_t>(c)], total, o_scale));
    }
  }
  static std::int64_t normalised(std::int64_t sum, std::int64_t total, Scale o) {
    if (total == 0) return 0;
    const int e = std::ilogb(static_cast<double>(total));
    const std::int64_t n = e >= 23 ? total >> (e - 23) : total << (23 - e);
    const std::int64_t r = ((o.m & 0x7fffff) << 23) / n;
    const int s = std::clamp(static_cast<int>(o.s) + e - 26, 0, 63);
    const Wide v = saturated(rounded(Wide{sum} * r, static_cast<unsigned>(s)), 32);
    return static_cast<std::int64_t>(clip(rounded(v, 14), -128, 127));
  }

  void operator()(const Kernel& k) {
    const KernelInfo& info = kernel_info(k.name);
    for (std::int64_t b = 0; b < k.outputs[0].sizes[0]; ++b) {
      KernelCall call;
      const auto rows = [&](const View& v) {
        return Rows{
            memory.at(static_cast<std::size_t>(v.tensor)).data() + v.offset + b * v.strides[0],
            v.strides[1]};
      };
      for (const View& v : k.inputs) call.inputs.push_back(rows(v));
      for (const View& v : k.outputs) call.outputs.push_back(rows(v));
      for (const TensorId id : k.constants) {
        call.constants.push_back(memory.at(static_cast<std::size_t>(id)).data());
      }
      call.rows = k.inputs[0].sizes[1];
      call.args = k.args;
      info.golden(call);
    }
  }

  void operator()(const Copy& c) { copy(c, {}); }
  void copy(const Copy& c, std::vector<std::int64_t> index) {
    if (index.size() == c.from.sizes.size()) {
      return put(graph, memory, c.to, index, get(graph, memory, c.from, index, slot), slot);
    }
    const std::int64_t count = c.from.sizes[index.size()];
    index.push_back(0);
    for (index.back() = 0; index.back() < count; ++index.back()) copy(c, index);
  }

  void operator()(const Gather& g) {
    const View table = graph.whole(g.table);
    for (std::int64_t i = 0; i < g.to.sizes[0]; ++i) {
      const std::int64_t id = at(g.ids, {i});
      for (std::int64_t c = 0; c < g.to.sizes[1]; ++c) {
        set(g.to, {i, c}, at(table, {id, c}));
      }
    }
  }
};

/// Bytes of one element.
template <typename M>
auto place(const Graph& graph, M& memory, const View& v, std::span<const std::int64_t> index,
           std::int64_t slot) {
  std::int64_t offset = v.offset + slot * v.slot_stride;
  for (std::size_t d = 0; d < index.size(); ++d) offset += index[d] * v.strides.at(d);
  auto& bytes = memory.at(static_cast<std::size_t>(v.tensor));
  return std::span(bytes).subspan(static_cast<std::size_t>(offset),
                                  static_cast<std::size_t>(elem_bytes(graph.at(v.tensor).elem)));
}

}  // namespace

std::int64_t get(const Graph& graph, const Memory& memory, const View& v,
                 std::span<const std::int64_t> index, std::int64_t slot) {
  const auto bytes = place(graph, memory, v, index, slot);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) bits |= std::uint64_t{bytes[i]} << (8 * i);
  const unsigned up = 64 - 8 * static_cast<unsigned>(bytes.size());
  return static_cast<std::int64_t>(bits << up) >> up;
}

void put(const Graph& graph, Memory& memory, const View& v, std::span<const std::int64_t> index,
         std::int64_t value, std::int64_t slot) {
  const auto bytes = place(graph, memory, v, index, slot);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

void run(const Graph& graph, const Operation& op, Memory& memory, std::int64_t slot) {
  std::visit(Interpreter{graph, memory, slot}, op.what);
}

}  // namespace oct::integer::plain
