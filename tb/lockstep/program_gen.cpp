// SPDX-License-Identifier: Apache-2.0
#include "tb/lockstep/program_gen.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "tb/lockstep/rv_encode.hpp"

namespace tb {
namespace {

using namespace rv;

// Registers with a fixed meaning; random instructions do not write them.
constexpr unsigned kSp = 2, kL1 = 8, kL2 = 9, kHandler = 28, kLoop = 29;
constexpr std::uint32_t kChunkBytes = 512;
constexpr std::uint32_t kHandlerOffset = 0x100;
constexpr std::uint32_t kFirstChunk = 0x400;

struct Slot {
  std::uint32_t word;
  unsigned bytes;
  enum Fix { kNone, kBranch, kJump, kCBranch, kCJump } fix = kNone;
  std::size_t target = 0;  // index of the slot that a fix-up leads to
  bool entry = true;       // forward jumps may lead here
};

class Generator {
 public:
  Generator(const LockstepMap& map, const ProgramOptions& options)
      : map_(map), options_(options), rng_(options.seed) {}

  Program run() {
    const std::uint32_t code_bytes = kFirstChunk + (options_.chunks + 1) * kChunkBytes;
    data_ = (map_.l2_base + code_bytes + 0xfff) & ~0xfffu;
    image_.assign(data_ - map_.l2_base + 0x2000, 0);
    for (std::size_t i = code_bytes; i < image_.size(); ++i) image_[i] = std::uint8_t(rng_());
    put_words(data_ - map_.l2_base + 0x1000, {0});  // number of the current chunk
    emit_start();
    emit_handler();
    for (unsigned i = 0; i < options_.chunks; ++i) emit_chunk(kFirstChunk + i * kChunkBytes);
    const std::uint32_t end = kFirstChunk + options_.chunks * kChunkBytes;
    put_words(end, {jal(0, 0)});
    return {map_.l2_base, map_.l2_base + end, std::move(image_)};
  }

 private:
  std::uint32_t below(std::uint32_t n) { return std::uint32_t(rng_() % n); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <std::size_t N, class T>
  T pick(const std::array<T, N>& from) {
    return from[below(N)];
  }
  unsigned any() { return below(32); }
  unsigned free_reg() {  // a register that may be written
    for (;;) {
      const unsigned r = below(32);
      if (r != kSp && r != kL1 && r != kL2 && r != kHandler && r != kLoop) return r;
    }
  }
  unsigned free_short() { return 10 + below(6); }  // of x8..x15, without the two base registers

  void put_words(std::uint32_t offset, const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t w : words)
      for (int b = 0; b < 4; ++b) image_[offset++] = std::uint8_t(w >> (8 * b));
  }
  static std::vector<std::uint32_t> load_immediate(unsigned rd, std::uint32_t value) {
    const std::uint32_t high = (value + 0x800) & 0xfffff000u;
    return {lui(rd, high), addi(rd, rd, std::int32_t(value - high))};
  }

  void emit_start() {
    std::vector<std::uint32_t> code = load_immediate(kHandler, map_.l2_base + kHandlerOffset);
    code.push_back(csrrw(0, 0x305, kHandler));
    for (unsigned r = 1; r < 32; ++r) {
      if (r == kHandler) continue;
      const std::uint32_t value = r == kLoop ? 0 : std::uint32_t(rng_());
      for (const auto w : load_immediate(r, value)) code.push_back(w);
    }
    code.push_back(csrrwi(0, 0x304, 0));
    code.push_back(addi(1, 0, 0x88));
    code.push_back(csrrw(0, 0x304, 1));
    code.push_back(csrrsi(0, 0x300, 8));
    const std::uint32_t here = std::uint32_t(4 * code.size());
    code.push_back(jal(0, std::int32_t(kFirstChunk - here)));
    put_words(0, code);
  }

