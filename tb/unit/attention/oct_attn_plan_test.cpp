// SPDX-License-Identifier: Apache-2.0
// oct_attn_job and oct_attn_plan: the commands of random jobs are carried out by a model of the
// engine that knows no addresses but theirs; every sum and every output place must come out right.
#include <algorithm>
#include <catch2/catch.hpp>

#include "attn_plan_bench.hpp"

namespace {
using namespace plan;

u32 pair16(u32 lo, u32 hi) { return (lo & 0xffff) | hi << 16; }

struct Gemm {
  int m, n, k, seg, batch;
  bool kn, trans, y16, r16, table, residual;
  u32 x, xs, w, ws, y, ys, r, rs, a, b, c, segs, xb, wb, yb, rb, pb;
  Words words() const {
    Words v{};
    v[4] = kn | trans << 1 | y16 << 2 | r16 << 3 | residual << 4 | table << 6;
    v[5] = pair16(m, n);
    v[6] = pair16(k, seg);
    v[7] = x, v[8] = xs, v[9] = w, v[10] = ws, v[11] = y, v[12] = ys, v[13] = r, v[14] = rs;
    v[15] = a, v[16] = b, v[17] = c, v[18] = 0;
    v[19] = pair16(-128 & 0xffff, 127);
    v[20] = batch;
    v[21] = segs, v[22] = xb, v[23] = wb, v[24] = yb, v[25] = rb, v[26] = pb;
    return v;
  }
};

void check_gemm(Planner& p, const Gemm& g, bool ctx) {
  CAPTURE(g.m, g.n, g.k, g.seg, g.batch, g.kn, g.trans, g.y16, g.table);
  p.walk(0x30, g.words(), ctx);
  Engine e(p.random);
  std::vector<int> seen(static_cast<std::size_t>(g.batch) * g.m * g.n);
  std::size_t xi = 0, wi = 0, di = 0;
  bool keep = false, bank = false;
  for (std::size_t si = 0; si < p.s.size(); ++si) {
    const SCmd& s = p.s[si];
    REQUIRE(s.kind == 0);
    REQUIRE(s.w_first);
    REQUIRE(s.w_last);
    if (si) REQUIRE(s.bank != bank);
    bank = s.bank;
    if (!keep) {
      REQUIRE(xi < p.x.size());
      e.load_x(p.x[xi++]);
    }
    keep = s.x_keep;
    REQUIRE(wi < p.w.size());
    REQUIRE(p.w[wi].bank == s.bank);
    e.load_w(p.w[wi++]);
    REQUIRE(int(e.rows.size()) == s.rows);
    for (int i = 0; i < s.rows; ++i) {
      auto& sum = e.acc.at(s.acc_base + i);
      for (int u = 0; u < kUnits; ++u) {
        std::int64_t dot = 0;
        for (int l = 0; l < 64; ++l) dot += e.rows[i][l] * e.bank[s.bank][u][l];
        sum[u] = (s.acc_first ? 0 : sum[u]) + dot;
      }
    }
    if (!s.acc_last) continue;
    REQUIRE(di < p.d.size());
    const DCmd& d = p.d[di];
    REQUIRE(d.last == (di + 1 == p.d.size()));
    REQUIRE(d.table == (g.table && di == 0));
    ++di;
    // From the address of the output back to its place.
    bool found = false;
    for (int b = 0; b < g.batch && !found; ++b) {
      for (int m0 = 0; m0 < g.m && !found; ++m0) {
        for (int n0 = 0; n0 < g.n && !found; n0 += kUnits) {
          const u32 at = g.trans ? g.y + b * g.yb + n0 * g.ys + m0
                                 : g.y + b * g.yb + m0 * g.ys + n0 * (g.y16 ? 2 : 1);
          if (at != d.y) continue;
          found = true;
          CHECK(d.r == g.r + b * g.rb + m0 * g.rs + n0 * (g.r16 ? 2 : 1));
          CHECK(d.a == g.a + b * g.pb + 8 * n0);
          CHECK(d.b == g.b + b * g.pb + 8 * n0);
          CHECK(d.c == g.c + b * g.pb / 2 + 4 * n0);
          if (g.trans) CHECK(m0 % 8 == 0);
          REQUIRE(d.rows * d.groups <= 64);
          REQUIRE(d.groups == (d.cols + kUnits - 1) / kUnits);
          for (int i = 0; i < d.rows; ++i) {
            for (int n = 0; n < d.cols; ++n) {
              REQUIRE(m0 + i < g.m);
              REQUIRE(n0 + n < g.n);
              std::int64_t want = 0;
              for (int k = 0; k < g.k; ++k) {
                const u32 xa = g.seg ? g.x + k / g.seg * g.segs + k % g.seg : g.x + k;
                const u32 wa = g.kn ? g.w + k * g.ws + n0 + n : g.w + (n0 + n) * g.ws + k;
                want += e.at(xa + b * g.xb + (m0 + i) * g.xs) * e.at(wa + b * g.wb);
              }
              const int row = (d.region ? 64 : 0) + n / kUnits * d.rows + i;
              REQUIRE(e.acc[row][n % kUnits] == want);
              ++seen[(static_cast<std::size_t>(b) * g.m + m0 + i) * g.n + n0 + n];
            }
          }
        }
      }
    }
    REQUIRE(found);
  }
  CHECK(xi == p.x.size());
  CHECK(wi == p.w.size());
  CHECK(di == p.d.size());
  for (const int count : seen) REQUIRE(count == 1);
}

Gemm random_gemm(std::mt19937_64& random) {
  const auto any = [&](int lo, int hi) { return tb::uniform<int>(random, lo, hi); };
  Gemm g{};
  g.kn = any(0, 1), g.trans = any(0, 1), g.y16 = !g.trans && any(0, 1), g.r16 = g.y16;
  g.table = any(0, 1), g.residual = any(0, 1);
  g.m = any(0, 3) ? any(1, 40) : any(1, 140);
  g.n = any(0, 3) ? any(1, 70) : any(1, 300);
  g.k = any(0, 3) ? any(1, 140) : any(1, 400);
  g.batch = any(1, 3);
  constexpr std::array<int, 6> kSeg{0, 0, 8, 32, 64, 128};
  g.seg = kSeg[static_cast<std::size_t>(any(0, 5))];
  g.xs = 8 * any(-60, 60), g.ws = 8 * any(-60, 60);
  // Distinct outputs, so that an address tells its place.
  g.ys = 2000, g.rs = 2048, g.yb = 10000000, g.rb = 8 * any(0, 50), g.pb = 16 * any(0, 50);
  g.xb = 8 * any(-60, 60), g.wb = 8 * any(-60, 60), g.segs = 8 * any(-60, 60);
  g.x = g.w = 65536;
  g.y = 8 * any(0, 100), g.r = 8 * any(0, 100), g.a = 8 * any(0, 100), g.b = 8 * any(0, 100);
  g.c = 8 * any(0, 100);
  return g;
}

struct Attention {
  int sq, sk, d, dv, heads, group, offset, window;
  bool causal, mask, first, last;
  u32 state, q, qs, k, ks, v, vs, o, os, par, maskp, qh, kh, vh, oh;
  Words words() const {
    Words w{};
    w[4] = causal | mask << 1 | first << 2 | last << 3;
    w[5] = pair16(sq, sk);
    w[6] = d | dv << 8 | heads << 16 | group << 24;
    w[7] = q, w[8] = qs, w[9] = k, w[10] = ks, w[11] = v, w[12] = vs, w[13] = o, w[14] = os;
    w[15] = par, w[16] = maskp, w[17] = state, w[18] = offset, w[19] = window;
    w[20] = qh, w[21] = kh, w[22] = vh, w[23] = oh;
    return w;
  }
};

void check_attention(Planner& p, const Attention& t, bool ctx) {
  CAPTURE(t.sq, t.sk, t.d, t.dv, t.heads, t.group, t.causal, t.offset, t.window);
  p.walk(0x31, t.words(), ctx);
  Engine e(p.random);
  REQUIRE(p.w.at(0).claim);
  REQUIRE(p.w[0].bank == 1);
  const auto visible = [&](int i, int j) {
    return j < t.sk && (!t.causal || j <= i + t.offset) &&
           (t.window == 0 || j > i + t.offset - t.window);
  };
  const bool both = t.d > 64, wide = both || t.dv > 64;  // two units a query
  const int pairs = (t.dv + 1) / 2;
  const auto kept = [&](int head, int q0) {
    const u32 one = wide ? 8 * pairs + 8 : 4 * t.dv + 8;
    return t.state + head * ((t.sq + 15) / 16 * 16 * one) + q0 * one;
  };
  std::size_t si = 0, xi = 0, wi = 1, di = 0;
  struct Tile {
    int head, q0, key0, keys;
    bool first, last, dual;  // keys: 65 with the last one alone
  };
  std::deque<Tile> waiting;
  const int tiles = (t.sk + 63) / 64;
  for (int h = 0; h < t.heads; ++h) {
    const int most = wide ? kUnits / 2 : kUnits;
    for (int q0 = 0; q0 < t.sq; q0 += most) {
      std::vector<int> mine;
      const int q1 = std::min(q0 + most, t.sq);
      const bool dual = wide || (t.first && t.last && 2 * (t.sq - q0) <= kUnits);
      for (int tile = 0; tile < tiles; ++tile) {
        bool any = false;
        for (int i = q0; i < q1; ++i)
          for (int j = 64 * tile; j < 64 * tile + 64; ++j) any |= visible(i, j);
        if (any) mine.push_back(tile);
      }
      bool empty = mine.empty();
      // The last key alone comes along with the tile before.
      const bool tail =
          t.sk % 64 == 1 && mine.size() > 1 && mine.back() == tiles - 1 && !t.mask && !dual;
      if (tail) mine.pop_back();
      for (std::size_t n = 0; n < std::max<std::size_t>(1, mine.size()); ++n) {
        // QK of this tile, then V of the one before.
        REQUIRE(si < p.s.size());
        const SCmd& s = p.s[si++];
        REQUIRE(s.kind == 1);
        const int tile = empty ? s.key0 / 64 : mine[n];
        const bool last = n + 1 >= mine.size();
        const int keys = tail && last ? 65 : std::min(64, t.sk - 64 * tile);
        REQUIRE(s.key0 == 64 * tile);
        REQUIRE(s.keys == keys);
        REQUIRE(s.q0 == q0);
        CHECK(s.tile_first == (n == 0));
        CHECK(s.tile_last == last);
        CHECK(s.w_first == (n == 0));
        CHECK(s.w_last == last);
        CHECK(s.bank == 0);
        CHECK(s.par == (n == 0 && q0 == 0));
        CHECK(s.mask == t.mask);
        const XCmd& x = p.x.at(xi++);
        CHECK(x.par == s.par);
        if (x.par) CHECK(x.par_addr == t.par + 8 * h);
        CHECK(x.mask == t.mask);
        if (x.mask) CHECK(x.mask_addr == t.maskp + 8 * tile);
        e.load_x(x);
        CHECK(s.dual == dual);
        CHECK(s.split == (dual ? !both : t.d <= 32));
        const bool half = s.split && !dual;  // two keys in a row
        REQUIRE(int(e.rows.size()) == (half ? s.rows : both ? 2 * keys : keys));
        REQUIRE(s.rows == (s.split ? (keys + 1) / 2 : keys));
        if (dual) CHECK(s.odd == (!both && keys % 2 == 1));
        if (s.w_first) {
          CHECK(p.w.at(wi).bank == 0);
          CHECK(p.w[wi].units == (q1 - q0) * (dual ? 2 : 1));
          e.load_w(p.w[wi++]);
        }
        const u32 khead = t.k + h / t.group * t.kh;
        for (int key = 0; key < keys; ++key) {
          for (int u = 0; u < q1 - q0; ++u) {
            int got = 0, want = 0;
            const auto& units = e.bank[0];
            for (int l = 0; l < 64; ++l) {
              if (half && l < 32)
                got += e.rows.at(key / 2)[32 * (key % 2) + l] * units[u][32 * (key % 2) + l];
              else if (both)
                got += e.rows.at(2 * key)[l] * units[2 * u][l] +
                       e.rows.at(2 * key + 1)[l] * units[2 * u + 1][l];
              else if (!half)
                got += e.rows.at(key)[l] * units[dual ? 2 * u + key % 2 : u][l];
            }
            for (int c = 0; c < t.d; ++c)
              want += e.at(t.q + h * t.qh + (q0 + u) * t.qs + c) *
                      e.at(khead + (64 * tile + key) * t.ks + c);
            REQUIRE(got == want);
          }
        }
        waiting.push_back({h, q0, 64 * tile, keys, n == 0, last, dual});
        const bool over = last && q1 == t.sq && h + 1 == t.heads;
        const auto product = [&](bool at_end) {
          const Tile v = waiting.front();
          waiting.pop_front();
          const SCmd& a = p.s.at(si++);
          REQUIRE(a.kind == 2);
          CHECK(a.bank == 1);
          CHECK(a.acc_first == (v.first && t.first));
          CHECK(a.acc_last == v.last);
          CHECK(a.w_last == at_end);
          e.load_x(p.x.at(xi++));
          const bool more = v.keys == 65;
          CHECK(a.tail == more);
          REQUIRE(int(e.rows.size()) == (more ? 2 * t.dv : t.dv));
          REQUIRE(a.dual == v.dual);
          REQUIRE(a.rows == (v.dual ? pairs : t.dv));
          if (v.dual) CHECK(a.odd == (t.dv % 2 == 1));
          for (int c = 0; c < t.dv; ++c) {
            const u32 from = t.v + v.head / t.group * t.vh + c * t.vs + v.key0;
            const auto& row = e.rows[more ? 2 * c : c];
            for (int j = 0; j < 64; ++j) REQUIRE(row[j] == (j < v.keys ? e.at(from + j) : 0));
            if (more) REQUIRE(e.rows[2 * c + 1][0] == e.at(from + 64));
          }
          if (v.first) {
            const DCmd& d = p.d.at(di);
            CHECK(d.y == (t.last ? t.o + v.head * t.oh + v.q0 * t.os : kept(v.head, v.q0)));
            CHECK(d.cols == std::min(most, t.sq - v.q0));
            CHECK(d.rows == a.rows);
            CHECK(d.dual == v.dual);
            if (d.dual) CHECK(d.odd == a.odd);
            CHECK(d.last == (++di == p.d.size()));
            CHECK(a.acc_base == (d.region ? 64 : 0));
          }
        };
        if (waiting.size() > 1) product(false);
        if (n == 0 && !t.first) {  // the state of the group that has just begun
          const SCmd& l = p.s.at(si++);
          REQUIRE(l.kind == 3);
          const int rows = wide ? pairs : t.dv;
          CHECK(l.rows == rows);
          CHECK(l.acc_first);
          CHECK(!l.tile_first);
          const SCmd& state = p.s.at(si++);
          REQUIRE(state.kind == 3);
          CHECK(state.rows == (kUnits > 8 && !wide ? 2 : 1));
          CHECK(state.dual == wide);
          CHECK(state.tile_first);
          const XCmd& acc = p.x.at(xi++);
          CHECK(acc.addr == kept(h, q0));
          CHECK(acc.rows == rows);
          CHECK(acc.stride == 4 * kUnits);
          CHECK(acc.bytes == 4 * kUnits);
          const XCmd& words = p.x.at(xi++);
          CHECK(words.addr == kept(h, q0) + rows * 4 * kUnits);
          CHECK(words.rows == state.rows);
          CHECK(words.bytes * words.rows == 8 * most);
        }
        if (over) product(true);
      }
    }
  }
  CHECK(si == p.s.size());
  CHECK(xi == p.x.size());
  CHECK(wi == p.w.size());
  CHECK(di == p.d.size());
}
}  // namespace

