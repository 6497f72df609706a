/* SPDX-License-Identifier: Apache-2.0
   The attention engine: descriptors and calls. docs/architecture/engine.md has the fields, the bits
   of every result are in engine_arithmetic.md.

   On the device jobs go to the engine's queue. On a host the same calls run the golden model at
   once (link oct_engine_host); there oct_l1() is the memory that all addresses lie in. */
#ifndef OCT_ENGINE_H
#define OCT_ENGINE_H

#include <stdint.h>

#include "oct_queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Scales ------------------------------------------------------------------------------------
   m * 2^-s, as a word: m[23:0] signed, s[29:24]. */
#define OCT_SCALE(m, s) (((uint32_t)(m) & 0xffffffu) | (uint32_t)(s) << 24)

/* One channel of the parameter planes. u of the epilogue has 14 bits below one step of the output.
 */
typedef struct {
  int32_t bias;
  uint32_t m1;
} oct_plane_a_t;
typedef struct {
  uint32_t m2;
  int32_t b2;
} oct_plane_b_t;
typedef uint32_t oct_plane_c_t; /* m0 */
/* One head. */
typedef struct {
  uint32_t mq, mo;
} oct_head_t;

/* ---- Jobs: what is 0 or not mentioned is off. Pointers are to L1, strides in bytes --------------
 */
typedef struct {
  const volatile void* p;
  int32_t stride; /* between rows */
  int32_t batch;  /* between the products of a batch, or heads */
} oct_operand_t;
typedef struct {
  volatile void* p;
  int32_t stride;
  int32_t batch;
} oct_result_t;

enum { OCT_RESIDUAL_NONE = 0, OCT_RESIDUAL_ADD = 1, OCT_RESIDUAL_MUL = 2 };

/* C[m][n] = epilogue(A[m][k] B[k][n]) */
typedef struct {
  unsigned m, n, k;
  unsigned batch;   /* 0 and 1: one product */
  oct_operand_t a;  /* [m][k] */
  unsigned segment; /* rows of A in pieces of this many bytes ... */
  int32_t piece;    /* ... this far apart */
  oct_operand_t b;  /* [n][k], or */
  int b_kn;         /* [k][n] */
  oct_result_t c;   /* [m][n], or */
  int c_trans;      /* [n][m] */
  int c16;          /* INT16 */
  oct_operand_t r;  /* residual [m][n] */
  int residual;     /* OCT_RESIDUAL_* */
  int r16;          /* INT16 */
  int relu;
  int affine; /* plane B without a residual */
  const volatile oct_plane_a_t* plane_a;
  const volatile oct_plane_b_t* plane_b;
  const volatile oct_plane_c_t* plane_c; /* with a table */
  int32_t plane_batch;                   /* bytes between planes A and B of two products */
  const volatile int8_t* table;          /* 256 entries, that of -128 first */
  int lo, hi;                            /* both 0: the whole range */
} oct_gemm_t;

/* O = softmax(Q K^T) V */
typedef struct {
  unsigned sq, sk, d, dv;
  unsigned heads;  /* 0 and 1: one */
  unsigned group;  /* query heads that share keys and values */
  oct_operand_t q; /* [sq][d] */
  oct_operand_t k; /* [sk][d] */
  oct_operand_t v; /* transposed: [dv][sk] */
  oct_result_t o;  /* [sq][dv] */
  const volatile oct_head_t* params;
  int causal;                    /* key j is visible to query i when j <= i + offset */
  int32_t offset;                /* also where the window ends */
  unsigned window;               /* keys; 0: all */
  const volatile uint64_t* mask; /* bit j: key j is visible */
  volatile void* state;          /* carries on along the keys: OCT_ATTN_STATE_BYTES per head */
  int more_before, more_after;   /* this job is not the first, not the last of its queries */
} oct_attn_t;

#define OCT_ATTN_STATE_BYTES(sq, dv) \
  ((((uint32_t)(sq) + 15u) / 16u * 16u * (((uint32_t)(dv) + 1u) / 2u * 8u + 8u) + 63u) / 64u * 64u)

#ifdef __riscv
static inline uint32_t oct_engine_address(const volatile void* p) {
  return p == 0 ? 0 : OCT_L1_OFFSET(p);
}
#else
/* The host's L1. */
uint8_t* oct_l1(void);
static inline uint32_t oct_engine_address(const volatile void* p) {
  return p == 0 ? 0 : (uint32_t)((const volatile uint8_t*)p - oct_l1());
}
#endif

/* An engine descriptor: waits, signals and parameter modifiers are added like to any other. */
typedef struct {
  oct_unit_t unit[2];
} oct_engine_desc_t;

static inline void oct_engine_word(oct_engine_desc_t* d, unsigned word, uint32_t value) {
  d->unit[word / 16].w[word % 16] = value;
}
static inline void oct_engine_place(oct_engine_desc_t* d, unsigned word, const volatile void* p,
                                    int32_t stride) {
  oct_engine_word(d, word, oct_engine_address(p));
  oct_engine_word(d, word + 1, (uint32_t)stride);
}
/* Modifier `slot` (0..3): word += preg * scale, before the job starts. */
static inline void oct_engine_modify(oct_engine_desc_t* d, unsigned slot, unsigned preg,
                                     unsigned word, int scale) {
  oct_engine_word(d, 28 + slot, OCT_DESC_MODIFY(preg, word, scale));
}

