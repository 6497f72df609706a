// SPDX-License-Identifier: Apache-2.0
#include "compiler/io/npz.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "compiler/ir/with_type.hpp"

namespace oct::io {
using ir::CompileError;
using ir::DType;
using ir::Shape;
using ir::Tensor;

namespace {

class Bytes {
 public:
  Bytes(std::string data, std::string name) : data_(std::move(data)), name_(std::move(name)) {}
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t size) const {
    check(at, size);
    std::uint64_t v = 0;
    std::memcpy(&v, data_.data() + at, size);
    return v;
  }
  [[nodiscard]] std::string text(std::size_t at, std::size_t size) const {
    check(at, size);
    return data_.substr(at, size);
  }
  [[nodiscard]] std::size_t size() const { return data_.size(); }
  [[noreturn]] void broken(const std::string& why) const {
    throw CompileError(fmt::format("{}: no .npz file, or a broken one: {}", name_, why));
  }

 private:
  void check(std::size_t at, std::size_t size) const {
    if (at > data_.size() || size > data_.size() - at) broken("it is cut short");
  }
  std::string data_, name_;
};

std::string inflated(const Bytes& zip, const std::string& packed, std::size_t size) {
  std::string out(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) zip.broken("zlib");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(size);
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (status != Z_STREAM_END || stream.total_out != size) zip.broken("its data do not unpack");
  return out;
}

/// The value behind a key of NumPy's header dictionary.
std::string header_field(const Bytes& zip, const std::string& header, const std::string& key) {
  const std::size_t at = header.find("'" + key + "'");
  const std::size_t colon = at == std::string::npos ? at : header.find(':', at);
  if (colon == std::string::npos) zip.broken("no " + key);
  std::size_t start = header.find_first_not_of(' ', colon + 1);
  if (start == std::string::npos) zip.broken("no " + key);
  const std::size_t end =
      header[start] == '(' ? header.find(')', start) + 1 : header.find_first_of(",}", start);
  return header.substr(start, end - start);
}

template <typename From, typename To>
void convert(const std::string& data, std::size_t at, Tensor& out) {
  auto to = out.mutable_data<To>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    From v;
    std::memcpy(&v, data.data() + at + i * sizeof v, sizeof v);
    to[i] = static_cast<To>(v);
  }
}

float half_value(std::uint16_t h) {
  const int e = h >> 10 & 31, m = h & 1023;
  const float magnitude = e == 31  ? (m ? std::nanf("") : INFINITY)
                          : e == 0 ? std::ldexp(static_cast<float>(m), -24)
                                   : std::ldexp(static_cast<float>(m + 1024), e - 25);
  return h >> 15 ? -magnitude : magnitude;
}