TEST_CASE("attention planner: GEMM, corners") {
  Planner p;
  bool ctx = false;
  auto random = tb::rng("plan corners");
  for (const int m : {1, 2, 16, 17, 31, 32, 33, 63, 64, 65, 257}) {
    for (const auto& [n, k] : {std::pair{1, 1}, {16, 64}, {17, 65}, {64, 32}, {200, 80}}) {
      Gemm g = random_gemm(random);
      g.m = m, g.n = n, g.k = k, g.batch = 1;
      check_gemm(p, g, ctx);
      ctx = !ctx;
    }
  }
}

TEST_CASE("attention planner: GEMM, random") {
  Planner p;
  bool ctx = false;
  auto random = tb::rng("plan gemm");
  for (int i = 0; i < 60; ++i) {
    check_gemm(p, random_gemm(random), ctx);
    ctx = !ctx;
  }
}

TEST_CASE("attention planner: attention") {
  Planner p;
  bool ctx = false;
  auto random = tb::rng("plan attention");
  const auto any = [&](int lo, int hi) { return tb::uniform<int>(random, lo, hi); };
  for (int i = 0; i < 80; ++i) {
    Attention t{};
    t.sq = any(0, 3) ? any(1, 40) : any(1, 200);
    t.sk = any(0, 3) ? any(1, 150) : any(1, 500);
    if (any(0, 3) == 0) t.sk = 64 * any(1, 4) + 1;
    t.d = any(0, 1) ? any(1, 64) : any(1, 128), t.dv = any(0, 1) ? any(1, 64) : any(1, 128);
    t.group = any(1, 3), t.heads = t.group * any(1, 2);
    t.causal = any(0, 1), t.mask = any(0, 1);
    t.offset = any(-20, 100);
    t.window = any(0, 2) ? 0 : any(1, 150);
    if (i < 4) {  // only the last key is seen, and it stands alone in its tile
      t.sk = 64 * (i + 1) + 1, t.offset = t.sk, t.window = 10 + i;
      t.sq = 40, t.d = 16 * (i + 1), t.dv = 64, t.mask = false;
    }
    t.qs = 8 * any(-8, 8), t.ks = 8 * any(-8, 8), t.vs = 8 * any(-8, 8);
    t.q = t.k = t.v = 65536;
    t.qh = 8 * any(-99, 99), t.kh = 8 * any(-99, 99), t.vh = 8 * any(-99, 99);
    t.o = 8 * any(0, 99), t.os = 64, t.oh = 100000;
    t.first = any(0, 2) != 0, t.last = any(0, 2) != 0, t.state = 64 * any(0, 9);
    t.par = 8 * any(0, 99), t.maskp = 8 * any(0, 99);
    check_attention(p, t, ctx);
    ctx = !ctx;
  }
}

