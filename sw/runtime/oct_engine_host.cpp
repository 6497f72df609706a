// SPDX-License-Identifier: Apache-2.0
// Calls of the attention engine on a host: the golden model, at once, in one image of L1. Parameter
// registers are those of oct_preg_write; semaphores of a descriptor are not looked at.
#include <array>
#include <vector>

#include "engine.hpp"
#include "oct_engine.h"

namespace {

namespace golden = oct::golden::engine;

struct Host {
  alignas(64) std::array<std::uint8_t, OCT_L1_BYTES> l1{};
  std::array<std::uint32_t, OCT_NUM_PREGS> pregs{};
  std::uint16_t ticket = 0;
  oct_error_t error{};
};

// What a device has once, a host has once.
Host& host() {
  static Host instance;
  return instance;
}

void modify(golden::Descriptor& d) {
  for (unsigned i = 28; i < 32; ++i) {
    const std::uint32_t m = d.w[i];
    const unsigned word = m >> 16 & 31, preg = m >> 21 & 15;
    if ((m >> 31) == 0 || word < 4 || word > 27) continue;
    d.w[word] += host().pregs.at(preg) * static_cast<std::uint32_t>(static_cast<std::int16_t>(m));
  }
}

}  // namespace

extern "C" {

uint8_t* oct_l1(void) { return host().l1.data(); }

void oct_preg_write(unsigned preg, uint32_t value) { host().pregs.at(preg) = value; }

uint16_t oct_engine_start(const oct_engine_desc_t* d) {
  golden::Descriptor copy;
  for (unsigned i = 0; i < 32; ++i) copy.w[i] = d->unit[i / 16].w[i % 16];
  modify(copy);
  const golden::JobResult result = golden::run_engine_job(host().l1, copy);
  oct_error_t& error = host().error;
  if (result.cause != golden::Cause::kNone && error.valid == 0) {
    error = {1, OCT_QUEUE_ENGINE, copy.w[0] >> 16, static_cast<unsigned>(result.cause),
             result.addr};
  }
  return ++host().ticket;
}

// Like on the device a failure holds until it is cleared.
int oct_engine_wait(uint16_t) { return host().error.valid != 0 ? -1 : 0; }
oct_error_t oct_error(void) { return host().error; }
void oct_error_clear(void) { host().error = {}; }

uint16_t oct_gemm_start(const oct_gemm_t* g) {
  const oct_engine_desc_t d = oct_desc_gemm(0, g);
  return oct_engine_start(&d);
}
uint16_t oct_attention_start(const oct_attn_t* a) {
  const oct_engine_desc_t d = oct_desc_attention(0, a);
  return oct_engine_start(&d);
}
int oct_gemm(const oct_gemm_t* g) { return oct_engine_wait(oct_gemm_start(g)); }
int oct_attention(const oct_attn_t* a) { return oct_engine_wait(oct_attention_start(a)); }

}  // extern "C"
