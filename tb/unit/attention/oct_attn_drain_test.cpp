// SPDX-License-Identifier: Apache-2.0
// oct_attn_drain against the golden model: random drains of both kinds in a row, with logits
// between them, answers from L1 and refusals at random.
#include <catch2/catch.hpp>
#include <deque>
#include <vector>

#include "Vtb_attn_drain.h"
#include "engine_math.hpp"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

namespace golden = oct::golden::engine;
using Random = std::mt19937_64;

constexpr unsigned kUnits = oct::config::kEngineMacs / 64;
constexpr unsigned kHalves = oct::config::kEnginePorts / 8;
constexpr unsigned kLatency = 9;
constexpr std::uint32_t kMemory = 64 * 1024;

struct Job {
  bool attn = false, last = true, table = false, r16 = false, y16 = false, plane_b = false;
  golden::Epilogue epilogue;
  std::uint32_t tab = 0, r_stride = 0;
};

struct Command {
  unsigned ctx = 0, region = 0, rows = 1, groups = 1, cols = 1;
  std::uint32_t y = 0, r = 0, a = 0, b = 0, c = 0;
  bool table_load = false;
  std::vector<std::vector<std::int32_t>> sums;  // by row, unit
  std::vector<golden::Scale> norm;              // attention
  std::vector<std::uint64_t> state;
};

struct Vector {
  std::uint32_t y_addr;
  bool first, group_last, last;
  std::vector<int> y;  // those that count
  unsigned bits;
  std::string what{};
};

/// How busy everything around the block is, in percent.
struct Mood {
  unsigned dots = 30, reads = 80, answers = 80, sums = 80, out = 80, full = 50;
};

class Bench {
 public:
  explicit Bench(const std::string& name) : random_(tb::rng(name)), memory_(kMemory) {
    dut_->clear_i = 0;
    dut_->d_valid_i = 0;
    dut_->dot_soon_i = dut_->dot_valid_i = 0;
    dut_->rd_ready_i = 0;
    dut_->data_valid_i = 0;
    dut_->region_full_i = 0;
    dut_->acc_ready_i = dut_->acc_valid_i = 0;
    dut_->norm_valid_i = 0;
    dut_->y_ready_i = 0;
    dut_.reset();
  }

  Random& random() { return random_; }
  bool chance(unsigned percent) { return tb::chance(random_, percent); }
  unsigned uniform(unsigned lo, unsigned hi) { return tb::uniform(random_, lo, hi); }
  Mood mood;
  std::uint64_t vectors = 0, logits = 0;
  std::uint64_t cycles() const { return dut_.cycles(); }

  /// Two jobs, each with some commands; runs them to their end.
  void round(const std::vector<Job>& jobs, std::vector<Command> commands) {
    for (unsigned c = 0; c < 2; ++c) {
      const Job& j = jobs[c];
      const auto bit = [&](auto& port, bool v) {
        port = static_cast<CData>((port & ~(1U << c)) | static_cast<unsigned>(v) << c);
      };
      bit(dut_->job_attn_i, j.attn);
      bit(dut_->job_last_i, j.last);
      bit(dut_->job_table_i, j.table);
      bit(dut_->job_relu_i, j.epilogue.relu);
      bit(dut_->job_plane_b_i, j.plane_b);
      bit(dut_->job_r16_i, j.r16);
      const auto field = [&](auto& port, unsigned width, std::uint64_t v) {
        const std::uint64_t mask = ((std::uint64_t{1} << width) - 1) << (c * width);
        port =
            static_cast<std::decay_t<decltype(port)>>((port & ~mask) | (v << (c * width) & mask));
      };
      field(dut_->job_res_i, 2, static_cast<unsigned>(j.epilogue.residual));
      field(dut_->job_lo_i, 16, static_cast<std::uint16_t>(j.epilogue.lo));
      field(dut_->job_hi_i, 16, static_cast<std::uint16_t>(j.epilogue.hi));
      field(dut_->job_tab_i, 32, j.tab);
      field(dut_->job_r_stride_i, 32, j.r_stride);
    }
    for (const Command& c : commands) expect(jobs[c.ctx], c);
    given_.assign(commands.begin(), commands.end());
    filling_.assign(commands.begin(), commands.end());
    for (const Command& c : commands) {
      if (jobs[c.ctx].attn) norms_.push_back(c);
    }
    const std::uint64_t limit = dut_.cycles() + 100000;
    while (!step()) {
      if (dut_.cycles() > limit) {
        throw std::runtime_error(
            "end of the drains: not reached within 100000 cycles; vectors left: " +
            std::to_string(expected_.size()));
      }
    }
    for (unsigned i = 0; i < 20; ++i) step();
    CHECK(expected_.empty());
    CHECK(dut_->region_full_i == 0);
    CHECK(norms_.empty());
    CHECK(dut_->idle_o);
  }

