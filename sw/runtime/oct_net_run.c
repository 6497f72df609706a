/* SPDX-License-Identifier: Apache-2.0
   What a network's run does but rarely, or in bulk. */
#include "oct_net_run.h"

#ifdef __riscv
#include "oct_internal.h"
#endif

OCT_L2 OCT_ALIGNED oct_net_result_t oct_net_result;
OCT_L2 volatile uint32_t oct_net_slot;

/* The compiler neither moves work across this nor keeps more than these values ready. */
#define OCT_NET_HERE(a, b) __asm__ volatile("" : "+r"(a), "+r"(b))

/* L2 is far away: eight loads, then eight stores under way at a time, with nothing of another
   target between them, which would wait for all answers. What is patched is handed to the queue as
   soon as more is to come, and starts meanwhile. */
uint32_t oct_net_patch(const oct_network_t* net, const oct_net_ids_t* ids, uint32_t* element) {
  const oct_net_ids_t t = *ids;
  const oct_net_queue_t queue = net->queue[t.queue];
  volatile uint32_t* const tail = oct_reg(OCT_REG_QUEUE_TAIL(t.queue));
  const volatile uint32_t* id = t.ids;
  volatile uint32_t* word = t.word;
  uint32_t base = t.base, left = t.count;
  while (left != 0) {
    const uint32_t* unit = (const uint32_t*)word - t.word_place;
    const uint32_t ready = (uint32_t)(unit - queue.ring->w) / 16;
    uint32_t v[8], good = 0;
    if (ready > queue.ready) *tail = ready;
    if (left >= 8) {
#pragma GCC unroll 8
      for (uint32_t k = 0; k < 8; k++) v[k] = id[2 * k];
#pragma GCC unroll 4
      for (uint32_t k = 0; k < 8; k += 2) OCT_NET_HERE(v[k], v[k + 1]);
#pragma GCC unroll 8
      for (uint32_t k = 0; k < 8; k++) good += v[k] < t.limit;
    }
    if (good == 8) {
#pragma GCC unroll 8
      for (uint32_t k = 0; k < 8; k++) {
        *word = base + v[k] * t.stride;
        word += t.word_step;
        base += t.base_step;
        OCT_NET_HERE(word, base);
      }
      id += 16;
      left -= 8;
      continue;
    }
    v[0] = id[0];
    if (v[0] >= t.limit) {
      *element = t.count - left;
      return 1;
    }
    *word = base + v[0] * t.stride;
    word += t.word_step;
    base += t.base_step;
    id += 2;
    --left;
  }
  return 0;
}

/* A host has no others than the network's. */
static void own_rings(void) {
#ifdef __riscv
  for (unsigned q = 0; q < OCT_NUM_QUEUES; q++) {
    oct_queue_setup((oct_queue_t)q, oct_rt.ring[q], oct_rt.units[q]);
  }
#endif
}

static int finish(uint32_t begin, uint32_t end, int status) {
  if (oct_net_result.runs == 0) {
    oct_net_result.begin = begin;
    oct_net_result.end = end;
  }
  oct_net_result.last = end - begin;
  oct_net_result.status = status;
  oct_net_result.runs++;
  own_rings();
  return status;
}

int oct_net_finish(const oct_network_t* net, uint32_t begin, uint32_t bad, uint32_t element) {
  const uint32_t end = oct_cycles();
  if (bad == 0) {
    for (unsigned q = 0; q < OCT_NUM_QUEUES; q++) {
      const uint32_t sem = oct_sem_read(q);
      if (net->queue[q].units != 0 && sem != net->queue[q].jobs) return oct_net_failed(net, begin);
    }
    return finish(begin, end, OCT_NET_OK);
  }
  const oct_net_ids_t* ids = &net->ids[bad - 1];
  oct_net_result.table = bad - 1;
  oct_net_result.element = element;
  oct_net_result.id = ids->ids[2 * element];
  oct_net_result.limit = ids->limit;
  printf("network: input %s: element %u is %u; ids below %u are known\n", ids->port,
         (unsigned)(ids->position + element), (unsigned)oct_net_result.id, (unsigned)ids->limit);
  oct_error_clear(); /* what waits in the queues is dropped */
  return finish(begin, end, OCT_NET_BAD_ID);
}

int oct_net_failed(const oct_network_t* net, uint32_t begin) {
  const uint32_t end = oct_cycles();
  (void)net;
  oct_net_result.error = oct_error();
  printf("network: queue %u, layer %u: cause %u at 0x%08x\n", oct_net_result.error.queue,
         oct_net_result.error.tag, oct_net_result.error.cause, (unsigned)oct_net_result.error.addr);
  oct_error_clear();
  return finish(begin, end, OCT_NET_MACHINE);
}
