// SPDX-License-Identifier: Apache-2.0
// The rules of an integer graph. Every byte is written at most once, and before it is read: so the
// tensors that the golden executor leaves behind are what any schedule must have produced.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "compiler/integer/graph.hpp"
#include "compiler/integer/kernels.hpp"
#include "compiler/integer/rows.hpp"

namespace oct::integer {
namespace {

using Sizes = std::vector<std::int64_t>;
constexpr std::int64_t kMaxField = 65535;  // 16 bits in a descriptor
constexpr std::array<const char*, 5> kOperationNames{"Gemm", "Attention", "Kernel", "Copy",
                                                     "Gather"};

const char* elem_name(Elem e) {
  constexpr std::array<const char*, 5> kNames{"INT8", "UINT8", "INT16", "INT32", "INT64"};
  return kNames.at(static_cast<std::size_t>(e));
}

/// Checks one thing: an operation or a port. Messages start with its name.
class Checker {
 public:
  Checker(const Graph& graph, std::vector<std::vector<std::uint8_t>>& written)
      : graph_(graph), written_(written) {}

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw ir::GraphError(fmt::format("integer graph {}: {}: {}", graph_.name, where_,
                                     fmt::format(text, std::forward<Args>(args)...)));
  }
  void in(std::string where) { where_ = std::move(where); }

  void tensor(const Tensor& t);
  void port(const Port& p, bool input);
  void operation(const Operation& op);

 private:
  const Tensor& tensor_of(TensorId id, const std::string& what) const {
    if (id < 0 || static_cast<std::size_t>(id) >= graph_.tensors.size()) {
      fail("{} is tensor {}, there are {}", what, id, graph_.tensors.size());
    }
    return graph_.at(id);
  }
  const Tensor& view(const View& v, const std::string& what, bool contiguous = true) const;
  void rank(const View& v, const std::string& what, std::size_t rank) const {
    if (v.sizes.size() != rank) {
      fail("{} has sizes {}, {} dimensions are wanted", what, ir::shape_text(v.sizes), rank);
    }
  }
  void sizes(const View& v, const std::string& what, const Sizes& wanted) const {
    if (v.sizes != wanted) {
      fail("{} has sizes {}, wanted are {}", what, ir::shape_text(v.sizes), ir::shape_text(wanted));
    }
  }
  void element(const View& v, const std::string& what, std::initializer_list<Elem> allowed) const;
  void aligned(const View& v, const std::string& what, std::int64_t align) const;
  void column(TensorId id, const std::string& what, std::int64_t bytes) const;
  void limit(std::int64_t value, const std::string& what, std::int64_t most) const {
    if (value > most) fail("{} is {}, at most {} are possible", what, value, most);
  }

  [[nodiscard]] View last_slot(View v) const {
    v.offset += (graph_.slots - 1) * v.slot_stride;
    return v;
  }
  void read(const View& v, const std::string& what) const;
  void write(const View& v, const std::string& what) const;

  void check(const Gemm& g) const;
  void check(const Attention& a) const;
  void check(const Kernel& k) const;
  void check(const Copy& c) const;
  void check(const Gather& g) const;

