// SPDX-License-Identifier: Apache-2.0
#include "compiler/import/model_file.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <bit>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

namespace oct::importer {
using ir::DType;
using ir::Shape;
using ir::Tensor;

namespace {

// The enumeration of newer versions than the installed headers know.
enum OnnxType : std::int64_t {
  kFloat = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kUInt16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kHalf = 10,
  kDouble = 11,
  kUInt32 = 12,
  kUInt64 = 13,
  kBFloat16 = 16,
  kUInt4 = 21,
  kInt4 = 22,
};

std::string type_name(std::int64_t type) {
  static constexpr const char* kNames[] = {"UNDEFINED",  "FLOAT",   "UINT8",  "INT8",   "UINT16",
                                           "INT16",      "INT32",   "INT64",  "STRING", "BOOL",
                                           "FLOAT16",    "DOUBLE",  "UINT32", "UINT64", "COMPLEX64",
                                           "COMPLEX128", "BFLOAT16"};
  if (type >= 0 && type < static_cast<std::int64_t>(std::size(kNames))) return kNames[type];
  return fmt::format("type {}", type);
}

float half_to_float(std::uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const float sign = h >> 15 ? -1.0F : 1.0F;
  if (exponent == 31) return mantissa ? std::nanf("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

float bfloat16_to_float(std::uint16_t b) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(b) << 16);
}

/// Bits of one stored element; 4 for the packed types.
std::size_t stored_bits(std::int64_t type, const std::string& what) {
  switch (type) {
    case kUInt4:
    case kInt4:
      return 4;
    case kUInt8:
    case kInt8:
    case kBool:
      return 8;
    case kHalf:
    case kBFloat16:
    case kUInt16:
    case kInt16:
      return 16;
    case kFloat:
    case kInt32:
    case kUInt32:
      return 32;
    case kDouble:
    case kInt64:
    case kUInt64:
      return 64;
    default:
      throw ImportError(
          fmt::format("{}: elements of {} are not understood", what, type_name(type)));
  }
}

template <typename From, typename To, typename F>
void decode(const std::string& raw, Tensor& out, F convert) {
  auto to = out.mutable_data<To>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    From v;
    std::memcpy(&v, raw.data() + i * sizeof(From), sizeof(From));
    to[i] = convert(v);
  }
}

void decode_raw(const std::string& raw, std::int64_t type, Tensor& out) {
  switch (type) {
    case kHalf:
      return decode<std::uint16_t, float>(raw, out, half_to_float);
    case kBFloat16:
      return decode<std::uint16_t, float>(raw, out, bfloat16_to_float);
    case kDouble:
      return decode<double, float>(raw, out, [](double v) { return static_cast<float>(v); });
    case kUInt4:
    case kInt4: {
      auto to = out.mutable_data<std::uint8_t>();
      for (std::size_t i = 0; i < to.size(); ++i) {
        const auto nibble =
            static_cast<std::uint8_t>(static_cast<std::uint8_t>(raw[i / 2]) >> (i % 2 * 4) & 15);
        to[i] = type == kInt4 && nibble > 7 ? static_cast<std::uint8_t>(nibble | 0xf0) : nibble;
      }
      return;
    }
    case kBool:
      return decode<std::uint8_t, std::uint8_t>(
          raw, out, [](std::uint8_t v) -> std::uint8_t { return v != 0; });
    default: {
      if (raw.empty()) return;
      switch (ir::dtype_size(out.dtype())) {
        case 1:
          std::memcpy(out.mutable_data<std::uint8_t>().data(), raw.data(), raw.size());
          return;
        case 2:
          std::memcpy(out.mutable_data<std::uint16_t>().data(), raw.data(), raw.size());
          return;
        case 4:
          std::memcpy(out.mutable_data<std::uint32_t>().data(), raw.data(), raw.size());
          return;
        default:
          std::memcpy(out.mutable_data<std::uint64_t>().data(), raw.data(), raw.size());
      }
    }
  }
}

/// The typed field's elements as raw data, so that there is one decoder.
template <typename Stored, typename Field>
std::string packed(const Field& field) {
  std::string raw;
  raw.reserve(static_cast<std::size_t>(field.size()) * sizeof(Stored));
  for (const auto v : field) {
    const auto stored = static_cast<Stored>(v);
    raw.append(reinterpret_cast<const char*>(&stored), sizeof stored);
  }
  return raw;
}

std::string typed_data(const onnx::TensorProto& t) {
  switch (t.data_type()) {
    case kFloat:
      return packed<float>(t.float_data());
    case kDouble:
      return packed<double>(t.double_data());
    case kInt64:
      return packed<std::int64_t>(t.int64_data());
    case kUInt64:
      return packed<std::uint64_t>(t.uint64_data());
    case kUInt32:
      return packed<std::uint32_t>(t.uint64_data());
    case kInt32:
      return packed<std::int32_t>(t.int32_data());
    case kHalf:
    case kBFloat16:
    case kUInt16:
    case kInt16:
      return packed<std::uint16_t>(t.int32_data());
    default:
      return packed<std::uint8_t>(t.int32_data());
  }
}

std::uint64_t entry_number(const std::string& text, const std::string& what) {
  std::uint64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw ImportError(fmt::format("{}: '{}' is no number", what, text));
  }
  return v;
}