  /// Synchronous clear in the middle of something.
  void clear() {
    dut_->clear_i = 1;
    dut_->d_valid_i = 0;
    dut_->dot_soon_i = 0;
    dut_->dot_valid_i = 0;
    dut_->data_valid_i = 0;
    dut_->norm_valid_i = 0;
    dut_->acc_valid_i = 0;
    for (unsigned i = 0; i < 3; ++i) dut_.tick();
    dut_->clear_i = 0;
    dut_->region_full_i = 0;
    given_.clear();
    filling_.clear();
    norms_.clear();
    expected_.clear();
    reads_.clear();
    dots_.clear();
    for (auto& q : answers_) q.clear();
    soon_ = false;
    dut_.eval();
    CHECK(dut_->idle_o);
  }

  /// Starts a round and clears after `n` cycles.
  void broken_round(const std::vector<Job>& jobs, std::vector<Command> commands, unsigned n) {
    const std::size_t before = given_.size();
    static_cast<void>(before);
    stop_after_ = n;
    try {
      round(jobs, std::move(commands));
    } catch (const Stop&) {
    }
    stop_after_ = 0;
    clear();
  }

  std::vector<std::uint8_t>& memory() { return memory_; }
  void put32(std::uint32_t addr, std::uint32_t v) {
    for (unsigned i = 0; i < 4; ++i) memory_.at(addr + i) = static_cast<std::uint8_t>(v >> 8 * i);
  }

 private:
  struct Stop {};
  struct Answer {
    std::uint64_t time;
    std::uint32_t tag;
    std::uint8_t mask;
    std::array<std::uint64_t, 8> words;
  };
  struct Logit {
    std::uint64_t time;
    bool split;
    std::vector<int> lo, hi;
  };

  std::uint32_t get32(std::uint32_t addr) const {
    std::uint32_t v = 0;
    for (unsigned i = 0; i < 4; ++i) v |= std::uint32_t{memory_.at(addr + i)} << 8 * i;
    return v;
  }