  // Works with direct and vectored mtvec alike: every vector jumps to the same code.
  void emit_handler() {
    const std::uint32_t body = 0x40;  // behind sixteen vectors
    std::vector<std::uint32_t> vectors;
    for (std::uint32_t v = 0; v < 16; ++v) vectors.push_back(jal(0, std::int32_t(body - 4 * v)));
    put_words(kHandlerOffset, vectors);
    std::vector<std::uint32_t> code = {
        csrrw(31, 0x340, 31),  // x31 <-> mscratch
        csrrs(31, 0x342, 0),   // mcause
        bge(31, 0, 8),         // an exception
        jal(0, 0),             // interrupt: patched below to the end
        csrrs(31, 0x343, 0),
        csrrs(31, 0x341, 0),
        csrrs(31, 0x300, 0),
        csrrw(30, 0x340, 30),  // x30 <-> mscratch: the old x31 is lost, on both sides alike
    };
    for (const auto w : load_immediate(31, data_ + 0x1000)) code.push_back(w);
    code.push_back(lw(30, 31, 0));
    code.push_back(addi(30, 30, 1));
    code.push_back(sw(30, 31, 0));
    code.push_back(slli(30, 30, 9));
    for (const auto w : load_immediate(31, map_.l2_base + kFirstChunk)) code.push_back(w);
    code.push_back(add(30, 30, 31));
    code.push_back(csrrw(0, 0x341, 30));
    code.push_back(csrrw(30, 0x340, 30));
    code.push_back(addi(31, 0, 0x88));
    code.push_back(csrrs(0, 0x304, 31));  // a chunk may have masked its interrupts
    code.push_back(mret());
    code[3] = jal(0, std::int32_t(4 * (code.size() - 3)));
    code.push_back(csrrw(31, 0x340, 31));
    code.push_back(mret());
    put_words(kHandlerOffset + body, code);
  }

  // ---- random instructions ---------------------------------------------------------------
  Slot wide(std::uint32_t w) { return {w, 4}; }
  Slot narrow(std::uint32_t w) { return {w, 2}; }

  std::uint32_t random_alu() {
    switch (below(4)) {
      case 0:
        return op_imm(below(8), free_reg(), any(), std::uint32_t(rng_()));
      case 1:
        return op(below(8), chance(30), free_reg(), any(), any());
      case 2:
        return mul_div(below(8), free_reg(), any(), any());
      default:
        return chance(50) ? lui(free_reg(), std::uint32_t(rng_()))
                          : auipc(free_reg(), std::uint32_t(rng_()));
    }
  }
  std::uint32_t random_access() {
    const unsigned base = chance(60) ? kL1 : chance(93) ? kL2 : any();
    const unsigned size = below(3);
    std::int32_t offset = std::int32_t(below(4096)) - 2048;
    if (chance(97)) offset &= -(1 << size);
    if (chance(40)) {  // a wild store could hit the program: x0 is wild enough
      return store(size, any(), base == kL1 || base == kL2 ? base : 0, offset);
    }
    return load(size + ((size < 2 && chance(50)) ? 4 : 0), free_reg(), base, offset);
  }
  std::uint32_t random_csr() {
    static constexpr std::array<std::uint32_t, 14> kReal = {0x300, 0x301, 0x304, 0x340, 0x340,
                                                            0x341, 0x342, 0x343, 0x344, 0xf14,
                                                            0xf11, 0xf13, 0x310, 0x340};
    static constexpr std::array<std::uint32_t, 8> kNone = {0x100, 0x180, 0x000, 0x600,
                                                           0x5c0, 0x9ff, 0xcff, 0x105};
    const std::uint32_t address = chance(95) ? pick(kReal) : pick(kNone);
    const bool read_only = (address >> 10) == 3;
    // In Spike misa can be written; in this core it cannot.
    if (address == 0x301) return csrrs(free_reg(), address, 0);
    const unsigned source = (read_only && chance(95)) ? 0 : any();
    return csr(1 + below(3) + 4 * below(2), free_reg(), address, source);
  }
  std::uint32_t random_word() {  // garbage, but no custom opcode: those are tested elsewhere
    for (;;) {
      std::uint32_t w = std::uint32_t(rng_()) | 3;
      const std::uint32_t opcode = w & 0x7f;
      if (opcode == 0x0b || opcode == 0x2b || opcode == 0x5b || opcode == 0x7b) continue;
      if (opcode == 0x73 && ((w >> 12) & 7) != 0) continue;              // CSRs: random_csr
      if (opcode == 0x2f) continue;                                      // atomics: emit_atomic
      if (opcode == 0x63 || opcode == 0x6f || opcode == 0x67) continue;  // could loop for ever
      if (opcode == 0x23 && ((w >> 15) & 31) != 0) continue;             // could hit the program
      if (writes_fixed(w)) continue;
      return w;
    }
  }
  static bool writes_fixed(std::uint32_t w) {
    const unsigned rd = (w >> 7) & 31;
    return rd == kSp || rd == kL1 || rd == kL2 || rd == kHandler || rd == kLoop;
  }

