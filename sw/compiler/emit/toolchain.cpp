// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/toolchain.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "compiler/ir/tensor.hpp"
#include "toolchain_paths.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): not in every unistd.h

namespace oct::emit {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> list;
  for (std::string w; in >> w;) list.push_back(w);
  return list;
}

/// Folder with <config>/liboct.a and <config>/libkernels.a: $OCT_PROGRAM_DIR, or beside the
/// command.
fs::path archives(const std::string& config) {
  fs::path folder;
  if (const char* set = std::getenv("OCT_PROGRAM_DIR"); set != nullptr && *set != '\0') {
    folder = set;
  } else {
    folder = paths::kPrograms;
  }
  return folder / config;
}

void require(const fs::path& file, const std::string& what, const std::string& remedy) {
  if (!fs::exists(file)) {
    throw ir::CompileError(fmt::format("{} not found: {}; {}", what, file.string(), remedy));
  }
}

/// Runs a command without a shell; throws with what it printed.
void run(const std::vector<std::string>& command, const std::string& what) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) throw ir::CompileError(what + ": no pipe to the compiler");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  std::string said;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(pipe_ends[0]);
  int status = 0;
  if (error != 0) {
    throw ir::CompileError(
        fmt::format("{}: {} cannot be started; `make setup` installs it", what, command.front()));
  }
  waitpid(child, &status, 0);
  if (status != 0) throw ir::CompileError(fmt::format("{} failed:\n{}", what, said));
}

}  // namespace

MachineHeader machine_header(const std::string& config) {
  const fs::path generated = fs::path(paths::kRuntime) / "generated";
  const fs::path file = generated / config / "oct_config.h";
  std::ifstream in(file);
  if (!in) {
    std::string known;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(generated, error)) {
      if (entry.is_directory()) known += " " + entry.path().filename().string();
    }
    if (known.empty()) {
      throw ir::CompileError(fmt::format(
          "{} not found: networks are compiled with the repository that octant was built from",
          generated.string()));
    }
    throw ir::CompileError(fmt::format("no machine '{}'; there are:{}", config, known));
  }
  std::map<std::string, std::uint32_t> values;
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> w = words(line);
    if (w.size() < 3 || w[0] != "#define" || w[2][0] == '"') continue;
    values[w[1]] = static_cast<std::uint32_t>(std::stoul(w[2], nullptr, 0));
  }
  const auto get = [&](const char* name) {
    const auto it = values.find(name);
    if (it == values.end()) throw ir::CompileError(file.string() + ": no " + name);
    return it->second;
  };
  return {.workers = get("OCT_NUM_WORKERS"),
          .macs = get("OCT_ENGINE_MACS"),
          .l1_base = get("OCT_L1_BASE"),
          .l1_bytes = get("OCT_L1_BYTES"),
          .l2_base = get("OCT_L2_BASE"),
          .l2_bytes = get("OCT_L2_BYTES"),
          .worker_stack = get("OCT_WORKER_STACK_BYTES"),
          .controller_stack = get("OCT_CONTROLLER_STACK_BYTES")};
}

void build_program(const std::string& config, const std::vector<fs::path>& sources,
                   const std::vector<fs::path>& link_extra, const fs::path& elf) {
  const fs::path runtime = paths::kRuntime, generated = runtime / "generated" / config;
  const fs::path script = generated / "oct.ld", folder = archives(config);
  const std::string rebuild = "build the programs of this machine: scripts/build.sh";
  require(script, "linker script", "the repository that octant was built from is needed");
  require(folder / "runtime/liboct.a", "the cluster's runtime", rebuild);
  require(folder / "kernels/libkernels.a", "the kernels", rebuild);

  std::vector<std::string> objects;
  for (const fs::path& source : sources) {
    const fs::path object = elf.parent_path() / (source.filename().string() + ".o");
    std::vector<std::string> command{paths::kGcc};
    for (const char* flags : {paths::kFlags, paths::kCFlags}) {
      for (const std::string& w : words(flags)) command.push_back(w);
    }
    for (const fs::path& include : {runtime / "include", runtime / "generated", generated}) {
      command.push_back("-I");
      command.push_back(include.string());
    }
    command.insert(command.end(), {"-O2", "-c", source.string(), "-o", object.string()});
    run(command, source.filename().string());
    objects.push_back(object.string());
  }
  std::vector<std::string> command{paths::kGcc};
  for (const std::string& w : words(paths::kFlags)) command.push_back(w);
  // GCC 12 finds its libraries by exactly this -march; nothing is compiled here.
  command.insert(command.end(),
                 {"-march=rv32imac", "-nostartfiles", "-static", "-T", script.string(), "-u",
                  "_start", "-Wl,--gc-sections,--no-warn-rwx-segments"});
  command.insert(command.end(), objects.begin(), objects.end());
  for (const fs::path& file : link_extra) command.push_back(file.string());
  command.insert(command.end(), {(folder / "kernels/libkernels.a").string(),
                                 (folder / "runtime/liboct.a").string(), "-o", elf.string()});
  run(command, elf.filename().string());
  for (const std::string& object : objects) fs::remove(object);
}

void build_for_host(const std::string& config, const fs::path& source,
                    const std::vector<std::string>& defines, const fs::path& library) {
  const fs::path runtime = paths::kRuntime, generated = runtime / "generated";
  std::vector<std::string> command{
      paths::kHostCompiler, "-x", "c", "-w", "-O1", "-fPIC", "-shared"};
  for (const std::string& d : defines) command.push_back("-D" + d);
  for (const fs::path& include :
       {runtime / "include", runtime / "host", generated, generated / config}) {
    command.insert(command.end(), {"-I", include.string()});
  }
  for (const fs::path& file :
       {source, runtime / "oct_net_run.c", runtime / "host" / "oct_net_host.c"}) {
    command.push_back(file.string());
  }
  command.insert(command.end(), {"-o", library.string()});
  run(command, source.filename().string() + " for the host");
}

}  // namespace oct::emit
