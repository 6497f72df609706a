/* SPDX-License-Identifier: Apache-2.0
   The runtime's functions that oct_net_run.c calls, on a host. */
#include "oct_net_host.h"

oct_net_host_t oct_net_host;

uint32_t oct_sem_read(unsigned sem) { return *oct_reg(OCT_REG_SEM(sem)); }

oct_error_t oct_error(void) {
  const uint32_t e = *oct_reg(OCT_REG_ERROR);
  const oct_error_t error = {(e & OCT_ERROR_VALID) != 0, (e & OCT_ERROR_QID) >> OCT_ERROR_QID_SHIFT,
                             e & OCT_ERROR_TAG, (e & OCT_ERROR_CAUSE) >> OCT_ERROR_CAUSE_SHIFT,
                             *oct_reg(OCT_REG_ERROR_ADDR)};
  return error;
}

void oct_error_clear(void) { *oct_reg(OCT_REG_ERROR_CLEAR) = 1; }
