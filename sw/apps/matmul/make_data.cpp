// SPDX-License-Identifier: Apache-2.0
// Writes the operands of the matmul program and the golden model's result as a C header. Runs on
// the host while the program is built.
//   make_data SEED FILE
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "golden/matmul.hpp"

namespace {

constexpr int kSize = 64;

template <typename T>
void write_array(std::ofstream& out, const char* type, const char* name,
                 const std::vector<T>& data) {
  out << "static const OCT_ALIGNED " << type << " " << name << "[] = {";
  for (std::size_t i = 0; i < data.size(); ++i) {
    out << (i % 16 == 0 ? "\n  " : " ") << static_cast<int>(data[i]) << ",";
  }
  out << "\n};\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_data SEED FILE\n";
    return 2;
  }
  std::mt19937 random(static_cast<unsigned>(std::strtoul(argv[1], nullptr, 0)));
  std::vector<std::int8_t> a(kSize * kSize), bt(kSize * kSize);
  for (auto& v : a) v = static_cast<std::int8_t>(random());
  for (auto& v : bt) v = static_cast<std::int8_t>(random());
  a[0] = bt[0] = -128;  // the corner that overflows a symmetric range
  const std::vector<std::int32_t> c = golden::matmul_i8(a, bt, kSize, kSize, kSize);
  std::ofstream out(argv[2]);
  out << "// SPDX-License-Identifier: Apache-2.0\n// Made by sw/apps/matmul/make_data.cpp.\n"
         "#include \"oct.h\"\n";
  write_array(out, "int8_t", "far_a", a);
  write_array(out, "int8_t", "far_bt", bt);
  write_array(out, "int32_t", "far_c", c);
  return out ? 0 : 1;
}
