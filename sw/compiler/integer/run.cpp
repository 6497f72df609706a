// SPDX-License-Identifier: Apache-2.0
#include "compiler/integer/run.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cassert>
#include <cstring>
#include <exception>
#include <thread>

#include "compiler/integer/kernels.hpp"
#include "compiler/integer/rows.hpp"
#include "golden/dialect.hpp"
#include "golden/engine.hpp"

namespace oct::integer {
namespace {

namespace engine = golden::engine;
constexpr std::int64_t kPartBytes = 256 << 20;   // of one job's image
constexpr std::int64_t kPartColumns = 16384;     // fields of a job have 16 bits
constexpr std::int64_t kThreadWork = 4'000'000;  // products that are worth a second thread

/// f(0) .. f(count - 1), on two threads if the work is worth it. Throws what f throws.
template <typename F>
void for_parts(std::size_t count, bool threads, F f) {
  std::atomic<std::size_t> next{0};
  std::array<std::exception_ptr, 2> errors;
  const auto work = [&](std::size_t self) {
    try {
      for (std::size_t i = next++; i < count; i = next++) f(i);
    } catch (...) {
      errors[self] = std::current_exception();
    }
  };
  if (threads && count > 1) {
    std::thread other(work, 1);
    work(0);
    other.join();
  } else {
    work(0);
  }
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
std::uint32_t u32(std::int64_t i) { return static_cast<std::uint32_t>(i); }
std::int64_t round_up(std::int64_t v, std::int64_t to) { return (v + to - 1) / to * to; }
std::int64_t width_of(const Graph& graph, const View& v) {
  return elem_bytes(graph.at(v.tensor).elem);
}
std::uint8_t* bytes_at(Memory& memory, const View& v) {
  return memory[index(v.tensor)].data() + v.offset;
}

/// What an engine's job sees as L1: operands one behind the other.
class Image {
 public:
  explicit Image(std::int64_t bytes) : bytes_(index(bytes)) {}
  [[nodiscard]] std::span<std::uint8_t> span() { return bytes_; }

  std::uint32_t place(std::int64_t bytes) {
    const std::int64_t at = used_;
    used_ += round_up(bytes, 16);
    assert(used_ <= static_cast<std::int64_t>(bytes_.size()));
    return u32(at);
  }
  std::uint32_t copy(const std::uint8_t* from, std::int64_t bytes) {
    const std::uint32_t at = place(bytes);
    std::memcpy(&bytes_[at], from, index(bytes));
    return at;
  }
  engine::Matrix rows(std::int64_t count, std::int64_t bytes) {
    const std::int64_t stride = round_up(bytes, 8);
    return {place(count * stride), u32(stride)};
  }
  engine::Matrix copy_rows(const std::uint8_t* from, std::int64_t stride, std::int64_t count,
                           std::int64_t bytes) {
    const engine::Matrix to = rows(count, bytes);
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(&bytes_[to.row(u32(i))], from + i * stride, index(bytes));
    }
    return to;
  }
  void store_rows(engine::Matrix from, std::uint8_t* to, std::int64_t stride, std::int64_t count,
                  std::int64_t bytes) const {
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(to + i * stride, &bytes_[from.row(u32(i))], index(bytes));
    }
  }
  [[nodiscard]] std::uint8_t* at(std::uint32_t addr) { return &bytes_[addr]; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::int64_t used_ = 0;
};

void expect_done(const engine::JobResult& result, const Operation& op) {
  if (result.cause == engine::Cause::kNone) return;
  throw ir::GraphError(fmt::format("{}: golden engine: cause {} at {:#x}", op.name,
                                   static_cast<unsigned>(result.cause), result.addr));
}

// ---- Gemm --------------------------------------------------------------------------------------
/// One product of a batch, or part of its rows and columns.
struct Part {
  std::int64_t batch, m0, m, n0, n;
};

struct GemmSizes {
  std::int64_t batch, m, n, k, segments, y_width, r_width;
  GemmSizes(const Graph& graph, const Gemm& g)
      : batch(g.a.sizes[0]),
        m(g.a.sizes[1]),
        n(g.w.sizes[g.w_kn ? 2 : 1]),
        k(g.w.sizes[g.w_kn ? 1 : 2]),
        segments(g.a.sizes.size() == 4 ? g.a.sizes[2] : 1),
        y_width(width_of(graph, g.y)),
        r_width(g.r.used() ? width_of(graph, g.r) : 0) {}

