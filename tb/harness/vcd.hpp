// SPDX-License-Identifier: Apache-2.0
// Reading the FST files that models write: conversion to VCD, and the names of what is inside.
#pragma once

#include <string>
#include <vector>

namespace tb {

/// Writes `vcd` from `fst` and removes `fst`. Throws std::runtime_error.
void fst_to_vcd(const std::string& fst, const std::string& vcd);

/// Writes `saif` (how long each bit was 0 and 1, how often it changed) from `fst` and removes
/// `fst`. Times in picoseconds; a clock cycle is ten of them. Throws std::runtime_error.
void fst_to_saif(const std::string& fst, const std::string& saif);

struct FstScope {
  std::string name;  ///< "TOP.oct_top.u_cluster"
  bool is_struct;    ///< a signal with members, not an instance
};
/// All scopes of a file, each before what it contains.
[[nodiscard]] std::vector<FstScope> fst_scopes(const std::string& fst);
/// All signals with their bits, as viewers spell them: "TOP.oct_top.u_cluster.u_dma.idle[3:0]".
[[nodiscard]] std::vector<std::string> fst_signals(const std::string& fst);

}  // namespace tb
