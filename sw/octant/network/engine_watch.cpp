// SPDX-License-Identifier: Apache-2.0
#include "network/engine_watch.hpp"

namespace octant {

EngineWatch::EngineWatch() {
  // Bits as the counters of oct_attn_regs: docs/architecture/engine.md.
  constexpr unsigned kActive = 1, kFirst = 2, kWaits = 0x3c, kRefused = 0x80, kHead = 0x100;
  for (unsigned bits = 0; bits < states_.size(); ++bits) {
    EngineState s = EngineState::kNoSlot;
    if ((bits & kActive) == 0) {
      s = (bits & kHead) != 0 ? EngineState::kQueued : EngineState::kEmpty;
    } else if ((bits & kWaits) != 0 && (bits & kRefused) != 0) {
      s = EngineState::kRefused;
    } else {
      for (unsigned i = 0; i < 5; ++i) {  // computing and four waits
        if ((bits & kFirst << i) != 0) {
          s = static_cast<EngineState>(i);
          break;
        }
      }
    }
    states_[bits] = static_cast<std::uint8_t>(s);
  }
}

}  // namespace octant
