// SPDX-License-Identifier: Apache-2.0
// Where the runtime, the kernels and the RISC-V compiler are, and what the runtime's headers say of
// a machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace oct::emit {

/// Numbers of sw/runtime/generated/<config>/oct_config.h.
struct MachineHeader {
  std::uint32_t workers = 0, macs = 0, l1_base = 0, l1_bytes = 0, l2_base = 0, l2_bytes = 0;
  std::uint32_t worker_stack = 0, controller_stack = 0;
};
[[nodiscard]] MachineHeader machine_header(const std::string& config);

/// Compiles `sources` with the runtime's headers and links them with runtime and kernels.
/// `link_extra`: more files for the linker. Throws CompileError with the compiler's words.
void build_program(const std::string& config, const std::vector<std::filesystem::path>& sources,
                   const std::vector<std::filesystem::path>& link_extra,
                   const std::filesystem::path& elf);

/// network.c and the runtime's part of its run as a library of this host, with `defines` (NAME=N).
void build_for_host(const std::string& config, const std::filesystem::path& source,
                    const std::vector<std::string>& defines, const std::filesystem::path& library);

}  // namespace oct::emit
