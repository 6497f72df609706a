// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <stdexcept>

#include "compiler/import/importer.hpp"

namespace oct::importer {

std::pair<std::string, std::int64_t> parse_dim(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  std::int64_t size = -1;
  if (equals != std::string::npos && equals > 0) {
    const char *first = text.data() + equals + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, size);
    if (error != std::errc{} || end != last) size = -1;
  }
  if (size < 0) throw std::invalid_argument("--dim " + text + ": write NAME=NUMBER");
  return {text.substr(0, equals), size};
}

}  // namespace oct::importer
