# SPDX-License-Identifier: Apache-2.0
# oct_precompile(<target> [<header>...]): the standard headers that nearly every file of the target
# reads, and those given, are parsed once for the target instead of once for each file. Sources still
# include what they use. Half of the compiler's time of a clean build is saved.
# clang takes the compiled form of `-include FILE` by itself, and ccache understands that spelling.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include <PCH_HEADER>)
endif()

function(oct_precompile target)
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <cstdint> <functional> <map> <memory>
    <numeric> <optional> <set> <string> <utility> <vector> <fmt/format.h> ${ARGN})
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  # The compiled headers name their folder; what ccache compares is this file instead: what they are
  # made of, the same in every folder.
  get_target_property(flags ${target} COMPILE_OPTIONS)
  get_target_property(headers ${target} PRECOMPILE_HEADERS)
  file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum"
    CONTENT "${CMAKE_CXX_COMPILER_VERSION} fmt ${fmt_VERSION} ${CMAKE_CXX_FLAGS_RELEASE} ${flags} ${headers}\n")
endfunction()