  /// Upper bound of a part's image.
  [[nodiscard]] std::int64_t image_bytes(std::int64_t rows, std::int64_t columns) const {
    const std::int64_t row = (k + 8) + (columns + 8) * (y_width + r_width);
    return rows * row + (columns + 8) * (k + 8 + 20) + 8 * columns + 1024;
  }
};

std::vector<Part> parts_of(const GemmSizes& s, bool threads) {
  std::int64_t n_step = std::min(s.n, kPartColumns), m_step = std::min<std::int64_t>(s.m, 65535);
  if (threads && s.batch == 1) {
    (s.m > 1 ? m_step : n_step) = ((s.m > 1 ? m_step : n_step) + 1) / 2;
  }
  while (n_step > 1 && s.image_bytes(1, n_step) > kPartBytes) n_step = (n_step + 1) / 2;
  while (m_step > 1 && s.image_bytes(m_step, n_step) > kPartBytes) m_step = (m_step + 1) / 2;
  std::vector<Part> parts;
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t n = 0; n < s.n; n += n_step) {
      for (std::int64_t m = 0; m < s.m; m += m_step) {
        parts.push_back({b, m, std::min(m_step, s.m - m), n, std::min(n_step, s.n - n)});
      }
    }
  }
  return parts;
}

engine::Matrix copy_a(Image& image, const std::uint8_t* a, const View& view, const Part& p,
                      const GemmSizes& s) {
  const std::int64_t piece = s.k / s.segments;
  if (s.segments == 1) return image.copy_rows(a, view.strides[1], p.m, s.k);
  const engine::Matrix to = image.rows(p.m, s.k);
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t x = 0; x < s.segments; ++x) {
      const std::uint8_t* from = a + i * view.strides[1] + x * view.strides[2];
      std::memcpy(image.at(to.row(u32(i)) + u32(x * piece)), from, index(piece));
    }
  }
  return to;
}

void run_part(const Operation& op, const Gemm& g, const GemmSizes& s, const Part& p,
              Memory& memory) {
  const auto operand = [&](const View& v) { return bytes_at(memory, v) + p.batch * v.strides[0]; };
  const auto column = [&](TensorId id, std::int64_t bytes) {
    return memory[index(id)].data() + p.n0 * bytes;
  };
  Image image(s.image_bytes(p.m, p.n));
  engine::GemmJob job;
  job.m = u32(p.m), job.n = u32(p.n), job.k = u32(s.k);
  job.w_kn = g.w_kn, job.y_trans = g.y_trans;
  job.y16 = s.y_width == 2, job.r16 = s.r_width == 2;
  const Epilogue& e = g.epilogue;
  job.epilogue.residual = static_cast<engine::Residual>(e.residual);
  job.epilogue.table = e.table != kNone;
  job.epilogue.relu = e.relu;
  job.epilogue.lo = static_cast<std::int16_t>(e.lo);
  job.epilogue.hi = static_cast<std::int16_t>(e.hi);
  job.plane_b = e.plane_b != kNone;

  job.a = copy_a(image, operand(g.a) + p.m0 * g.a.strides[1], g.a, p, s);
  job.b = g.w_kn ? image.copy_rows(operand(g.w) + p.n0, g.w.strides[1], s.k, p.n)
                 : image.copy_rows(operand(g.w) + p.n0 * g.w.strides[1], g.w.strides[1], p.n, s.k);
  job.plane_a_addr = image.copy(column(e.plane_a, 8), p.n * 8);
  if (job.plane_b) job.plane_b_addr = image.copy(column(e.plane_b, 8), p.n * 8);
  if (job.epilogue.table) {
    job.plane_c_addr = image.copy(column(e.plane_c, 4), p.n * 4);
    job.table_addr = image.copy(memory[index(e.table)].data(), 256);
  }
  if (g.r.used()) {
    const std::uint8_t* r = operand(g.r) + p.m0 * g.r.strides[1] + p.n0 * s.r_width;
    job.r = image.copy_rows(r, g.r.strides[1], p.m, p.n * s.r_width);
  }
  const std::int64_t y_rows = g.y_trans ? p.n : p.m;
  const std::int64_t y_bytes = g.y_trans ? p.m : p.n * s.y_width;
  const std::int64_t row0 = g.y_trans ? p.n0 : p.m0, byte0 = g.y_trans ? p.m0 : p.n0 * s.y_width;
  job.c = image.rows(y_rows, y_bytes);
  expect_done(engine::run_gemm(image.span(), job), op);
  image.store_rows(job.c, operand(g.y) + row0 * g.y.strides[1] + byte0, g.y.strides[1], y_rows,
                   y_bytes);
}