  Slot random_compressed() {
    const unsigned rs = free_short(), rt = free_short(), rd = free_reg();
    switch (below(14)) {
      case 0:
        return narrow(c_addi(rd, below(64)));
      case 1:
        return narrow(c_li(rd, below(64)));
      case 2:
        return narrow(rd == 0 ? c_li(5, 3) : c_lui(rd, 1 + below(63)));
      case 3:
        return narrow(c_shift(below(2), rs, 1 + below(31)));
      case 4:
        return narrow(c_andi(rs, below(64)));
      case 5:
        return narrow(c_arith(below(4), rs, rt));
      case 6:
        return narrow(c_slli(rd, 1 + below(31)));
      case 7:
        return narrow(rd == 0 ? c_nop() : c_mv(rd, 1 + below(31)));
      case 8:
        return narrow(rd == 0 ? c_nop() : c_add(rd, 1 + below(31)));
      case 9:
        return narrow(c_lw(rs, chance(60) ? kL1 : kL2, 4 * below(32)));
      case 10:
        return narrow(c_sw(rs, chance(60) ? kL1 : kL2, 4 * below(32)));
      case 11:
        return narrow(rd == 0 ? c_nop() : c_lwsp(rd, 4 * below(64)));
      case 12:
        return narrow(c_swsp(any(), 4 * below(64)));
      default:
        return narrow(c_addi4spn(rs, 4 * (1 + below(255))));
    }
  }

  void emit_atomic(std::vector<Slot>& code) {
    const unsigned address = free_short();
    std::int32_t offset = std::int32_t(below(128)) * 4 - 256;
    if (chance(4)) offset += 1 + std::int32_t(below(3));
    code.push_back(wide(addi(address, kL1, offset)));
    static constexpr std::array<std::uint32_t, 9> kOps = {0, 1, 4, 8, 12, 16, 20, 24, 28};
    if (chance(60)) {
      code.push_back(wide(atomic(pick(kOps), free_reg(), address, any(), below(4))));
      code.back().entry = false;  // with another address it could hit the program
      return;
    }
    unsigned loaded = free_reg();
    if (loaded == address) loaded = 5;
    code.push_back(wide(atomic(2, loaded, address, 0, below(4))));
    const std::size_t inside = code.size();
    for (unsigned n = below(3); n > 0; --n) {
      code.push_back(wide(add(5 + below(2), any(), any())));
    }
    if (chance(10)) code.push_back(wide(addi(address, address, 4)));
    code.push_back(wide(atomic(3, free_reg(), address, any(), below(4))));
    // When a reservation made elsewhere ends is the memory's choice, not Spike's.
    for (std::size_t i = inside; i < code.size(); ++i) code[i].entry = false;
  }

  // A short loop that counts down: its target lies before it.
  void emit_loop(std::vector<Slot>& code) {
    code.push_back(wide(addi(kLoop, 0, std::int32_t(1 + below(6)))));
    const std::size_t head = code.size();
    for (unsigned n = 1 + below(5); n > 0; --n) {
      code.push_back(chance(60) ? wide(random_alu()) : random_compressed());
    }
    code.push_back(wide(addi(kLoop, kLoop, -1)));
    // Signed, so that a jump into the loop with the counter at zero leaves at once.
    code.push_back({blt(0, kLoop, 0), 4, Slot::kBranch, head});
  }