static inline oct_engine_desc_t oct_desc_gemm(unsigned tag, const oct_gemm_t* g) {
  oct_engine_desc_t d = {{{{0}}, {{0}}}};
  int lo = g->lo, hi = g->hi;
  if (lo == 0 && hi == 0) {
    lo = g->c16 ? -32768 : -128;
    hi = g->c16 ? 32767 : 127;
  }
  oct_engine_word(&d, 0, OCT_DESC_HEAD(OCT_OP_GEMM, tag) | OCT_DESC_TWO_UNITS);
  oct_engine_word(&d, 4,
                  (g->b_kn ? 1u : 0u) | (g->c_trans ? 2u : 0u) | (g->c16 ? 4u : 0u) |
                      (g->r16 ? 8u : 0u) | (uint32_t)g->residual << 4 | (g->table ? 1u << 6 : 0u) |
                      (g->relu ? 1u << 7 : 0u) | (g->affine ? 1u << 8 : 0u));
  oct_engine_word(&d, 5, (uint32_t)g->m | (uint32_t)g->n << 16);
  oct_engine_word(&d, 6, (uint32_t)g->k | (uint32_t)g->segment << 16);
  oct_engine_place(&d, 7, g->a.p, g->a.stride);
  oct_engine_place(&d, 9, g->b.p, g->b.stride);
  oct_engine_place(&d, 11, g->c.p, g->c.stride);
  oct_engine_place(&d, 13, g->r.p, g->r.stride);
  oct_engine_word(&d, 15, oct_engine_address(g->plane_a));
  oct_engine_word(&d, 16, oct_engine_address(g->plane_b));
  oct_engine_word(&d, 17, oct_engine_address(g->plane_c));
  oct_engine_word(&d, 18, oct_engine_address(g->table));
  oct_engine_word(&d, 19, ((uint32_t)lo & 0xffffu) | (uint32_t)hi << 16);
  oct_engine_word(&d, 20, g->batch);
  oct_engine_word(&d, 21, (uint32_t)g->piece);
  oct_engine_word(&d, 22, (uint32_t)g->a.batch);
  oct_engine_word(&d, 23, (uint32_t)g->b.batch);
  oct_engine_word(&d, 24, (uint32_t)g->c.batch);
  oct_engine_word(&d, 25, (uint32_t)g->r.batch);
  oct_engine_word(&d, 26, (uint32_t)g->plane_batch);
  return d;
}

static inline oct_engine_desc_t oct_desc_attention(unsigned tag, const oct_attn_t* a) {
  oct_engine_desc_t d = {{{{0}}, {{0}}}};
  oct_engine_word(&d, 0, OCT_DESC_HEAD(OCT_OP_ATTN, tag) | OCT_DESC_TWO_UNITS);
  oct_engine_word(&d, 4,
                  (a->causal ? 1u : 0u) | (a->mask ? 2u : 0u) | (a->more_before ? 0u : 4u) |
                      (a->more_after ? 0u : 8u));
  oct_engine_word(&d, 5, (uint32_t)a->sq | (uint32_t)a->sk << 16);
  oct_engine_word(&d, 6,
                  (uint32_t)a->d | (uint32_t)a->dv << 8 |
                      (uint32_t)(a->heads == 0 ? 1 : a->heads) << 16 | (uint32_t)a->group << 24);
  oct_engine_place(&d, 7, a->q.p, a->q.stride);
  oct_engine_place(&d, 9, a->k.p, a->k.stride);
  oct_engine_place(&d, 11, a->v.p, a->v.stride);
  oct_engine_place(&d, 13, a->o.p, a->o.stride);
  oct_engine_word(&d, 15, oct_engine_address(a->params));
  oct_engine_word(&d, 16, oct_engine_address(a->mask));
  oct_engine_word(&d, 17, oct_engine_address(a->state));
  oct_engine_word(&d, 18, (uint32_t)a->offset);
  oct_engine_word(&d, 19, a->window);
  oct_engine_word(&d, 20, (uint32_t)a->q.batch);
  oct_engine_word(&d, 21, (uint32_t)a->k.batch);
  oct_engine_word(&d, 22, (uint32_t)a->v.batch);
  oct_engine_word(&d, 23, (uint32_t)a->o.batch);
  return d;
}

/* ---- Calls -------------------------------------------------------------------------------------
   Start a job; the ticket is for oct_engine_wait. Jobs of the queue overlap: one that reads what an
   earlier one writes waits for it here or by a semaphore of its descriptor. */
uint16_t oct_engine_start(const oct_engine_desc_t* d);
uint16_t oct_gemm_start(const oct_gemm_t* g);
uint16_t oct_attention_start(const oct_attn_t* a);
/* 0 once the ticket's job has ended well, -1 if it or one before it failed (oct_error). */
int oct_engine_wait(uint16_t ticket);
/* Both at once. */
int oct_gemm(const oct_gemm_t* g);
int oct_attention(const oct_attn_t* a);

#ifdef __cplusplus
}
#endif
#endif