  // What the golden model says.
  void expect(const Job& j, const Command& c) {
    if (j.attn && !j.last) {
      expect_raw(c);
      return;
    }
    for (unsigned g = 0; g < c.groups; ++g) {
      for (unsigned i = 0; i < c.rows; ++i) {
        Vector v{c.y, g == 0 && i == 0, i + 1 == c.rows, i + 1 == c.rows && g + 1 == c.groups, {},
                 8};
        v.bits = j.y16 ? 16 : 8;
        v.what = describe(j, c, g, i);
        for (unsigned u = 0; u < kUnits && kUnits * g + u < c.cols; ++u) {
          const std::int32_t sum = c.sums[g * c.rows + i][u];
          v.y.push_back(j.attn ? golden::normalise(sum, c.norm[u])
                               : element(j, c, i, kUnits * g + u, sum));
        }
        expected_.push_back(v);
      }
    }
  }
  static std::string describe(const Job& j, const Command& c, unsigned g, unsigned i) {
    return "ctx " + std::to_string(c.ctx) + " region " + std::to_string(c.region) + " rows " +
           std::to_string(c.rows) + " groups " + std::to_string(c.groups) + " cols " +
           std::to_string(c.cols) + (j.attn ? " attn" : "") + (j.table ? " table" : "") +
           (j.r16 ? " r16" : "") + (j.y16 ? " y16" : "") + (j.plane_b ? " planeb" : "") +
           (j.epilogue.relu ? " relu" : "") + " residual " +
           std::to_string(static_cast<unsigned>(j.epilogue.residual)) + ", group " +
           std::to_string(g) + " row " + std::to_string(i);
  }
  int element(const Job& j, const Command& c, unsigned i, unsigned n, std::int32_t sum) const {
    golden::Channel p;
    p.bias = static_cast<std::int32_t>(get32(c.a + 8 * n));
    p.m1 = golden::unpack_scale(get32(c.a + 8 * n + 4));
    if (j.plane_b) {
      p.m2 = golden::unpack_scale(get32(c.b + 8 * n));
      p.b2 = static_cast<std::int32_t>(get32(c.b + 8 * n + 4));
    }
    if (j.table) p.m0 = golden::unpack_scale(get32(c.c + 4 * n));
    std::int32_t r = 0;
    if (j.epilogue.residual != golden::Residual::kNone) {
      const std::uint32_t at = c.r + i * j.r_stride + n * (j.r16 ? 2 : 1);
      r = j.r16 ? static_cast<std::int16_t>(memory_.at(at) | memory_.at(at + 1) << 8)
                : static_cast<std::int8_t>(memory_.at(at));
    }
    const auto* table = reinterpret_cast<const std::int8_t*>(&memory_[j.tab]);
    return golden::epilogue(sum, r, p, j.epilogue, table);
  }
  void expect_raw(const Command& c) {
    std::vector<std::uint16_t> halves;
    for (const auto& row : c.sums) {
      for (const std::int32_t s : row) {
        halves.push_back(static_cast<std::uint16_t>(s));
        halves.push_back(static_cast<std::uint16_t>(s >> 16));
      }
    }
    for (const std::uint64_t s : c.state) {
      for (unsigned i = 0; i < 4; ++i) halves.push_back(static_cast<std::uint16_t>(s >> 16 * i));
    }
    for (std::size_t at = 0; at < halves.size(); at += kUnits) {
      Vector v{c.y, at == 0, at + kUnits == halves.size(), at + kUnits == halves.size(), {}, 16};
      for (unsigned u = 0; u < kUnits; ++u)
        v.y.push_back(static_cast<std::int16_t>(halves[at + u]));
      expected_.push_back(v);
    }
  }

  // One cycle; true when all is over.
  bool step() {
    if (stop_after_ != 0 && --stop_after_ == 0) throw Stop{};
    offer_command();
    offer_dots();
    offer_sums();
    offer_norm();
    offer_answers();
    dut_->rd_ready_i = static_cast<CData>(chance(mood.reads) | chance(mood.reads) << 1);
    dut_->acc_ready_i = chance(mood.sums);
    dut_->y_ready_i = chance(mood.out);
    dut_.eval();
    // Who may collide shares a half.
    take_outputs();
    dut_.tick();
    after_edge();
    return given_.empty() && expected_.empty() && filling_.empty() && norms_.empty() &&
           dut_->idle_o;
  }

  void offer_command() {
    if (given_.empty() || dut_->d_valid_i) return;
    if (!chance(70)) return;
    const Command& c = given_.front();
    dut_->d_valid_i = 1;
    dut_->d_ctx_i = static_cast<CData>(c.ctx);
    dut_->d_region_i = static_cast<CData>(c.region);
    dut_->d_table_load_i = c.table_load;
    dut_->d_rows_i = static_cast<CData>(c.rows & 127);
    dut_->d_groups_i = static_cast<CData>(c.groups);
    dut_->d_cols_i = static_cast<SData>(c.cols);
    dut_->d_y_addr_i = c.y;
    dut_->d_r_addr_i = c.r;
    dut_->d_a_addr_i = c.a;
    dut_->d_b_addr_i = c.b;
    dut_->d_c_addr_i = c.c;
  }

  void offer_dots() {
    dut_->dot_valid_i = soon_;
    if (soon_) {
      Logit l{dut_.cycles() + kLatency, chance(50), {}, {}};
      golden::Scale q{static_cast<std::int32_t>(random_() >> 40) - (1 << 23), uniform(0, 63)};
      if (chance(80))
        q = {static_cast<std::int32_t>(uniform(1 << 22, (1 << 23) - 1)), uniform(26, 38)};
      dut_->dot_split_i = l.split;
      dut_->dot_scale_i = golden::pack_scale(q);
      for (unsigned u = 0; u < kUnits; ++u) {
        const auto lo = static_cast<std::int32_t>(random_()) >> (31 - uniform(10, 21));
        const auto hi = static_cast<std::int32_t>(random_()) >> (31 - uniform(10, 20));
        dut_->dot_lo_i[u] = static_cast<std::uint32_t>(lo);
        dut_->dot_hi_i[u] = static_cast<std::uint32_t>(hi);
        l.lo.push_back(golden::logit(lo, q));
        l.hi.push_back(golden::logit(hi, q));
      }
      dots_.push_back(l);
    }
    if (chance(5)) burst_ = chance(mood.dots);
    soon_ = burst_ && chance(90);
    dut_->dot_soon_i = soon_;
  }

