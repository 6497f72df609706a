// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry points: fuzz_import CORPUS.. [-max_total_time=S] [-rss_limit_mb=M]
#include <cstddef>
#include <cstring>

#include "compiler/tests/fuzz/target.hpp"

// The names, types and linkage are libFuzzer's.
extern "C" {
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max,
                                    unsigned seed);
std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size,
                                      const std::uint8_t* b, std::size_t b_size, std::uint8_t* out,
                                      std::size_t max, unsigned seed);
}

namespace {

std::string text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// 0 if it does not fit.
std::size_t store(const std::string& bytes, std::uint8_t* out, std::size_t max) {
  if (bytes.size() > max) return 0;
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)oct::fuzz::run(text(data, size));
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max,
                                    unsigned seed) {
  if (seed % 32 != 0) {
    const std::size_t n = store(oct::fuzz::mutate(text(data, size), "", seed), data, max);
    if (n > 0) return n;
  }
  return LLVMFuzzerMutate(data, size, max);
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size,
                                      const std::uint8_t* b, std::size_t b_size, std::uint8_t* out,
                                      std::size_t max, unsigned seed) {
  return store(oct::fuzz::mutate(text(a, a_size), text(b, b_size), seed), out, max);
}
