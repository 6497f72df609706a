// SPDX-License-Identifier: Apache-2.0
// Every precise trap on every core: cause, mepc and mtval are right, nothing else has changed, and
// the core goes on. The program's own oct_trap replaces the runtime's.
#include "oct.h"

typedef struct {
  volatile uint32_t count, cause, epc, tval;
  uint32_t resume;  // where the core goes on
} seen_t;
static OCT_L1 seen_t seen[OCT_NUM_CORES];
static OCT_L1 OCT_ALIGNED volatile uint32_t words[2 * OCT_NUM_CORES];

void oct_trap(oct_trap_frame_t* frame) {
  seen_t* s = &seen[oct_core_id()];
  s->count++;
  s->cause = frame->cause;
  s->epc = frame->epc;
  s->tval = frame->tval;
  frame->epc = s->resume;
}

#define UNMAPPED 0x50000000u
#define ANY 0xffffffffu /* mtval is not looked at */

// Runs one instruction that must trap; t1 must survive it.
#define EXPECT(cause, tval, instruction, address)              \
  do {                                                         \
    uint32_t at_, kept_;                                       \
    __asm__ volatile(                                          \
        "la   %0, 2f\n\t"                                      \
        "sw   %0, 0(%3)\n\t"                                   \
        "la   %0, 1f\n\t"                                      \
        "li   t1, 0x1234567\n\t"                               \
        ".option push\n\t.option norvc\n\t"                    \
        "1: " instruction                                      \
        "\n\t"                                                 \
        ".option pop\n\t"                                      \
        "2: mv %1, t1"                                         \
        : "=&r"(at_), "=&r"(kept_)                             \
        : "r"(address), "r"(&s->resume)                        \
        : "t1", "ra", "memory");                               \
    status |= check(s, ++number, (cause), at_, (tval), kept_); \
  } while (0)

static int check(seen_t* s, uint32_t number, uint32_t cause, uint32_t epc, uint32_t tval,
                 uint32_t kept) {
  if (s->count == number && s->cause == cause && s->epc == epc &&
      (tval == ANY || s->tval == tval) && kept == 0x1234567) {
    return 0;
  }
  printf(
      "core %u, trap %u: count %u, cause %u (want %u), epc %08x (%08x), tval %08x (%08x), t1 %x\n",
      oct_core_id(), (unsigned)number, (unsigned)s->count, (unsigned)s->cause, (unsigned)cause,
      (unsigned)s->epc, (unsigned)epc, (unsigned)s->tval, (unsigned)tval, (unsigned)kept);
  return 1;
}

static int all_traps(void* arg, unsigned rank, unsigned count) {
  (void)arg, (void)rank, (void)count;
  seen_t* s = &seen[oct_core_id()];
  uint32_t number = 0;
  int status = 0;
  s->count = 0;
  volatile uint32_t* mine = &words[2 * oct_core_id()];
  mine[0] = 0x11111111, mine[1] = 0x22222222;
  uint32_t l1 = (uint32_t)(uintptr_t)mine;

  EXPECT(2, ANY, ".word 0xffffffff", 0);    // illegal instruction
  EXPECT(2, ANY, "csrr t1, 0x123", 0);      // no such CSR
  EXPECT(2, ANY, "csrw mvendorid, t1", 0);  // read-only CSR
  EXPECT(3, ANY, "ebreak", 0);
  EXPECT(11, ANY, "ecall", 0);
  EXPECT(4, l1 + 1, "lw t1, 1(%2)", l1);  // misaligned load
  EXPECT(4, l1 + 1, "lhu t1, 1(%2)", l1);
  EXPECT(6, l1 + 2, "sw t1, 2(%2)", l1);  // misaligned store
  EXPECT(6, l1 + 3, "sh t1, 3(%2)", l1);
  EXPECT(5, UNMAPPED, "lw t1, 0(%2)", UNMAPPED);  // unmapped
  EXPECT(7, UNMAPPED + 4, "sb t1, 4(%2)", UNMAPPED);
  EXPECT(5, OCT_L2_BASE, "lr.w t1, (%2)", OCT_L2_BASE);  // atomics outside L1
  EXPECT(7, OCT_L2_BASE, "amoadd.w t1, t1, (%2)", OCT_L2_BASE);
  EXPECT(7, OCT_L2_BASE, "sc.w t1, t1, (%2)", OCT_L2_BASE);
  EXPECT(6, l1 + 1, "amoadd.w t1, t1, (%2)", l1 + 1);  // misaligned atomic
  if (mine[0] != 0x11111111 || mine[1] != 0x22222222) {
    printf("core %u: a trapped store was performed\n", oct_core_id());
    status = 1;
  }

  // A jump to where no code can be: the trap is at the target.
  for (unsigned i = 0; i < 2; i++) {
    uint32_t target = i == 0 ? UNMAPPED : OCT_L1_BASE;
    __asm__ volatile("la t0, 1f\n\tsw t0, 0(%1)\n\tjalr ra, 0(%0)\n\t1:" ::"r"(target),
                     "r"(&s->resume)
                     : "t0", "ra", "memory");
    status |= check(s, ++number, 1, target, target, 0x1234567);
  }
  return status;
}

int main(void) {
  if (all_traps(0, 0, 1) != 0) return 1;
  if (oct_parallel(all_traps, 0) != 0) return 2;
  printf("traps: 17 on each of %d cores\n", OCT_NUM_CORES);
  return 0;
}