/// Elements whose first dimension varies fastest, in the ordinary order.
std::string row_major(const std::string& data, const Shape& shape, std::size_t width) {
  std::string out(data.size(), '\0');
  Shape index(shape.size(), 0), strides(shape.size(), 1);
  for (std::size_t d = 1; d < shape.size(); ++d) strides[d] = strides[d - 1] * shape[d - 1];
  std::int64_t from = 0;
  for (std::size_t at = 0; at < out.size(); at += width) {
    std::memcpy(&out[at], &data[static_cast<std::size_t>(from) * width], width);
    for (std::size_t d = shape.size(); d-- > 0;) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

Tensor parse_npy(const Bytes& zip, const std::string& file, const std::string& name) {
  std::string data = file;
  if (data.size() < 10 || data.compare(0, 6, "\x93NUMPY") != 0) zip.broken(name + " is no array");
  const bool v1 = data[6] == 1;
  std::uint32_t length = 0;
  std::memcpy(&length, data.data() + 8, v1 ? 2 : 4);
  const std::size_t start = (v1 ? 10 : 12) + length;
  if (start > data.size()) zip.broken(name + " is cut short");
  const std::string header = data.substr(10, start - 10);
  const std::string code = header_field(zip, header, "descr");
  const bool fortran = header_field(zip, header, "fortran_order") == "True";
  Shape shape;
  const std::string dims = header_field(zip, header, "shape");
  for (const char* p = dims.c_str(); *p;) {
    if (*p < '0' || *p > '9') {
      ++p;
      continue;
    }
    char* end = nullptr;
    shape.push_back(std::strtoll(p, &end, 10));
    p = end;
  }
  static const std::map<std::string, std::pair<DType, std::size_t>> kTypes = {
      {"<f4", {DType::kFloat32, 4}}, {"<f8", {DType::kFloat32, 8}}, {"<f2", {DType::kFloat32, 2}},
      {"|i1", {DType::kInt8, 1}},    {"|u1", {DType::kUInt8, 1}},   {"|b1", {DType::kBool, 1}},
      {"<i2", {DType::kInt16, 2}},   {"<u2", {DType::kUInt16, 2}},  {"<i4", {DType::kInt32, 4}},
      {"<u4", {DType::kUInt32, 4}},  {"<i8", {DType::kInt64, 8}},   {"<u8", {DType::kUInt64, 8}}};
  const auto type = kTypes.find(code.size() > 2 ? code.substr(1, code.size() - 2) : "");
  if (type == kTypes.end()) throw CompileError(name + ": elements of " + code);
  const auto [dtype, width] = type->second;
  Tensor out(dtype, shape);
  if (data.size() - start != static_cast<std::size_t>(out.size()) * width) {
    zip.broken(name + " has too many or too few elements");
  }
  if (fortran && shape.size() > 1) {
    data.replace(start, std::string::npos, row_major(data.substr(start), shape, width));
  }
  if (dtype == DType::kFloat32 && width == 8) {
    convert<double, float>(data, start, out);
  } else if (dtype == DType::kFloat32 && width == 2) {
    auto to = out.mutable_data<float>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      std::uint16_t h = 0;
      std::memcpy(&h, data.data() + start + 2 * i, 2);
      to[i] = half_value(h);
    }
  } else {
    ir::with_type(dtype, [&](auto* p) {
      using T = ir::Pointee<decltype(p)>;
      convert<T, T>(data, start, out);
    });
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, Tensor>> read_npz(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw CompileError(file.string() + ": cannot be read");
  const Bytes zip(std::string((std::istreambuf_iterator<char>(stream)), {}), file.string());
  std::size_t end = zip.size() < 22 ? 0 : zip.size() - 22;
  while (end > 0 && zip.number(end, 4) != 0x06054b50) --end;
  if (zip.size() < 22 || zip.number(end, 4) != 0x06054b50) zip.broken("no directory");
  const std::uint64_t count = zip.number(end + 10, 2);
  std::size_t at = zip.number(end + 16, 4);
  std::vector<std::pair<std::string, Tensor>> out;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (zip.number(at, 4) != 0x02014b50) zip.broken("its directory");
    const std::uint64_t method = zip.number(at + 10, 2), packed = zip.number(at + 20, 4);
    const std::uint64_t size = zip.number(at + 24, 4), name_size = zip.number(at + 28, 2);
    const std::uint64_t local = zip.number(at + 42, 4);
    std::string name = zip.text(at + 46, name_size);
    at += 46 + name_size + zip.number(at + 30, 2) + zip.number(at + 32, 2);
    if (packed == 0xffffffff || size == 0xffffffff) zip.broken("an array beyond 4 GiB");
    const std::size_t data = local + 30 + zip.number(local + 26, 2) + zip.number(local + 28, 2);
    std::string bytes = zip.text(data, packed);
    if (method == 8) {
      bytes = inflated(zip, bytes, size);
    } else if (method != 0) {
      zip.broken("an unknown compression");
    }
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    out.emplace_back(name, parse_npy(zip, bytes, name));
  }
  return out;
}

std::map<std::string, Tensor> read_npz_map(const std::filesystem::path& file) {
  std::map<std::string, Tensor> out;
  for (auto& [name, tensor] : read_npz(file)) out[name] = std::move(tensor);
  return out;
}

namespace {

std::string npy(const Tensor& t) {
  static constexpr const char* kCodes[] = {"<f4", "|i1", "|u1", "<i2", "<u2",
                                           "<i4", "<u4", "<i8", "<u8", "|b1"};
  std::string shape;
  for (const std::int64_t d : t.shape()) shape += fmt::format("{}, ", d);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   kCodes[static_cast<std::size_t>(t.dtype())], shape);
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  const auto length = static_cast<std::uint16_t>(header.size());
  out.append(reinterpret_cast<const char*>(&length), 2);
  out += header;
  const auto bytes = t.bytes();
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return out;
}

void put(std::string& out, std::uint64_t value, std::size_t size) {
  out.append(reinterpret_cast<const char*>(&value), size);
}

}  // namespace

void write_npz(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors) {
  std::string body, directory;
  for (const auto& [name, tensor] : tensors) {
    const std::string data = npy(tensor), path = name + ".npy";
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size()));
    const std::size_t offset = body.size();
    std::string common;  // from the version on, the same in both places
    put(common, 20, 2);
    put(common, 0, 2);
    put(common, 0, 2);
    put(common, 0x00210000, 4);  // 1 January 1980, so that equal tensors give equal files
    put(common, crc, 4);
    put(common, data.size(), 4);
    put(common, data.size(), 4);
    put(common, path.size(), 2);
    put(common, 0, 2);
    put(body, 0x04034b50, 4);
    body += common + path + data;
    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    directory += common;
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, offset, 4);
    directory += path;
  }
  const std::size_t start = body.size();
  body += directory;
  put(body, 0x06054b50, 4);
  put(body, 0, 4);
  put(body, tensors.size(), 2);
  put(body, tensors.size(), 2);
  put(body, directory.size(), 4);
  put(body, start, 4);
  put(body, 0, 2);
  std::ofstream stream(file, std::ios::binary);
  if (!stream.write(body.data(), static_cast<std::streamsize>(body.size()))) {
    throw CompileError(file.string() + ": cannot be written");
  }
}

}  // namespace oct::io
