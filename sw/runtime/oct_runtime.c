/* SPDX-License-Identifier: Apache-2.0
   Queues, semaphores, teams, DMA. */
#include "oct_internal.h"

#define RING_UNITS 64u

OCT_L1 oct_runtime_t oct_rt;
static OCT_L2 oct_unit_t rings[OCT_NUM_QUEUES][RING_UNITS];

void oct_runtime_init(void) {
  oct_rt.console_lock.taken = 0;
  oct_rt.queue_lock.taken = 0;
  oct_rt.console_tail = 0;
  oct_rt.line_used = 0;
  oct_console.magic = OCT_CONSOLE_MAGIC;
  oct_console.bytes = OCT_CONSOLE_BYTES;
  oct_console.head = 0;
  oct_console.tail = 0;
  for (unsigned q = 0; q < OCT_NUM_QUEUES; q++) {
    oct_queue_setup((oct_queue_t)q, rings[q], RING_UNITS);
    oct_rt.tickets[q] = 0;
    oct_sem_set(OCT_SEM_RUNTIME(q), 0);
  }
  oct_barrier_set(OCT_BARRIER_WORKERS, OCT_ALL_WORKERS);
  oct_barrier_set(OCT_BARRIER_ALL, OCT_ALL_CORES);
}

uint64_t oct_cycles64(void) {
  uint32_t high, low, again;
  do {
    __asm__ volatile("csrr %0, mcycleh" : "=r"(high)::"memory");
    low = oct_cycles();
    __asm__ volatile("csrr %0, mcycleh" : "=r"(again)::"memory");
  } while (high != again);
  return (uint64_t)high << 32 | low;
}

/* ---- Locks
 * --------------------------------------------------------------------------------------- */
void oct_lock(oct_lock_t* lock) {
  uint32_t was;
  for (;;) {
    __asm__ volatile("amoswap.w.aq %0, %1, (%2)"
                     : "=r"(was)
                     : "r"(1), "r"(&lock->taken)
                     : "memory");
    if (was == 0) return;
    while (lock->taken != 0) {
    }
  }
}

void oct_unlock(oct_lock_t* lock) {
  /* The data bus keeps a core's accesses in program order, so a store is enough. */
  __asm__ volatile("" ::: "memory");
  lock->taken = 0;
}

/* ---- Queues
 * -------------------------------------------------------------------------------------- */
void oct_queue_setup(oct_queue_t q, oct_unit_t* ring, uint32_t units) {
  oct_rt.ring[q] = ring;
  oct_rt.units[q] = units;
  oct_rt.tail[q] = 0;
  *oct_reg(OCT_REG_QUEUE_BASE(q)) = (uint32_t)(uintptr_t)ring;
  *oct_reg(OCT_REG_QUEUE_SIZE(q)) = units;
}

void oct_queue_append(oct_queue_t q, const oct_unit_t* units, unsigned count) {
  uint32_t tail = oct_rt.tail[q];
  while (tail + count - *oct_reg(OCT_REG_QUEUE_HEAD(q)) > oct_rt.units[q]) {
    if (*oct_reg(OCT_REG_QUEUE_TAIL(q)) != tail) oct_queue_doorbell(q); /* else nobody makes room */
  }
  uint32_t place = tail % oct_rt.units[q];
  for (unsigned n = 0; n < count; n++) {
    volatile uint32_t* to = oct_rt.ring[q][place].w;
    for (unsigned i = 0; i < 16; i++) to[i] = units[n].w[i];
    place = place + 1 == oct_rt.units[q] ? 0 : place + 1;
  }
  oct_rt.tail[q] = tail + count;
}

void oct_queue_doorbell(oct_queue_t q) { *oct_reg(OCT_REG_QUEUE_TAIL(q)) = oct_rt.tail[q]; }

void oct_queue_drain(oct_queue_t q) {
  while (*oct_reg(OCT_REG_QUEUE_STATUS(q)) & OCT_QUEUE_STATUS_BUSY) {
  }
  __asm__ volatile("" ::: "memory");
}

uint16_t oct_queue_ticket(oct_queue_t q, oct_unit_t* d) {
  oct_desc_signal(d, 0, OCT_SEM_RUNTIME(q), 1);
  return ++oct_rt.tickets[q];
}