  // The next command's regions become full when they are free.
  void offer_sums() {
    if (filling_.empty()) return;
    const Command& c = filling_.front();
    const unsigned need = c.rows > 64 ? 3 : 1U << c.region;
    if ((dut_->region_full_i & need) != 0 || freed_ != 0 || !chance(mood.full)) return;
    const unsigned base = c.rows > 64 ? 0 : 64 * c.region;
    for (std::size_t i = 0; i < c.sums.size(); ++i) sums_[base + i] = c.sums[i];
    dut_->region_full_i |= static_cast<CData>(need);
    filling_.pop_front();
  }

  void offer_norm() {
    if (dut_->norm_valid_i || norms_.empty() || !chance(mood.full)) return;
    dut_->norm_valid_i = 1;
    for (unsigned u = 0; u < kUnits; ++u) {
      dut_->norm_i[u] = golden::pack_scale(norms_.front().norm[u]);
      dut_->state_i[2 * u] = static_cast<std::uint32_t>(norms_.front().state[u]);
      dut_->state_i[2 * u + 1] = static_cast<std::uint32_t>(norms_.front().state[u] >> 32);
    }
  }

  void offer_answers() {
    dut_->data_valid_i = 0;
    for (unsigned h = 0; h < kHalves; ++h) {
      auto& q = answers_[h];
      if (q.empty() || q.front().time > dut_.cycles() || !chance(mood.answers)) continue;
      dut_->data_valid_i |= static_cast<CData>(1U << h);
      auto& tags = dut_->data_tag_i;
      using Tags = std::decay_t<decltype(tags)>;
      tags = static_cast<Tags>((tags & ~(Tags{0xffffffffU} << 32 * h % (8 * sizeof(Tags)))) |
                               Tags{q.front().tag} << 32 * h % (8 * sizeof(Tags)));
      for (unsigned i = 0; i < 8; ++i) {
        dut_->data_i[16 * h + 2 * i] = static_cast<std::uint32_t>(q.front().words[i]);
        dut_->data_i[16 * h + 2 * i + 1] = static_cast<std::uint32_t>(q.front().words[i] >> 32);
      }
      q.pop_front();
    }
  }

  void take_outputs() {
    command_taken_ = dut_->d_valid_i && dut_->d_ready_o;
    norm_taken_ = dut_->norm_valid_i && dut_->norm_ready_o;
    freed_ = dut_->region_free_o;
    row_ = -1;
    if (dut_->acc_req_o && dut_->acc_ready_i) {
      row_ = dut_->acc_row_o;
      REQUIRE((dut_->region_full_i >> (row_ / 64) & 1) == 1);
    }
    for (unsigned i = 0; i < 2; ++i) {
      if ((dut_->rd_valid_o & dut_->rd_ready_i) >> i & 1) read(i);
    }
    if (dut_->y_valid_o && dut_->y_ready_i) check_vector();
    if (dut_->logit_valid_o) check_logit();
    if (!dots_.empty()) REQUIRE(dots_.front().time > dut_.cycles());
  }

