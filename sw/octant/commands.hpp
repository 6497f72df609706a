// SPDX-License-Identifier: Apache-2.0
// The subcommands of `octant`. Each one is a file cmd_<name>.cpp with a function that adds itself
// to the command line; its callback sets the exit code.
#pragma once

namespace CLI {
class App;
}

namespace octant {

// Exit codes of the command itself; otherwise a program's own.
inline constexpr int kExitUsage = 2;     // wrong arguments, file or machine
inline constexpr int kExitWatchdog = 3;  // the program came to no end
inline constexpr int kExitMachine = 4;   // a protocol rule or an assertion of the RTL was broken

void add_accuracy(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_compile(CLI::App& app, int& exit_code);
void add_ops(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_run(CLI::App& app, int& exit_code);
void add_sim(CLI::App& app, int& exit_code);

}  // namespace octant
