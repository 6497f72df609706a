/* SPDX-License-Identifier: Apache-2.0
   oct_net_run.h: starts a compiled network and waits for its end. `octant compile` writes the
   tables; docs/architecture/flow_back.md. The rings hold the whole network, so the controller
   writes a few registers and sleeps. */
#ifndef OCT_NET_RUN_H
#define OCT_NET_RUN_H

#ifdef __riscv
#include "oct.h"
/* As a descriptor of a team has it. */
#define OCT_NET_FUNCTION(f) ((uint32_t)(uintptr_t)&(f))
#else
#include "oct_net_host.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Job i of queue q is the i-th that adds one to semaphore q. */
typedef struct {
  oct_unit_t* ring; /* in L2 */
  uint32_t units;   /* 0: nothing in this queue */
  uint32_t jobs;
  uint32_t ready; /* units in front of the first that waits for an oct_net_ids_t */
} oct_net_queue_t;

/* For i < count: word[i * word_step] = base + i * base_step + ids[i] * stride. Ids are INT64, their
   low words count; ids from `limit` on are an error. */
typedef struct {
  volatile uint32_t* word;    /* in a ring */
  uint32_t queue, word_place; /* whose ring, and the first's place in its unit */
  uint32_t word_step;
  uint32_t base, base_step;
  const volatile uint32_t* ids;
  uint32_t count, stride, limit;
  const char* port;  /* input that the ids belong to */
  uint32_t position; /* of the first in it */
} oct_net_ids_t;

typedef struct {
  oct_net_queue_t queue[OCT_NUM_QUEUES];
  const oct_net_ids_t* ids;
  uint32_t num_ids;
  uint32_t single_ids; /* at most OCT_NET_FEW tables of one id each */
  uint32_t uses_slot;  /* descriptors add parameter register 0: oct_net_slot */
} oct_network_t;

enum { OCT_NET_FEW = 4 };

/* Place of the new rows in caches that are rings; the host writes it before a run. */
extern volatile uint32_t oct_net_slot;

enum { OCT_NET_OK = 0, OCT_NET_BAD_ID = 1, OCT_NET_MACHINE = 2 };

/* The host finds it by its symbol, oct_net_result, when the program has ended. */
typedef struct {
  uint32_t runs; /* finished, well or not */
  int32_t status;
  uint32_t begin, end; /* mcycle of the first run: first instruction, all queues empty */
  uint32_t last;       /* cycles of the last one */
  oct_error_t error;   /* OCT_NET_MACHINE */
  /* OCT_NET_BAD_ID: oct_net_ids_t and its element. */
  uint32_t table, element, id, limit;
} oct_net_result_t;
extern oct_net_result_t oct_net_result;

/* Used by oct_network_run. 1: the id of *element is bad. Tables come in the order of their units.
 */
uint32_t oct_net_patch(const oct_network_t* net, const oct_net_ids_t* ids, uint32_t* element);
int oct_net_finish(const oct_network_t* net, uint32_t begin, uint32_t bad, uint32_t element);
int oct_net_failed(const oct_network_t* net, uint32_t begin);

/* Sleeps until every queue that has jobs ran empty or something failed; the events that were seen.
   Small, so that it is in one line of the cache. */
static inline uint32_t oct_net_sleep(uint32_t queues) {
  uint32_t left = queues;
  *oct_eu(OCT_EU_EVT_MASK) = queues | OCT_EVT_ERROR;
  while (left != 0) {
    uint32_t got = *oct_eu(OCT_EU_EVT_WAIT);
    if (got & OCT_EVT_ERROR) return got;
    left &= ~got;
  }
  return 0;
}

/* oct_net_patch for the tables of a network that goes token by token: a straight line. The ids were
   on their way since the start. */
