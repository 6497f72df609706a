// SPDX-License-Identifier: Apache-2.0
// Generated from rtl/config/octant.yaml by scripts/gen_config.py; do not edit.
#ifndef OCT_CONFIG_H
#define OCT_CONFIG_H

#define OCT_CONFIG_NAME "octant"
#define OCT_NUM_WORKERS            8            // worker cores
#define OCT_NUM_CORES              9            // workers and the controller
#define OCT_HART_ID_BASE           0            // hart id of worker 0
#define OCT_L1_BASE                0x10000000   // first address of L1
#define OCT_L1_BYTES               0x00020000   // size of L1
#define OCT_NUM_BANKS              32           // banks of 64 bits in L1
#define OCT_BANK_WORDS             512          // 64-bit words per bank
#define OCT_ICACHE_BYTES           8192         // shared instruction cache
#define OCT_ICACHE_WAYS            4            // ways of the instruction cache
#define OCT_L0_LINES               8            // lines buffered per core
#define OCT_ENGINE_MACS            1024         // INT8 products per cycle
#define OCT_ENGINE_PORTS           16           // 64-bit L1 ports of the engine
#define OCT_DMA_BURST_BEATS        16           // 64-byte beats per AXI burst
#define OCT_DMA_OUTSTANDING        16           // bursts in flight per direction
#define OCT_QUEUE_UNITS            8            // 64-byte units on chip per work queue
#define OCT_NUM_SEMS               64           // hardware semaphores
#define OCT_NUM_PREGS              16           // registers that descriptors may name
#define OCT_NUM_BARRIERS           8            // barriers in the event unit
#define OCT_REG_BASE               0x20000000   // control and status registers
#define OCT_EU_BASE                0x30000000   // event unit
#define OCT_L2_BASE                0x80000000   // first address of the outside memory
#define OCT_L2_BYTES               0x04000000   // size of the outside memory
#define OCT_BOOT_ADDR              0x80000000   // first instruction of every hart
#define OCT_WORKER_STACK_BYTES     1024         // stack of a worker, in L1
#define OCT_CONTROLLER_STACK_BYTES 4096         // stack of the controller, in L1
#define OCT_AXI_TIMEOUT            100000       // reset value of the bus time-out register

#endif
