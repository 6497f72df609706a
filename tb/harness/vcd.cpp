// SPDX-License-Identifier: Apache-2.0
// Models record FST only: one tracing model per machine instead of two. The reader comes with
// Verilator's runtime.
#include "harness/vcd.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

#define FST_CONFIG_INCLUDE "fst_config.h"
#include "gtkwave/fastlz.c"
#include "gtkwave/fstapi.c"
#include "gtkwave/lz4.c"

namespace tb {

void fst_to_vcd(const std::string& fst, const std::string& vcd) {
  if (!std::filesystem::exists(fst)) return;  // the window was never reached
  const std::unique_ptr<void, decltype(&fstReaderClose)> reader(fstReaderOpen(fst.c_str()),
                                                                &fstReaderClose);
  if (!reader) throw std::runtime_error(fst + ": cannot be read");
  const std::unique_ptr<FILE, decltype(&std::fclose)> out(std::fopen(vcd.c_str(), "wb"),
                                                          &std::fclose);
  if (!out) throw std::runtime_error(vcd + ": cannot be written");
  if (fstReaderProcessHier(reader.get(), out.get()) == 0) {
    throw std::runtime_error(fst + ": hierarchy cannot be read");
  }
  fstReaderSetFacProcessMaskAll(reader.get());
  fstReaderIterBlocks(reader.get(), nullptr, nullptr, out.get());
  std::filesystem::remove(fst);
}

namespace {

/// Calls `scope` and `signal` with names in full, in the order of the file.
template <typename Scope, typename Signal>
void walk(const std::string& fst, const Scope& scope, const Signal& signal) {
  const std::unique_ptr<void, decltype(&fstReaderClose)> reader(fstReaderOpen(fst.c_str()),
                                                                &fstReaderClose);
  if (!reader) throw std::runtime_error(fst + ": cannot be read");
  std::vector<std::string> path;
  while (const fstHier* h = fstReaderIterateHier(reader.get())) {
    if (h->htyp == FST_HT_SCOPE) {
      const std::string name = h->u.scope.name;
      path.push_back(path.empty() ? name : path.back() + "." + name);
      scope(path.back(), h->u.scope.typ == FST_ST_VCD_STRUCT);
    } else if (h->htyp == FST_HT_UPSCOPE && !path.empty()) {
      path.pop_back();
    } else if (h->htyp == FST_HT_VAR) {
      std::string name = h->u.var.name;
      std::erase(name, ' ');
      signal(path.empty() ? name : path.back() + "." + name);
    }
  }
}

}  // namespace

std::vector<FstScope> fst_scopes(const std::string& fst) {
  std::vector<FstScope> all;
  walk(
      fst, [&](const std::string& name, bool is_struct) { all.push_back({name, is_struct}); },
      [](const std::string&) {});
  return all;
}

std::vector<std::string> fst_signals(const std::string& fst) {
  std::vector<std::string> all;
  walk(fst, [](const std::string&, bool) {}, [&](const std::string& name) { all.push_back(name); });
  return all;
}

}  // namespace tb