TEST_CASE("attention planner: bad fields") {
  Planner p;
  auto random = tb::rng("plan bad");
  Gemm good = random_gemm(random);
  good.batch = 2, good.table = good.residual = true, good.seg = 64, good.trans = good.y16 = false;
  good.r16 = false;
  const auto bad = [&](int word, u32 value) {
    Words w = good.words();
    w[static_cast<std::size_t>(word)] = value;
    CAPTURE(word, value);
    CHECK(p.refused(0x30, w) == std::pair<u32, u32>{2, word});
  };
  CHECK(p.refused(0x32, good.words()) == std::pair<u32, u32>{1, 0});
  bad(4, 1U << 9), bad(4, 3U << 4), bad(4, 6);
  bad(5, 0x10000), bad(5, 1), bad(6, 0), bad(6, 5U << 16 | 5), bad(6, 96U << 16 | 5);
  for (const int word : {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 26})
    bad(word, 0x1004);
  bad(19, pair16(5, 4)), bad(19, pair16(0xff7f, 4)), bad(19, pair16(0, 128));
  Attention t{};
  t.sq = t.sk = t.d = t.dv = t.heads = t.group = 2, t.mask = t.last = true;
  const auto bad_attention = [&](int word, u32 value) {
    Words w = t.words();
    w[static_cast<std::size_t>(word)] = value;
    CAPTURE(word, value);
    CHECK(p.refused(0x31, w) == std::pair<u32, u32>{2, word});
  };
  bad_attention(4, 1U << 4), bad_attention(5, 1), bad_attention(5, 1U << 16);
  bad_attention(6, 0x1010100), bad_attention(6, 0x1010001), bad_attention(6, 0x1000101);
  bad_attention(6, 0x1010181), bad_attention(6, 0x1018101);
  for (const int word : {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23})
    bad_attention(word, 0x1004);
}
