// SPDX-License-Identifier: Apache-2.0
// Registers as the host sees them: AXI4-Lite addresses, from the generated header.
#pragma once

#include <cstdint>

#include "oct_regs.h"

namespace tb::regs {

inline constexpr std::uint32_t kL1Window = 0x10'0000;  // L1 through AXI4-Lite

inline constexpr std::uint32_t kRun = OCT_REG_RUN;
inline constexpr std::uint32_t kBootAddr = OCT_REG_BOOT_ADDR;
inline constexpr std::uint32_t kAbort = OCT_REG_ABORT;
inline constexpr std::uint32_t kStatus = OCT_REG_STATUS;
inline constexpr std::uint32_t kStatusAborting = OCT_STATUS_ABORTING;
inline constexpr std::uint32_t kStatusAborted = OCT_STATUS_ABORTED;
inline constexpr std::uint32_t kIrqEnable = OCT_REG_INTR_ENABLE;
inline constexpr std::uint32_t kIrqPending = OCT_REG_INTR_PENDING;  // write 1 to clear
inline constexpr std::uint32_t kIrqExit = OCT_INTR_PENDING_EXIT;
inline constexpr std::uint32_t kIrqConsole = OCT_INTR_PENDING_CONSOLE;
inline constexpr std::uint32_t kIrqError = OCT_INTR_PENDING_ERROR;
inline constexpr std::uint32_t kError = OCT_REG_ERROR;
inline constexpr std::uint32_t kErrorAddr = OCT_REG_ERROR_ADDR;
inline constexpr std::uint32_t kAxiTimeout = OCT_REG_AXI_TIMEOUT;
inline constexpr std::uint32_t kAbortBusy = OCT_REG_ABORT_BUSY;
inline constexpr std::uint32_t kIcacheFlush = OCT_REG_ICACHE_FLUSH;
inline constexpr std::uint32_t kExit = OCT_REG_EXIT;
inline constexpr std::uint32_t kExitCode = OCT_EXIT_CODE;
inline constexpr std::uint32_t kSnapshot = OCT_REG_SNAPSHOT;
inline constexpr std::uint32_t kCounters = OCT_REG_COUNTER_LO(0);    // + 8 * counter: low, high
inline constexpr std::uint32_t kCoreStatus = OCT_REG_CORE_STATE(0);  // + stride: state, pc, address
inline constexpr std::uint32_t kCoreStride = OCT_REG_CORE_STATE(1) - OCT_REG_CORE_STATE(0);
inline constexpr std::uint32_t kQueues = OCT_REG_QUEUE_BASE(0);
inline constexpr std::uint32_t kQueueStride = OCT_REG_QUEUE_BASE(1) - OCT_REG_QUEUE_BASE(0);
inline constexpr std::uint32_t kQueueHead = OCT_REG_QUEUE_HEAD(0) - kQueues;
inline constexpr std::uint32_t kQueueTail = OCT_REG_QUEUE_TAIL(0) - kQueues;
inline constexpr std::uint32_t kQueueStatus = OCT_REG_QUEUE_STATUS(0) - kQueues;
inline constexpr std::uint32_t kQueueTag = OCT_REG_QUEUE_TAG(0) - kQueues;
inline constexpr std::uint32_t kQueueWant = OCT_REG_QUEUE_WANT(0) - kQueues;
inline constexpr std::uint32_t kSem = OCT_REG_SEM(0);

}  // namespace tb::regs