  void emit_one(std::vector<Slot>& code) {
    if (chance(options_.chaos_percent)) {
      if (chance(70)) {
        code.push_back(wide(random_word()));
      } else {
        code.push_back(narrow(c_reserved(below(4))));
      }
      return;
    }
    const std::uint32_t kind = below(100);
    if (kind < 30) {
      code.push_back(wide(random_alu()));
    } else if (kind < 50) {
      code.push_back(wide(random_access()));
    } else if (kind < 72) {
      code.push_back(random_compressed());
    } else if (kind < 78) {
      emit_atomic(code);
    } else if (kind < 82) {
      emit_loop(code);
    } else if (kind < 88) {
      code.push_back(wide(random_csr()));
    } else if (kind < 96) {  // forward branch or jump; the target is chosen when lengths are known
      const std::uint32_t form = below(10);
      if (form < 6) {
        code.push_back({branch(below(8) & ~2u, any(), any(), 0), 4, Slot::kBranch, SIZE_MAX});
        if (((code.back().word >> 12) & 7) == 0 && chance(50)) code.back().word |= 1u << 12;
      } else if (form < 7) {
        code.push_back({jal(free_reg(), 0), 4, Slot::kJump, SIZE_MAX});
      } else if (form < 9) {
        code.push_back({c_branch(below(2), free_short()), 2, Slot::kCBranch, SIZE_MAX});
      } else {
        code.push_back({c_jump(below(2)), 2, Slot::kCJump, SIZE_MAX});
      }
    } else if (kind < 97) {
      code.push_back(wide(chance(50) ? fence() : fence_i()));
    } else if (kind < 98) {  // other trap mode
      code.push_back(wide(addi(31, kHandler, chance(50))));
      code.push_back(wide(csrrw(free_reg(), 0x305, 31)));
      code.back().entry = false;
    } else if (kind < 99) {  // computed jump to the next instruction but one
      code.push_back(wide(auipc(1, 0)));
      code.push_back(wide(jalr(free_reg(), 1, 12)));
      code.back().entry = false;  // with another x1 it could lead backwards for ever
      code.push_back(wide(random_alu()));
    } else if (chance(70)) {
      code.push_back(wide(counter_read()));
    } else {  // sleep until an interrupt is pending, enabled in mstatus or not
      code.push_back(wide(addi(31, 0, 0x88)));
      code.push_back(wide(csrrs(free_reg(), 0x304, 31)));
      code.back().entry = false;
      code.push_back(wide(wfi()));
      code.back().entry = false;
    }
  }
  std::uint32_t counter_read() {
    static constexpr std::array<std::uint32_t, 4> kCounters = {0xb00, 0xb80, 0xb02, 0xb82};
    return csrrs(free_reg(), pick(kCounters), 0);
  }

  void emit_chunk(std::uint32_t offset) {
    std::vector<Slot> code;
    for (const auto w : load_immediate(kL1, map_.l1_base + 0x800)) code.push_back(wide(w));
    for (const auto w : load_immediate(kL2, data_ + 0x800)) code.push_back(wide(w));
    for (const auto w : load_immediate(kSp, map_.l1_base + 0x1000)) code.push_back(wide(w));
    const unsigned wanted = 30 + below(50);
    std::size_t bytes = 24;
    std::size_t counted = code.size();
    while (code.size() < wanted && bytes < kChunkBytes - 60) {
      emit_one(code);
      for (; counted < code.size(); ++counted) bytes += code[counted].bytes;
    }
    static constexpr std::array<std::uint32_t, 3> kEnds = {0x00000073, 0x00100073, 0xffffffff};
    code.push_back(wide(pick(kEnds)));
    code.push_back(wide(kEnds[0]));  // a forward jump may lead behind the first
    std::vector<std::uint32_t> at(code.size());
    std::uint32_t position = offset;
    for (std::size_t i = 0; i < code.size(); ++i) {
      at[i] = position;
      position += code[i].bytes;
    }
    for (std::size_t i = 0; i < code.size(); ++i) {
      std::uint32_t word = code[i].word;
      if (code[i].fix != Slot::kNone) {
        std::size_t target = code[i].target;
        if (target == SIZE_MAX) {
          target = std::min(i + 1 + below(8), code.size() - 1);
          while (!code[target].entry) ++target;
        }
        const std::int32_t distance = std::int32_t(at[target]) - std::int32_t(at[i]);
        word = patch(code[i], distance);
      }
      for (unsigned b = 0; b < code[i].bytes; ++b)
        image_[at[i] + b] = std::uint8_t(word >> (8 * b));
    }
  }
  static std::uint32_t patch(const Slot& slot, std::int32_t distance) {
    switch (slot.fix) {
      case Slot::kBranch:
        return slot.word | branch_offset(distance);
      case Slot::kJump:
        return slot.word | jump_offset(distance);
      case Slot::kCBranch:
        return slot.word | c_branch_offset(distance);
      default:
        return slot.word | c_jump_offset(distance);
    }
  }

  LockstepMap map_;
  ProgramOptions options_;
  std::mt19937_64 rng_;
  std::vector<std::uint8_t> image_;
  std::uint32_t data_ = 0;
};

}  // namespace

Program generate_program(const LockstepMap& map, const ProgramOptions& options) {
  return Generator(map, options).run();
}

}  // namespace tb
