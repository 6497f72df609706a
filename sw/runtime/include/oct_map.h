/* SPDX-License-Identifier: Apache-2.0
   Register offsets (from OCT_REG_BASE) that the runtime uses. */
#ifndef OCT_MAP_H
#define OCT_MAP_H

#define OCT_REG_STATUS 0x001c
#define OCT_STATUS_CLEARING (1u << 4)
#define OCT_REG_ERROR 0x0030 /* valid[31] queue[30:28] cause[23:16] tag[15:0] */
#define OCT_REG_ERROR_ADDR 0x0034
#define OCT_REG_ERROR_CLEAR 0x0038
#define OCT_REG_EXIT 0x0080
#define OCT_REG_CONSOLE 0x0084

#define OCT_REG_QUEUE(q) (0x1000 + 0x40 * (q))
#define OCT_QUEUE_BASE 0x00
#define OCT_QUEUE_SIZE 0x04
#define OCT_QUEUE_HEAD 0x08
#define OCT_QUEUE_TAIL 0x0c
#define OCT_QUEUE_STATUS 0x10
#define OCT_QUEUE_STATUS_BUSY 1u

#define OCT_REG_SEM 0x1400
#define OCT_REG_SEM_ADD 0x1500
#define OCT_REG_PREG 0x1600
#define OCT_REG_SEM_POISON 0x1680
#define OCT_REG_SEM_CLEAR 0x1688

#endif