std::string external_data(const onnx::TensorProto& t, const std::filesystem::path& folder,
                          std::size_t need, const std::string& what) {
  std::string location;
  std::uint64_t offset = 0, length = need;
  for (const auto& entry : t.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = entry_number(entry.value(), what + ", offset");
    if (entry.key() == "length") length = entry_number(entry.value(), what + ", length");
  }
  const std::filesystem::path relative = std::filesystem::path(location).lexically_normal();
  if (location.empty() || relative.is_absolute() || *relative.begin() == "..") {
    throw ImportError(fmt::format(
        "{}: its data is said to lie in '{}', which is not beside the model", what, location));
  }
  if (length != need) {
    throw ImportError(
        fmt::format("{}: {} bytes of external data, {} follow from its shape", what, length, need));
  }
  const std::filesystem::path file = folder / relative;
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  if (error) {
    throw ImportError(
        fmt::format("{}: its external data '{}' cannot be read: {}; it belongs "
                    "beside the model",
                    what, file.string(), error.message()));
  }
  if (offset > size || length > size - offset) {
    throw ImportError(fmt::format("{}: wants bytes {} to {} of '{}', which has {}", what, offset,
                                  offset + length, file.string(), size));
  }
  std::string raw(length, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  if (!stream.read(raw.data(), static_cast<std::streamsize>(length))) {
    throw ImportError(fmt::format("{}: '{}' cannot be read", what, file.string()));
  }
  return raw;
}

void check_no_nan(const Tensor& t, const std::string& what) {
  if (t.dtype() != DType::kFloat32) return;
  const auto v = t.data<float>();
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (std::isnan(v[i])) {
      throw ImportError(
          fmt::format("{}: element {} is not a number (NaN); the model is damaged or was trained "
                      "to nowhere",
                      what, i));
    }
  }
}

}  // namespace

DType read_dtype(std::int64_t type, const std::string& what) {
  switch (type) {
    case kFloat:
    case kHalf:
    case kBFloat16:
    case kDouble:
      return DType::kFloat32;
    case kUInt8:
    case kUInt4:
      return DType::kUInt8;
    case kInt8:
    case kInt4:
      return DType::kInt8;
    case kUInt16:
      return DType::kUInt16;
    case kInt16:
      return DType::kInt16;
    case kInt32:
      return DType::kInt32;
    case kUInt32:
      return DType::kUInt32;
    case kInt64:
      return DType::kInt64;
    case kUInt64:
      return DType::kUInt64;
    case kBool:
      return DType::kBool;
    default:
      throw ImportError(
          fmt::format("{}: elements of {} are not understood", what, type_name(type)));
  }
}

Tensor read_tensor(const onnx::TensorProto& t, const std::filesystem::path& folder) {
  const std::string what = fmt::format("tensor '{}'", t.name());
  const Shape shape(t.dims().begin(), t.dims().end());
  const DType dtype = read_dtype(t.data_type(), what);
  std::int64_t count = 0;
  try {
    count = ir::element_count(shape);
  } catch (const ir::CompileError& error) {
    throw ImportError(fmt::format("{}: {}", what, error.what()));
  }
  const std::size_t bits = stored_bits(t.data_type(), what);
  const auto need = (static_cast<std::size_t>(count) * bits + 7) / 8;
  std::string raw;
  if (t.data_location() == onnx::TensorProto::EXTERNAL) {
    raw = external_data(t, folder, need, what);
  } else {
    raw = t.has_raw_data() ? t.raw_data() : typed_data(t);
  }
  if (raw.size() != need) {
    throw ImportError(fmt::format("{}: {} bytes of data, {} follow from {} {}", what, raw.size(),
                                  need, type_name(t.data_type()), ir::shape_text(shape)));
  }
  Tensor out(dtype, shape);
  decode_raw(raw, t.data_type(), out);
  check_no_nan(out, what);
  return out;
}

int default_opset(const onnx::ModelProto& model) {
  for (const auto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") return static_cast<int>(set.version());
  }
  return 0;
}

onnx::ModelProto parse_model(const std::string& bytes, const std::string& name) {
  google::protobuf::SetLogHandler(nullptr);  // we say it ourselves
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT_MAX);
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
    throw ImportError(fmt::format("{}: not an ONNX file, or one that was cut short", name));
  }
  if (!model.has_graph() || model.graph().output_size() == 0) {
    throw ImportError(fmt::format("{}: holds no graph with an output", name));
  }
  const int opset = default_opset(model);
  if (opset < 9 || opset > 23) {
    throw ImportError(fmt::format(
        "{}: operator set {}; 9 to 23 are understood. Export it again with another opset_version",
        name, opset));
  }
  return model;
}

onnx::ModelProto read_model(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    throw ImportError(fmt::format("{}: no such file", file.string()));
  }
  if (std::filesystem::file_size(file) > INT_MAX) {
    throw ImportError(
        fmt::format("{}: larger than 2 GiB; keep the weights as external data", file.string()));
  }
  std::string bytes(std::filesystem::file_size(file), '\0');
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw ImportError(fmt::format("{}: cannot be read", file.string()));
  }
  return parse_model(bytes, file.string());
}

}  // namespace oct::importer
