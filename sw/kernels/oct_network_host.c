// SPDX-License-Identifier: Apache-2.0
// Device addresses on the host.
#include <stdio.h>
#include <stdlib.h>

#include "oct_network.h"

static _Thread_local struct {
  uint32_t address, bytes;
  uint8_t* memory;
} regions[4];

void oct_net_map(unsigned slot, uint32_t address, uint32_t bytes, void* memory) {
  regions[slot % 4].address = address;
  regions[slot % 4].bytes = bytes;
  regions[slot % 4].memory = memory;
}

void* oct_net_memory(uint32_t address) {
  for (unsigned i = 0; i < 4; ++i) {
    if (address - regions[i].address < regions[i].bytes) {
      return regions[i].memory + (address - regions[i].address);
    }
  }
  // One behind the end: rows of no element.
  for (unsigned i = 0; i < 4; ++i) {
    if (regions[i].bytes != 0 && address - regions[i].address == regions[i].bytes) {
      return regions[i].memory + regions[i].bytes;
    }
  }
  fprintf(stderr, "oct_net_memory: nothing is mapped at %#x; call oct_net_map first\n",
          (unsigned)address);
  abort();
}