__attribute__((always_inline)) static inline uint32_t oct_net_patch_few(const oct_net_ids_t* t,
                                                                        uint32_t count,
                                                                        const uint32_t* id) {
#pragma GCC unroll 4
  for (uint32_t i = 0; i < OCT_NET_FEW; i++) {
    if (i >= count) break;
    if (id[i] >= t[i].limit) return i + 1;
    t[i].word[0] = t[i].base + id[i] * t[i].stride;
  }
  return 0;
}

/* Runs once; 0, OCT_NET_BAD_ID or OCT_NET_MACHINE, details in oct_net_result. Inline: with a
   constant table the compiler leaves a straight line of stores, and instructions come from L2, 100
   cycles away. */
__attribute__((always_inline)) static inline int oct_network_run(const oct_network_t* net) {
  uint32_t begin = oct_cycles();
  uint32_t events = 0, bad = 0, element = 0;
  /* An access to another target waits for the answers of L2: what is wanted from there is asked for
     at once, in front of all registers. */
  const uint32_t slot = net->uses_slot ? oct_net_slot : 0;
  uint32_t id[OCT_NET_FEW] = {0};
  if (net->single_ids) {
#pragma GCC unroll 4
    for (uint32_t i = 0; i < OCT_NET_FEW; i++) {
      if (i < net->num_ids) id[i] = net->ids[i].ids[0];
    }
  }
  *oct_reg(OCT_REG_ICACHE_PREFETCH) = 3; /* what is not yet there is straight code */
  *oct_eu(OCT_EU_EVT_CLEAR) = ~0u;
  for (unsigned q = 0; q < OCT_NUM_QUEUES; q++) *oct_reg(OCT_REG_SEM(q)) = 0;
  /* DMA-in first: everything begins with it. */
  static const unsigned char order[OCT_NUM_QUEUES] = {
      OCT_QUEUE_DMA_IN, OCT_QUEUE_ENGINE, OCT_QUEUE_TEAM0, OCT_QUEUE_TEAM1, OCT_QUEUE_DMA_OUT};
#pragma GCC unroll 5
  for (unsigned i = 0; i < OCT_NUM_QUEUES; i++) {
    const unsigned q = order[i];
    if (net->queue[q].units == 0) continue;
    *oct_reg(OCT_REG_QUEUE_BASE(q)) = (uint32_t)(uintptr_t)net->queue[q].ring;
    *oct_reg(OCT_REG_QUEUE_SIZE(q)) = net->queue[q].units;
    events |= OCT_EVT_QUEUE_EMPTY(q);
  }
  if (net->uses_slot) *oct_reg(OCT_REG_PREG(0)) = slot;
#pragma GCC unroll 5
  for (unsigned i = 0; i < OCT_NUM_QUEUES; i++) {
    const unsigned q = order[i];
    if (net->queue[q].units != 0) *oct_reg(OCT_REG_QUEUE_TAIL(q)) = net->queue[q].ready;
  }
  if (net->num_ids != 0) {
    if (net->single_ids) {
      bad = oct_net_patch_few(net->ids, net->num_ids, id);
    } else {
      for (uint32_t i = 0; i < net->num_ids && bad == 0; i++) {
        if (oct_net_patch(net, &net->ids[i], &element) != 0) bad = i + 1;
      }
    }
    if (bad != 0) return oct_net_finish(net, begin, bad, element);
    /* What ran up to here may have emptied its queue. */
#pragma GCC unroll 5
    for (unsigned q = 0; q < OCT_NUM_QUEUES; q++) {
      if (net->queue[q].ready == net->queue[q].units) continue;
      *oct_eu(OCT_EU_EVT_CLEAR) = OCT_EVT_QUEUE_EMPTY(q);
      *oct_reg(OCT_REG_QUEUE_TAIL(q)) = net->queue[q].units;
    }
  }
  if (oct_net_sleep(events) != 0) return oct_net_failed(net, begin);
  return oct_net_finish(net, begin, 0, 0);
}

#ifdef __cplusplus
}
#endif
#endif
