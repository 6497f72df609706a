// SPDX-License-Identifier: Apache-2.0
#include "trace_file.hpp"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <stdexcept>

#include "harness/vcd.hpp"
#include "scopes.hpp"

namespace octant {
namespace {

/// The file the model writes: FST; .vcd and .saif are made from it afterwards.
std::string fst_name(const std::string& trace) {
  if (trace.ends_with(".fst")) return trace;
  if (trace.ends_with(".vcd") || trace.ends_with(".saif")) return trace + ".fst";
  throw std::invalid_argument("--trace " + trace + ": the name must end with .fst, .vcd or .saif");
}

}  // namespace

void TraceArguments::check() const {
  if (!wanted() && (!scopes.empty() || depth != kWholeDepth || from != 0)) {
    throw std::invalid_argument("--scope, --depth and --from need --trace FILE.fst, .vcd or .saif");
  }
  if (!wanted() && !layer.empty()) {
    throw std::invalid_argument("--layer needs --trace FILE.fst, .vcd or .saif");
  }
  if (!layer.empty() && (from != 0 || to != ~std::uint64_t{0})) {
    throw std::invalid_argument("--layer chooses the window: it does not go with --from and --to");
  }
  if (wanted() && to <= from) throw std::invalid_argument("--to must be later than --from");
}

void add_trace_options(CLI::App& command, TraceArguments& a) {
  command.add_option(
      "--trace", a.file,
      "record waves into FILE.fst or FILE.vcd, or how often each bit changes into FILE.saif");
  command.add_option("--from", a.from, "first cycle recorded");
  command.add_option("--to", a.to, "cycle at which recording ends");
  command
      .add_option("--scope", a.scopes,
                  "record only this instance, e.g. u_cluster.u_dma or "
                  "'u_cluster.gen_core[*].u_tile'")
      ->expected(1)
      ->take_all();
  command.add_option("--depth", a.depth, "levels below each scope")->check(CLI::Range(1, 99));
}

TraceFile::TraceFile(const TraceArguments& arguments) : a_(arguments) {
  if (!a_.wanted()) return;
  fst_ = fst_name(a_.file);
  // What an earlier run left must not pass for waves of this one.
  std::filesystem::remove(fst_);
  std::filesystem::remove(a_.file);
}

TraceFile::~TraceFile() {
  if (!opened_) return;
  if (!std::filesystem::exists(fst_)) {
    spdlog::warn("{}: nothing recorded, the run ended before cycle {} (--from)", a_.file, a_.from);
    return;
  }
  try {
    if (a_.file.ends_with(".vcd")) tb::fst_to_vcd(fst_, a_.file);
    if (a_.file.ends_with(".saif")) tb::fst_to_saif(fst_, a_.file);
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
  }
}

tb::TraceWindow TraceFile::window(tb::ClusterModel& model) const {
  tb::TraceOptions options{fst_, {}};
  if (!a_.scopes.empty() || a_.depth != TraceArguments::kWholeDepth) {
    model.trace_open(options);
    model.trace_close();
    const std::vector<tb::FstScope> there = tb::fst_scopes(fst_);
    std::filesystem::remove(fst_);
    options.scopes = choose_scopes(a_.scopes, a_.depth, there);
  }
  opened_ = true;
  return {options, a_.from, a_.to};
}

}  // namespace octant
