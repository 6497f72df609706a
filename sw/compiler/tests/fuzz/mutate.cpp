// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <onnx/onnx_pb.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "compiler/tests/fuzz/target.hpp"

namespace oct::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// Everything of a model that can be changed or copied from.
struct Pool {
  std::vector<Message*> messages;
  std::vector<std::string> strings;
  std::vector<std::int64_t> numbers;

  void collect(Message& m) {
    messages.push_back(&m);
    const Reflection& r = *m.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    r.ListFields(m, &fields);
    for (const FieldDescriptor* f : fields) {
      const int n = f->is_repeated() ? r.FieldSize(m, f) : 1;
      for (int i = 0; i < std::min(n, 200); ++i) {
        switch (f->cpp_type()) {
          case FieldDescriptor::CPPTYPE_MESSAGE:
            collect(f->is_repeated() ? *r.MutableRepeatedMessage(&m, f, i)
                                     : *r.MutableMessage(&m, f));
            break;
          case FieldDescriptor::CPPTYPE_STRING:
            strings.push_back(f->is_repeated() ? r.GetRepeatedString(m, f, i) : r.GetString(m, f));
            break;
          case FieldDescriptor::CPPTYPE_INT64:
            numbers.push_back(f->is_repeated() ? r.GetRepeatedInt64(m, f, i) : r.GetInt64(m, f));
            break;
          default:
            break;
        }
      }
    }
  }
};

class Mutator {
 public:
  Mutator(onnx::ModelProto& model, onnx::ModelProto& donor, std::uint64_t seed)
      : model_(model), donor_(donor), rng_(seed) {}

  void change() {
    Pool own;  // anew for each change: pointers go stale
    own.collect(model_);
    pool_ = own;
    pool_.collect(donor_);
    Message& m = *own.messages[below(own.messages.size())];
    const auto& d = *m.GetDescriptor();
    const Reflection& r = *m.GetReflection();
    // Mostly fields that are there: the others are many and seldom read.
    std::vector<const FieldDescriptor*> fields;
    r.ListFields(m, &fields);
    const FieldDescriptor* f =
        fields.empty() || below(5) == 0
            ? d.field(static_cast<int>(below(static_cast<std::size_t>(d.field_count()))))
            : fields[below(fields.size())];
    if (f->is_repeated()) {
      repeated(m, r, f);
    } else if (below(8) == 0) {
      r.ClearField(&m, f);
    } else {
      single(m, r, f);
    }
  }

 private:
  std::size_t below(std::size_t n) { return rng_() % n; }

  std::int64_t number() {
    static constexpr std::array<std::int64_t, 26> kOdd{
        0,     1,     -1,         2,           -2,         3,         4,         5,   7,
        8,     16,    64,         127,         -3,         -8,        255,       11,  100,
        65535, 65536, 2147483647, -2147483648, 4294967296, INT64_MAX, INT64_MIN, 1000};
    if (!pool_.numbers.empty() && below(2)) {
      const auto v = static_cast<std::uint64_t>(pool_.numbers[below(pool_.numbers.size())]);
      return static_cast<std::int64_t>(v + below(3) - 1);
    }
    return kOdd[below(kOdd.size())];
  }

  double real() {
    static constexpr std::array<double, 12> kOdd{0, 1,    -1,    0.5,      -0.0,      1e-45,
                                                 2, 1e30, -1e30, INFINITY, -INFINITY, NAN};
    return kOdd[below(kOdd.size())];
  }

  std::string bytes(const std::string& old) {
    switch (below(5)) {
      case 0:
        return "";
      case 1: {
        std::string s = old;
        if (!s.empty()) s[below(s.size())] = static_cast<char>(below(256));
        return s;
      }
      case 2: {
        std::string s = old;
        s.resize(below(2) ? old.size() / 2 : std::min<std::size_t>(old.size() * 2 + 1, 4096));
        return s;
      }
      default:
        return pool_.strings.empty() ? old : pool_.strings[below(pool_.strings.size())];
    }
  }

