// SPDX-License-Identifier: Apache-2.0
// Jobs for the compute side, as the planner takes them apart, and what has to come out of them.
#include <algorithm>

#include "compute_bench.hpp"

namespace compute {
namespace {
using Row = std::array<u8, 64>;

struct Matrix {
  int cols;
  std::vector<std::int8_t> v;
  [[nodiscard]] int at(int r, int c) const { return v[static_cast<std::size_t>(r * cols + c)]; }
};

Matrix matrix(std::mt19937_64& random, int rows, int cols, bool extremes) {
  Matrix m{cols, std::vector<std::int8_t>(static_cast<std::size_t>(rows * cols))};
  for (auto& v : m.v) {
    v = static_cast<std::int8_t>(extremes ? (tb::chance(random, 80) ? -128 : 127)
                                          : tb::uniform<int>(random, -128, 127));
  }
  return m;
}

Row noise(std::mt19937_64& random) {
  Row r;
  for (u8& v : r) v = static_cast<u8>(tb::uniform<int>(random, 0, 255));
  return r;
}

/// Bytes [c0, c0 + n) of a row of the matrix in lanes `at` and up.
void place(Row& row, const Matrix& m, int r, int c0, int n, int at = 0) {
  for (int i = 0; i < n; ++i) row[static_cast<unsigned>(at + i)] = static_cast<u8>(m.at(r, c0 + i));
}

u8 word_mask(int bytes) { return static_cast<u8>((1U << (bytes + 7) / 8) - 1); }
}  // namespace

void Bench::gemm(int rows, int cols, int k, bool kn, bool extremes) {
  const Matrix a = matrix(random, rows, k, extremes), b = matrix(random, cols, k, extremes);
  const int groups = (cols + kUnits - 1) / kUnits;
  const int base = region_ ? 64 : 0;
  contexts_.resize(static_cast<unsigned>(job_) + 1);
  for (int k0 = 0; k0 < k; k0 += 64) {
    const int n = std::min(64, k - k0);
    const bool pair = n == 64 && tb::chance(random, 30);  // the row comes as two pieces
    for (int r = 0; r < rows; ++r) {
      Row row = noise(random);
      place(row, a, r, k0, n);
      x_row(row, pair ? 32 : n, pair, word_mask(n));
    }
    for (int g = 0; g < groups; ++g) {
      std::vector<Row> w;
      for (int u = 0; u < kUnits && g * kUnits + u < cols; ++u) {
        w.push_back(noise(random));
        place(w.back(), b, g * kUnits + u, k0, n);
      }
      if (kn)
        w_columns(bank_, w, n);
      else
        w_rows(bank_, w, n);
      Slot s;
      s.job = job_;
      s.rows = rows;
      s.bank = bank_;
      s.w_first = s.w_last = true;
      s.x_keep = g + 1 < groups;
      s.acc_base = base + g * rows;
      s.acc_first = k0 == 0;
      s.acc_last = k0 + 64 >= k && g + 1 == groups;
      slots_.push_back(s);
      bank_ = !bank_;
    }
  }
  Drain d;
  d.job = job_;
  d.base = base;
  d.rows = rows * groups;
  for (int g = 0; g < groups; ++g) {
    for (int r = 0; r < rows; ++r) {
      auto& sums = d.sums.emplace_back();
      d.units.push_back(std::min(kUnits, cols - g * kUnits));
      for (int u = 0; u < d.units.back(); ++u) {
        for (int i = 0; i < k; ++i)
          sums[static_cast<unsigned>(u)] += a.at(r, i) * b.at(g * kUnits + u, i);
      }
    }
  }
  drains_.push_back(std::move(d));
  drains_left_.push_back(1);
  region_ = !region_;
  ++job_;
}

/// The slots that load the state of a group, with their rows.
void Bench::state_slots(const Attention& a, bool dual, int base,
                        const std::vector<std::vector<std::int32_t>>& acc,
                        const std::vector<golden::QueryState>& state) {
  Slot s;
  s.job = job_;
  s.kind = kLoad;
  s.rows = dual ? (a.dv + 1) / 2 : a.dv;
  s.acc_base = base;
  s.acc_first = true;
  for (int c = 0; c < s.rows; ++c) {
    Row row = noise(random);
    for (unsigned u = 0; u < kUnits; ++u) {
      const int channel = dual ? std::min(2 * c + static_cast<int>(u % 2), a.dv - 1) : c;
      std::memcpy(&row[4 * u], &acc[dual ? u / 2 : u][static_cast<unsigned>(channel)], 4);
    }
    x_row(row, 4 * kUnits, false, word_mask(4 * kUnits));
  }
  slots_.push_back(s);
  s.rows = dual ? 1 : kStateRows;
  s.dual = dual;
  s.tile_first = true;
  for (unsigned i = 0; i < static_cast<unsigned>(s.rows); ++i) {
    Row row = noise(random);
    for (unsigned u = 0; u < 8 && 8 * i + u < kUnits; ++u) {
      const auto& st = state[8 * i + u];
      const u64 word = static_cast<u64>(static_cast<std::int64_t>(st.max)) << 48 | st.sum;
      std::memcpy(&row[8 * u], &word, 8);
    }
    x_row(row, 64, false, 0xff);
  }
  slots_.push_back(s);
}

void Bench::attention(const Attention& a) {
  const Matrix q = matrix(random, a.sq, a.d, a.extremes), k = matrix(random, a.sk, a.d, a.extremes),
               v = matrix(random, a.sk, a.dv, a.extremes);
  const int tiles = (a.sk + 63) / 64;
  const bool both = a.d > 64, wide = both || a.dv > 64;  // two units a query
  contexts_.resize(static_cast<unsigned>(job_) + 1);
  contexts_.back() = {a.causal, a.first, a.last, a.offset, a.window};
  std::vector<u64> visible(static_cast<unsigned>(tiles), ~u64{0});
  if (a.mask) {
    for (u64& m : visible) m = random() & random();
  }
  std::vector<std::vector<std::int8_t>> vt(static_cast<unsigned>(a.dv));
  for (int c = 0; c < a.dv; ++c) {
    for (int j = 0; j < a.sk; ++j)
      vt[static_cast<unsigned>(c)].push_back(static_cast<std::int8_t>(v.at(j, c)));
  }
  struct Later {
    Slot slot;
    std::vector<Row> rows, tails;
    int bytes;
  };
  std::vector<Later> av;
  int groups = 0;
  const auto send = [&](const Later& l) {
    for (std::size_t i = 0; i < l.rows.size(); ++i) {
      x_row(l.rows[i], l.bytes, false, word_mask(l.bytes));
      if (l.slot.tail) x_row(l.tails[i], 1, false, 1);
    }
    slots_.push_back(l.slot);
  };
  bool par = true;
  for (int q0 = 0, queries = 0; q0 < a.sq; q0 += queries, ++groups) {
    const bool dual = wide || (a.pairs && a.first && a.last && 2 * (a.sq - q0) <= kUnits);
    queries = std::min(wide ? kUnits / 2 : kUnits, a.sq - q0);
    const bool half = a.d <= 32 && !dual;        // two keys in a row of X
    const bool split = half || (dual && !both);  // two keys a step
    const int base = region_ ? 64 : 0;
    std::vector<Row> w;
    for (int u = 0; u < queries; ++u) {
      w.push_back(noise(random));
      place(w.back(), q, q0 + u, 0, std::min(a.d, 64));
      if (half) place(w.back(), q, q0 + u, 0, a.d, 32);
      if (!dual) continue;
      w.push_back(both ? noise(random) : w.back());
      if (both) place(w.back(), q, q0 + u, 64, a.d - 64);
    }
    w_rows(false, w, half || both ? 64 : a.d);
    if (groups == 0) w_claim();  // behind Q, which need not wait for the job before

    // What comes out: the state of each query from its first value on.
    std::vector<std::vector<std::int32_t>> acc(
        kUnits, std::vector<std::int32_t>(static_cast<unsigned>(a.dv)));
    std::vector<golden::QueryState> state(kUnits);
    for (unsigned u = 0; u < kUnits; ++u) {
      state[u].acc = acc[u].data();
      if (a.first) continue;
      state[u].max = tb::uniform<int>(random, -512, 512);
      state[u].sum = random() >> tb::uniform<int>(random, 28, 45) | 1U << 19;
      for (auto& x : acc[u]) x = tb::uniform<std::int32_t>(random, -(1 << 29), 1 << 29);
    }
    const auto acc0 = acc;
    const auto state0 = state;

    const bool merged = a.tail && !dual && !a.mask && a.sk % 64 == 1 && tiles > 1;
    const int slots = merged ? tiles - 1 : tiles;
    for (int t = 0; t < slots; ++t) {
      const bool tail = merged && t + 1 == slots;
      const int key0 = 64 * t, keys = tail ? 65 : std::min(64, a.sk - key0);
      std::vector<u64> values;
      if (par) values.push_back(u64{golden::pack_scale(a.o)} << 32 | golden::pack_scale(a.q));
      if (a.mask) values.push_back(visible[static_cast<unsigned>(t)]);
      words(values);
      Slot s;
      s.job = job_;
      s.kind = kQk;
      s.rows = split ? (keys + 1) / 2 : keys;
      s.dual = dual;
      s.odd = !both && keys % 2 == 1;
      s.w_first = t == 0;
      s.w_last = t + 1 == slots;
      s.split = split;
      s.keys = keys;
      s.key0 = key0;
      s.q0 = q0;
      s.tile_first = t == 0;
      s.tile_last = t + 1 == slots;
      s.par = par;
      s.mask = a.mask;
      par = false;
      for (int i = 0; i < (half ? s.rows : keys); ++i) {
        Row row = noise(random);
        const int low = std::min(a.d, 64);
        u8 mask = word_mask(low);
        place(row, k, half ? key0 + 2 * i : key0 + i, 0, low);
        if (half && 2 * i + 1 < keys) {
          place(row, k, key0 + 2 * i + 1, 0, a.d, 32);
          mask = static_cast<u8>(mask | mask << 4);
        }
        x_row(row, low, half, mask);
        if (!both) continue;
        row = noise(random);
        place(row, k, key0 + i, 64, a.d - 64);
        x_row(row, a.d - 64, false, word_mask(a.d - 64));
      }
      slots_.push_back(s);

      if (!av.empty()) {
        send(av.front());
        av.clear();
      }
      // Then, behind a group's first tile, its state.
      if (t == 0 && !a.first) {
        state_slots(a, dual, base, acc0, state0);
      }

      Later l{{}, {}, {}, std::min(keys, 64)};
      l.slot.job = job_;
      l.slot.kind = kAv;
      l.slot.rows = dual ? (a.dv + 1) / 2 : a.dv;
      l.slot.dual = dual;
      l.slot.odd = a.dv % 2 == 1;
      l.slot.bank = true;
      l.slot.acc_base = base;
      l.slot.acc_first = t == 0 && a.first;
      l.slot.acc_last = t + 1 == slots;
      l.slot.keys = keys;
      l.slot.tail = tail;
      for (int c = 0; c < a.dv; ++c) {
        l.rows.push_back(noise(random));
        for (int j = 0; j < l.bytes; ++j)
          l.rows.back()[static_cast<unsigned>(j)] = static_cast<u8>(v.at(key0 + j, c));
        if (!tail) continue;
        l.tails.push_back(noise(random));
        l.tails.back()[0] = static_cast<u8>(v.at(key0 + 64, c));
      }
      av.push_back(std::move(l));

      for (int u = 0; u < queries * (tail ? 2 : 1); ++u) {
        const int k0 = u < queries ? key0 : key0 + 64, i0 = q0 + u % queries;
        std::vector<const std::int8_t*> rows;
        for (const auto& row : vt) rows.push_back(row.data() + k0);
        std::vector<std::int16_t> logits;
        for (int j = k0; j < std::min(k0 + 64, key0 + keys); ++j) {
          int dot = 0;
          for (int i = 0; i < a.d; ++i) dot += q.at(i0, i) * k.at(j, i);
          const bool seen = (!a.causal || j <= i0 + a.offset) &&
                            (a.window == 0 || j > i0 + a.offset - a.window) &&
                            (visible[static_cast<unsigned>(k0 / 64)] >> (j - k0) & 1);
          logits.push_back(
              static_cast<std::int16_t>(seen ? golden::logit(dot, a.q) : golden::kHidden));
        }
        golden::attention_tile(state[static_cast<unsigned>(u % queries)], logits, rows);
      }
    }
    if (q0 + queries == a.sq) av.front().slot.w_last = true;

    Drain d;
    d.job = job_, d.base = base, d.rows = dual ? (a.dv + 1) / 2 : a.dv;
    d.dual = dual, d.odd = dual && a.dv % 2 == 1;
    Norm n;
    n.dual = dual;
    n.job = job_;
    n.queries = queries;
    n.raw = !a.last;
    for (int c = 0; c < d.rows; ++c) {
      auto& sums = d.sums.emplace_back();
      d.units.push_back(dual ? 2 * queries : queries);
      for (int u = 0; u < d.units.back(); ++u) {
        const auto of = static_cast<unsigned>(dual ? u / 2 : u);
        const int channel = dual ? std::min(2 * c + u % 2, a.dv - 1) : c;
        sums[static_cast<unsigned>(u)] = acc[of][static_cast<unsigned>(channel)];
      }
    }
    for (unsigned u = 0; u < static_cast<unsigned>(queries); ++u) {
      n.scale[u] = golden::normaliser(state[u].sum, a.o);
      n.state[u] = static_cast<u64>(static_cast<std::int64_t>(state[u].max)) << 48 | state[u].sum;
    }
    drains_.push_back(std::move(d));
    norms_.push_back(n);
    region_ = !region_;
  }
  send(av.front());
  drains_left_.push_back(groups);
  ++job_;
}
}  // namespace compute
