// SPDX-License-Identifier: Apache-2.0
#include "compiler/tests/fuzz/target.hpp"

#include <stdexcept>

#include "compiler/import/importer.hpp"
#include "compiler/passes/pipeline.hpp"

namespace oct::fuzz {

bool run(const std::string& bytes) {
  try {
    importer::ImportOptions options;
    // Small, so that a hang is a hang and not a large constant that is honestly computed.
    options.max_folded = 1 << 16;
    const ir::Graph graph = passes::canonicalize(
        importer::import_model(importer::parse_model(bytes, "fuzzed"), "no-such-folder", options));
    (void)ir::to_text(graph);
    passes::require_integer_forms(graph);
    return true;
  } catch (const ir::CompileError& error) {
    if (std::string(error.what()).empty()) throw std::logic_error("a refusal without words");
    return false;
  }
}

}  // namespace oct::fuzz
