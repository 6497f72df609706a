/* SPDX-License-Identifier: Apache-2.0
   What the files of the runtime share. */
#ifndef OCT_INTERNAL_H
#define OCT_INTERNAL_H

#include "oct.h"

/* The host finds this ring by its symbol, oct_console, and drains it when CONSOLE is written.
   tail and head count bytes modulo 2^32; the program writes tail, the host head. */
#define OCT_CONSOLE_MAGIC 0x4f435443u /* "OCTC" */
#define OCT_CONSOLE_BYTES 4096u
typedef struct {
  uint32_t magic, bytes;
  volatile uint32_t head, tail;
  uint32_t reserved[12];
  char text[OCT_CONSOLE_BYTES];
} oct_console_t;
extern oct_console_t oct_console;

/* What the host passes to main; it finds the place by its symbol. Not given: argc = 0. */
typedef struct {
  int argc;
  char* argv[17];
  char text[1024 - 72];
} oct_arguments_t;
extern oct_arguments_t oct_arguments;

/* State of the runtime, in L1 because it is used in every call. */
typedef struct {
  oct_lock_t console_lock;
  oct_lock_t queue_lock;
  uint32_t tail[OCT_NUM_QUEUES];
  uint32_t units[OCT_NUM_QUEUES];
  oct_unit_t* ring[OCT_NUM_QUEUES];
  uint16_t tickets[OCT_NUM_QUEUES];
  uint32_t console_tail;
  uint32_t line_used;
  char line[64]; /* text on its way to the console, under its lock */
} oct_runtime_t;
extern oct_runtime_t oct_rt;

/* Both under the console lock. */
void oct_console_put(char c);
void oct_console_flush(void);

#endif
