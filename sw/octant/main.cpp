// SPDX-License-Identifier: Apache-2.0
// octant: the command. main parses, logs and translates errors to exit codes; nothing else.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "commands.hpp"
#include "compiler/ir/tensor.hpp"
#include "harness/axi_checker.hpp"
#include "harness/elf_loader.hpp"
#include "harness/model_library.hpp"
#include "harness/program_run.hpp"

namespace {

int run(int argc, char** argv) {
  CLI::App app{"Octant: a nine-core RISC-V cluster for Transformers, simulated"};
  app.name("octant");
  app.require_subcommand(1);
  app.set_version_flag("--version", "octant 0.1.0");
  bool quiet = false, verbose = false;
  app.add_flag("-q,--quiet", quiet, "say nothing but errors");
  app.add_flag("-v,--verbose", verbose, "say more");
  app.footer("Messages go to standard error. `octant COMMAND --help` tells the rest.");
  app.fallthrough();
  int exit_code = 0;
  app.parse_complete_callback([&] {
    if (verbose) spdlog::set_level(spdlog::level::debug);
    if (quiet) spdlog::set_level(spdlog::level::err);
  });
  octant::add_accuracy(app, exit_code);
  octant::add_bench(app, exit_code);
  octant::add_compile(app, exit_code);
  octant::add_ops(app, exit_code);
  octant::add_report(app, exit_code);
  octant::add_run(app, exit_code);
  octant::add_sim(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "octant: %s\nTry `octant --help`.\n", error.what());
    return octant::kExitUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("octant"));
  spdlog::set_pattern("%n: %^%l%$: %v");
  try {
    return run(argc, argv);
  } catch (const tb::WatchdogError& error) {
    std::fprintf(stderr, "octant: %s", error.what());
    return octant::kExitWatchdog;
  } catch (const tb::ElfError& error) {
    std::fprintf(stderr, "octant: %s\n", error.what());
    return octant::kExitUsage;
  } catch (const tb::ModelError& error) {
    std::fprintf(stderr, "octant: %s\n", error.what());
    return octant::kExitUsage;
  } catch (const oct::ir::CompileError& error) {
    std::fprintf(stderr, "octant: %s\n", error.what());
    return octant::kExitUsage;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "octant: %s\n", error.what());
    return octant::kExitUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "octant: %s\n", error.what());
    return octant::kExitMachine;
  }
}