  const Graph& graph_;
  std::vector<std::vector<std::uint8_t>>& written_;  // a flag a byte
  std::string where_;
};

void Checker::tensor(const Tensor& t) {
  for (const std::int64_t n : t.shape) {
    if (n < 1) fail("shape {}", ir::shape_text(t.shape));
  }
  if (t.row_align < elem_bytes(t.elem) || t.row_align % elem_bytes(t.elem) != 0) {
    fail("rows of {} cannot be aligned to {} bytes", elem_name(t.elem), t.row_align);
  }
  const auto bytes = static_cast<std::size_t>(t.bytes());
  if (t.role == Role::kConstant && t.data.size() != bytes) {
    fail("a constant of {} bytes has {} bytes of data", bytes, t.data.size());
  }
  if (t.role != Role::kConstant && !t.data.empty()) fail("only constants have data");
  if (!(t.scale > 0)) fail("scale {}", t.scale);
}

const Tensor& Checker::view(const View& v, const std::string& what, bool contiguous) const {
  const Tensor& t = tensor_of(v.tensor, what);
  const std::int64_t e = elem_bytes(t.elem);
  if (v.sizes.size() != v.strides.size()) {
    fail("{} has {} sizes and {} strides", what, v.sizes.size(), v.strides.size());
  }
  std::int64_t first = v.offset, last = v.offset + e;
  for (std::size_t d = 0; d < v.sizes.size(); ++d) {
    if (v.sizes[d] < 1) fail("{} has sizes {}", what, ir::shape_text(v.sizes));
    if (v.strides[d] % e != 0) fail("{}: stride {} splits elements", what, v.strides[d]);
    (v.strides[d] < 0 ? first : last) += (v.sizes[d] - 1) * v.strides[d];
  }
  if (v.offset % e != 0) fail("{}: offset {} splits elements", what, v.offset);
  if (v.slot_stride % e != 0) fail("{}: slots {} apart split elements", what, v.slot_stride);
  (v.slot_stride < 0 ? first : last) += (graph_.slots - 1) * v.slot_stride;
  if (first < 0 || last > t.bytes()) {
    fail("{} covers bytes [{}, {}) of {}, which has {}", what, first, last, t.name, t.bytes());
  }
  if (contiguous && (v.sizes.empty() || (v.sizes.back() > 1 && v.strides.back() != e))) {
    fail("{}: elements of the last dimension are not contiguous (stride {})", what,
         v.sizes.empty() ? 0 : v.strides.back());
  }
  return t;
}

void Checker::element(const View& v, const std::string& what,
                      std::initializer_list<Elem> allowed) const {
  const Elem e = graph_.at(v.tensor).elem;
  if (std::find(allowed.begin(), allowed.end(), e) == allowed.end()) {
    fail("{} ({}) is {}, wanted is {}", what, graph_.at(v.tensor).name, elem_name(e),
         elem_name(*allowed.begin()));
  }
}

void Checker::aligned(const View& v, const std::string& what, std::int64_t align) const {
  if (v.offset % align != 0) fail("{}: offset {} is no multiple of {}", what, v.offset, align);
  if (v.slot_stride % align != 0) {
    fail("{}: slots are {} bytes apart, no multiple of {}", what, v.slot_stride, align);
  }
  for (std::size_t d = 0; d + 1 < v.sizes.size(); ++d) {
    if (v.sizes[d] > 1 && v.strides[d] % align != 0) {
      fail("{}: stride {} of dimension {} is no multiple of {}", what, v.strides[d], d, align);
    }
  }
}

void Checker::column(TensorId id, const std::string& what, std::int64_t bytes) const {
  const Tensor& t = tensor_of(id, what);
  if (t.role != Role::kConstant) fail("{} ({}) is no constant", what, t.name);
  if (t.bytes() < bytes) fail("{} ({}) has {} bytes of {}", what, t.name, t.bytes(), bytes);
}

void Checker::read(const View& v, const std::string& what) const {
  const Tensor& t = graph_.at(v.tensor);
  if (t.role == Role::kConstant) return;
  const auto bytes = static_cast<std::size_t>(v.sizes.back() * elem_bytes(t.elem));
  const auto& flags = written_[static_cast<std::size_t>(v.tensor)];
  for_each_row(last_slot(v), [&](std::int64_t at) {
    if (const void* hole = std::memchr(&flags[static_cast<std::size_t>(at)], 0, bytes)) {
      fail("{} reads byte {} of {}, which nothing has written", what,
           static_cast<const std::uint8_t*>(hole) - flags.data(), t.name);
    }
  });
}

void Checker::write(const View& v, const std::string& what) const {
  const Tensor& t = graph_.at(v.tensor);
  if (t.role == Role::kConstant) fail("{} writes the constant {}", what, t.name);
  const auto bytes = static_cast<std::size_t>(v.sizes.back() * elem_bytes(t.elem));
  auto& flags = written_[static_cast<std::size_t>(v.tensor)];
  for_each_row(last_slot(v), [&](std::int64_t at) {
    std::uint8_t* row = &flags[static_cast<std::size_t>(at)];
    if (const void* twice = std::memchr(row, 1, bytes)) {
      fail("{} writes byte {} of {} a second time", what,
           static_cast<const std::uint8_t*>(twice) - flags.data(), t.name);
    }
    std::memset(row, 1, bytes);
  });
}

void Checker::port(const Port& p, bool input) {
  const std::string what = "view";
  const Tensor& t = view(p.view, what, false);
  const bool real = ir::is_float(p.dtype);
  const bool narrow = t.elem == Elem::kI8 || t.elem == Elem::kI16 || t.elem == Elem::kI32;
  const bool same = static_cast<std::int64_t>(ir::dtype_size(p.dtype)) == elem_bytes(t.elem);
  // The host widens masks and ids, and makes truth values of integers.
  const bool made = input && (t.elem == Elem::kI64 || t.elem == Elem::kI8);
  if (real ? !narrow : !same && !made) {
    fail("{} cannot stand in {} of {}", ir::dtype_name(p.dtype), elem_name(t.elem), t.name);
  }
  const bool host = t.role == Role::kState || t.role == (input ? Role::kInput : Role::kOutput);
  if (!host && (input || t.role == Role::kActivation)) {
    fail("{} is not a tensor that the host {}", t.name, input ? "writes" : "reads");
  }
  // Elements apart: the last dimension may have any stride.
  View elements = p.view;
  elements.sizes.push_back(1);
  elements.strides.push_back(elem_bytes(t.elem));
  if (input) {
    write(elements, what);
  } else {
    read(elements, what);
  }
}

void Checker::check(const Gemm& g) const {
  view(g.a, "a"), view(g.w, "w"), view(g.y, "y");
  element(g.a, "a", {Elem::kI8}), element(g.w, "w", {Elem::kI8});
  element(g.y, "y", {Elem::kI8, Elem::kI16});
  aligned(g.a, "a", 8), aligned(g.w, "w", 8), aligned(g.y, "y", 8);
  if (g.a.sizes.size() != 4) rank(g.a, "a", 3);
  rank(g.w, "w", 3);
  const bool segments = g.a.sizes.size() == 4;
  const std::int64_t b = g.a.sizes[0], m = g.a.sizes[1];
  const std::int64_t k = segments ? g.a.sizes[2] * g.a.sizes[3] : g.a.sizes[2];
  const std::int64_t n = g.w.sizes[g.w_kn ? 2 : 1];
  sizes(g.w, "w", g.w_kn ? Sizes{b, k, n} : Sizes{b, n, k});
  sizes(g.y, "y", g.y_trans ? Sizes{b, n, m} : Sizes{b, m, n});
  limit(k, "K", kMaxField);
  if (segments && g.a.sizes[2] > 1) {
    const std::int64_t s = g.a.sizes[3];
    if (s % 64 != 0 && s != 8 && s != 16 && s != 32) {
      fail("a: segments of {}; 8, 16, 32 and multiples of 64 are possible", s);
    }
  }
  const bool wide = graph_.at(g.y.tensor).elem == Elem::kI16;
  if (wide && g.y_trans) fail("y is written transposed, so it must be INT8");

  const Epilogue& e = g.epilogue;
  const std::int32_t most = wide ? 32767 : 127;
  if (e.lo > e.hi || e.lo < -most - 1 || e.hi > most) fail("clips to [{}, {}]", e.lo, e.hi);
  column(e.plane_a, "plane A", 8 * n);
  if (e.plane_b != kNone) column(e.plane_b, "plane B", 8 * n);
  if ((e.plane_c == kNone) != (e.table == kNone)) fail("a table and plane C go together");
  if (e.table != kNone) column(e.plane_c, "plane C", 4 * n), column(e.table, "table", 256);
  if ((e.residual == Epilogue::Residual::kNone) == g.r.used()) {
    fail("r is {}, the epilogue says otherwise", g.r.used() ? "given" : "left out");
  }
  read(g.a, "a"), read(g.w, "w");
  if (g.r.used()) {
    if (e.plane_b == kNone) fail("a residual needs plane B");
    view(g.r, "r"), sizes(g.r, "r", {b, m, n}), aligned(g.r, "r", 8);
    element(g.r, "r", {Elem::kI8, Elem::kI16});
    read(g.r, "r");
  }
  write(g.y, "y");
}

void Checker::check(const Attention& a) const {
  for (const auto& [v, what] :
       {std::pair{&a.q, "q"}, std::pair{&a.k, "k"}, {&a.v, "v"}, {&a.o, "o"}}) {
    view(*v, what), rank(*v, what, 3), element(*v, what, {Elem::kI8}), aligned(*v, what, 8);
  }
  const std::int64_t h = a.q.sizes[0], sq = a.q.sizes[1], d = a.q.sizes[2];
  const std::int64_t g = a.k.sizes[0], sk = a.k.sizes[1], dv = a.v.sizes[1];
  sizes(a.k, "k", {g, sk, d}), sizes(a.v, "v", {g, dv, sk}), sizes(a.o, "o", {h, sq, dv});
  if (h % g != 0) fail("{} heads of q share {} of k and v", h, g);
  limit(d, "D", 128), limit(dv, "DV", 128), limit(sk, "the number of keys", kMaxField);
  limit(a.window, "the window", kMaxField);
  if (a.window < 0) fail("window {}", a.window);
  if (std::abs(a.offset) > 0x7fffffff) fail("offset {}", a.offset);
  column(a.head_params, "head parameters", 8 * h);
  if (a.key_mask.used()) {
    view(a.key_mask, "key mask"), rank(a.key_mask, "key mask", 2), aligned(a.key_mask, "mask", 8);
    if (a.key_mask.sizes[0] != 1 || a.key_mask.sizes[1] % 8 != 0 || a.key_mask.sizes[1] * 8 < sk) {
      fail("key mask has sizes {}, wanted are [1, {}]", ir::shape_text(a.key_mask.sizes),
           (sk + 63) / 64 * 8);
    }
    element(a.key_mask, "key mask", {Elem::kU8});
    read(a.key_mask, "key mask");
  }
  read(a.q, "q"), read(a.k, "k"), read(a.v, "v");
  write(a.o, "o");
}

void Checker::check(const Kernel& k) const {
  const KernelInfo& info = kernel_info(k.name);
  const auto count = [&](const char* what, std::size_t have, std::size_t wanted) {
    if (have != wanted) fail("kernel {} has {} {}, wanted are {}", k.name, have, what, wanted);
  };
  count("inputs", k.inputs.size(), info.inputs.size());
  count("outputs", k.outputs.size(), info.outputs.size());
  count("constants", k.constants.size(), info.constants.size());
  count("arguments", k.args.size(), info.args);
  if (k.outputs.empty()) fail("kernel {} has no output", k.name);
  const auto operand = [&](const View& v, Elem elem, const std::string& what) {
    view(v, what), rank(v, what, 3), element(v, what, {elem});
    aligned(v, what, elem == Elem::kI64 ? 8 : 4);
    if (v.sizes[0] != k.outputs[0].sizes.at(0)) fail("{}: {} jobs", what, v.sizes[0]);
  };
  const auto elem = [&](std::size_t i) {
    return info.typed               ? typed_elem(k.args, i)
           : i < info.inputs.size() ? info.inputs[i]
                                    : info.outputs[i - info.inputs.size()];
  };
  for (std::size_t i = 0; i < k.inputs.size(); ++i) {
    operand(k.inputs[i], elem(i), fmt::format("input {}", i));
    read(k.inputs[i], fmt::format("input {}", i));
  }
  for (std::size_t i = 0; i < k.outputs.size(); ++i) {
    operand(k.outputs[i], elem(info.inputs.size() + i), fmt::format("output {}", i));
    write(k.outputs[i], fmt::format("output {}", i));
  }
  for (std::size_t i = 0; i < k.constants.size(); ++i) {
    const std::string what = fmt::format("constant {}", i);
    const Tensor& t = tensor_of(k.constants[i], what);
    if (t.role != Role::kConstant) fail("{} ({}) is no constant", what, t.name);
    if (t.elem != info.constants[i]) fail("{} ({}) is {}", what, t.name, elem_name(t.elem));
  }
  if (!info.row_wise) return;
  const std::int64_t rows = k.outputs[0].sizes[1];
  const auto same_rows = [&](const View& v, bool shared, const char* what, std::size_t i) {
    if (v.sizes[1] != rows && !(shared && rows > 1 && v.strides[1] == 0)) {
      fail("{} {} has {} rows, output 0 has {}", what, i, v.sizes[1], rows);
    }
  };
  for (std::size_t i = 0; i < k.inputs.size(); ++i) same_rows(k.inputs[i], true, "input", i);
  for (std::size_t i = 0; i < k.outputs.size(); ++i) same_rows(k.outputs[i], false, "output", i);
}

void Checker::check(const Copy& c) const {
  const Tensor &from = view(c.from, "from"), &to = view(c.to, "to");
  sizes(c.to, "to", c.from.sizes);
  if (from.elem != to.elem) {
    fail("from {} ({}) to {} ({})", from.name, elem_name(from.elem), to.name, elem_name(to.elem));
  }
  read(c.from, "from");
  write(c.to, "to");
}

void Checker::check(const Gather& g) const {
  const Tensor &ids = view(g.ids, "ids"), &to = view(g.to, "to");
  const Tensor& table = tensor_of(g.table, "table");
  if (table.shape.size() != 2)
    fail("table {} has shape {}", table.name, ir::shape_text(table.shape));
  rank(g.ids, "ids", 1), rank(g.to, "to", 2);
  element(g.ids, "ids", {Elem::kI64});
  if (ids.role == Role::kActivation) fail("ids ({}) must lie in L2", ids.name);
  sizes(g.to, "to", {g.ids.sizes[0], table.shape[1]});
  if (table.elem != to.elem) fail("rows of {} go to {}", elem_name(table.elem), elem_name(to.elem));
  read(g.ids, "ids"), read(graph_.whole(g.table), "table");
  write(g.to, "to");
}

void Checker::operation(const Operation& op) {
  std::visit([&](const auto& what) { check(what); }, op.what);
}

}  // namespace

void Graph::verify() const {
  std::vector<std::vector<std::uint8_t>> written(tensors.size());
  Checker checker(*this, written);
  checker.in("slots");
  if (slots < 1) checker.fail("there are {}", slots);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    checker.in(fmt::format("tensor {} {}", i, tensors[i].name));
    checker.tensor(tensors[i]);
    if (tensors[i].role == Role::kConstant) continue;
    written[i].resize(static_cast<std::size_t>(tensors[i].bytes()));
  }
  std::set<std::string> names;
  for (const Port& p : inputs) {
    checker.in("input " + p.name);
    if (!names.insert(p.name).second) checker.fail("the name is taken");
    checker.port(p, true);
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    checker.in(
        fmt::format("operation {} {} ({})", i, op.name, kOperationNames.at(op.what.index())));
    checker.operation(op);
  }
  names.clear();
  for (const Port& p : outputs) {
    checker.in("output " + p.name);
    if (!names.insert(p.name).second) checker.fail("the name is taken");
    checker.port(p, false);
  }
}

}  // namespace oct::integer
