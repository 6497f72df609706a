# SPDX-License-Identifier: Apache-2.0
# Programs for the cluster, with the RISC-V GNU toolchain.
#
#   oct_program(NAME hello SOURCES hello.c [CONFIGS octant tiny fpga] [OPT -O2] [DEFINES X=1...]
#               [INCLUDES <folder>...] [DEPENDS <generated header>...] [LINK_FLAGS ...])
#
# makes build/<dir>/programs/<config>/hello.elf and the targets program.hello.<config>; everything in
# ALL. oct_program_file(hello octant var) gives the path. Tests that run it: tb/system.

find_program(OCT_RISCV_GCC riscv64-unknown-elf-gcc REQUIRED)
find_program(OCT_RISCV_AR riscv64-unknown-elf-ar REQUIRED)
set(OCT_PROGRAM_DIR "${PROJECT_BINARY_DIR}/programs")
set(OCT_RUNTIME_DIR "${PROJECT_SOURCE_DIR}/sw/runtime")
set(OCT_RISCV_FLAGS -march=rv32imac_zicsr_zifencei -mabi=ilp32 --specs=picolibc.specs -mstrict-align)
set(OCT_RISCV_CFLAGS -std=gnu11 -g -Wall -Wextra -Werror -ffunction-sections -fdata-sections
  -fno-common)

# The same flags for programs outside this repository: build/<dir>/bin/octant-gcc.
function(oct_compiler_wrapper)
  list(JOIN OCT_RISCV_FLAGS " " OCT_RISCV_FLAGS)
  configure_file("${OCT_RUNTIME_DIR}/octant-gcc.in" "${PROJECT_BINARY_DIR}/bin/octant-gcc" @ONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endfunction()
oct_compiler_wrapper()

# One object file; `out_var` gets its path. oct_object_depends: files that must exist before.
function(oct_riscv_object out_var source config folder)
  cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  cmake_path(GET source FILENAME file)
  set(object "${folder}/${file}.o")
  add_custom_command(
    OUTPUT "${object}"
    COMMAND ${OCT_RISCV_GCC} ${OCT_RISCV_FLAGS} ${OCT_RISCV_CFLAGS} ${ARGN}
      -I "${OCT_RUNTIME_DIR}/include" -I "${OCT_RUNTIME_DIR}/generated" -I "${OCT_RUNTIME_DIR}/generated/${config}"
      -I "${PROJECT_SOURCE_DIR}/sw" -MD -MF "${object}.d" -MT "${object}" -c "${source}" -o "${object}"
    DEPENDS "${source}" ${oct_object_depends} DEPFILE "${object}.d" VERBATIM
    COMMENT "RISC-V ${config}: ${file}")
  set(${out_var} "${object}" PARENT_SCOPE)
endfunction()

# liboct.a of one machine description, once per build.
function(oct_runtime config)
  if(TARGET runtime.${config})
    return()
  endif()
  set(folder "${OCT_PROGRAM_DIR}/${config}/runtime")
  file(MAKE_DIRECTORY "${folder}")
  set(objects "")
  set(oct_object_depends "")
  foreach(source crt0.S oct_runtime.c oct_engine.c oct_net_run.c oct_printf.c oct_host.c)
    oct_riscv_object(object "${OCT_RUNTIME_DIR}/${source}" ${config} "${folder}" -O2)
    list(APPEND objects "${object}")
  endforeach()
  add_custom_command(
    OUTPUT "${folder}/liboct.a"
    COMMAND ${CMAKE_COMMAND} -E rm -f "${folder}/liboct.a"
    COMMAND ${OCT_RISCV_AR} rcs "${folder}/liboct.a" ${objects}
    DEPENDS ${objects} VERBATIM COMMENT "RISC-V ${config}: liboct.a")
  add_custom_target(runtime.${config} DEPENDS "${folder}/liboct.a")
endfunction()

function(oct_program_file name config out_var)
  set(${out_var} "${OCT_PROGRAM_DIR}/${config}/${name}.elf" PARENT_SCOPE)
endfunction()

function(oct_program)
  cmake_parse_arguments(A "" "NAME" "SOURCES;CONFIGS;OPT;DEFINES;INCLUDES;DEPENDS;LINK_FLAGS" ${ARGN})
  if(A_UNPARSED_ARGUMENTS OR NOT A_NAME OR NOT A_SOURCES)
    message(FATAL_ERROR "oct_program(${A_NAME}): NAME and SOURCES needed; not understood: ${A_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT A_CONFIGS)
    set(A_CONFIGS octant tiny fpga)
  endif()
  if(NOT A_OPT)
    set(A_OPT -O2)
  endif()
  list(TRANSFORM A_DEFINES PREPEND "-D")
  set(flags ${A_OPT} ${A_DEFINES})
  foreach(include ${A_INCLUDES})
    cmake_path(ABSOLUTE_PATH include BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND flags -I "${include}")
  endforeach()
  foreach(config ${A_CONFIGS})
    oct_runtime(${config})
    set(folder "${OCT_PROGRAM_DIR}/${config}/${A_NAME}.objects")
    file(MAKE_DIRECTORY "${folder}")
    set(objects "")
    set(oct_object_depends ${A_DEPENDS})
    foreach(source ${A_SOURCES})
      oct_riscv_object(object "${source}" ${config} "${folder}" ${flags})
      list(APPEND objects "${object}")
    endforeach()
    oct_program_file(${A_NAME} ${config} elf)
    set(script "${OCT_RUNTIME_DIR}/generated/${config}/oct.ld")
    set(runtime "${OCT_PROGRAM_DIR}/${config}/runtime/liboct.a")
    # GCC 12 finds its libraries by exactly this -march; nothing is compiled here.
    # -u: the archive's start code is wanted although no object names it.
    add_custom_command(
      OUTPUT "${elf}"
      COMMAND ${OCT_RISCV_GCC} ${OCT_RISCV_FLAGS} -march=rv32imac -nostartfiles -static -T "${script}" -u _start
        -Wl,--gc-sections,--no-warn-rwx-segments ${A_LINK_FLAGS} ${objects} "${runtime}" -o "${elf}"
      DEPENDS ${objects} "${runtime}" "${script}" VERBATIM
      COMMENT "RISC-V ${config}: ${A_NAME}.elf")
    add_custom_target(program.${A_NAME}.${config} ALL DEPENDS "${elf}")
    add_dependencies(program.${A_NAME}.${config} runtime.${config})
  endforeach()
endfunction()
