// SPDX-License-Identifier: Apache-2.0
// What the engine does, cycle by cycle, seen through the back door: each cycle has one state.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "harness/back_door.hpp"

namespace octant {

enum class EngineState : std::uint8_t {
  kComputing,
  kWaitX,
  kWaitW,
  kWaitAcc,
  kWaitP,
  kRefused,  ///< one of the four waits, while L1 refused a port
  kNoSlot,
  kQueued,  ///< no job under way, a descriptor at the queue's head
  kEmpty,   ///< neither
  kCount
};
using EngineCycles = std::array<std::uint32_t, static_cast<std::size_t>(EngineState::kCount)>;

class EngineWatch {
 public:
  EngineWatch();
  void attach(const tb::BackDoor& door) {
    steps_ = door.engine;
    head_ = door.heads.at(0);
  }
  /// Behind every clock cycle.
  void tick() { ++cycles_[states_[(*steps_ & 0xffU) | (*head_ != 0 ? 0x100U : 0)]]; }
  /// Cycles since the last call.
  [[nodiscard]] EngineCycles take() { return std::exchange(cycles_, {}); }

 private:
  const std::uint16_t* steps_ = nullptr;
  const std::uint8_t* head_ = nullptr;
  std::array<std::uint8_t, 512> states_{};  // by counters of the engine and the queue's head
  EngineCycles cycles_{};
};

}  // namespace octant
