// SPDX-License-Identifier: Apache-2.0
// L2 -> L1 -> L2 by DMA, plain, 2-D and unaligned, checked word by word or byte by byte.
#include "oct.h"

#define BYTES 4096u

static OCT_L2 OCT_ALIGNED uint32_t source[BYTES / 4], sink[BYTES / 4];
static OCT_L1 OCT_ALIGNED uint32_t buffer[BYTES / 4];

static uint32_t pattern(uint32_t i) { return i * 0x9e3779b9u ^ 0x5a5a1234u; }

static int plain(void) {
  for (uint32_t i = 0; i < BYTES / 4; i++) {
    source[i] = pattern(i);
    buffer[i] = 0;
  }
  uint32_t start = oct_cycles();
  if (oct_dma_in_wait(oct_dma_in(buffer, source, BYTES)) != 0) return 1;
  uint32_t in = oct_cycles() - start;
  for (uint32_t i = 0; i < BYTES / 4; i++) {
    if (buffer[i] != pattern(i)) {
      printf("dma in: word %u is %08x, not %08x\n", (unsigned)i, (unsigned)buffer[i],
             (unsigned)pattern(i));
      return 2;
    }
    buffer[i] = ~buffer[i];
  }
  start = oct_cycles();
  if (oct_dma_out_wait(oct_dma_out(sink, buffer, BYTES)) != 0) return 3;
  uint32_t out = oct_cycles() - start;
  for (uint32_t i = 0; i < BYTES / 4; i++) {
    if (sink[i] != ~pattern(i)) {
      printf("dma out: word %u is %08x, not %08x\n", (unsigned)i, (unsigned)sink[i],
             (unsigned)~pattern(i));
      return 4;
    }
  }
  printf("dma: %u bytes in %u cycles in, %u out\n", BYTES, (unsigned)in, (unsigned)out);
  return 0;
}

// Rows of odd length at odd places, strides in both memories; what lies between stays.
static int rows(void) {
  const uint8_t* from = (const uint8_t*)source;
  uint8_t* to = (uint8_t*)buffer;
  for (uint32_t i = 0; i < 1024; i++) to[i] = 0xee;
  if (oct_dma_in_wait(oct_dma_in_2d(to + 3, from + 5, 37, 9, 50, 101)) != 0) return 5;
  for (uint32_t i = 0; i < 1024; i++) {
    uint32_t row = i >= 3 ? (i - 3) / 50 : 9, column = i >= 3 ? (i - 3) % 50 : 0;
    uint8_t want = row < 9 && column < 37 ? from[5 + row * 101 + column] : 0xee;
    if (to[i] != want) {
      printf("dma rows: byte %u is %02x, not %02x\n", (unsigned)i, to[i], want);
      return 6;
    }
  }
  return 0;
}

int main(void) {
  int status = plain();
  return status != 0 ? status : rows();
}
