/* SPDX-License-Identifier: Apache-2.0
   What the host sees: console, end of the program, errors, traps. */
#include "oct_internal.h"

OCT_L2 OCT_ALIGNED oct_console_t oct_console;
__attribute__((section(".data"))) oct_arguments_t oct_arguments;

/* L2 is ~100 cycles away and a change between loads and stores waits for all answers: the text is
   gathered in L1, room is looked up once, and the stores leave in a row. */
void oct_console_flush(void) {
  uint32_t tail = oct_rt.console_tail, bytes = oct_rt.line_used;
  oct_rt.line_used = 0;
  /* A host that does not read must not stop the machine: after a while text is dropped. */
  for (uint32_t tries = 0; tail + bytes - oct_console.head > OCT_CONSOLE_BYTES; tries++) {
    if (tries == 100000) return;
  }
  for (uint32_t i = 0; i < bytes;) {
    uint32_t place = (tail + i) % OCT_CONSOLE_BYTES;
    const char* from = &oct_rt.line[i];
    if (place % 4 == 0 && bytes - i >= 4) {
      *(uint32_t*)(void*)&oct_console.text[place] = (uint32_t)from[0] | (uint32_t)from[1] << 8 |
                                                    (uint32_t)from[2] << 16 |
                                                    (uint32_t)from[3] << 24;
      i += 4;
    } else {
      oct_console.text[place] = from[0];
      i++;
    }
  }
  oct_rt.console_tail = tail + bytes;
  oct_console.tail = tail + bytes;
  *oct_reg(OCT_REG_CONSOLE) = tail + bytes; /* after the text, by the data-bus rule */
}

void oct_console_put(char c) {
  if (oct_rt.line_used == sizeof oct_rt.line) oct_console_flush();
  oct_rt.line[oct_rt.line_used++] = c;
}

void oct_exit_now(int code) {
  for (;;) {
    *oct_reg(OCT_REG_EXIT) = OCT_EXIT_DONE | ((uint32_t)code & OCT_EXIT_CODE);
    __asm__ volatile("wfi");
  }
}

void oct_exit(int code) {
  oct_lock(&oct_rt.console_lock); /* nobody is in the middle of a line */
  oct_exit_now(code);
}

/* ---- Errors
 * -------------------------------------------------------------------------------------- */
oct_error_t oct_error(void) {
  uint32_t e = *oct_reg(OCT_REG_ERROR);
  uint32_t addr = *oct_reg(OCT_REG_ERROR_ADDR);
  oct_error_t error = {(e & OCT_ERROR_VALID) != 0, (e & OCT_ERROR_QID) >> OCT_ERROR_QID_SHIFT,
                       e & OCT_ERROR_TAG, (e & OCT_ERROR_CAUSE) >> OCT_ERROR_CAUSE_SHIFT, addr};
  return error;
}

void oct_error_clear(void) {
  *oct_reg(OCT_REG_ERROR_CLEAR) = 1;
  while (*oct_reg(OCT_REG_STATUS) & OCT_STATUS_CLEARING) {
  }
  /* HEAD := TAIL in the rings; what was appended without a doorbell is forgotten, tickets restart
     with the semaphores. */
  for (unsigned q = 0; q < OCT_NUM_QUEUES; q++) {
    oct_rt.tail[q] = *oct_reg(OCT_REG_QUEUE_TAIL(q));
    oct_rt.tickets[q] = 0;
  }
}

/* ---- Traps
 * --------------------------------------------------------------------------------------- */
static const char* cause_name(uint32_t cause) {
  switch (cause) {
    case 0:
      return "misaligned fetch";
    case 1:
      return "fetch from unmapped memory";
    case 2:
      return "illegal instruction";
    case 3:
      return "breakpoint";
    case 4:
      return "misaligned load";
    case 5:
      return "load from unmapped memory";
    case 6:
      return "misaligned store";
    case 7:
      return "store to unmapped memory";
    case 11:
      return "environment call";
    case 0x80000003:
      return "software interrupt";
    case 0x80000007:
      return "timer interrupt";
    case 0x80000000 + OCT_IRQ_BUS_ERROR:
      return "bus error";
    default:
      return "trap";
  }
}

__attribute__((weak)) void oct_trap(oct_trap_frame_t* frame) {
  uint32_t tval = frame->tval;
  if (frame->cause == 0x80000000u + OCT_IRQ_BUS_ERROR) {
    __asm__ volatile("csrr %0, 0x7c1" : "=r"(tval)); /* OCT_CSR_BUS_ERROR_ADDR */
  }
  /* The lock may be held by the code that trapped here. */
  oct_rt.console_lock.taken = 0;
  oct_rt.line_used = 0;
  printf("hart %u: %s: mcause 0x%08x mepc 0x%08x mtval 0x%08x\n", oct_hart_id(),
         cause_name(frame->cause), (unsigned)frame->cause, (unsigned)frame->epc, (unsigned)tval);
  oct_exit_now(OCT_EXIT_TRAP + (int)(frame->cause & 31) + (frame->cause >> 31 ? 32 : 0));
}