void run(const Graph& graph, const Operation& op, const Gemm& g, Memory& memory) {
  const GemmSizes s(graph, g);
  if (s.k > 65535 || s.image_bytes(1, 1) > kPartBytes) {
    throw ir::CompileError(fmt::format("{}: K = {}, the engine takes at most 65535", op.name, s.k));
  }
  const bool threads = s.batch * s.m * s.n * s.k >= kThreadWork;
  const std::vector<Part> parts = parts_of(s, threads);
  for_parts(parts.size(), threads, [&](std::size_t i) { run_part(op, g, s, parts[i], memory); });
}

// ---- Attention ---------------------------------------------------------------------------------
void run_head(const Operation& op, const Attention& a, std::int64_t head, Memory& memory) {
  const std::int64_t sq = a.q.sizes[1], sk = a.k.sizes[1], d = a.q.sizes[2], dv = a.v.sizes[1];
  const std::int64_t kv = head / (a.q.sizes[0] / a.k.sizes[0]);
  Image image((sq + sk) * (d + 8) + (sq + 8) * (dv + 8) + dv * (sk + 8) + sk / 8 + 256);
  engine::AttnJob job;
  job.sq = u32(sq), job.sk = u32(sk), job.d = u32(d), job.dv = u32(dv);
  job.causal = a.causal, job.key_mask = a.key_mask.used();
  job.offset = static_cast<std::int32_t>(a.offset), job.window = u32(a.window);
  const auto rows = [&](const View& v, std::int64_t which) {
    return image.copy_rows(bytes_at(memory, v) + which * v.strides[0], v.strides[1], v.sizes[1],
                           v.sizes[2]);
  };
  job.q = rows(a.q, head), job.k = rows(a.k, kv), job.v = rows(a.v, kv);
  job.params = image.copy(memory[index(a.head_params)].data() + 8 * head, 8);
  if (job.key_mask) job.mask = image.copy(bytes_at(memory, a.key_mask), (sk + 63) / 64 * 8);
  job.o = image.rows(sq, dv);
  expect_done(engine::run_attention(image.span(), job), op);
  image.store_rows(job.o, bytes_at(memory, a.o) + head * a.o.strides[0], a.o.strides[1], sq, dv);
}

void run(const Graph&, const Operation& op, const Attention& a, Memory& memory) {
  const std::int64_t heads = a.q.sizes[0];
  const std::int64_t work = heads * a.q.sizes[1] * a.k.sizes[1] * (a.q.sizes[2] + a.v.sizes[1]);
  for_parts(index(heads), work >= kThreadWork,
            [&](std::size_t h) { run_head(op, a, static_cast<std::int64_t>(h), memory); });
}

