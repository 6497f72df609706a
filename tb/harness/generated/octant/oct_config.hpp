// SPDX-License-Identifier: Apache-2.0
// Generated from rtl/config/octant.yaml by scripts/gen_config.py; do not edit.
#pragma once

#include <cstdint>

namespace oct::config {

inline constexpr char kName[] = "octant";
inline constexpr std::uint32_t kNumWorkers = 8;  // worker cores
inline constexpr std::uint32_t kNumCores = 9;  // workers and the controller
inline constexpr std::uint32_t kHartIdBase = 0;  // hart id of worker 0
inline constexpr std::uint32_t kL1Base = 0x10000000;  // first address of L1
inline constexpr std::uint32_t kL1Bytes = 0x00020000;  // size of L1
inline constexpr std::uint32_t kNumBanks = 32;  // banks of 64 bits in L1
inline constexpr std::uint32_t kBankWords = 512;  // 64-bit words per bank
inline constexpr std::uint32_t kIcacheBytes = 8192;  // shared instruction cache
inline constexpr std::uint32_t kIcacheWays = 4;  // ways of the instruction cache
inline constexpr std::uint32_t kL0Lines = 8;  // lines buffered per core
inline constexpr std::uint32_t kEngineMacs = 1024;  // INT8 products per cycle
inline constexpr std::uint32_t kEnginePorts = 16;  // 64-bit L1 ports of the engine
inline constexpr std::uint32_t kDmaBurstBeats = 16;  // 64-byte beats per AXI burst
inline constexpr std::uint32_t kDmaOutstanding = 16;  // bursts in flight per direction
inline constexpr std::uint32_t kQueueUnits = 8;  // 64-byte units on chip per work queue
inline constexpr std::uint32_t kNumSems = 64;  // hardware semaphores
inline constexpr std::uint32_t kNumPregs = 16;  // registers that descriptors may name
inline constexpr std::uint32_t kNumBarriers = 8;  // barriers in the event unit
inline constexpr std::uint32_t kRegBase = 0x20000000;  // control and status registers
inline constexpr std::uint32_t kEuBase = 0x30000000;  // event unit
inline constexpr std::uint32_t kL2Base = 0x80000000;  // first address of the outside memory
inline constexpr std::uint32_t kL2Bytes = 0x04000000;  // size of the outside memory
inline constexpr std::uint32_t kBootAddr = 0x80000000;  // first instruction of every hart
inline constexpr std::uint32_t kWorkerStackBytes = 1024;  // stack of a worker, in L1
inline constexpr std::uint32_t kControllerStackBytes = 4096;  // stack of the controller, in L1
inline constexpr std::uint32_t kAxiTimeout = 100000;  // reset value of the bus time-out register

}  // namespace oct::config