uint16_t oct_queue_fence(oct_queue_t q) {
  oct_unit_t d = oct_desc(OCT_OP_NOP, 0);
  uint16_t ticket = oct_queue_ticket(q, &d);
  oct_queue_push(q, &d, 1);
  return ticket;
}

int oct_queue_wait(oct_queue_t q, uint16_t ticket) {
  return oct_sem_wait(OCT_SEM_RUNTIME(q), ticket);
}

static uint16_t submit(oct_queue_t q, oct_unit_t* d) {
  oct_lock(&oct_rt.queue_lock);
  uint16_t ticket = oct_queue_ticket(q, d);
  oct_queue_push(q, d, 1);
  oct_unlock(&oct_rt.queue_lock);
  return ticket;
}

/* ---- Semaphores
 * ---------------------------------------------------------------------------------- */
uint32_t oct_sem_read(unsigned sem) { return *oct_reg(OCT_REG_SEM(sem)); }
void oct_sem_set(unsigned sem, uint16_t value) { *oct_reg(OCT_REG_SEM(sem)) = value; }
void oct_sem_add(unsigned sem, uint16_t value) {
  __asm__ volatile("" ::: "memory");
  *oct_reg(OCT_REG_SEM_ADD(sem)) = value;
}
int oct_sem_wait(unsigned sem, uint16_t value) {
  for (;;) {
    uint32_t now = oct_sem_read(sem);
    __asm__ volatile("" ::: "memory");
    if (now & OCT_SEM_POISON) return -1;
    if ((int16_t)(uint16_t)(now - value) >= 0) return 0;
  }
}
void oct_preg_write(unsigned preg, uint32_t value) { *oct_reg(OCT_REG_PREG(preg)) = value; }

/* ---- Teams
 * --------------------------------------------------------------------------------------- */
uint16_t oct_team_start(unsigned team, oct_job_fn_t fn, void* arg, uint32_t workers) {
  oct_unit_t d = oct_desc_team(0, (const void*)(uintptr_t)fn, arg, workers);
  return submit((oct_queue_t)(OCT_QUEUE_TEAM0 + team), &d);
}
int oct_team_wait(unsigned team, uint16_t ticket) {
  return oct_queue_wait((oct_queue_t)(OCT_QUEUE_TEAM0 + team), ticket);
}
int oct_parallel(oct_job_fn_t fn, void* arg) {
  return oct_team_wait(0, oct_team_start(0, fn, arg, OCT_ALL_WORKERS));
}

/* ---- DMA
 * ----------------------------------------------------------------------------------------- */
static uint16_t copy(oct_queue_t q, const void* l1, const void* l2, uint32_t bytes, uint32_t rows,
                     int32_t l1_stride, int32_t l2_stride) {
  oct_unit_t d = oct_desc_copy(0, l1, l2, bytes);
  d.w[7] = 1u << 16 | (rows & 0xffffu);
  d.w[8] = (uint32_t)l2_stride;
  d.w[10] = (uint32_t)l1_stride;
  return submit(q, &d);
}
uint16_t oct_dma_in(void* l1, const void* l2, uint32_t bytes) {
  return copy(OCT_QUEUE_DMA_IN, l1, l2, bytes, 1, 0, 0);
}
uint16_t oct_dma_out(void* l2, const void* l1, uint32_t bytes) {
  return copy(OCT_QUEUE_DMA_OUT, l1, l2, bytes, 1, 0, 0);
}
uint16_t oct_dma_in_2d(void* l1, const void* l2, uint32_t bytes, uint32_t rows, int32_t l1_stride,
                       int32_t l2_stride) {
  return copy(OCT_QUEUE_DMA_IN, l1, l2, bytes, rows, l1_stride, l2_stride);
}
uint16_t oct_dma_out_2d(void* l2, const void* l1, uint32_t bytes, uint32_t rows, int32_t l2_stride,
                        int32_t l1_stride) {
  return copy(OCT_QUEUE_DMA_OUT, l1, l2, bytes, rows, l1_stride, l2_stride);
}
int oct_dma_in_wait(uint16_t ticket) { return oct_queue_wait(OCT_QUEUE_DMA_IN, ticket); }
int oct_dma_out_wait(uint16_t ticket) { return oct_queue_wait(OCT_QUEUE_DMA_OUT, ticket); }
