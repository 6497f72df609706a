# SPDX-License-Identifier: Apache-2.0
# liboct_model_<config>[_fast|_trace].so beside the octant command: see tb/harness/cluster_model.hpp.
#
#   oct_cluster_model(octant)         assertions on, random start: what tests run
#   oct_cluster_model(octant FAST)    neither: for speed
#   oct_cluster_model(octant TRACE)   can record waves
#   oct_cluster_model(tiny IDLE_CHECK)   liboct_model_tiny_idlecheck_fast.so, `--config tiny_idlecheck --no-checks`:
#                                     a fast model that looks whether what it leaves out would change anything

set(OCT_BIN_DIR "${PROJECT_BINARY_DIR}/bin")

# Where the fast model spends its time, so that the compiler keeps apart what is seldom run: a fifth
# faster. It fits the RTL it was made with; functions that have changed since are compiled as without it.
# scripts/profile.sh makes it anew. Only a clang as new as the one that wrote it can read it.
set(OCT_PROFILE "${PROJECT_SOURCE_DIR}/tb/fast.profdata")
option(OCT_PROFILE_MAKE "Fast models count what they run (scripts/profile.sh)" OFF)
set(OCT_PROFILE_FLAGS "")
if(OCT_PROFILE_MAKE)
  set(OCT_PROFILE_FLAGS -O1 -fprofile-instr-generate)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT CMAKE_CXX_COMPILER_VERSION VERSION_LESS 22
       AND EXISTS "${OCT_PROFILE}")
  # A cycle reads each line of hot code about once, so what counts is how little there is of it: -O2, and
  # branches that are hardly ever taken go elsewhere.
  set(OCT_PROFILE_FLAGS -fprofile-instr-use=${OCT_PROFILE} -O2 -fsplit-machine-functions)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND OCT_PROFILE_FLAGS -mno-sse4a)  # slow in some machines, unknown to valgrind, and no gain
  endif()
endif()
# Verilator's runtime goes into shared libraries here.
set_target_properties(oct_verilator_plain oct_verilator_trace PROPERTIES POSITION_INDEPENDENT_CODE ON)

function(oct_cluster_model config)
  cmake_parse_arguments(A "FAST;TRACE;IDLE_CHECK" "" "" ${ARGN})
  set(name oct_model_${config})
  set(options "")
  # -Os would hide what the machine can do; hot code gets everything the compiler has.
  set(opt -O3 -march=native)
  set(profile "")
  if(A_FAST)
    string(APPEND name _fast)
    set(options FAST NO_ASSERT)
    if(config STREQUAL "octant")
      set(profile ${OCT_PROFILE_FLAGS})
    endif()
  elseif(A_IDLE_CHECK)
    string(APPEND name _idlecheck_fast)
    set(options FAST NO_ASSERT)
    set(opt -O1 -DOCT_IDLE_CHECK)
  elseif(A_TRACE)
    string(APPEND name _trace)
    set(options TRACE)
    set(opt -O1)
  endif()
  oct_verilate(NAME verilated.${name} TOP oct_top CONFIG ${config} CHUNKS 6 OPT ${opt} ${profile} ${options}
    VFLAGS tb/back_door.vlt)
  set_target_properties(verilated.${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  add_library(${name} SHARED "${PROJECT_SOURCE_DIR}/tb/harness/verilated_cluster.cpp")
  target_link_libraries(${name} PRIVATE verilated.${name} oct_harness oct_config_${config})
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${OCT_BIN_DIR}")
  target_compile_options(${name} PRIVATE -Wall -Wextra -Werror ${opt})
  if(NOT A_FAST AND NOT A_IDLE_CHECK)
    target_compile_definitions(${name} PRIVATE OCT_ASSERTIONS)
  endif()
  if(A_FAST AND OCT_PROFILE_MAKE)
    target_link_options(${name} PRIVATE -fprofile-instr-generate)
  endif()
endfunction()
