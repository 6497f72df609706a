// SPDX-License-Identifier: Apache-2.0
// The kernels of the marks on all workers, operands in L1: every result is compared with the golden
// model's, the second of two runs (caches warm) is timed from the first worker's start to the last
// one's end. Prints `bench: <case> <units of work> <cycles>`; exit code: kernels that were wrong.
#include "kernels_data.h"
#include "oct.h"
#include "oct_kernels.h"

// What fits: 32 rows where L1 has 128 KiB, else fewer.
#define USED_ROWS (OCT_L1_BYTES >= 131072 ? ROWS : OCT_L1_BYTES >= 65536 ? ROWS / 2 : ROWS / 8)

static OCT_L1 OCT_ALIGNED union {
  struct {
    int8_t a[SIZE * SIZE], bt[SIZE * SIZE];
    int32_t bias[SIZE];
    uint32_t rq[SIZE];
    int32_t c[SIZE * (OCT_L1_BYTES >= 65536 ? SIZE : SIZE / 4)];
  } mm;
  struct {
    int8_t a[USED_ROWS * WIDTH], b[USED_ROWS * WIDTH], y[USED_ROWS * WIDTH];
  } add;
  struct {
    int16_t gamma[WIDTH], beta[WIDTH];
    int16_t x[USED_ROWS * WIDTH];
    int8_t y[USED_ROWS * WIDTH];
  } ln;
} l1;
static OCT_L1 uint32_t started[OCT_NUM_WORKERS], ended[OCT_NUM_WORKERS];
static OCT_L1 oct_layernorm_t ln16, ln8;

#define MM_ROWS (sizeof l1.mm.c / 4 / SIZE)

static void mm_i32(unsigned rank, unsigned size) {
  oct_matmul_i8_i32(l1.mm.a, l1.mm.bt, l1.mm.c, MM_ROWS, SIZE, SIZE, rank, size);
}
static void mm_i8(unsigned rank, unsigned size) {
  oct_matmul_i8_i8(l1.mm.a, l1.mm.bt, l1.mm.bias, l1.mm.rq, (int8_t*)l1.mm.c, MM_ROWS, SIZE, SIZE,
                   rank, size);
}
static void add_i8(unsigned rank, unsigned size) {
  oct_add_i8(l1.add.a, l1.add.b, l1.add.y, sizeof l1.add.y, ADD_ARQ, rank, size);
}
static void ln_i16(unsigned rank, unsigned size) {
  oct_layernorm_i16_i8(l1.ln.x, l1.ln.y, USED_ROWS, &ln16, rank, size);
}
static void ln_i8(unsigned rank, unsigned size) {
  oct_layernorm_i8_i8((int8_t*)l1.ln.x, l1.ln.y, USED_ROWS, &ln8, rank, size);
}

static int job(void* arg, unsigned rank, unsigned count) {
  void (*kernel)(unsigned, unsigned) = (void (*)(unsigned, unsigned))arg;
  for (unsigned turn = 0; turn < 2; turn++) {
    oct_barrier(OCT_BARRIER_WORKERS);
    started[rank] = oct_cycles();
    kernel(rank, count);
    __asm__ volatile("fence" ::: "memory");
    ended[rank] = oct_cycles();
  }
  return 0;
}

static void fetch(void* l1_address, const void* l2, uint32_t bytes) {
  if (oct_dma_in_wait(oct_dma_in(l1_address, l2, bytes)) != 0) oct_exit(100);
}

// Runs a kernel; 1 if any of `bytes` differs from what the golden model says.
static int run(const char* name, void (*kernel)(unsigned, unsigned), uint32_t work, const void* got,
               const void* want, uint32_t bytes) {
  if (oct_parallel(job, (void*)kernel) != 0) oct_exit(101);
  uint32_t first = started[0], last = ended[0], wrong = 0;
  for (unsigned i = 1; i < OCT_NUM_WORKERS; i++) {
    if ((int32_t)(started[i] - first) < 0) first = started[i];
    if ((int32_t)(ended[i] - last) > 0) last = ended[i];
  }
  for (uint32_t i = 0; i < bytes / 4; i++) {
    wrong += ((const uint32_t*)got)[i] != ((const uint32_t*)want)[i];
  }
  printf("bench: %s %u %u\n", name, (unsigned)work, (unsigned)(last - first));
  if (wrong != 0) printf("%s: %u words differ from the golden model\n", name, (unsigned)wrong);
  return wrong != 0;
}

int main(void) {
  int bad = 0;
  fetch(l1.mm.a, mm_a, sizeof mm_a);
  fetch(l1.mm.bt, mm_bt, sizeof mm_bt);
  fetch(l1.mm.bias, mm_bias, sizeof mm_bias);
  fetch(l1.mm.rq, mm_rq, sizeof mm_rq);
  bad += run("matmul-i32", mm_i32, MM_ROWS * SIZE * SIZE, l1.mm.c, mm_c, sizeof l1.mm.c);
  bad += run("matmul-i8", mm_i8, MM_ROWS * SIZE * SIZE, l1.mm.c, mm_y, MM_ROWS * SIZE);

  fetch(l1.add.a, add_a, sizeof l1.add.a);
  fetch(l1.add.b, add_b, sizeof l1.add.b);
  bad += run("residual-add", add_i8, sizeof l1.add.y, l1.add.y, add_y, sizeof l1.add.y);

  ln16 = (oct_layernorm_t){WIDTH, LN_PRE, LN_FRAC, LN_EPS, l1.ln.gamma, l1.ln.beta};
  ln8 = ln16;
  ln8.pre = 0;
  fetch(l1.ln.gamma, ln_gamma, sizeof ln_gamma);
  fetch(l1.ln.beta, ln_beta, sizeof ln_beta);
  fetch(l1.ln.x, ln_x16, sizeof l1.ln.x);
  bad += run("layernorm-i16", ln_i16, sizeof l1.ln.y, l1.ln.y, ln_y16, sizeof l1.ln.y);
  fetch(l1.ln.x, ln_x8, sizeof l1.ln.y);
  bad += run("layernorm-i8", ln_i8, sizeof l1.ln.y, l1.ln.y, ln_y8, sizeof l1.ln.y);
  return bad;
}
