// SPDX-License-Identifier: Apache-2.0
// What the machine does when parts of L2 answer with errors: tb/system/memory_fault_test.cpp makes
// bad_data, bad_ring or bad_code fail and names the deed. The failing access is told where the
// documents say, everything else works on, and after oct_error_clear all of it does.
#include <string.h>

#include "oct.h"

#define WORDS 192u
OCT_L2 __attribute__((aligned(4096))) uint32_t bad_data[WORDS];
OCT_L2 __attribute__((aligned(4096))) static uint32_t good_data[WORDS];
OCT_L2 OCT_ALIGNED oct_unit_t bad_ring[16];
OCT_L1 OCT_ALIGNED static uint32_t near[WORDS], back[WORDS];

// A page of its own, so that nobody reads it ahead and nobody else stands in its first lines.
__attribute__((noipa, aligned(4096), section(".text.bad_code"))) int bad_code(int x);
int bad_code(int x) {
  __asm__ volatile(".rept 64\n\tnop\n\t.endr" ::: "memory");
  return 3 * x + 1;
}

static int square(void* arg, unsigned rank, unsigned count) {
  (void)arg, (void)count;
  near[rank] = rank * rank;
  return 0;
}

static int problem(const char* what) {
  oct_error_t e = oct_error();
  printf("%s; error: valid %d queue %u tag %u cause %u addr %08x\n", what, e.valid, e.queue, e.tag,
         e.cause, (unsigned)e.addr);
  return 1;
}

// Cores, both DMA directions and a team, all from memory that works.
static int all_works(void) {
  for (unsigned i = 0; i < WORDS; i++) near[i] = 0x9e3779b9u * (i + 1), back[i] = 0;
  if (oct_dma_out_wait(oct_dma_out(good_data, near, sizeof near)) != 0) return 0;
  if (oct_dma_in_wait(oct_dma_in(back, good_data, sizeof back)) != 0) return 0;
  if (memcmp(near, back, sizeof near) != 0) return 0;
  if (oct_parallel(square, 0) != 0) return 0;
  return near[OCT_NUM_WORKERS - 1] == (OCT_NUM_WORKERS - 1) * (OCT_NUM_WORKERS - 1);
}

static void await_error(void) {
  while (!(oct_event_wait(OCT_EVT_ERROR) & OCT_EVT_ERROR)) {
  }
}

// The rest of the machine while the error stands: the queue that failed goes on with its next job,
// whose signal counts, and so do the other queues.
static int rest_works(void) {
  for (unsigned i = 0; i < 16; i++) near[i] = ~i, back[i] = 0;
  oct_unit_t d = oct_desc_copy(2, near, good_data, 64);
  oct_desc_signal(&d, 0, 9, 1);
  oct_queue_push(OCT_QUEUE_DMA_OUT, &d, 1);
  if (oct_sem_wait(9, 1) != 0) return 0;
  d = oct_desc_copy(3, back, good_data, 64);
  oct_desc_signal(&d, 0, 9, 1);
  oct_queue_push(OCT_QUEUE_DMA_IN, &d, 1);
  if (oct_sem_wait(9, 2) != 0 || memcmp(near, back, 64) != 0) return 0;
  d = oct_desc_team(4, (void*)square, 0, OCT_ALL_WORKERS);
  oct_desc_signal(&d, 0, 9, 1);
  oct_queue_push(OCT_QUEUE_TEAM1, &d, 1);
  return oct_sem_wait(9, 3) == 0 && near[1] == 1;
}

static int dma(oct_queue_t q, unsigned cause) {
  // Words around the copied ones are not touched, whatever happens.
  for (unsigned i = 0; i < WORDS; i++) near[i] = i;
  oct_unit_t d = oct_desc_copy(1, near + 16, bad_data, 512);
  oct_desc_signal(&d, 0, 3, 1);
  oct_queue_push(q, &d, 1);
  await_error();
  oct_error_t e = oct_error();
  uint32_t first = (uint32_t)(uintptr_t)bad_data;
  if (!e.valid || e.queue != (unsigned)q || e.tag != 1 || e.cause != cause || e.addr < first ||
      e.addr >= first + 512) {
    return problem("wrong record");
  }
  if (oct_sem_wait(3, 1) != -1) return problem("its signal is not poisoned");
  if (near[15] != 15 || near[16 + 128] != 16 + 128) return problem("bytes beside were written");
  if (!rest_works()) return problem("something else stopped");
  printf("error at %08x\n", (unsigned)e.addr);
  oct_error_clear();
  return all_works() ? 0 : problem("not cleared");
}

static int ring(oct_queue_t q) {
  uint32_t base = *oct_reg(OCT_REG_QUEUE_BASE(q)), size = *oct_reg(OCT_REG_QUEUE_SIZE(q));
  *oct_reg(OCT_REG_QUEUE_BASE(q)) = (uint32_t)(uintptr_t)bad_ring;
  *oct_reg(OCT_REG_QUEUE_SIZE(q)) = 16;
  *oct_reg(OCT_REG_QUEUE_TAIL(q)) = 2;
  await_error();
  oct_error_t e = oct_error();
  if (!e.valid || e.queue != (unsigned)q || e.cause != OCT_CAUSE_FETCH ||
      e.addr != (uint32_t)(uintptr_t)bad_ring) {
    return problem("wrong record");
  }
  // What the lost descriptors would have signalled is unknown: every semaphore is poisoned.
  for (unsigned s = 0; s < OCT_NUM_SEMS; s++) {
    if (!(oct_sem_read(s) & OCT_SEM_POISON)) return problem("a semaphore is not poisoned");
  }
  oct_error_clear();
  oct_queue_setup(q, (oct_unit_t*)(uintptr_t)base, size);
  return all_works() ? 0 : problem("not cleared");
}

int main(int argc, char** argv) {
  if (argc < 3) return 99;
  unsigned cause = strcmp(argv[2], "slverr") == 0   ? OCT_CAUSE_AXI_SLVERR
                   : strcmp(argv[2], "decerr") == 0 ? OCT_CAUSE_AXI_DECERR
                                                    : OCT_CAUSE_AXI_TIMEOUT;
  volatile uint32_t* bad = bad_data;
  const char* deed = argv[1];
  if (!all_works()) return problem("bad from the start");
  if (strcmp(deed, "load") == 0) (void)bad[16];
  if (strcmp(deed, "store") == 0) bad[16] = 1;
  if (strcmp(deed, "call") == 0) return bad_code(1);
  if (strcmp(deed, "dma-in") == 0) return dma(OCT_QUEUE_DMA_IN, cause);
  if (strcmp(deed, "dma-out") == 0) return dma(OCT_QUEUE_DMA_OUT, cause);
  if (strcmp(deed, "ring") == 0) return ring(OCT_QUEUE_DMA_IN);
  if (strcmp(deed, "team-ring") == 0) return ring(OCT_QUEUE_TEAM0);
  // A bus error is an interrupt: it may come a little later.
  for (unsigned i = 0; i < 1000; i++) __asm__ volatile("nop");
  printf("'%s' did no harm\n", deed);
  return 98;
}
