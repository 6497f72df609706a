/* SPDX-License-Identifier: Apache-2.0
   Work queues, descriptors, semaphores: the C view of rtl/pkg/oct_job_pkg.sv.
   Described in docs/architecture/queues.md. */
#ifndef OCT_QUEUE_H
#define OCT_QUEUE_H

#include <stdint.h>

#include "oct_config.h"
#include "oct_regs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  OCT_QUEUE_ENGINE = 0,
  OCT_QUEUE_DMA_IN = 1,
  OCT_QUEUE_DMA_OUT = 2,
  OCT_QUEUE_TEAM0 = 3,
  OCT_QUEUE_TEAM1 = 4,
  OCT_NUM_QUEUES = 5
} oct_queue_t;

#define OCT_OP_NOP 0x00
#define OCT_OP_DMA_COPY 0x10
#define OCT_OP_DMA_FILL 0x11
#define OCT_OP_TEAM_RUN 0x20
#define OCT_OP_GEMM 0x30
#define OCT_OP_ATTN 0x31

/* cause_e of the error record. */
enum {
  OCT_CAUSE_NONE = 0x00,
  OCT_CAUSE_BAD_OP = 0x01,
  OCT_CAUSE_BAD_FIELD = 0x02,
  OCT_CAUSE_L1_RANGE = 0x03,
  OCT_CAUSE_AXI_SLVERR = 0x04,
  OCT_CAUSE_AXI_DECERR = 0x05,
  OCT_CAUSE_AXI_TIMEOUT = 0x06,
  OCT_CAUSE_FETCH = 0x07,
  OCT_CAUSE_POISONED = 0x08,
  OCT_CAUSE_KERNEL = 0x09,
  OCT_CAUSE_ABORTED = 0x0a
};

/* OCT_CAUSE_BAD_FIELD in a doorbell: the address is this bit and the ring register's offset. */
#define OCT_RING_FIELD 0x80000000u

/* ---- Descriptors -------------------------------------------------------------------------------
 */
typedef struct {
  uint32_t w[16];
} __attribute__((aligned(64))) oct_unit_t;

#define OCT_DESC_HEAD(op, tag) ((uint32_t)(op) | (uint32_t)(tag) << 16)
#define OCT_DESC_TWO_UNITS (1u << 8)
#define OCT_DESC_WAIT(sem, value) (1u << 31 | (uint32_t)(sem) << 16 | ((uint32_t)(value) & 0xffffu))
#define OCT_DESC_SIGNAL(sem, add) (1u << 15 | (uint32_t)(sem) << 8 | ((uint32_t)(add) & 0xffu))
/* word[word] += preg[preg] * scale */
#define OCT_DESC_MODIFY(preg, word, scale) \
  (1u << 31 | (uint32_t)(preg) << 21 | (uint32_t)(word) << 16 | ((uint32_t)(scale) & 0xffffu))
/* L1 addresses in descriptors are offsets. */
#define OCT_L1_OFFSET(pointer) ((uint32_t)(uintptr_t)(pointer) - OCT_L1_BASE)

static inline oct_unit_t oct_desc(unsigned op, unsigned tag) {
  oct_unit_t d = {{0}};
  d.w[0] = OCT_DESC_HEAD(op, tag);
  return d;
}
/* Slot 0 or 1. */
static inline void oct_desc_wait(oct_unit_t* d, unsigned slot, unsigned sem, unsigned value) {
  d->w[1 + slot] = OCT_DESC_WAIT(sem, value);
}
static inline void oct_desc_signal(oct_unit_t* d, unsigned slot, unsigned sem, unsigned add) {
  d->w[3] |= OCT_DESC_SIGNAL(sem, add) << (16 * slot);
}
static inline oct_unit_t oct_desc_copy(unsigned tag, const volatile void* l1,
                                       const volatile void* l2, uint32_t bytes) {
  oct_unit_t d = oct_desc(OCT_OP_DMA_COPY, tag);
  d.w[4] = (uint32_t)(uintptr_t)l2;
  d.w[5] = OCT_L1_OFFSET(l1);
  d.w[6] = bytes;
  d.w[7] = 1u << 16 | 1u;
  return d;
}
static inline oct_unit_t oct_desc_team(unsigned tag, const void* fn, const volatile void* arg,
                                       uint32_t workers) {
  oct_unit_t d = oct_desc(OCT_OP_TEAM_RUN, tag);
  d.w[4] = (uint32_t)(uintptr_t)fn;
  d.w[5] = (uint32_t)(uintptr_t)arg;
  d.w[6] = workers;
  return d;
}

/* ---- Rings --------------------------------------------------------------------------------------
   The runtime has a ring for each queue. A program that brings its own calls oct_queue_setup; the
   functions below and those of oct.h that use the queue then work on it. */
void oct_queue_setup(oct_queue_t q, oct_unit_t* ring, uint32_t units);
/* Writes a descriptor of 1 or 2 units behind the last, waiting while the ring is full. */
void oct_queue_append(oct_queue_t q, const oct_unit_t* units, unsigned count);
/* Rings for what was appended. */
void oct_queue_doorbell(oct_queue_t q);
static inline void oct_queue_push(oct_queue_t q, const oct_unit_t* units, unsigned count) {
  oct_queue_append(q, units, count);
  oct_queue_doorbell(q);
}
/* Waits until all jobs of the queue have ended. */
void oct_queue_drain(oct_queue_t q);
/* Appends an empty job that signals the runtime's semaphore behind all before it; its ticket. */
uint16_t oct_queue_fence(oct_queue_t q);
/* Adds the runtime's signal to a descriptor that will be appended next; its ticket. */
uint16_t oct_queue_ticket(oct_queue_t q, oct_unit_t* d);
/* 0 once the ticket's job has ended well, -1 if it or one before it failed. */
int oct_queue_wait(oct_queue_t q, uint16_t ticket);

/* ---- Semaphores, parameter registers
   ------------------------------------------------------------- The last five semaphores belong to
   the runtime, one for each queue. */
#define OCT_SEM_RUNTIME(q) (OCT_NUM_SEMS - OCT_NUM_QUEUES + (q))
/* Value in [15:0], OCT_SEM_POISON. */
uint32_t oct_sem_read(unsigned sem);
void oct_sem_set(unsigned sem, uint16_t value);
void oct_sem_add(unsigned sem, uint16_t value);
/* Until the semaphore has reached `value`: 0, or -1 when it is poisoned. */
int oct_sem_wait(unsigned sem, uint16_t value);
void oct_preg_write(unsigned preg, uint32_t value);

/* ---- Errors
 * -------------------------------------------------------------------------------------- */
typedef struct {
  int valid;
  unsigned queue; /* oct_queue_t, 7: other */
  unsigned tag, cause;
  uint32_t addr;
} oct_error_t;
/* The first error since the last oct_error_clear. */
oct_error_t oct_error(void);
/* Forgets it, flushes the queues, resets semaphores and their poison. */
void oct_error_clear(void);

#ifdef __cplusplus
}
#endif
#endif
