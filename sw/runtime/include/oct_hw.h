/* SPDX-License-Identifier: Apache-2.0
   What software needs of the machine beside the generated headers: event unit, exit codes. For C
   and assembler. Described in docs/architecture/queues.md and docs/guide/running_programs.md. */
#ifndef OCT_HW_H
#define OCT_HW_H

/* Event unit: offsets from OCT_EU_BASE. */
#define OCT_EU_CORE_ID 0x000
#define OCT_EU_EVT_MASK 0x008
#define OCT_EU_EVT_PENDING 0x00c
#define OCT_EU_EVT_CLEAR 0x010
#define OCT_EU_EVT_WAIT 0x014
#define OCT_EU_EVT_SEND 0x018
#define OCT_EU_JOB_FUNC 0x020
#define OCT_EU_JOB_ARG 0x024
#define OCT_EU_JOB_RANK 0x028
#define OCT_EU_JOB_DONE 0x02c
#define OCT_EU_BARRIER_MASK 0x100 /* + 8 * barrier */
#define OCT_EU_BARRIER_WAIT 0x104

/* Events. */
#define OCT_EVT_SOFT(i) (1u << (i))
#define OCT_EVT_QUEUE_EMPTY(q) (1u << (8 + (q)))
#define OCT_EVT_ERROR (1u << 16)
#define OCT_EVT_DOORBELL (1u << 17)
#define OCT_EVT_TIMER (1u << 18)

/* Machine interrupts beside the standard ones, and the CSR with the address of a bus error. */
#define OCT_IRQ_BUS_ERROR 24
#define OCT_CSR_BUS_ERROR_ADDR 0x7c1

/* Trap frame: epc at 0 (x0 has no place), x1..x31, mcause, mtval, mstatus. */
#define OCT_TRAP_FRAME_BYTES 144
#define OCT_TRAP_STACK_LOG2 10

/* Exit codes beside those of the program itself. */
#define OCT_EXIT_DOUBLE_FAULT 127 /* a trap inside the trap handler */
#define OCT_EXIT_TRAP 128         /* + mcause (exception), + 32 + number (interrupt) */

#endif
