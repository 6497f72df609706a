// SPDX-License-Identifier: Apache-2.0
// A language model with caches, token by token: each one's choice is the next one's input, keys and
// values stay where the network left them in L2.
#pragma once

#include <functional>
#include <string>

#include "flow/flow.hpp"
#include "network/network_run.hpp"

namespace octant {

struct DecodeOptions {
  unsigned steps = 0;
  std::string prompt, tokenizer;
  double temperature = 0;  ///< 0: the likeliest token
  std::uint64_t seed = 1;
};

struct DecodeResult {
  std::vector<std::int32_t> tokens;  ///< the prompt's too
  std::uint64_t cycles = 0, mismatches = 0, elements = 0, simulated = 0;
  double seconds = 0;
  std::vector<std::string> wrong;
};

/// `say` gets the text as it comes. Throws CompileError where the network is no such model.
[[nodiscard]] DecodeResult decode(const Compiled& compiled, NetworkSession& session,
                                  const DecodeOptions& options,
                                  const std::function<void(const std::string&)>& say);

}  // namespace octant