  /// A message of the same type from anywhere, or nullptr.
  std::unique_ptr<Message> other(const google::protobuf::Descriptor* type) {
    std::vector<const Message*> fit;
    for (const Message* m : pool_.messages) {
      if (m->GetDescriptor() == type) fit.push_back(m);
    }
    if (fit.empty()) return nullptr;
    const Message* from = fit[below(fit.size())];
    std::unique_ptr<Message> copy(from->New());  // `from` may be an ancestor of the place
    copy->CopyFrom(*from);
    return copy;
  }

  void single(Message& m, const Reflection& r, const FieldDescriptor* f) {
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT64:
        return r.SetInt64(&m, f, number());
      case FieldDescriptor::CPPTYPE_INT32:
        // Mostly an element type.
        return r.SetInt32(&m, f, static_cast<std::int32_t>(below(3) ? below(24) : number()));
      case FieldDescriptor::CPPTYPE_UINT64:
        return r.SetUInt64(&m, f, static_cast<std::uint64_t>(number()));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r.SetFloat(&m, f, static_cast<float>(real()));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return r.SetDouble(&m, f, real());
      case FieldDescriptor::CPPTYPE_ENUM:
        return r.SetEnumValue(&m, f, static_cast<int>(below(16)));
      case FieldDescriptor::CPPTYPE_STRING:
        return r.SetString(&m, f, bytes(r.GetString(m, f)));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (const auto from = other(f->message_type())) r.MutableMessage(&m, f)->CopyFrom(*from);
        return;
      default:
        return;
    }
  }

  void repeated(Message& m, const Reflection& r, const FieldDescriptor* f) {
    const int n = r.FieldSize(m, f);
    const int i = n ? static_cast<int>(below(static_cast<std::size_t>(n))) : 0;
    const std::size_t what = n ? below(6) : 0;
    if (what == 0) return add(m, r, f);
    if (what == 1) return r.SwapElements(&m, f, i, n - 1 - i);
    if (what == 2) {
      r.SwapElements(&m, f, i, n - 1);
      return r.RemoveLast(&m, f);
    }
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT64:
        return r.SetRepeatedInt64(&m, f, i, number());
      case FieldDescriptor::CPPTYPE_INT32:
        return r.SetRepeatedInt32(&m, f, i, static_cast<std::int32_t>(number()));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r.SetRepeatedFloat(&m, f, i, static_cast<float>(real()));
      case FieldDescriptor::CPPTYPE_STRING:
        return r.SetRepeatedString(&m, f, i, bytes(r.GetRepeatedString(m, f, i)));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (const auto from = other(f->message_type())) {
          r.MutableRepeatedMessage(&m, f, i)->CopyFrom(*from);
        }
        return;
      default:
        return;
    }
  }

  void add(Message& m, const Reflection& r, const FieldDescriptor* f) {
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT64:
        return r.AddInt64(&m, f, number());
      case FieldDescriptor::CPPTYPE_INT32:
        return r.AddInt32(&m, f, static_cast<std::int32_t>(number()));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r.AddFloat(&m, f, static_cast<float>(real()));
      case FieldDescriptor::CPPTYPE_STRING:
        return r.AddString(&m, f, bytes(""));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (const auto from = other(f->message_type())) r.AddMessage(&m, f)->CopyFrom(*from);
        return;
      default:
        return;
    }
  }

  onnx::ModelProto& model_;
  onnx::ModelProto& donor_;
  std::mt19937_64 rng_;
  Pool pool_;
};

}  // namespace

std::string mutate(const std::string& bytes, const std::string& donor, std::uint64_t seed) {
  google::protobuf::SetLogHandler(nullptr);
  onnx::ModelProto model, other;
  if (!model.ParsePartialFromString(bytes)) return "";
  (void)other.ParsePartialFromString(donor);
  Mutator mutator(model, other, seed);
  for (std::uint64_t n = seed % 4 + 1; n > 0; --n) mutator.change();
  return model.SerializePartialAsString();
}

}  // namespace oct::fuzz
