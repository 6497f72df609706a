// SPDX-License-Identifier: Apache-2.0
// A small network as one dependence graph: for each of TILES tiles, DMA in -> both teams work on
// halves of it -> DMA out, double-buffered, tied by semaphores only. One doorbell per queue.
#include "oct.h"

#define TILES 6u
#define WORDS 256u /* of a tile */

enum { SEM_LOADED, SEM_DONE0, SEM_DONE1, SEM_STORED };

static OCT_L2 OCT_ALIGNED uint32_t input[TILES][WORDS], output[TILES][WORDS];
static OCT_L1 OCT_ALIGNED uint32_t tile[2][WORDS];
static OCT_L1 struct work {
  uint32_t* data;
  uint32_t words;
} work[2][2];

static int triple(void* arg, unsigned rank, unsigned count) {
  const struct work* w = arg;
  for (uint32_t i = rank; i < w->words; i += count) w->data[i] = 3 * w->data[i] + 1;
  return 0;
}

int main(void) {
  for (unsigned s = 0; s < 4; s++) oct_sem_set(s, 0);
  for (unsigned b = 0; b < 2; b++) {
    for (unsigned half = 0; half < 2; half++) {
      work[b][half].data = &tile[b][half * WORDS / 2];
      work[b][half].words = WORDS / 2;
    }
  }
  for (uint32_t t = 0; t < TILES; t++) {
    for (uint32_t i = 0; i < WORDS; i++) input[t][i] = t * 1000 + i;
  }
  const uint32_t low = OCT_ALL_WORKERS & ((1u << (OCT_NUM_WORKERS / 2)) - 1);
  for (uint32_t t = 0; t < TILES; t++) {
    unsigned b = t % 2;
    oct_unit_t in = oct_desc_copy(t, tile[b], input[t], WORDS * 4);
    if (t >= 2) oct_desc_wait(&in, 0, SEM_STORED, t - 1); /* tile t - 2 has left the buffer */
    oct_desc_signal(&in, 0, SEM_LOADED, 1);
    oct_queue_append(OCT_QUEUE_DMA_IN, &in, 1);

    oct_unit_t team = oct_desc_team(t, (void*)triple, &work[b][0], low);
    oct_desc_wait(&team, 0, SEM_LOADED, t + 1);
    oct_desc_signal(&team, 0, SEM_DONE0, 1);
    oct_queue_append(OCT_QUEUE_TEAM0, &team, 1);
    team = oct_desc_team(t, (void*)triple, &work[b][1], OCT_ALL_WORKERS & ~low);
    oct_desc_wait(&team, 0, SEM_LOADED, t + 1);
    oct_desc_signal(&team, 0, SEM_DONE1, 1);
    oct_queue_append(OCT_QUEUE_TEAM1, &team, 1);

    oct_unit_t out = oct_desc_copy(t, tile[b], output[t], WORDS * 4);
    oct_desc_wait(&out, 0, SEM_DONE0, t + 1);
    oct_desc_wait(&out, 1, SEM_DONE1, t + 1);
    oct_desc_signal(&out, 0, SEM_STORED, 1);
    oct_queue_append(OCT_QUEUE_DMA_OUT, &out, 1);
  }
  uint32_t start = oct_cycles();
  for (oct_queue_t q = OCT_QUEUE_DMA_IN; q <= OCT_QUEUE_TEAM1; q++) oct_queue_doorbell(q);
  if (oct_sem_wait(SEM_STORED, TILES) != 0) {
    oct_error_t e = oct_error();
    printf("queue graph: queue %u tag %u failed: cause %u at %08x\n", e.queue, e.tag, e.cause,
           (unsigned)e.addr);
    return 1;
  }
  uint32_t cycles = oct_cycles() - start;
  for (uint32_t t = 0; t < TILES; t++) {
    for (uint32_t i = 0; i < WORDS; i++) {
      if (output[t][i] != 3 * (t * 1000 + i) + 1) {
        printf("queue graph: tile %u word %u is %u\n", (unsigned)t, (unsigned)i,
               (unsigned)output[t][i]);
        return 2;
      }
    }
  }
  printf("queue graph: %u tiles in %u cycles\n", TILES, (unsigned)cycles);
  return 0;
}
