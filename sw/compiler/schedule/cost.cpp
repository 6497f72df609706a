// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/cost.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/schedule/attribution.hpp"
#include "compiler/schedule/jobs.hpp"
#include "golden/engine_steps.hpp"

namespace oct::schedule::cost {
namespace {

namespace engine = golden::engine;
constexpr double kEngineStart = 40;     // from the descriptor at the head to the first product
constexpr double kEngineEnd = 40;       // from the last product to the last write, without drain()
constexpr double kLookUps = 4;          // sixteen results leave in so many cycles behind a table
constexpr std::size_t kEngineJobs = 2;  // under way at once
constexpr double kEngineGap = 4;        // between two jobs of many rows
constexpr double kBlockGap = 15;        // ... of one block of rows
constexpr double kSmallGap = 25;  // ... and of one or two groups of columns, unless rows are long
constexpr unsigned kLongRows = 1024;
constexpr unsigned kFewRows = 16;  // jobs of fewer rows fill and drain the array faster:
constexpr double kFewStart = 25, kFewEnd = 15;
constexpr double kNetworkStart = 380;  // until the controller has filled the queues
constexpr double kDmaLatency = 110;    // first address to first line
constexpr double kHandOver = 6;        // from a semaphore to the job that waited for it
constexpr double kCrowded = 1.12;      // the workers' kernels beside a busy engine: L1 refuses them
constexpr std::int64_t kLine = 64;
// Sixteen rows of one line are under way at once, 25 cycles each, some of them beside the job
// before.
constexpr double kShort = 0.56;
constexpr std::int64_t kHidden = 48;

/// Steps of a block of rows: a bank of W is used for `rows` of them while the next one comes,
/// through the same ports as the rows, which two groups of columns share.
double steps(double units, std::int64_t rows, std::int64_t groups, std::int64_t slices) {
  const auto bank = [&](double share) {
    // A cycle, of sixteen, beside everything else.
    const double words = rows < 16 ? 16 : share > 1 ? 10.3 : 11.85;
    const double in = 8 * static_cast<double>(rows) / share + 8 * units;
    return std::max({static_cast<double>(rows), 8.0, units >= 16 ? in / words : 8.0});
  };
  const auto pairs = static_cast<double>(groups / 2), single = static_cast<double>(groups % 2);
  return (2 * pairs * bank(2) + single * bank(1)) * static_cast<double>(slices);
}

// The workers' kernels: 4x4 tiles, 24 instructions for four products deep; the rest is epilogue.
constexpr double kTeamStart = 350, kTileStep = 6.9;

/// Tiles of four rows, then single rows: a quarter of the products, and all of the rest.
double team_gemm(const Machine& machine, std::int64_t m, std::int64_t n, std::int64_t k,
                 std::int64_t out_bytes, std::int64_t residual_bytes) {
  const double wide = kTileStep * static_cast<double>(up(k, 4));
  const double epilogue = residual_bytes > 1   ? 2100
                          : residual_bytes > 0 ? 1250
                          : out_bytes > 1      ? 840
                                               : 480;
  const std::int64_t full = m / 4, single = m % 4, across = ceil_div(n, 4);
  const double share = static_cast<double>(full) / static_cast<double>(full + single);
  const double tile =
      share * wide + (1 - share) * wide / 4 + epilogue + 500 / static_cast<double>(full + single);
  const std::int64_t tiles = ceil_div((full + single) * across, std::int64_t{machine.workers});
  return kTeamStart + static_cast<double>(tiles) * tile;
}
/// Blocks of four queries of any head, then single ones.
double team_attention(const Machine& machine, std::int64_t heads, std::int64_t sq, std::int64_t sk,
                      std::int64_t d, std::int64_t dv) {
  constexpr double kMeasured = 1.4;
  const auto keys = static_cast<double>(up(sk, 4)), tiles = static_cast<double>(ceil_div(sk, 64));
  const double logits = keys / 4 * (kTileStep * static_cast<double>(up(d, 4)) + 200);
  const double values = static_cast<double>(ceil_div(dv, 4)) * (kTileStep * keys + 130 * tiles);
  const double row = 4 * (350 + 12 * static_cast<double>(dv) + keys * 17);
  const double blocks = static_cast<double>(sq / 4) + 0.4 * static_cast<double>(sq % 4);
  const double turns = std::ceil(static_cast<double>(heads) * blocks / machine.workers);
  return kTeamStart + turns * kMeasured * (logits + values + row);
}

}  // namespace

double gemm(const Machine& machine, std::int64_t m, std::int64_t n, std::int64_t k,
            std::int64_t out_bytes, std::int64_t residual_bytes) {
  if (!machine.engine) return team_gemm(machine, m, n, k, out_bytes, residual_bytes);
  const std::int64_t units = std::max<std::int64_t>(1, machine.macs / 64);
  const std::int64_t groups = ceil_div(n, units), slices = ceil_div(k, 64);
  const std::int64_t blocks = ceil_div(m, 32), rows = ceil_div(m, blocks);
  const double products =
      static_cast<double>(blocks) * steps(static_cast<double>(units), rows, groups, slices);
  // Sixteen results a cycle leave; two bytes each and residuals take more of the ports.
  const double drain = static_cast<double>(blocks * rows * groups) *
                       (1.0 + 0.15 * static_cast<double>(out_bytes - 1 + residual_bytes));
  return std::max(products, drain);
}

double gemm_extra(std::int64_t m, bool table, std::int64_t residual_bytes) {
  if (m < 16) return 0;
  return (table ? 10 : 0) + (residual_bytes > 1 ? (m <= 32 ? 45 : 35) : 0);
}

double gemm_drain(const Machine& machine, std::int64_t m, std::int64_t n, bool table) {
  if (!machine.engine || m < kFewRows) return 0;
  // The last block of rows and columns that goes through the accumulators.
  const std::int64_t units = std::max<std::int64_t>(1, machine.macs / 64);
  const std::int64_t rows = ceil_div(m, ceil_div(m, 32)), groups = ceil_div(n, units);
  const std::int64_t most = rows > 16 ? 2 : 4, last = (groups - 1) % most + 1;
  const auto results = static_cast<double>(rows * last);
  return table ? kLookUps * results : std::max(0.0, results - kEngineEnd / 2);
}

double drain(const Machine& machine, const Job& job) {
  if (job.queue != Queue::kEngine || job.words[0] != engine::kOpGemm) return 0;
  return gemm_drain(machine, job.words[5] & 0xffff, job.words[5] >> 16, (job.words[4] & 64U) != 0);
}

double attention(const Machine& machine, std::int64_t sq, std::int64_t sk, std::int64_t d,
                 std::int64_t dv) {
  if (!machine.engine) return team_attention(machine, 1, sq, sk, d, dv);
  const std::int64_t units = std::max<std::int64_t>(1, machine.macs / 64);
  const auto groups = static_cast<double>(ceil_div(sq, units));
  const auto tiles = static_cast<double>(ceil_div(sk, 64));
  const auto keys = static_cast<double>(sk) * (d <= 32 ? 0.5 : d <= 64 ? 1.0 : 2.0);
  const double values = tiles * std::max<double>(static_cast<double>(dv), 9);
  return groups * (std::max(keys, tiles * 32) + values);
}

double dma(std::int64_t rows, std::int64_t bytes) {
  const double lines = static_cast<double>(rows * ceil_div(bytes, kLine));
  const double alone =
      static_cast<double>(bytes <= kLine ? std::max<std::int64_t>(0, rows - kHidden) : 0);
  return std::max(4.0, lines + kShort * alone);
}

namespace {

/// What the lanes behind the array need: one result of sixteen columns looks its values up in about
/// four cycles; where there is one row only, each group of columns also waits for its parameters.
double lanes(const Machine& machine, const engine::GemmJob& g) {
  constexpr double kTable = 3.8, kTableLoad = 55, kGroup = 1.2, kResidual = 2, kOneTable = 9.8;
  constexpr double kOneRow = 26, kOneRowGroup = 3, kOneRowTable = 18;  // a job of one row, at least
  const std::int64_t units = std::max<std::int64_t>(1, machine.macs / 64);
  const auto groups = static_cast<double>(g.batch * ceil_div(g.n, units));
  const bool residual = g.epilogue.residual != engine::Residual::kNone;
  if (g.m == 1) {
    const double least = kOneRow + kOneRowGroup * groups;
    const double each = std::max(8.0 * static_cast<double>(ceil_div(g.k, 64)), 9.0) + kGroup +
                        (residual ? kResidual : 0) + (g.epilogue.table ? kOneTable : 0);
    return std::max(least, groups * each + (g.epilogue.table ? kOneRowTable : 0));
  }
  return g.epilogue.table ? groups * static_cast<double>(g.m) * kTable + kTableLoad : 0;
}

/// Each tile of keys goes through the array, the softmax and the array again: a short one waits.
double attention_job(const Machine& machine, const engine::AttnJob& a) {
  constexpr double kTile = 44, kGroup = 5;
  const std::int64_t units = std::max<std::int64_t>(1, machine.macs / 64);
  const std::int64_t most = a.d > 64 || a.dv > 64 ? std::max<std::int64_t>(1, units / 2) : units;
  const auto groups = static_cast<double>(a.heads * ceil_div(a.sq, most));
  // Tiles that causality or a window leave out take no time.
  const double seen =
      static_cast<double>(engine::visible_pairs(a.sq, a.sk, a.causal, a.offset, a.window)) /
      (static_cast<double>(a.sq) * static_cast<double>(a.sk));
  const double tiles = groups * static_cast<double>(ceil_div(a.sk, 64)) * std::max(seen, 0.5);
  // A head with one group of queries has nothing to do beside its last tile's values.
  const double alone = a.sq <= most && a.sk > 64 ? a.heads * std::max(0.0, 2.2 * a.dv - 40) : 0;
  return std::max(static_cast<double>(engine::attention_steps(a, units)), tiles * kTile) +
         groups * kGroup + alone;
}

}  // namespace

double job(const Machine& machine, const Job& job) {
  const auto& w = job.words;
  if (job.queue == Queue::kDmaIn || job.queue == Queue::kDmaOut) {
    const std::int64_t rows = std::int64_t{w[7] & 0xffff} * (w[7] >> 16);
    const bool straddles = w[6] < kLine && (w[4] % kLine) + w[6] > kLine;
    return dma(rows, w[6]) * (straddles ? 2 : 1);
  }
  if (job.queue != Queue::kEngine) return job.estimate;
  engine::Descriptor d;
  std::copy(w.begin(), w.end(), d.w.begin());
  if (d.op() == engine::kOpGemm) {
    const engine::GemmJob g = engine::decode_gemm(d);
    const bool residual = g.epilogue.residual != engine::Residual::kNone;
    const std::int64_t r_bytes = residual ? (g.r16 ? 2 : 1) : 0;
    const double products = g.batch * gemm(machine, g.m, g.n, g.k, g.y16 ? 2 : 1, r_bytes);
    if (!machine.engine) {
      constexpr double kLookUp = 640;  // of a tile
      const std::int64_t tiles = g.batch * (g.m / 4 + g.m % 4) * ceil_div(g.n, 4);
      return products + (g.epilogue.table ? kLookUp : 0) *
                            static_cast<double>(ceil_div(tiles, std::int64_t{machine.workers}));
    }
    return std::max(products, lanes(machine, g)) + gemm_extra(g.m, g.epilogue.table, r_bytes);
  }
  const engine::AttnJob a = engine::decode_attn(d);
  if (machine.engine) return attention_job(machine, a);
  return team_attention(machine, a.heads, a.sq, a.sk, a.d, a.dv);
}

namespace {

/// How much longer the workers' kernels take beside a job of the engine: it takes words of L1 for
/// the rows, which two groups of columns share, and for the weights that come meanwhile.
double crowding(const Job& job) {
  engine::Descriptor d;
  std::copy(job.words.begin(), job.words.end(), d.w.begin());
  if (d.op() != engine::kOpGemm) return kCrowded;
  const engine::GemmJob g = engine::decode_gemm(d);
  const double rows = std::max(8.0, static_cast<double>(ceil_div(g.m, ceil_div(g.m, 32))));
  const double words = (g.n > 16 ? 4 : 8) + 128 / rows;  // a cycle
  return kCrowded + 0.05 * std::max(0.0, words - 8) + 0.1 * std::max(0.0, words - 12);
}

}  // namespace

double Clock::add(const Program& program) {
  const std::size_t i = end_.size();
  const Job& j = program.jobs()[i];
  Unit& u = units_.at(static_cast<std::size_t>(j.queue));
  const std::size_t under_way = j.queue == Queue::kEngine ? kEngineJobs : u.recent.size();
  double ready =
      std::max(kNetworkStart, u.recent[(u.count + u.recent.size() - under_way) % u.recent.size()]);
  for (const Wait& w : j.waits) {
    ready = std::max(ready, end_[program.queue(w.queue)[w.index]] + kHandOver);
  }
  double before = 0, after = 0, gap = 0;  // latencies that neighbours overlap; what they do not
  switch (j.queue) {
    case Queue::kEngine:
      before = kEngineStart, after = kEngineEnd, gap = kEngineGap;
      crowding_ = crowding(j);
      if ((j.words[5] & 0xffff) <= 32) {
        const bool small = (j.words[5] >> 16) <= 32 && (j.words[6] & 0xffff) < kLongRows;
        gap = small ? kSmallGap : kBlockGap;
      }
      if ((j.words[5] & 0xffff) < kFewRows) {  // rows of A, queries
        before = kFewStart, after = kFewEnd, gap = 1;
      }
      after += j.drain;
      break;
    case Queue::kDmaIn:
      before = kDmaLatency, after = 6;
      break;
    case Queue::kDmaOut:
      before = 15, after = kDmaLatency;
      break;
    case Queue::kTeam0:
    case Queue::kTeam1:
      break;
  }
  const double begin = std::max(ready + before, u.free);
  const bool team = j.queue == Queue::kTeam0 || j.queue == Queue::kTeam1;
  const bool crowded =
      team && units_.at(static_cast<std::size_t>(Queue::kEngine)).free > begin + j.estimate / 2;
  start_.push_back(ready);
  u.free = begin + (crowded ? crowding_ : 1) * (team ? team_ : 1) * j.estimate + gap;
  end_.push_back(u.ended = std::max(u.ended, u.free + after));
  u.recent[u.count++ % u.recent.size()] = end_[i];
  if (team) u.recent.fill(end_[i]);
  total_ = std::max(total_, end_[i]);
  return end_[i];
}

Times simulate(const Program& program, double team) {
  Clock clock(team);
  for (std::size_t i = 0; i < program.jobs().size(); ++i) clock.add(program);
  return std::move(clock).times();
}

void estimate(Network& network) {
  const Times t = simulate(network.program);
  network.estimate = t.total;
  for (Layer& l : network.layers) l.estimate = 0;
  for (const Span& s : attribute(network.program, t.start, t.end)) {
    network.layers.at(s.layer).estimate += s.to - s.from;
  }
}

}  // namespace oct::schedule::cost