// ---- The others --------------------------------------------------------------------------------
void run(const Graph&, const Operation& op, const Kernel& k, Memory& memory) {
  const KernelInfo& info = kernel_info(k.name);
  KernelCall call;
  call.rows = (info.row_wise ? k.outputs : k.inputs).at(0).sizes[1];
  call.args = k.args;
  for (const TensorId id : k.constants) call.constants.push_back(memory[index(id)].data());
  for (std::int64_t b = 0; b < k.outputs[0].sizes[0]; ++b) {
    const auto rows = [&](const std::vector<View>& views) {
      std::vector<Rows> out;
      for (const View& v : views) {
        out.push_back({bytes_at(memory, v) + b * v.strides[0], v.strides[1]});
      }
      return out;
    };
    call.inputs = rows(k.inputs);
    call.outputs = rows(k.outputs);
    try {
      info.golden(call);
    } catch (const golden::dialect::Overflow& e) {
      throw ir::CompileError(fmt::format("{}: {}", op.name, e.what()));
    }
  }
}

void run(const Graph& graph, const Operation&, const Copy& c, Memory& memory) {
  const std::uint8_t* from = bytes_at(memory, c.from);
  std::uint8_t* to = bytes_at(memory, c.to);
  const auto bytes = index(c.from.sizes.back() * width_of(graph, c.from));
  for_each_index<2>(c.from.sizes, {&c.from.strides, &c.to.strides}, 1,
                    [&](std::int64_t f, std::int64_t t) { std::memcpy(to + t, from + f, bytes); });
}

void run(const Graph& graph, const Operation& op, const Gather& g, Memory& memory) {
  const Tensor& table = graph.at(g.table);
  const std::int64_t limit = table.shape[0], stride = table.row_bytes();
  for (std::int64_t i = 0; i < g.ids.sizes[0]; ++i) {
    std::int64_t id = 0;
    std::memcpy(&id, bytes_at(memory, g.ids) + i * g.ids.strides[0], sizeof id);
    if (id < 0 || id >= limit) {
      throw ir::CompileError(fmt::format("{}: id {} in row {} of {}; {} has rows 0 to {}", op.name,
                                         id, i, graph.at(g.ids.tensor).name, table.name,
                                         limit - 1));
    }
    std::memcpy(bytes_at(memory, g.to) + i * g.to.strides[0],
                memory[index(g.table)].data() + id * stride,
                index(g.to.sizes[1] * elem_bytes(table.elem)));
  }
}

}  // namespace

Memory make_memory(const Graph& graph, std::uint8_t fill) {
  Memory memory(graph.tensors.size());
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const Tensor& t = graph.tensors[i];
    memory[i] =
        t.role == Role::kConstant ? t.data : std::vector<std::uint8_t>(index(t.bytes()), fill);
  }
  return memory;
}

void run(const Graph& graph, const Operation& op, Memory& memory, std::int64_t slot) {
  if (slot == kLastSlot) slot = graph.slots - 1;
  if (slot < 0 || slot >= graph.slots) {
    throw ir::CompileError(fmt::format("{}: slot {}, there are {}", graph.name, slot, graph.slots));
  }
  bool moves = false;
  for_each_view(op, [&](const View& v, bool) { moves = moves || v.slot_stride != 0; });
  Operation moved;
  if (moves) {
    moved = op;
    for_each_view(moved, [&](View& v, bool) { v.offset += slot * v.slot_stride; });
  }
  const Operation& now = moves ? moved : op;
  std::visit([&](const auto& what) { run(graph, now, what, memory); }, now.what);
}

void run(const Graph& graph, Memory& memory, const std::function<void(std::size_t op)>& after,
         std::int64_t slot) {
  for (std::size_t i = 0; i < graph.operations.size(); ++i) {
    run(graph, graph.operations[i], memory, slot);
    if (after) after(i);
  }
}

Tensors run(const Graph& graph, const Tensors& inputs) {
  Memory memory = make_memory(graph);
  for (const Port& port : graph.inputs) {
    const auto found = inputs.find(port.name);
    if (found == inputs.end()) {
      throw ir::CompileError(fmt::format("input {} is missing", port.name));
    }
    write_input(graph, port, found->second, memory);
  }
  run(graph, memory);
  Tensors out;
  for (const Port& port : graph.outputs) out[port.name] = read_output(graph, port, memory);
  return out;
}

}  // namespace oct::integer
