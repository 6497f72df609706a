// SPDX-License-Identifier: Apache-2.0
// Everything around the compute side of the engine, as the loaders, lanes and drain behave: slots
// with their beats go in by job, sums and scales are compared as they come out.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "Vtb_attn_compute.h"
#include "engine.hpp"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace compute {
using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
namespace golden = oct::golden::engine;

constexpr int kUnits = oct::config::kEngineMacs / 64;
constexpr int kHalves = oct::config::kEnginePorts / 8;
constexpr int kStateRows = kUnits > 8 ? 2 : 1;
enum Dest { kX, kW, kRes, kPar, kMask };
enum Kind { kGemm, kQk, kAv, kLoad };

struct Slot {
  int job = 0, kind = kGemm, rows = 0, acc_base = 0, keys = 0, key0 = 0, q0 = 0;
  bool bank = false, w_first = false, w_last = false, x_keep = false, acc_first = false,
       acc_last = false, split = false, tile_first = false, tile_last = false, par = false,
       mask = false, dual = false, odd = false, tail = false;
};
struct Beat {
  Dest dest = kX;
  int index = 0, bytes = 0, order = 0;  // order: row or word of the stream; use of the bank
  bool bank = false, kn = false, split = false, high = false, last = false;
  u8 mask = 0xff;
  std::array<u8, 64> data{};
};
struct Context {
  bool causal = false, first = true, last = true;
  std::int32_t offset = 0;
  int window = 0;
};
/// What one region holds when it is complete.
struct Drain {
  int job = 0, base = 0, rows = 0;
  bool dual = false, odd = false;  // two units a query; the last row of the even ones only
  std::vector<std::array<std::int32_t, 16>> sums;
  std::vector<int> units;  // units in use in each row
};
struct Norm {
  int job = 0, queries = 0;
  bool raw = false, dual = false;
  std::array<golden::Scale, 16> scale{};
  std::array<u64, 16> state{};
};

/// How the surroundings behave, in percent of cycles.
struct Manners {
  unsigned beats = 100, slots = 100, drain = 100, norm = 100;
  int latency = 5;  // of the lanes
  // Beats of X and W take turns; by chance, W may come first until X is empty.
  bool in_turn = false;
};

class Bench {
 public:
  explicit Bench(std::mt19937_64 random, Manners manners = {});

  // ---- Jobs ----------------------------------------------------------------------------------
  /// A block of `rows` rows and `cols` columns, `k` deep, of random numbers (`wide`: extremes).
  void gemm(int rows, int cols, int k, bool kn, bool extremes = false);
  struct Attention {
    int sq = 16, sk = 64, d = 64, dv = 64;
    bool pairs = true;  // two units a query where that is faster
    bool tail = true;   // a last key that stands alone comes along with the tile before it
    bool causal = false, mask = false, first = true, last = true, extremes = false;
    int offset = 0, window = 0;
    golden::Scale q{1 << 20, 24}, o{1 << 22, 20};
  };
  void attention(const Attention& a);

  /// Runs until everything came out right; returns the cycles from the first step to the last.
  u64 run(const std::string& name);
  void abort();  // clear_i in the middle of things; everything is forgotten

  tb::Clocked<Vtb_attn_compute> dut;
  u64 steps = 0;
  std::array<u64, 5> events{};  // as events_o
  [[nodiscard]] std::string waits() const;
  std::mt19937_64 random;
  Manners manners;

  void cycle();
  [[nodiscard]] bool done() const;

 private:
  struct WUse {
    bool bank;
    int order;
  };
  void x_row(const std::array<u8, 64>& data, int bytes, bool split, u8 mask);
  void words(const std::vector<u64>& values);
  void state_slots(const Attention& a, bool dual, int base,
                   const std::vector<std::vector<std::int32_t>>& acc,
                   const std::vector<golden::QueryState>& state);
  WUse w_use(bool bank);
  void w_rows(bool bank, const std::vector<std::array<u8, 64>>& rows, int bytes);
  void w_columns(bool bank, const std::vector<std::array<u8, 64>>& rows, int bytes);
  void w_claim();
  u8 byte() { return static_cast<u8>(tb::uniform<int>(random, 0, 255)); }
  void beats();
  void slot();
  void drain();
  void norm();
  void logits();
  void drive_beat(int half, const Beat* beat);

  int job_ = 0, rows_ = 0, words_ = 0;
  bool bank_ = false, region_ = false;
  std::array<int, 2> uses_{};
  std::array<std::deque<Beat>, 2> x_, w_;
  std::deque<Beat> m_;
  std::deque<Slot> slots_;
  std::deque<Drain> drains_;
  std::deque<Norm> norms_;
  std::vector<Context> contexts_;
  std::vector<int> drains_left_;
  // Credits
  int rows_free_ = 64, words_free_ = 4;
  std::array<unsigned, kHalves> turn_{};  // of W and X
  std::array<int, 2> bank_free_{1, 1};
  // Under way
  bool slot_shown_ = false, started_ = false;
  std::size_t drain_row_ = 0, drain_got_ = 0;
  bool drain_out_ = false;
  u64 first_step_ = 0, last_step_ = 0, now_ = 0;
  struct Logits {
    u64 due;
    std::array<std::int16_t, 16> lo, hi;
  };
  std::deque<Logits> lanes_;
};

}  // namespace compute
