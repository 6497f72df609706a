// SPDX-License-Identifier: Apache-2.0
// One bad deed, named by the argument; "worker" before it lets worker 0 do it. The runtime's report
// and exit code are what is tested. The deeds that need a broken memory are called by tests with
// --inject-error.
#include <string.h>

#include "oct.h"

static OCT_L2 OCT_ALIGNED volatile uint32_t far[1024];
static const char* deed;

static void do_it(void) {
  volatile uint32_t* unmapped = (volatile uint32_t*)0x50000000u;
  if (strcmp(deed, "illegal") == 0) __asm__ volatile(".word 0xffffffff");
  if (strcmp(deed, "misaligned") == 0) __asm__ volatile("lw zero, 2(%0)" ::"r"(OCT_L1_BASE));
  if (strcmp(deed, "unmapped-load") == 0) (void)*unmapped;
  if (strcmp(deed, "unmapped-store") == 0) *unmapped = 1;
  if (strcmp(deed, "unmapped-call") == 0) ((void (*)(void))0x50000000u)();
  if (strcmp(deed, "no-register") == 0) (void)*oct_reg(0xfff0);
  if (strcmp(deed, "stack") == 0) __asm__ volatile("li sp, 0x50000000\n\tsw zero, 0(sp)");
  if (strcmp(deed, "l2-load") == 0) (void)far[16];
  if (strcmp(deed, "l2-store") == 0) far[16] = 1;
  if (strcmp(deed, "wait-forever") == 0) (void)oct_event_wait(OCT_EVT_SOFT(7));
  if (strcmp(deed, "spin-forever") == 0) {
    for (;;) {
    }
  }
  // A bus error is an interrupt: it may come a little later.
  for (unsigned i = 0; i < 1000; i++) __asm__ volatile("nop");
}

static int on_worker(void* arg, unsigned rank, unsigned count) {
  (void)arg, (void)rank, (void)count;
  do_it();
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 2) return 99;
  int worker = argc > 2 && strcmp(argv[1], "worker") == 0;
  deed = argv[worker ? 2 : 1];
  if (strcmp(deed, "where") == 0) {  // for --inject-error
    printf("%p\n", (void*)&far[16]);
    return 0;
  }
  if (strcmp(deed, "wait-semaphore") == 0) {
    // A job that nobody's signal will ever start.
    oct_unit_t d = oct_desc(OCT_OP_NOP, 77);
    oct_desc_wait(&d, 0, 5, 3);
    oct_queue_push(OCT_QUEUE_DMA_IN, &d, 1);
    (void)oct_event_wait(OCT_EVT_SOFT(7));
  }
  if (worker)
    oct_team_wait(0, oct_team_start(0, on_worker, 0, 1));
  else
    do_it();
  printf("'%s' did no harm\n", deed);
  return 98;
}
