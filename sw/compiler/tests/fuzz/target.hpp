// SPDX-License-Identifier: Apache-2.0
// What the fuzzer feeds: bytes of an ONNX file through import and all passes.
#pragma once

#include <cstdint>
#include <string>

namespace oct::fuzz {

/// True if the model was taken. A CompileError is a refusal and fine; whatever else is thrown, or a
/// refusal without words, is a bug and leaves as an exception.
bool run(const std::string& bytes);

/// Some changes to the model in `bytes` that keep it a well-formed protobuf: numbers, names, fields
/// copied from elsewhere in it or in `donor`. Empty if the bytes are no model.
[[nodiscard]] std::string mutate(const std::string& bytes, const std::string& donor,
                                 std::uint64_t seed);

}  // namespace oct::fuzz