  void read(unsigned i) {
    Answer a{dut_.cycles() + 3 + random_() % 4, 0, 0, {}};
    a.tag = dut_->rd_tag_o >> (32 * i) & 0xffffffff;
    a.mask = static_cast<std::uint8_t>(dut_->rd_mask_o >> (8 * i));
    const auto addr = static_cast<std::uint32_t>(dut_->rd_addr_o >> (32 * i));
    const auto stride = static_cast<std::uint32_t>(dut_->rd_stride_o >> (32 * i));
    const unsigned lw = dut_->rd_lw_o >> (2 * i) & 3;
    REQUIRE(addr % 8 == 0);
    for (unsigned w = 0; w < 8; ++w) {
      a.words[w] = random_();
      if (!(a.mask >> w & 1)) continue;
      const std::uint32_t at = addr + (w >> lw) * stride + 8 * (w & ((1U << lw) - 1));
      REQUIRE(at + 8 <= kMemory);
      REQUIRE(wanted_[at / 8]);
      a.words[w] = get32(at) | std::uint64_t{get32(at + 4)} << 32;
    }
    answers_[i == 0 ? 0 : kHalves - 1].push_back(a);
  }

  void check_vector() {
    REQUIRE(!expected_.empty());
    const Vector& v = expected_.front();
    INFO("vector " << vectors << " seed " << tb::seed());
    INFO(v.what);
    REQUIRE(dut_->y_addr_o == v.y_addr);
    REQUIRE(dut_->y_first_o == v.first);
    REQUIRE(dut_->y_group_last_o == v.group_last);
    REQUIRE(dut_->y_last_o == v.last);
    for (unsigned u = 0; u < v.y.size(); ++u) {
      const unsigned bits = element16(dut_->y_o, u);
      const int y = v.bits == 16 ? static_cast<std::int16_t>(bits) : static_cast<std::int8_t>(bits);
      INFO("unit " << u);
      REQUIRE(y == v.y[u]);
    }
    expected_.pop_front();
    ++vectors;
  }

  void check_logit() {
    REQUIRE(!dots_.empty());
    const Logit& l = dots_.front();
    REQUIRE(l.time == dut_.cycles());
    for (unsigned u = 0; u < kUnits; ++u) {
      REQUIRE(static_cast<std::int16_t>(element16(dut_->logit_lo_o, u)) == l.lo[u]);
      if (l.split) REQUIRE(static_cast<std::int16_t>(element16(dut_->logit_hi_o, u)) == l.hi[u]);
    }
    dots_.pop_front();
    ++logits;
  }

  // Ports of up to 64 bits are integers, wider ones arrays of 32-bit words.
  template <typename Port>
  static unsigned element16(const Port& port, unsigned i) {
    if constexpr (std::is_integral_v<Port>) {
      return static_cast<unsigned>(port >> 16 * i) & 0xffff;
    } else {
      return port[i / 2] >> 16 * (i % 2) & 0xffff;
    }
  }

  void after_edge() {
    if (command_taken_) {
      dut_->d_valid_i = 0;
      given_.pop_front();
    }
    if (norm_taken_) {
      dut_->norm_valid_i = 0;
      norms_.pop_front();
    }
    dut_->region_full_i &= static_cast<CData>(~freed_);
    dut_->acc_valid_i = row_ >= 0;
    for (unsigned u = 0; u < kUnits; ++u) {
      dut_->acc_data_i[u] = row_ >= 0
                                ? static_cast<std::uint32_t>(sums_[static_cast<unsigned>(row_)][u])
                                : static_cast<std::uint32_t>(random_());
    }
  }

  tb::Clocked<Vtb_attn_drain> dut_;
  Random random_;
  std::vector<std::uint8_t> memory_;
  std::deque<Command> given_, filling_, norms_;
  std::deque<Vector> expected_;
  std::deque<Logit> dots_;
  std::deque<int> reads_;
  std::array<std::deque<Answer>, 2> answers_;
  std::array<std::vector<std::int32_t>, 128> sums_;
  bool soon_ = false, burst_ = false, command_taken_ = false, norm_taken_ = false;
  unsigned freed_ = 0, stop_after_ = 0;
  int row_ = -1;

 public:
  /// Words that a read may touch; only what belongs to valid rows and columns.
  std::vector<bool> wanted_ = std::vector<bool>(kMemory / 8);
  void want(std::uint32_t addr, std::uint32_t bytes) {
    for (std::uint32_t w = addr / 8; w < (addr + bytes + 7) / 8; ++w) wanted_.at(w) = true;
  }
};

// ---- Random drains
// -------------------------------------------------------------------------------
struct Draw {
  Bench& bench;
  std::uint32_t next = 0;

