# SPDX-License-Identifier: Apache-2.0
# RTL -> C++ model -> unit test. How to use it: docs/guide/adding_a_block.md
#
#   oct_verilate(NAME <lib> TOP <module> [PREFIX <class>] [CONFIG octant|tiny|fpga]
#                [FILES <rtl-relative .sv>...] [SOURCES <.sv beside the caller>...] [PARAMS X=1...]
#                [OPT <C++ flags>...] [CHUNKS <n>] [TRACE] [FAST] [NO_ASSERT] [VFLAGS <flags>...]
#                [NETLIST <file.v>])
#   oct_unit_test(NAME <x> TEST <.cpp>... [TOP <module>] [TOPS <module>...] [CONFIGS ...] [LABEL long]
#                 [LINK <lib>...] [GATE <block>] [GATE_INSIDE <block>...]
#                 and FILES, SOURCES, PARAMS, OPT, TRACE, VFLAGS as above)

find_program(OCT_VERILATOR verilator REQUIRED)
execute_process(
  COMMAND ${OCT_VERILATOR} --getenv VERILATOR_ROOT
  OUTPUT_VARIABLE OCT_VERILATOR_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE)
set(OCT_VERILATOR_INCLUDE "${OCT_VERILATOR_ROOT}/include")
set(OCT_LINT ON CACHE BOOL "Warnings of Verilator are errors; off for planted bugs, whose left-overs are not asked")
set(OCT_TRACE OFF CACHE BOOL "Compile waveform support (FST) into every unit test")

option(OCT_COVERAGE "Models of unit tests count which lines, bits and cover points they see" OFF)

# Verilator's runtime: alone, with FST, with coverage. $stop and $fatal throw (verilator_hooks.cpp).
foreach(kind plain trace coverage)
  set(lib oct_verilator_${kind})
  set(sources verilated.cpp verilated_threads.cpp)
  list(TRANSFORM sources PREPEND "${OCT_VERILATOR_INCLUDE}/")
  if(kind STREQUAL trace)
    list(APPEND sources ${PROJECT_SOURCE_DIR}/tb/harness/verilated_fst.cpp)
  endif()
  if(kind STREQUAL coverage)
    list(APPEND sources ${OCT_VERILATOR_INCLUDE}/verilated_cov.cpp)
  endif()
  add_library(${lib} STATIC EXCLUDE_FROM_ALL ${sources} ${PROJECT_SOURCE_DIR}/tb/harness/verilator_hooks.cpp)
  target_include_directories(${lib} SYSTEM PUBLIC
    "${OCT_VERILATOR_INCLUDE}" "${OCT_VERILATOR_INCLUDE}/vltstd" "${OCT_VERILATOR_INCLUDE}/gtkwave")
  target_compile_definitions(${lib}
    PRIVATE VL_USER_STOP VL_USER_FATAL
    PUBLIC VM_COVERAGE=$<STREQUAL:${kind},coverage> VM_SC=0 VM_TRACE_VCD=0
           $<IF:$<STREQUAL:${kind},trace>,VM_TRACE=1;VM_TRACE_FST=1,VM_TRACE=0;VM_TRACE_FST=0>)
  target_compile_options(${lib} PRIVATE -O2 -w)
  target_link_libraries(${lib} PUBLIC Threads::Threads $<$<STREQUAL:${kind},trace>:z>)
endforeach()

# rtl/rtl.f with the configuration package of another machine description.
function(oct_file_list config out_var)
  file(STRINGS "${PROJECT_SOURCE_DIR}/rtl/rtl.f" lines REGEX "^[+a-z]")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/rtl/rtl.f")
  set(text "")
  foreach(line ${lines})
    string(REPLACE "pkg/generated/octant/" "pkg/generated/${config}/" line "${line}")
    if(line MATCHES "^\\+incdir\\+(.*)")
      string(APPEND text "+incdir+rtl/${CMAKE_MATCH_1}\n")
    else()
      string(APPEND text "rtl/${line}\n")
    endif()
  endforeach()
  set(file "${PROJECT_BINARY_DIR}/rtl/${config}.f")
  file(CONFIGURE OUTPUT "${file}" CONTENT "${text}" @ONLY)
  set(${out_var} "${file}" PARENT_SCOPE)
