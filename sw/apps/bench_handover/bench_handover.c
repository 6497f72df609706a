// SPDX-License-Identifier: Apache-2.0
// Hand-over between queues: DMA-in -> all workers -> DMA-out, strictly one after the other, many
// times. Prints `hop: <round> <first> <done>`: cycle of the first instruction of the job's function
// on the slowest worker, and of the last store to JOB_DONE. tb/bench sets them beside what L1
// granted.
#include "oct.h"

#define ROUNDS 24u
#define BYTES 1024u

enum { SEM_LOADED, SEM_WORKED, SEM_STORED };

static OCT_L2 OCT_ALIGNED uint8_t source[BYTES], target[BYTES];
static OCT_L1 OCT_ALIGNED uint8_t buffer[BYTES];
static OCT_L1 volatile uint32_t stamps[ROUNDS][OCT_NUM_WORKERS][2];

// The job's function, from its first instruction to its last store: job.S. It ends in the job loop.
int handover_job(void* arg, unsigned rank, unsigned count);

int main(void) {
  oct_unit_t d;
  for (unsigned s = SEM_LOADED; s <= SEM_STORED; s++) oct_sem_set(s, 0);
  for (unsigned r = 0; r < ROUNDS; r++) {
    d = oct_desc_copy(r, buffer, source, BYTES);
    oct_desc_wait(&d, 0, SEM_STORED, r);
    oct_desc_signal(&d, 0, SEM_LOADED, 1);
    oct_queue_append(OCT_QUEUE_DMA_IN, &d, 1);
    d = oct_desc_team(r, (const void*)(uintptr_t)handover_job, stamps[r], OCT_ALL_WORKERS);
    oct_desc_wait(&d, 0, SEM_LOADED, r + 1);
    oct_desc_signal(&d, 0, SEM_WORKED, 1);
    oct_queue_append(OCT_QUEUE_TEAM0, &d, 1);
    d = oct_desc_copy(r, buffer, target, BYTES);
    oct_desc_wait(&d, 0, SEM_WORKED, r + 1);
    oct_desc_signal(&d, 0, SEM_STORED, 1);
    oct_queue_append(OCT_QUEUE_DMA_OUT, &d, 1);
  }
  oct_queue_doorbell(OCT_QUEUE_DMA_OUT);
  oct_queue_doorbell(OCT_QUEUE_TEAM0);
  oct_queue_doorbell(OCT_QUEUE_DMA_IN);
  if (oct_sem_wait(SEM_STORED, ROUNDS) != 0) return 1;
  for (unsigned r = 0; r < ROUNDS; r++) {
    uint32_t first = 0, done = 0;
    for (unsigned w = 0; w < OCT_NUM_WORKERS; w++) {
      if (stamps[r][w][0] > first) first = stamps[r][w][0];
      if (stamps[r][w][1] > done) done = stamps[r][w][1];
    }
    printf("hop: %u %u %u\n", r, (unsigned)first, (unsigned)done);
  }
  return 0;
}
