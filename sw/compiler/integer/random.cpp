// SPDX-License-Identifier: Apache-2.0
#include "compiler/integer/random.hpp"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "compiler/integer/random_builder.hpp"
#include "compiler/integer/rows.hpp"

namespace oct::integer {

std::int64_t RandomBuilder::size(std::int64_t most) {
  std::int64_t v = uniform(1, most);
  if (chance(25)) v = uniform(1, std::min<std::int64_t>(most, 8));
  if (chance(60)) {
    const std::int64_t step = chance(40) ? 8 : chance(50) ? 16 : 64;
    v = (v + step - 1) / step * step + (chance(40) ? uniform(-1, 1) : 0);
  }
  return std::clamp<std::int64_t>(v, 1, most);
}

std::uint32_t RandomBuilder::scale(int e, bool sign) {
  auto m = static_cast<std::int32_t>(uniform(1 << 22, (1 << 23) - 1));
  if (sign && chance(20)) m = -m;
  const auto s = static_cast<std::uint32_t>(std::clamp(23 - e, 0, 63));
  return (static_cast<std::uint32_t>(m) & 0xffffffU) | s << 24;
}

// ---- Tensors -----------------------------------------------------------------------------------
TensorId RandomBuilder::tensor(Elem elem, ir::Shape shape, Role role) {
  Tensor t;
  t.name = fmt::format("t{}", graph_.tensors.size());
  t.elem = elem;
  t.role = role;
  t.shape = std::move(shape);
  t.scale = std::ldexp(1.0 + static_cast<double>(uniform(0, 99)) / 100, -7);
  if (elem == Elem::kI16) t.scale /= 128;
  if (chance(15)) t.row_align = chance(50) ? 16 : 64;
  t.sources = {"node_" + t.name};
  return graph_.add(std::move(t));
}

TensorId RandomBuilder::constant(const char* what, Elem elem, ir::Shape shape, const Fill& fill) {
  const TensorId id = tensor(elem, std::move(shape), Role::kConstant);
  Tensor& t = graph_.at(id);
  t.name = fmt::format("{}_{}", what, id);
  t.row_align = 8;
  t.data.resize(static_cast<std::size_t>(t.bytes()));
  for (std::uint8_t& b : t.data) b = static_cast<std::uint8_t>(random_());
  std::int64_t next = 0;
  const auto width = static_cast<std::size_t>(elem_bytes(elem));
  const View whole = graph_.whole(id);
  for_each_index<1>(whole.sizes, {&whole.strides}, 0, [&](std::int64_t at) {
    const std::int64_t v = fill(next++);
    std::memcpy(&graph_.at(id).data[static_cast<std::size_t>(at)], &v, width);
  });
  return id;
}

TensorId RandomBuilder::noise(const char* what, Elem elem, ir::Shape shape) {
  return constant(what, elem, std::move(shape),
                  [&](std::int64_t) { return static_cast<std::int64_t>(random_()); });
}

View RandomBuilder::rows_of(TensorId id) const {
  View v = graph_.whole(id);
  std::int64_t rows = 1;
  for (std::size_t d = 0; d + 1 < v.sizes.size(); ++d) rows *= v.sizes[d];
  v.strides = {v.strides.at(v.strides.size() - 2), v.strides.back()};
  v.sizes = {rows, v.sizes.back()};
  return v;
}

View RandomBuilder::pick(Elem elem) {
  std::vector<const View*> found;
  for (const View& v : values_) {
    if (this->elem(v) == elem) found.push_back(&v);
  }
  if (found.empty() || chance(6)) {
    input(elem);
    return values_.back();
  }
  // Mostly one of the last ones, so that chains grow.
  const std::size_t back = chance(60) ? std::min<std::size_t>(found.size(), 2) : found.size();
  return *found[found.size() - 1 - random_() % back];
}

View RandomBuilder::part_of(View v) {
  if (chance(15) && v.sizes[0] > 1) {
    const std::int64_t from = uniform(0, v.sizes[0] - 1);
    v = v.slice(0, from, uniform(1, v.sizes[0] - from));
  }
  const std::int64_t step = 8 / elem_bytes(elem(v));
  if (chance(15) && v.sizes[1] > step) {
    const std::int64_t from = uniform(0, (v.sizes[1] - 1) / step) * step;
    v = v.slice(1, from, uniform(1, v.sizes[1] - from));
  }
  return v;
}

View RandomBuilder::rows3(const View& v) const {
  View out = v;
  out.sizes.insert(out.sizes.begin(), 1);
  out.strides.insert(out.strides.begin(), v.sizes[0] * v.strides[0]);
  return out;
}

void RandomBuilder::add(const char* what, decltype(Operation::what) op) {
  const std::string name = fmt::format("{}_{}", what, graph_.operations.size());
  graph_.operations.push_back({name, {"/net/" + name}, std::move(op)});
}

// ---- Inputs and outputs ------------------------------------------------------------------------
void RandomBuilder::input(Elem elem) {
  const std::int64_t r = size(limits_.rows), c = size(limits_.columns);
  const bool deep = chance(30);
  // A border of zeros above and below, which the network writes itself.
  const std::int64_t border = !deep && chance(15) ? uniform(1, 3) : 0;
  const ir::Shape shape = deep ? ir::Shape{1, r, c} : ir::Shape{r + 2 * border, c};
  const TensorId id = tensor(elem, shape, Role::kInput);
  View port = graph_.whole(id);
  if (border > 0) {
    port = port.slice(0, border, r);
    const TensorId zeros = constant("zeros", elem, {border, c}, [](std::int64_t) { return 0; });
    add("border", Copy{graph_.whole(zeros), graph_.whole(id).slice(0, 0, border)});
    add("border", Copy{graph_.whole(zeros), graph_.whole(id).slice(0, border + r, border)});
  } else if (chance(25)) {  // the ONNX tensor has the columns first
    const std::size_t last = port.sizes.size() - 1;
    std::swap(port.sizes[last], port.sizes[last - 1]);
    std::swap(port.strides[last], port.strides[last - 1]);
  }
  graph_.inputs.push_back({port_name("x"), port, ir::DType::kFloat32});
  value(rows_of(id));
}

void RandomBuilder::output_ports() {
  std::vector<bool> read(graph_.tensors.size());
  for (const Operation& op : graph_.operations) {
    for_each_view(op, [&](const View& v, bool writes) {
      if (!writes) read[static_cast<std::size_t>(v.tensor)] = true;
    });
  }
  std::vector<bool> done(graph_.tensors.size());
  for (std::size_t i = values_.size(); i-- > 0;) {
    const View& v = values_[i];
    Tensor& t = graph_.at(v.tensor);
    const auto id = static_cast<std::size_t>(v.tensor);
    const bool last = i + 1 == values_.size();
    if (done[id] || (!last && !chance(read[id] ? 10 : 80))) continue;
    if (t.role == Role::kState || t.role == Role::kConstant) continue;
    done[id] = true;
    if (t.role == Role::kActivation) t.role = Role::kOutput;
    View port = chance(60) ? graph_.whole(v.tensor) : v;
    if (chance(20)) {
      const std::size_t last_dim = port.sizes.size() - 1;
      std::swap(port.sizes[last_dim], port.sizes[last_dim - 1]);
      std::swap(port.strides[last_dim], port.strides[last_dim - 1]);
    }
    graph_.outputs.push_back({port_name("y"), port, ir::DType::kFloat32});
  }
}

// ---- Movement ----------------------------------------------------------------------------------
void RandomBuilder::copy() {
  const View a = part_of(pick_any());
  const Elem e = elem(a);
  const std::int64_t r = a.sizes[0], c = a.sizes[1], width = elem_bytes(e);
  const auto one = [](View v) {  // element by element
    v.sizes.push_back(1);
    v.strides.push_back(v.strides.back());
    return v;
  };
  switch (uniform(0, 4)) {
    case 0: {  // transposed
      const TensorId to = tensor(e, {c, r});
      View y = graph_.whole(to);
      std::swap(y.sizes[0], y.sizes[1]);
      std::swap(y.strides[0], y.strides[1]);
      add("transpose", Copy{one(a), one(y)});
      return value(rows_of(to));
    }
    case 1: {  // two side by side, without regard to alignment
      std::vector<View> fit;
      for (const View& v : values_) {
        if (elem(v) == e && v.sizes[0] == r) fit.push_back(v);
      }
      const View b = fit.empty() ? a : fit[random_() % fit.size()];
      const TensorId to = tensor(e, {r, c + b.sizes[1]});
      add("concat", Copy{a, graph_.whole(to).slice(1, 0, c)});
      add("concat", Copy{b, graph_.whole(to).slice(1, c, b.sizes[1])});
      return value(rows_of(to));
    }
    case 2: {  // any part
      View from = a.slice(1, uniform(0, c - 1), 1);
      from.sizes[1] = uniform(1, c - (from.offset - a.offset) / width);
      if (chance(30) && r > 2) {  // every other row
        from.sizes[0] = (r + 1) / 2;
        from.strides[0] *= 2;
      }
      const TensorId to = tensor(e, from.sizes);
      add("slice", Copy{from, graph_.whole(to)});
      return value(rows_of(to));
    }
    case 3: {  // overlapping windows of rows, one behind the other
      const std::int64_t w = uniform(1, std::min<std::int64_t>(r, 4)), m = r - w + 1;
      if (m * w * c > 40 * limits_.columns * limits_.rows) return;
      View from = a;
      from.sizes = {m, w, c};
      from.strides = {a.strides[0], a.strides[0], width};
      const TensorId to = tensor(e, {m, w * c});
      View y = graph_.whole(to);
      y.sizes = from.sizes;
      y.strides = {y.strides[0], c * width, width};
      add("patches", Copy{from, y});
      return value(rows_of(to));
    }
    default: {  // zeros around
      const std::int64_t above = uniform(0, 2), below = uniform(1, 2);
      const TensorId to = tensor(e, {above + r + below, c});
      const TensorId zeros = constant("zeros", e, {1, c}, [](std::int64_t) { return 0; });
      const auto fill = [&](std::int64_t from, std::int64_t count) {
        View z = graph_.whole(zeros);
        z.sizes[0] = count;
        z.strides[0] = 0;
        add("pad", Copy{z, graph_.whole(to).slice(0, from, count)});
      };
      add("pad", Copy{a, graph_.whole(to).slice(0, above, r)});
      if (above > 0) fill(0, above);
      fill(above + r, below);
      return value(rows_of(to));
    }
  }
}

View RandomBuilder::ids(std::int64_t count) {
  const TensorId id = tensor(Elem::kI64, {1, count}, Role::kInput);
  graph_.inputs.push_back({port_name("ids"), graph_.whole(id), ir::DType::kInt64});
  View v = graph_.whole(id);
  v.sizes = {count};
  v.strides = {8};
  return v;
}

void RandomBuilder::gather() {
  const std::int64_t v = size(2 * limits_.rows), c = size(limits_.columns), r = size(limits_.rows);
  const TensorId table = noise("table", chance(50) ? Elem::kI8 : Elem::kI16, {v, c});
  const TensorId to = tensor(graph_.at(table).elem, {r, c});
  add("gather", Gather{ids(r), table, graph_.whole(to)});
  value(rows_of(to));
}

/// The last row of a cache is new. Plain, or as one column of a transposed one.
void RandomBuilder::cache() {
  const View x = pick(Elem::kI8);
  const std::int64_t t = graph_.slots, c = x.sizes[1];
  const bool columns = chance(40);
  const TensorId id = tensor(Elem::kI8, columns ? ir::Shape{c, t} : ir::Shape{t, c}, Role::kState);
  const View whole = graph_.whole(id);
  const std::size_t time = columns ? 1 : 0;
  if (t > 1) graph_.inputs.push_back({port_name("past"), whole.slice(time, 0, t - 1)});
  View to = whole.slice(time, 0, 1), from = x.slice(0, x.sizes[0] - 1, 1);
  if (columns) {
    from.sizes = {c, 1};
    from.strides = {1, 1};
  }
  to.slot_stride = whole.strides[time];
  add("append", Copy{from, to});
  graph_.outputs.push_back({port_name("present"), whole});
  value(whole);
}

Graph RandomBuilder::build(std::uint64_t seed) {
  graph_.name = fmt::format("random_{}", seed);
  graph_.slots = limits_.caches && chance(30) ? size(limits_.rows) : 1;
  const auto count = static_cast<std::size_t>(uniform(limits_.least, limits_.most));
  input(Elem::kI8);
  while (graph_.operations.size() < count) {
    const std::int64_t draw = uniform(0, 99);
    if (draw < 30) {
      gemm();
    } else if (draw < 38) {
      convolution();
    } else if (draw < 46) {
      batched();
    } else if (draw < 58) {
      attention();
    } else if (draw < 68) {
      copy();
    } else if (draw < 73) {
      gather();
    } else if (draw < 77) {
      if (graph_.slots > 1) cache();
    } else if (limits_.kernels) {
      kernel();
    }
  }
  output_ports();
  return std::move(graph_);
}

Graph random_graph(std::uint64_t seed, const RandomLimits& limits) {
  return RandomBuilder(seed, limits).build(seed);
}

namespace {

/// Rows of the table that each tensor of ids chooses from: of the shortest.
std::map<TensorId, std::int64_t> rows_of_ids(const Graph& graph) {
  std::map<TensorId, std::int64_t> rows;
  for (const Operation& op : graph.operations) {
    if (const auto* g = std::get_if<Gather>(&op.what)) {
      const std::int64_t n = graph.at(g->table).shape[0];
      const auto [at, fresh] = rows.try_emplace(g->ids.tensor, n);
      if (!fresh) at->second = std::min(at->second, n);
    }
  }
  return rows;
}

}  // namespace

Tensors random_inputs(const Graph& graph, std::uint64_t seed) {
  std::mt19937_64 random(seed * 7919 + 1);
  const std::map<TensorId, std::int64_t> rows = rows_of_ids(graph);
  Tensors inputs;
  for (const Port& p : graph.inputs) {
    ir::Tensor t(p.dtype, p.view.sizes);
    if (ir::is_float(p.dtype)) {
      const Tensor& stored = graph.at(p.view.tensor);
      const double most = stored.elem == Elem::kI8 ? 132 : 33000;
      std::uniform_real_distribution<double> draw(-most * stored.scale, most * stored.scale);
      for (float& v : t.mutable_data<float>()) v = static_cast<float>(draw(random));
    } else {
      const auto found = rows.find(p.view.tensor);
      const std::int64_t limit = found == rows.end() ? 2 : found->second;
      for (std::int64_t& v : t.mutable_data<std::int64_t>()) {
        v = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
      }
    }
    inputs[p.name] = std::move(t);
  }
  return inputs;
}

Memory random_run(const Graph& graph, std::uint64_t seed, std::int64_t slot) {
  Memory memory = make_memory(graph);
  std::mt19937_64 random(seed);
  const std::map<TensorId, std::int64_t> rows = rows_of_ids(graph);
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const Tensor& x = graph.tensors[t];
    if (x.role != Role::kInput && x.role != Role::kState) continue;
    for (auto& b : memory[t]) b = static_cast<std::uint8_t>(random());
    if (x.elem != Elem::kI64) continue;
    const auto found = rows.find(static_cast<TensorId>(t));
    const std::int64_t limit = found == rows.end() ? 2 : found->second;
    for (std::size_t i = 0; i + 8 <= memory[t].size(); i += 8) {
      const std::uint64_t id = random() % static_cast<std::uint64_t>(limit);
      std::memcpy(&memory[t][i], &id, 8);
    }
  }
  run(graph, memory, nullptr, slot);
  return memory;
}

}  // namespace oct::integer