endfunction()

function(oct_verilate)
  cmake_parse_arguments(A "TRACE;FAST;NO_ASSERT" "NAME;TOP;PREFIX;CONFIG;CHUNKS;NETLIST"
    "FILES;SOURCES;PARAMS;OPT;VFLAGS" ${ARGN})
  if(A_UNPARSED_ARGUMENTS OR NOT A_NAME OR NOT A_TOP)
    message(FATAL_ERROR "oct_verilate(${A_NAME}): NAME and TOP needed; not understood: ${A_UNPARSED_ARGUMENTS}")
  endif()
  foreach(default "PREFIX=V${A_TOP}" "CONFIG=octant" "CHUNKS=1" "OPT=-O1")
    string(REGEX MATCH "^([A-Z]+)=(.*)$" _ "${default}")
    if(NOT A_${CMAKE_MATCH_1})
      set(A_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
    endif()
  endforeach()

  # Paths are relative to the repository, so that messages are short and ccache hits everywhere.
  oct_file_list(${A_CONFIG} list)
  set(inputs "")
  set(lint -Wall)
  if(NOT OCT_LINT)
    set(lint -Wno-fatal -Wno-lint -Wno-style)
  endif()
  if(A_NETLIST)
    # Made by tools, so nothing in it is for us to mend.
    set(lint -Wno-fatal -Wno-lint -Wno-style)
    set(sv "")
    set(inputs "")
  endif()
  if(A_FILES)
    list(PREPEND A_FILES "pkg/generated/${A_CONFIG}/oct_config_pkg.sv")
    list(TRANSFORM A_FILES PREPEND "rtl/")
    set(sv +incdir+rtl/include ${A_FILES})
    list(TRANSFORM A_FILES PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE inputs)
  elseif(NOT A_NETLIST)
    set(sv -f "${list}")
    list(APPEND inputs "${list}")
  endif()
  foreach(source ${A_SOURCES})
    list(APPEND inputs "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    file(RELATIVE_PATH source "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    list(APPEND sv "${source}")
  endforeach()

  if(A_NETLIST)
    list(APPEND sv "${A_NETLIST}")
    list(APPEND inputs "${A_NETLIST}")
  endif()

  # Tests start every flip-flop and memory at random; FAST models of whole programs do not.
  set(flags --top-module ${A_TOP} -O3 ${lint} -fno-table --output-split 20000
    --x-assign $<IF:$<BOOL:${A_FAST}>,fast,unique> --x-initial $<IF:$<BOOL:${A_FAST}>,fast,unique>)
  if(NOT A_NO_ASSERT)
    list(APPEND flags --assert)
  endif()
  set(runtime oct_verilator_plain)
  if(A_TRACE OR OCT_TRACE)
    list(APPEND flags --trace-fst --trace-structs)
    set(runtime oct_verilator_trace)
  endif()
  if(OCT_COVERAGE AND NOT A_FAST AND NOT A_NETLIST)
    list(APPEND flags --coverage-line --coverage-toggle --coverage-user)
    set(runtime oct_verilator_coverage)
    list(PREPEND sv tb/coverage/off.vlt)
    list(APPEND inputs "${PROJECT_SOURCE_DIR}/tb/coverage/off.vlt")
    # Cover points of a module stand in tb/coverage/<module>.sv and are bound to it.
    file(GLOB points CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tb/coverage/*.sv")
    foreach(point ${points})
      get_filename_component(module "${point}" NAME)
      if(NOT A_FILES OR "${A_FILES}" MATCHES "/${module}(;|$)")
        list(APPEND sv "tb/coverage/${module}")
        list(APPEND inputs "${point}")
      endif()
    endforeach()
  endif()
  list(TRANSFORM A_PARAMS PREPEND "-G")

  # In fast models of the cluster idle instances cost nothing: scripts/idle_instances.py.
  set(rest "")
  set(instances "")
  if(A_FAST)
    set(rest --rest oct_timer,oct_cluster_counters,oct_cycles)
    set(instances tb/fast.vlt)
  endif()

  set(out "${CMAKE_CURRENT_BINARY_DIR}/${A_NAME}.v")
  math(EXPR last "${A_CHUNKS} - 1")
  set(fast "")
  foreach(i RANGE ${last})
    list(APPEND fast "${out}/${A_PREFIX}__fast_${i}.cpp")
  endforeach()
  set(slow "${out}/${A_PREFIX}__slow.cpp")
  add_custom_command(
    OUTPUT ${fast} ${slow}
    COMMAND ${OCT_PYTHON} scripts/verilate.py --verilator ${OCT_VERILATOR} --prefix ${A_PREFIX}
      --out ${out} --chunks ${A_CHUNKS} --depfile ${out}.d
      --target ${out}/${A_PREFIX}__fast_0.cpp ${rest}
      -- ${flags} ${A_PARAMS} ${A_VFLAGS} rtl/lint.vlt tb/lint.vlt ${instances} ${sv}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    DEPENDS ${inputs} "${PROJECT_SOURCE_DIR}/rtl/lint.vlt" "${PROJECT_SOURCE_DIR}/tb/lint.vlt"
      "${PROJECT_SOURCE_DIR}/tb/fast.vlt" "${PROJECT_SOURCE_DIR}/scripts/verilate.py"
      "${PROJECT_SOURCE_DIR}/scripts/share_instances.py" "${PROJECT_SOURCE_DIR}/scripts/idle_instances.py"
      "${PROJECT_SOURCE_DIR}/scripts/verilated_model.py"
    DEPFILE "${out}.d"
    COMMENT "Verilating ${A_NAME}" VERBATIM COMMAND_EXPAND_LISTS)

  add_library(${A_NAME} STATIC EXCLUDE_FROM_ALL ${fast} ${slow})
  target_include_directories(${A_NAME} SYSTEM PUBLIC "${out}")
  target_link_libraries(${A_NAME} PUBLIC ${runtime})
  target_compile_options(${A_NAME} PRIVATE -w)
  set_source_files_properties(${fast} PROPERTIES COMPILE_OPTIONS "${A_OPT}")
  set_source_files_properties(${slow} PROPERTIES COMPILE_OPTIONS "-O0")
endfunction()

# It is the function that counts: a period that needs no repair and only the first of ABC's scripts. The
# default library would have all of them tried at 8 ns, ten minutes for a large block.
set(OCT_NETLIST "--period;100" CACHE STRING "Options of scripts/synth.py for the netlists of gate tests")

# The netlist of a block of scripts/synth_blocks.yaml with models of its cells, as one Verilog file.
function(oct_netlist block config out_var)
  set(file "${CMAKE_CURRENT_BINARY_DIR}/gate.${block}.v")
  set(${out_var} "${file}" PARENT_SCOPE)
  add_custom_command(
    OUTPUT "${file}"
    COMMAND ${OCT_PYTHON} scripts/synth.py --jobs 1 --config ${config} ${OCT_NETLIST}
      --simulation "${file}" ${block}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" DEPENDS ${ARGN}
    COMMENT "Synthesising ${block}" VERBATIM)
endfunction()

function(oct_unit_test)
  cmake_parse_arguments(A "TRACE" "NAME;TOP;LABEL;GATE"
    "TEST;TOPS;CONFIGS;FILES;SOURCES;PARAMS;OPT;VFLAGS;LINK;GATE_INSIDE" ${ARGN})
  if(A_UNPARSED_ARGUMENTS OR NOT A_NAME OR NOT A_TEST)
    message(FATAL_ERROR "oct_unit_test(${A_NAME}): NAME and TEST needed; not understood: ${A_UNPARSED_ARGUMENTS}")
  endif()
  list(APPEND A_TOPS ${A_TOP})
  if(NOT A_TOPS)
    set(A_TOPS "oct_${A_NAME}")
  endif()
  if(NOT A_CONFIGS)
    set(A_CONFIGS octant)
  endif()
  if(NOT A_LABEL)
    set(A_LABEL quick)
  endif()
  foreach(key FILES SOURCES PARAMS OPT VFLAGS)
    set(pass_${key} "")
    if(A_${key})
      set(pass_${key} ${key} ${A_${key}})
    endif()
  endforeach()
  set(pass_TRACE "")
  if(A_TRACE)
    set(pass_TRACE TRACE)
  endif()

  foreach(config ${A_CONFIGS})
    set(name "${A_NAME}")
    if(NOT config STREQUAL "octant")
      string(APPEND name ".${config}")
    endif()
    set(models "")
    foreach(top ${A_TOPS})
      set(model "model.${name}.${top}")
      oct_verilate(NAME ${model} TOP ${top} CONFIG ${config} ${pass_FILES} ${pass_SOURCES}
        ${pass_PARAMS} ${pass_OPT} ${pass_VFLAGS} ${pass_TRACE})
      list(APPEND models ${model})
    endforeach()
    oct_add_test(rtl ${name})
  endforeach()

  # The same test on the netlist, for the first of its tops.
  if(A_GATE)
    set(name "${A_NAME}")
    list(POP_FRONT A_TOPS top)
    set(sources ${A_FILES})
    list(TRANSFORM sources PREPEND "${PROJECT_SOURCE_DIR}/rtl/")
    oct_netlist(${A_GATE} octant netlist ${sources})
    oct_verilate(NAME gate.${name}.${top} TOP ${top} NETLIST ${netlist} ${pass_TRACE})
    set(models gate.${name}.${top})
    foreach(top ${A_TOPS})
      list(APPEND models "model.${name}.${top}")
    endforeach()
    set(config octant)
    oct_add_test(gate ${name})
  endif()

  # The same test with one module replaced by its netlist, on the small machine: minutes of synthesis,
  # so the label is long.
  foreach(block ${A_GATE_INSIDE})
    set(config tiny)
    set(A_LABEL long)
    list(GET A_TOPS 0 top)
    set(files ${A_FILES})
    list(FILTER files EXCLUDE REGEX "/oct_${block}\\.sv$")
    set(sources ${A_FILES})
    list(TRANSFORM sources PREPEND "${PROJECT_SOURCE_DIR}/rtl/")
    oct_netlist(${block} ${config} netlist ${sources})
    oct_verilate(NAME gate.${A_NAME}.${block} TOP ${top} CONFIG ${config} FILES ${files} ${pass_SOURCES}
      NETLIST ${netlist})
    set(models gate.${A_NAME}.${block})
    oct_add_test(gate ${A_NAME}.${block})
    # Not for everybody who builds everything: a test of its own builds it first.
    set(target test.gate.${A_NAME}.${block})
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    add_test(NAME build.gate.${A_NAME}.${block}
      COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target ${target})
    set_tests_properties(build.gate.${A_NAME}.${block} PROPERTIES LABELS long TIMEOUT 7200
      FIXTURES_SETUP ${target})
    set_tests_properties(gate.${A_NAME}.${block} PROPERTIES FIXTURES_REQUIRED ${target})
  endforeach()
endfunction()

# Uses the variables of oct_unit_test.
macro(oct_add_test kind name)
  if("${kind}" STREQUAL "rtl")
    set(target "test.${name}")
  else()
    set(target "test.${kind}.${name}")
  endif()
  add_executable(${target} ${A_TEST})
  target_link_libraries(${target} PRIVATE ${models} ${A_LINK} oct_catch_main oct_config_${config})
  oct_warnings(${target})
  target_compile_options(${target} PRIVATE -O1)
  add_test(NAME "${kind}.${name}" COMMAND ${target})
  set_tests_properties("${kind}.${name}" PROPERTIES LABELS ${A_LABEL} TIMEOUT 900)
endmacro()
