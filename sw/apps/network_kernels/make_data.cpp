// SPDX-License-Identifier: Apache-2.0
// Writes jobs of all kernels of networks, their operands and golden results: a blob and a C header
// that describes it; runs while the program is built.
//   network_kernels.make_data SEED HEADER BLOB
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

#include "network_case.hpp"

namespace {

namespace nc = oct::network_case;

class Writer {
 public:
  Writer(const char* header, const char* blob) : header_(header), blob_(blob, std::ios::binary) {
    header_ << "// SPDX-License-Identifier: Apache-2.0\n"
               "// Made by sw/apps/network_kernels/make_data.cpp.\n"
               "static const case_t kCases[] = {\n";
  }

  /// `timed` cases are compared with what the cost function says.
  void add(const nc::Case& c, std::int64_t n, bool timed) {
    std::vector<std::uint8_t> image;
    const auto words = nc::place(c, 0, image);
    const auto& want = c.outputs.at(0).data;
    const std::size_t image_at = put(image), want_at = put(want);
    std::uint64_t addresses = 0;  // words that hold one
    std::size_t at = 1;
    for (std::size_t i = 0; i < c.inputs.size() + c.outputs.size(); ++i, at += 2)
      addresses |= std::uint64_t{1} << at;
    for (std::size_t i = 0; i < c.constants.size(); ++i, ++at) addresses |= std::uint64_t{1} << at;
    std::string list;
    for (const auto w : words) list += fmt::format("{}u, ", w);
    std::string costs;
    for (const unsigned workers : {2U, 4U, 8U})
      costs += fmt::format("{}u, ", static_cast<unsigned>(c.info->cycles(c.rows, c.args, workers)));
    header_ << fmt::format(
        "  {{\"{}\", {}, {}, {}, {}, {}u, {}, {}, {}, {}, {}, {{{}}}, {{{}}}}},\n", c.info->name,
        c.info->function, c.rows, n, int{timed}, addresses, image_at, image.size(), want_at,
        want.size(), nc::output_offset(c), costs, list);
  }

  bool finish() {
    header_ << "};\n";
    return header_.flush().good() && blob_.flush().good();
  }

 private:
  std::size_t put(const std::vector<std::uint8_t>& data) {
    const std::size_t at = size_;
    blob_.write(reinterpret_cast<const char*>(data.data()),
                static_cast<std::streamsize>(data.size()));
    for (size_ += data.size(); size_ % 64 != 0; ++size_) blob_.put(0);
    return at;
  }

  std::ofstream header_, blob_;
  std::size_t size_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: network_kernels.make_data SEED HEADER BLOB\n";
    return 2;
  }
  std::mt19937_64 random(std::strtoull(argv[1], nullptr, 0));
  Writer out(argv[2], argv[3]);
  for (const auto& info : oct::integer::all_kernels()) {
    const std::string name(info.name);
    for (const nc::Shape& s :
         {nc::Shape{5, 33, false, 4}, nc::Shape{3, 66, true}, nc::Shape{9, 20}}) {
      out.add(nc::make_case(name, s, random), s.n, false);
    }
    const bool pool = name.find("pool") != std::string::npos;  // draws its own rows
    for (const nc::Shape& s : {nc::Shape{16, 384}, nc::Shape{4, 384}, nc::Shape{1, 64}}) {
      if (pool && s.rows == 1) continue;
      out.add(nc::make_case(name, {s.rows, pool ? 64 : s.n}, random), pool ? 64 : s.n, true);
    }
  }
  return out.finish() ? 0 : 1;
}
