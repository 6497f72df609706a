# SPDX-License-Identifier: Apache-2.0
# The core's test bench (oct_core_bench: also for tb/lockstep) and its directed programs.
find_package(fmt REQUIRED)
set(core_files
  pkg/oct_cluster_pkg.sv pkg/oct_riscv_pkg.sv core/oct_ml_pkg.sv core/oct_core_pkg.sv
  core/oct_ml_decode_pkg.sv core/oct_ml_decode.sv core/oct_ml_alu.sv core/oct_mul.sv core/oct_csr_map.sv
  core/oct_rvc.sv core/oct_decode.sv
  core/oct_regfile.sv core/oct_alu.sv core/oct_div.sv core/oct_agu.sv core/oct_id.sv core/oct_ex.sv
  core/oct_lsu.sv core/oct_hwloop.sv core/oct_fetch.sv core/oct_cycles.sv core/oct_counters.sv core/oct_csr.sv
  core/oct_retire.sv core/oct_core_watch.sv core/oct_core.sv core/oct_l0.sv core/oct_rvfi.sv core/oct_core_tile.sv)

# rtl.core, and rtl.core_gates with the forms that synthesis sees (multiplier, register file).
foreach(kind "" _gates)
  set(define "")
  if(kind)
    set(define VFLAGS +define+SYNTHESIS -Wno-UNUSEDSIGNAL)  # what only assertions use
  endif()
  oct_verilate(NAME model.core${kind} TOP oct_core_tb SOURCES oct_core_tb.sv FILES ${core_files} OPT -O2
    ${define})
  add_library(oct_core_bench${kind} STATIC EXCLUDE_FROM_ALL core_bench.cpp)
  oct_warnings(oct_core_bench${kind})
  target_include_directories(oct_core_bench${kind} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(oct_core_bench${kind} PUBLIC model.core${kind} oct_harness oct_cluster_harness
    oct_config_octant)
endforeach()

find_program(OCT_RISCV_GCC riscv64-unknown-elf-gcc REQUIRED)
set(programs "")
foreach(name basic traps atomics csrs hwloop postinc irqs fencei timing endless)
  set(elf "${CMAKE_CURRENT_BINARY_DIR}/programs/${name}.elf")
  add_custom_command(
    OUTPUT "${elf}"
    COMMAND ${OCT_RISCV_GCC} -march=rv32imac_zicsr_zifencei -mabi=ilp32 -nostdlib -nostartfiles -static
      -Wl,--no-warn-rwx-segments,--build-id=none -T core_test.ld ${name}.S -o "${elf}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/programs"
    DEPENDS programs/${name}.S programs/core_test.h programs/ml.h programs/core_test.ld VERBATIM)
  list(APPEND programs "${elf}")
endforeach()
file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/programs")
add_custom_target(core_programs DEPENDS ${programs})

foreach(kind "" _gates)
  add_executable(test.core${kind} oct_core_test.cpp)
  oct_warnings(test.core${kind})
  add_dependencies(test.core${kind} core_programs)
  target_compile_definitions(test.core${kind} PRIVATE PROGRAMS="${CMAKE_CURRENT_BINARY_DIR}/programs/")
  target_link_libraries(test.core${kind} PRIVATE oct_core_bench${kind} oct_catch_main fmt::fmt)
  add_test(NAME rtl.core${kind} COMMAND test.core${kind})
  set_tests_properties(rtl.core${kind} PROPERTIES LABELS quick TIMEOUT 900)
endforeach()