  std::uint32_t place(std::uint32_t bytes) {
    const std::uint32_t at = next;
    next += (bytes + 7) / 8 * 8 + 8 * bench.uniform(0, 2);
    REQUIRE(next <= kMemory);
    return at;
  }
  golden::Scale scale(int e) {
    if (bench.chance(3)) {
      return golden::unpack_scale(static_cast<std::uint32_t>(bench.random()()));
    }
    golden::Scale s{static_cast<std::int32_t>(bench.uniform(1 << 22, (1 << 23) - 1)),
                    static_cast<unsigned>(std::clamp(23 - e, 0, 63))};
    if (bench.chance(20)) s.m = -s.m;
    return s;
  }
  std::int32_t number(unsigned bits) {
    return static_cast<std::int32_t>(bench.random()()) >> (31 - bits);
  }

  Job job() {
    Job j;
    j.attn = bench.chance(30);
    j.last = !j.attn || bench.chance(70);
    if (j.attn) return j;
    j.table = bench.chance(35);
    j.y16 = bench.chance(40);
    j.r16 = bench.chance(50);
    j.epilogue.table = j.table;
    j.epilogue.relu = bench.chance(25);
    j.epilogue.residual = static_cast<golden::Residual>(bench.chance(40) ? 0 : bench.uniform(1, 2));
    j.plane_b = j.epilogue.residual != golden::Residual::kNone || bench.chance(25);
    if (j.y16) j.epilogue.lo = -32768, j.epilogue.hi = 32767;
    if (bench.chance(20)) j.epilogue.lo = -7, j.epilogue.hi = 99;
    if (j.table) {
      j.tab = place(256);
      bench.want(j.tab, 256);
    }
    return j;
  }

  /// Sets j.r_stride with the first command of a job.
  Command command(Job& j, unsigned ctx, unsigned region) {
    Command c;
    c.ctx = ctx;
    c.region = region;
    c.y = bench.uniform(0, 1 << 20);
    if (j.attn) {
      c.rows = bench.chance(20) ? bench.uniform(65, 128) : bench.uniform(1, 64);
      if (bench.chance(20)) c.rows = bench.chance(50) ? 64 : 128;
      c.cols = bench.uniform(1, kUnits);
      for (unsigned u = 0; u < kUnits; ++u) {
        c.norm.push_back(
            {static_cast<std::int32_t>(bench.uniform(0, (1 << 23) - 1)), bench.uniform(14, 30)});
        c.state.push_back(bench.random()());
      }
    } else {
      c.rows = bench.chance(30) ? 1 : bench.uniform(1, 32);
      c.groups = bench.uniform(1, std::min(64 / c.rows, 12U));
      c.cols = kUnits * c.groups - (bench.chance(60) ? bench.uniform(0, kUnits - 1) : 0);
      planes(j, c);
    }
    for (unsigned i = 0; i < c.rows * c.groups; ++i) {
      std::vector<std::int32_t> row;
      for (unsigned u = 0; u < kUnits; ++u)
        row.push_back(number(bench.uniform(8, bench.chance(10) ? 31 : 20)));
      c.sums.push_back(row);
    }
    return c;
  }

  void planes(Job& j, Command& c) {
    const unsigned n = c.cols;
    c.a = place(8 * n);
    bench.want(c.a, 8 * n);
    c.b = place(8 * n);
    if (j.plane_b) bench.want(c.b, 8 * n);
    c.c = place(4 * n);
    if (j.table) bench.want(c.c, 4 * n);
    const bool mul = j.epilogue.residual == golden::Residual::kMultiplied;
    const int range = j.y16 ? 12 : 5;
    for (unsigned i = 0; i < n; ++i) {
      bench.put32(c.a + 8 * i, static_cast<std::uint32_t>(number(bench.chance(3) ? 31 : 19)));
      bench.put32(c.a + 8 * i + 4,
                  golden::pack_scale(scale((mul ? 22 : range + 14) - (j.table ? 7 : 19))));
      bench.put32(c.b + 8 * i, golden::pack_scale(scale(mul ? range - 22 + (j.r16 ? 0 : 8) + 14
                                                            : range + 14 - (j.r16 ? 15 : 7))));
      bench.put32(c.b + 8 * i + 4, static_cast<std::uint32_t>(number(bench.chance(3) ? 31 : 18)));
    }
    for (unsigned i = 0; i < n; ++i) bench.put32(c.c + 4 * i, golden::pack_scale(scale(20 - 19)));
    if (j.epilogue.residual == golden::Residual::kNone) return;
    const unsigned bytes = n * (j.r16 ? 2 : 1);
    if (j.r_stride == 0) j.r_stride = 8 * bench.uniform(1, 60);
    // Columns of a block may start in the middle of a word.
    const unsigned shift = kUnits == 4 && !j.r16 && bench.chance(50) ? 4 : 0;
    const std::uint32_t at = place(j.r_stride * (c.rows - 1) + bytes + shift);
    c.r = at + shift;
    for (unsigned i = 0; i < c.rows; ++i) bench.want(c.r + i * j.r_stride, bytes);
  }
};

