/* SPDX-License-Identifier: Apache-2.0
   The runtime of the cluster: what a program on Octant includes.
   Guide: docs/guide/running_programs.md. No malloc, no thread-local variables. */
#ifndef OCT_H
#define OCT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "oct_config.h"
#include "oct_hw.h"
#include "oct_queue.h"
#include "oct_regs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Where things live ------------------------------------------------------------------------
   Plain variables are in L2, ~100 cycles away and not cached: what is used often goes to L1.
   Neither section is cleared at the start: contents are undefined. */
#define OCT_L1 __attribute__((section(".l1")))
#define OCT_L2 __attribute__((section(".l2")))
#define OCT_ALIGNED __attribute__((aligned(64)))

#define OCT_CONTROLLER OCT_NUM_WORKERS /* index of the controller core */
#define OCT_ALL_WORKERS ((1u << OCT_NUM_WORKERS) - 1u)
#define OCT_ALL_CORES ((1u << OCT_NUM_CORES) - 1u)

static inline volatile uint32_t* oct_eu(unsigned offset) {
  return (volatile uint32_t*)(uintptr_t)(OCT_EU_BASE + offset);
}
static inline volatile uint32_t* oct_reg(unsigned offset) {
  return (volatile uint32_t*)(uintptr_t)(OCT_REG_BASE + offset);
}

/* ---- Who and when -----------------------------------------------------------------------------
 */
/* Index of this core: workers 0.., then the controller. */
static inline unsigned oct_core_id(void) {
  unsigned id;
  __asm__("mv %0, tp" : "=r"(id)); /* set by crt0 */
  return id;
}
static inline unsigned oct_hart_id(void) {
  unsigned id;
  __asm__ volatile("csrr %0, mhartid" : "=r"(id));
  return id;
}
/* Cycles and retired instructions of this core, modulo 2^32. */
static inline uint32_t oct_cycles(void) {
  uint32_t v;
  __asm__ volatile("csrr %0, mcycle" : "=r"(v)::"memory");
  return v;
}
static inline uint32_t oct_instret(void) {
  uint32_t v;
  __asm__ volatile("csrr %0, minstret" : "=r"(v)::"memory");
  return v;
}
uint64_t oct_cycles64(void);

/* ---- Barriers ---------------------------------------------------------------------------------
   Barrier 0 holds all workers, barrier 1 all cores; the others get their cores here. */
#define OCT_BARRIER_WORKERS 0
#define OCT_BARRIER_ALL 1
static inline void oct_barrier_set(unsigned barrier, uint32_t cores) {
  *oct_eu(OCT_EU_BARRIER_MASK + 8 * barrier) = cores;
}
/* Arrives and sleeps until all cores of the barrier have. */
static inline void oct_barrier(unsigned barrier) {
  __asm__ volatile("" ::: "memory");
  (void)*oct_eu(OCT_EU_BARRIER_WAIT + 8 * barrier);
  __asm__ volatile("" ::: "memory");
}

/* ---- Events -----------------------------------------------------------------------------------
 */
/* Sleeps until one of `events` (OCT_EVT_*) is pending; returns those and clears them. */
static inline uint32_t oct_event_wait(uint32_t events) {
  *oct_eu(OCT_EU_EVT_MASK) = events;
  uint32_t got = *oct_eu(OCT_EU_EVT_WAIT);
  __asm__ volatile("" ::: "memory");
  return got;
}
static inline uint32_t oct_event_pending(void) { return *oct_eu(OCT_EU_EVT_PENDING); }
static inline void oct_event_clear(uint32_t events) { *oct_eu(OCT_EU_EVT_CLEAR) = events; }
/* Raises software events (bits 0..7) at cores. */
static inline void oct_event_send(uint32_t cores, uint32_t events) {
  __asm__ volatile("" ::: "memory");
  *oct_eu(OCT_EU_EVT_SEND) = (cores & 0xffffu) | (events & 0xffu) << 16;
}

/* ---- Locks (L1 only) --------------------------------------------------------------------------
 */
typedef struct {
  volatile uint32_t taken;
} oct_lock_t;
void oct_lock(oct_lock_t* lock);
void oct_unlock(oct_lock_t* lock);

/* ---- Teams ------------------------------------------------------------------------------------
   A job runs on each worker of a mask as fn(arg, rank, count); it returns 0 or an error code. */
typedef int (*oct_job_fn_t)(void* arg, unsigned rank, unsigned count);
/* Appends a job to the queue of team 0 or 1; returns a ticket. */
uint16_t oct_team_start(unsigned team, oct_job_fn_t fn, void* arg, uint32_t workers);
/* Waits for a ticket's job: 0, or -1 if it or one before it failed (see oct_error). */
int oct_team_wait(unsigned team, uint16_t ticket);
/* Both at once, all workers. */
int oct_parallel(oct_job_fn_t fn, void* arg);

/* ---- DMA: addresses are pointers, any alignment ------------------------------------------------
 */
/* Start a copy and return a ticket for oct_dma_wait. */
uint16_t oct_dma_in(void* l1, const void* l2, uint32_t bytes);
uint16_t oct_dma_out(void* l2, const void* l1, uint32_t bytes);
/* Rows of `bytes`; strides are distances between rows. */
uint16_t oct_dma_in_2d(void* l1, const void* l2, uint32_t bytes, uint32_t rows, int32_t l1_stride,
                       int32_t l2_stride);
uint16_t oct_dma_out_2d(void* l2, const void* l1, uint32_t bytes, uint32_t rows, int32_t l2_stride,
                        int32_t l1_stride);
/* Wait for a ticket: 0, or -1 if the copy or one before it in this direction failed. */
int oct_dma_in_wait(uint16_t ticket);
int oct_dma_out_wait(uint16_t ticket);

/* ---- Console and end ---------------------------------------------------------------------------
 */
/* %d %i %u %x %X %p %c %s %%, with -, 0, width, l, ll. One call comes out in one piece. */
int printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char* format, va_list args);
int puts(const char* text);
int putchar(int c);

/* Ends the program with this exit code; from any core. */
void oct_exit(int code) __attribute__((noreturn));
/* The same without waiting for anything; safe in any state. */
void oct_exit_now(int code) __attribute__((noreturn));

/* ---- Traps --------------------------------------------------------------------------------------
 */
typedef struct {
  uint32_t epc;
  uint32_t x[31]; /* x1.. */
  uint32_t cause, tval, status;
} oct_trap_frame_t;
/* Weak: prints hart, mcause, mepc, mtval and exits with OCT_EXIT_TRAP + cause. A program's own may
   change the frame and return: the core goes on at frame->epc. */
void oct_trap(oct_trap_frame_t* frame);

/* Called by crt0 on the controller before main. */
void oct_runtime_init(void);

#ifdef __cplusplus
}
#endif
#endif
