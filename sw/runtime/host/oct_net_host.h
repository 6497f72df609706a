/* SPDX-License-Identifier: Apache-2.0
   oct_net_host.h: what oct_net_run.h needs of the machine, on a host: the C of a network runs there
   against a machine of golden functions (sw/compiler/emit/host.cpp). Addresses of L2 are those of
   the device, so the host keeps L2 there; functions are numbers, OCT_PLACE_<name>, since an address
   of the host does not fit a descriptor. */
#ifndef OCT_NET_HOST_H
#define OCT_NET_HOST_H

#include <stdint.h>

#include "oct_config.h"
#include "oct_hw.h"
#include "oct_queue.h"
#include "oct_regs.h"

#define OCT_L2
#define OCT_ALIGNED __attribute__((aligned(64)))
#define OCT_NET_FUNCTION(f) OCT_PLACE_##f
/* What it would say comes as an exception. */
#define printf(...) ((void)0)

/* The machine on the other side. A look at a register lets it go on before and says where the value
   stands; what is written there counts from the next look on. */
typedef struct {
  void* self;
  volatile uint32_t* (*reg)(void* self, uint32_t offset);
  volatile uint32_t* (*eu)(void* self, uint32_t offset);
} oct_net_host_t;
extern oct_net_host_t oct_net_host;

static inline volatile uint32_t* oct_reg(uint32_t offset) {
  return oct_net_host.reg(oct_net_host.self, offset);
}
static inline volatile uint32_t* oct_eu(uint32_t offset) {
  return oct_net_host.eu(oct_net_host.self, offset);
}
static inline uint32_t oct_cycles(void) { return 0; }

#endif