void random_rounds(Bench& bench, unsigned count, bool breaks) {
  for (unsigned n = 0; n < count; ++n) {
    for (std::uint8_t& b : bench.memory()) b = static_cast<std::uint8_t>(bench.random()());
    std::fill(bench.wanted_.begin(), bench.wanted_.end(), false);
    bench.mood = {bench.uniform(0, 70),   bench.uniform(20, 100), bench.uniform(20, 100),
                  bench.uniform(20, 100), bench.uniform(20, 100), bench.uniform(5, 100)};
    Draw draw{bench};
    std::vector<Job> jobs = {draw.job(), draw.job()};
    std::vector<Command> commands;
    unsigned region = 0;
    for (unsigned ctx = 0; ctx < 2; ++ctx) {
      for (unsigned i = 0; i < bench.uniform(1, 3); ++i) {
        Command c = draw.command(jobs[ctx], ctx, region);
        c.table_load = jobs[ctx].table && i == 0;
        region ^= 1;
        if (c.rows > 64) c.region = 0;
        commands.push_back(c);
      }
    }
    INFO("round " << n << " seed " << tb::seed());
    if (breaks && bench.chance(30)) {
      bench.broken_round(jobs, commands, bench.uniform(1, 300));
    } else {
      bench.round(jobs, commands);
    }
  }
}

}  // namespace

TEST_CASE("drain: random drains and logits") {
  Bench bench("drain random");
  random_rounds(bench, 150, false);
  CHECK(bench.vectors > 1000);
  CHECK(bench.logits > 200);
}

TEST_CASE("drain: cleared at any moment") {
  Bench bench("drain clear");
  random_rounds(bench, 100, true);
}

TEST_CASE("drain: one row a cycle when nothing is in the way") {
  Bench bench("drain rate");
  bench.mood = {0, 100, 100, 100, 100, 100};
  Draw draw{bench};
  Job job;
  std::fill(bench.wanted_.begin(), bench.wanted_.end(), true);
  std::vector<Command> commands;
  for (unsigned i = 0; i < 10; ++i) {
    Command c;
    c.region = i % 2;
    c.rows = 32;
    c.groups = 2;
    c.cols = 2 * kUnits;
    draw.planes(job, c);
    c.sums.assign(64, std::vector<std::int32_t>(kUnits, 1234));
    commands.push_back(c);
  }
  const std::uint64_t start = bench.cycles();
  bench.round({job, job}, commands);
  CHECK(bench.cycles() - start <= 640 + 10 * 8 + 40);
}

TEST_CASE("drain: a table costs Units / 4 cycles a row") {
  Bench bench("drain table rate");
  bench.mood = {0, 100, 100, 100, 100, 100};
  Draw draw{bench};
  Job job;
  job.table = job.epilogue.table = true;
  std::fill(bench.wanted_.begin(), bench.wanted_.end(), true);
  std::vector<Command> commands;
  for (unsigned i = 0; i < 10; ++i) {
    Command c;
    c.region = i % 2;
    c.rows = 32;
    c.groups = 2;
    c.cols = 2 * kUnits;
    c.table_load = i == 0;
    draw.planes(job, c);
    c.sums.assign(64, std::vector<std::int32_t>(kUnits, 1234));
    commands.push_back(c);
  }
  const std::uint64_t start = bench.cycles();
  bench.round({job, job}, commands);
  if (kUnits == 16) CHECK(bench.cycles() - start <= 640 * 4 + 10 * 16 + 100);
}
