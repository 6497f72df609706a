// SPDX-License-Identifier: Apache-2.0
// Writes operands and golden results of the kernels program as a C header; runs while it is built.
//   make_kernel_data SEED FILE
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "golden/kernels.hpp"
#include "oct_ml.h"

namespace {

namespace golden = oct::golden;
constexpr unsigned kSize = 64, kRows = 32, kWidth = 384;

class Header {
 public:
  explicit Header(const char* file) : out_(file) {
    out_ << "// SPDX-License-Identifier: Apache-2.0\n// Made by sw/apps/kernels/make_data.cpp.\n"
            "#include \"oct.h\"\n";
  }
  template <typename T>
  void array(const char* type, const char* name, const std::vector<T>& data) {
    out_ << "static const OCT_ALIGNED " << type << " " << name << "[] = {";
    for (std::size_t i = 0; i < data.size(); ++i) {
      out_ << (i % 16 == 0 ? "\n  " : " ") << static_cast<long long>(data[i]) << ",";
    }
    out_ << "\n};\n";
  }
  void constant(const char* name, unsigned long long value) {
    out_ << "#define " << name << " " << value << "u\n";
  }
  [[nodiscard]] bool good() const { return out_.good(); }

 private:
  std::ofstream out_;
};

template <typename T>
std::vector<T> draw(std::mt19937& random, std::size_t n, int low, int high) {
  std::uniform_int_distribution<int> value(low, high);
  std::vector<T> v(n);
  for (T& x : v) x = static_cast<T>(value(random));
  return v;
}

void matmul(Header& out, std::mt19937& random) {
  auto a = draw<std::int8_t>(random, kSize * kSize, -128, 127);
  auto bt = draw<std::int8_t>(random, kSize * kSize, -128, 127);
  a[0] = bt[0] = -128;  // the corner that overflows a symmetric range
  const auto bias = draw<std::int32_t>(random, kSize, -100000, 100000);
  std::vector<std::uint32_t> rq(kSize);
  for (auto& p : rq) {
    p = oct_rq_param(std::uniform_int_distribution<int>(1 << 24, (1 << 26) - 1)(random),
                     std::uniform_int_distribution<unsigned>(36, 40)(random));
  }
  std::vector<std::int32_t> c;
  std::vector<std::int8_t> y;
  for (unsigned i = 0; i < kSize; ++i) {
    for (unsigned j = 0; j < kSize; ++j) {
      c.push_back(golden::dot(std::span(a).subspan(i * kSize, kSize),
                              std::span(bt).subspan(j * kSize, kSize)));
      y.push_back(golden::requantize(static_cast<std::uint32_t>(c.back() + bias[j]), rq[j]));
    }
  }
  out.array("int8_t", "mm_a", a);
  out.array("int8_t", "mm_bt", bt);
  out.array("int32_t", "mm_bias", bias);
  out.array("uint32_t", "mm_rq", rq);
  out.array("int32_t", "mm_c", c);
  out.array("int8_t", "mm_y", y);
}

void add(Header& out, std::mt19937& random) {
  const auto a = draw<std::int8_t>(random, kRows * kWidth, -128, 127);
  const auto b = draw<std::int8_t>(random, kRows * kWidth, -128, 127);
  const std::uint32_t arq = oct_arq_param(1900, -1311, 11);
  std::vector<std::int8_t> y;
  for (std::size_t i = 0; i < a.size(); ++i) {
    y.push_back(static_cast<std::int8_t>(golden::add_requantize<8>(a[i], b[i], arq)));
  }
  out.constant("ADD_ARQ", arq);
  out.array("int8_t", "add_a", a);
  out.array("int8_t", "add_b", b);
  out.array("int8_t", "add_y", y);
}

void layernorm(Header& out, std::mt19937& random) {
  const auto gamma = draw<std::int16_t>(random, kWidth, 300, 2600);
  const auto beta = draw<std::int16_t>(random, kWidth, -3000, 3000);
  const auto x16 = draw<std::int16_t>(random, kRows * kWidth, -9000, 11000);
  const auto x8 = draw<std::int8_t>(random, kRows * kWidth, -128, 127);
  constexpr unsigned kPre = 4, kFrac = 12;
  const std::uint64_t eps = kWidth * kWidth / 100;
  std::vector<std::int16_t> wide(x8.begin(), x8.end());
  for (auto& v : wide) v = static_cast<std::int16_t>(v * 256);
  std::vector<std::int8_t> y16(x16.size()), y8(x8.size());
  for (unsigned r = 0; r < kRows; ++r) {
    const auto row = [&](auto& v) { return std::span(v).subspan(r * kWidth, kWidth); };
    golden::layernorm_row({kWidth, kPre, kFrac, eps, gamma, beta}, row(x16), false, row(y16));
    golden::layernorm_row({kWidth, 0, kFrac, eps, gamma, beta}, row(wide), true, row(y8));
  }
  out.constant("LN_PRE", kPre);
  out.constant("LN_FRAC", kFrac);
  out.constant("LN_EPS", eps);
  out.array("int16_t", "ln_gamma", gamma);
  out.array("int16_t", "ln_beta", beta);
  out.array("int16_t", "ln_x16", x16);
  out.array("int8_t", "ln_x8", x8);
  out.array("int8_t", "ln_y16", y16);
  out.array("int8_t", "ln_y8", y8);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_kernel_data SEED FILE\n";
    return 2;
  }
  std::mt19937 random(static_cast<unsigned>(std::strtoul(argv[1], nullptr, 0)));
  Header out(argv[2]);
  out.constant("SIZE", kSize);
  out.constant("ROWS", kRows);
  out.constant("WIDTH", kWidth);
  matmul(out, random);
  add(out, random);
  layernorm(out, random);
  return out.good() ? 0 : 1;
}
