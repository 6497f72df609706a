// SPDX-License-Identifier: Apache-2.0
// Jobs that must fail: the right record, a poisoned chain behind them, the rest of the machine
// unharmed, and after oct_error_clear all queues work again.
#include "oct.h"

static OCT_L2 OCT_ALIGNED uint32_t far[64];
static OCT_L1 OCT_ALIGNED uint32_t near[64];
static int failures;

static int nothing(void* arg, unsigned rank, unsigned count) {
  (void)rank, (void)count;
  return (int)(uintptr_t)arg;
}

static void expect(const char* what, unsigned queue, unsigned tag, unsigned cause, uint32_t addr) {
  while (!(oct_event_wait(OCT_EVT_ERROR) & OCT_EVT_ERROR)) {
  }
  oct_error_t e = oct_error();
  if (!e.valid || e.queue != queue || e.tag != tag || e.cause != cause || e.addr != addr) {
    printf("%s: valid %d queue %u tag %u cause %u addr %08x, wanted %u %u %u %08x\n", what, e.valid,
           e.queue, e.tag, e.cause, (unsigned)e.addr, queue, tag, cause, (unsigned)addr);
    failures++;
  }
}

// After an error: another queue still works, then everything is cleared and all queues work.
static void recover(const char* what) {
  oct_error_clear();
  oct_event_clear(OCT_EVT_ERROR);
  far[0] = 0xfeed0000u + (uint32_t)failures;
  near[0] = 0;
  if (oct_dma_in_wait(oct_dma_in(near, far, 256)) != 0 || near[0] != far[0] ||
      oct_dma_out_wait(oct_dma_out(far, near, 256)) != 0 || oct_parallel(nothing, 0) != 0) {
    printf("%s: the machine did not recover\n", what);
    failures++;
  }
}

static void bad_job(const char* what, oct_queue_t q, oct_unit_t d, unsigned cause, uint32_t addr) {
  // The job, and one behind it that waits for its signal: neither may hang.
  unsigned tag = d.w[0] >> 16;
  oct_desc_signal(&d, 0, 3, 1);
  oct_queue_push(q, &d, 1);
  oct_unit_t next = oct_desc(OCT_OP_NOP, 999);
  oct_desc_wait(&next, 0, 3, 1);
  oct_desc_signal(&next, 0, 4, 1);
  oct_queue_push(q == OCT_QUEUE_TEAM1 ? OCT_QUEUE_DMA_OUT : OCT_QUEUE_TEAM1, &next, 1);
  expect(what, q, tag, cause, addr);
  if (oct_sem_wait(4, 1) != -1) {
    printf("%s: the job behind it was not skipped\n", what);
    failures++;
  }
  recover(what);
}

int main(void) {
  oct_unit_t good = oct_desc_copy(1, near, far, 64);
  oct_unit_t d = good;
  d.w[0] = OCT_DESC_HEAD(0x7f, 10);
  bad_job("unknown op", OCT_QUEUE_DMA_IN, d, OCT_CAUSE_BAD_OP, 0);
  d = oct_desc_team(11, (void*)nothing, 0, 1);
  bad_job("team job in the DMA queue", OCT_QUEUE_DMA_OUT, d, OCT_CAUSE_BAD_OP, 0);
  d = good, d.w[0] = OCT_DESC_HEAD(OCT_OP_DMA_COPY, 12), d.w[6] = 0;
  bad_job("empty row", OCT_QUEUE_DMA_IN, d, OCT_CAUSE_BAD_FIELD, 6);
  d = good, d.w[0] = OCT_DESC_HEAD(OCT_OP_DMA_COPY, 13), d.w[7] = 1u << 16;
  bad_job("no rows", OCT_QUEUE_DMA_OUT, d, OCT_CAUSE_BAD_FIELD, 7);
  d = oct_desc_team(14, (void*)nothing, 0, 0);
  bad_job("team of nobody", OCT_QUEUE_TEAM0, d, OCT_CAUSE_BAD_FIELD, 6);
  d = oct_desc_team(15, (void*)nothing, 0, 1u << OCT_NUM_WORKERS);
  bad_job("worker that does not exist", OCT_QUEUE_TEAM1, d, OCT_CAUSE_BAD_FIELD, 6);
  d = good, d.w[0] = OCT_DESC_HEAD(OCT_OP_DMA_COPY, 16), d.w[5] = OCT_L1_BYTES - 32;
  bad_job("DMA past the end of L1", OCT_QUEUE_DMA_IN, d, OCT_CAUSE_L1_RANGE, OCT_L1_BYTES);
  d = good, d.w[0] = OCT_DESC_HEAD(OCT_OP_DMA_COPY, 17), d.w[4] = 0xf0000000u;
  bad_job("DMA in from nowhere", OCT_QUEUE_DMA_IN, d, OCT_CAUSE_AXI_DECERR, 0xf0000000u);
  d = good, d.w[0] = OCT_DESC_HEAD(OCT_OP_DMA_COPY, 18), d.w[4] = 0xf0000000u;
  bad_job("DMA out to nowhere", OCT_QUEUE_DMA_OUT, d, OCT_CAUSE_AXI_DECERR, 0xf0000000u);
  d = oct_desc_team(19, (void*)nothing, (void*)42, OCT_ALL_WORKERS);
  bad_job("a worker that fails", OCT_QUEUE_TEAM0, d, OCT_CAUSE_KERNEL, 42);
  printf("queue errors: 10 bad jobs, %d failures\n", failures);
  return failures != 0;
}
