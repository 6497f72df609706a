// SPDX-License-Identifier: Apache-2.0
// Offsets and fields of rtl/periph/oct_regs.rdl that the host uses, as AXI4-Lite addresses.
#pragma once

#include <cstdint>

namespace tb::regs {

// L1 through AXI4-Lite.
inline constexpr std::uint32_t kL1Window = 0x10'0000;

inline constexpr std::uint32_t kRun = 0x0010;  // a bit per core
inline constexpr std::uint32_t kBootAddr = 0x0014;
inline constexpr std::uint32_t kAbort = 0x0018;
inline constexpr std::uint32_t kStatus = 0x001c;
inline constexpr std::uint32_t kStatusAborting = 1, kStatusAborted = 2;
inline constexpr std::uint32_t kIrqEnable = 0x0020;
inline constexpr std::uint32_t kIrqPending = 0x0024;  // write 1 to clear
inline constexpr std::uint32_t kIrqExit = 1, kIrqConsole = 2, kIrqError = 4, kIrqLate = 0x20;
inline constexpr std::uint32_t kError = 0x0030;  // valid[31] queue[30:28] cause[23:16] tag[15:0]
inline constexpr std::uint32_t kErrorAddr = 0x0034;
inline constexpr std::uint32_t kAbortBusy = 0x003c;
inline constexpr std::uint32_t kIcacheFlush = 0x0048;
inline constexpr std::uint32_t kExit = 0x0080;
inline constexpr std::uint32_t kConsole = 0x0084;
inline constexpr std::uint32_t kSnapshot = 0x0200;
inline constexpr std::uint32_t kCounters = 0x0240;  // + 8 * counter: low, high
inline constexpr std::uint32_t kNumCounters = 16;
inline constexpr std::uint32_t kCoreStatus = 0x0300;  // + 16 * core: state, pc, address
inline constexpr std::uint32_t kCoreStride = 16;

inline constexpr std::uint32_t kQueues = 0x1000, kQueueStride = 0x40;
inline constexpr std::uint32_t kQueueHead = 0x08, kQueueTail = 0x0c, kQueueStatus = 0x10,
                               kQueueTag = 0x14, kQueueWant = 0x18;
inline constexpr std::uint32_t kSem = 0x1400;

}  // namespace tb::regs
