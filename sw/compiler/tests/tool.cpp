// SPDX-License-Identifier: Apache-2.0
#include "compiler/tests/tool.hpp"

#include <cstdio>

namespace oct::tools {

ModelArgs::ModelArgs(CLI::App& app) {
  app.add_option("model", model, "the ONNX file")->required();
  app.add_option("--dim", dims, "size of an open dimension, NAME=NUMBER; repeatable");
  app.add_option("--max-positions", passes.max_positions, "that a rotary embedding must know");
}

ir::Graph ModelArgs::imported(const std::string& file, bool integers) const {
  importer::ImportOptions options;
  options.integers = integers;
  for (const std::string& dim : dims) options.dims.insert(importer::parse_dim(dim));
  return importer::import_file(file, options);
}

ir::Graph ModelArgs::canonical(const std::string& file) const {
  return passes::canonicalize(imported(file), nullptr, passes);
}

int tool_main(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  CLI11_PARSE(app, argc, argv);
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
    return 2;
  }
}

}  // namespace oct::tools
