/* SPDX-License-Identifier: Apache-2.0
   Calls of the attention engine on the device. */
#include "oct_engine.h"

#include "oct_internal.h"

uint16_t oct_engine_start(const oct_engine_desc_t* d) {
  oct_engine_desc_t copy = *d;
  oct_lock(&oct_rt.queue_lock);
  uint16_t ticket = oct_queue_ticket(OCT_QUEUE_ENGINE, copy.unit);
  oct_queue_push(OCT_QUEUE_ENGINE, copy.unit, 2);
  oct_unlock(&oct_rt.queue_lock);
  return ticket;
}

uint16_t oct_gemm_start(const oct_gemm_t* g) {
  oct_engine_desc_t d = oct_desc_gemm(0, g);
  return oct_engine_start(&d);
}
uint16_t oct_attention_start(const oct_attn_t* a) {
  oct_engine_desc_t d = oct_desc_attention(0, a);
  return oct_engine_start(&d);
}
int oct_engine_wait(uint16_t ticket) { return oct_queue_wait(OCT_QUEUE_ENGINE, ticket); }

int oct_gemm(const oct_gemm_t* g) { return oct_engine_wait(oct_gemm_start(g)); }
int oct_attention(const oct_attn_t* a) { return oct_engine_wait(oct_attention_start(a)); }
