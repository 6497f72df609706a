// SPDX-License-Identifier: Apache-2.0
// oct_network_job.h: what the kernels of networks share: words of a job, shares of a worker,
// scales.
#ifndef OCT_NETWORK_JOB_H
#define OCT_NETWORK_JOB_H
#include "oct_ml.h"
#include "oct_network.h"

// Operands of a job with one or two inputs and one output. Words behind: constants, arguments.
#define NET_X(w, row) oct_net_memory((w)[1] + (w)[2] * (row))
#define NET_Y1(w, row) oct_net_memory((w)[3] + (w)[4] * (row))
#define NET_B(w, row) oct_net_memory((w)[3] + (w)[4] * (row))
#define NET_Y2(w, row) oct_net_memory((w)[5] + (w)[6] * (row))

#ifdef __riscv
#include "oct.h"
#define NET_WORKERS OCT_NUM_WORKERS
static inline void net_barrier(void) { oct_barrier(OCT_BARRIER_WORKERS); }
#endif

/// floor(total * rank / size) without a division where teams are a power of two.
static inline unsigned net_share(unsigned total, unsigned rank, unsigned size) {
  const unsigned v = total * rank;
  return (size & (size - 1)) == 0 ? v >> oct_fl1(size) : v / size;
}

// A worker's part of rows * n elements, in pieces of a row that start at multiples of 16 elements.
typedef struct {
  unsigned row, from, count;       // the piece
  unsigned n, blocks, col, units;  // blocks a row; next block; units left
} net_part_t;

static inline net_part_t net_parts(unsigned rows, unsigned n, unsigned rank, unsigned size) {
  net_part_t p = {0, 0, 0, n, (n + 15) / 16, 0, 0};
  const unsigned total = rows * p.blocks, first = net_share(total, rank, size);
  p.units = net_share(total, rank + 1, size) - first;
  if (p.units == 0) return p;
  p.row = first < p.blocks ? 0 : first / p.blocks;  // one row: no division
  p.col = first - p.row * p.blocks;
  --p.row;  // net_next goes on
  if (p.col != 0) ++p.row, p.from = 1;
  return p;
}

static inline int net_next(net_part_t* p) {
  if (p->units == 0) return 0;
  if (p->col == 0) ++p->row;
  unsigned take = p->blocks - p->col;
  if (take > p->units) take = p->units;
  p->from = 16 * p->col;
  const unsigned end = 16 * (p->col + take);
  p->count = (end < p->n ? end : p->n) - p->from;
  p->units -= take;
  p->col = 0;
  return 1;
}

/// A scale word (13 <= s <= 47) as the parameter of oct.rq.
static inline uint32_t net_rq(uint32_t scale) {
  const unsigned s = scale >> 24 & 63;
  const int32_t m = (int32_t)(scale << 8) >> 8;
  if (__builtin_expect(s < 16, 0)) return oct_rq_param(m * (1 << ((16 - s) & 3)), 16);
  return oct_rq_param(m, s);
}

#endif
