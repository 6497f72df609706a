// SPDX-License-Identifier: Apache-2.0
// The executor on graphs made by hand, and what the host's ports do.
#include "compiler/integer/run.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "hand_made.hpp"
#include "harness/seed.hpp"
#include "plain.hpp"

using namespace oct;
using namespace oct::integer;
using Catch::Matchers::Contains;
using ir::DType;

namespace {

/// One product with views over noise; y is compared with plain loops.
struct Product {
  Graph g;
  Gemm op;
  void check(const char* what) {
    INFO(what);
    g.operations = {{"product", {}, op}};
    Memory fast = make_memory(g, 0x33), slow = fast;
    run(g, fast);
    plain::run(g, g.operations[0], slow, 0);
    CHECK((fast == slow));  // without printing them
    CHECK((fast != make_memory(g, 0x33)));
  }
  TensorId noise(Elem elem, ir::Shape shape) {
    auto random = tb::rng("product");
    return constant(g, "noise", elem, std::move(shape), [&](std::size_t) { return random(); });
  }
};

}  // namespace

TEST_CASE("integer: the hand-made graph") {
  const HandMade m;
  const std::int64_t ids[] = {0, 9, 3, 3, 5, 1};
  std::vector<float> past(48);
  for (std::size_t i = 0; i < past.size(); ++i) past[i] = static_cast<float>(i) - 20;
  Tensors in{{"ids", ir::Tensor::int64s({1, 6}, ids)}, {"past", ir::Tensor::floats({3, 16}, past)}};
  const Tensors out = run(m.g, in);
  CHECK(out.at("y").shape() == ir::Shape{6, 16});
  // The cache: what the host wrote, then the last row.
  for (std::int64_t i = 0; i < 64; ++i) {
    const double want = i < 48 ? past[static_cast<std::size_t>(i)] : out.at("y").at(80 + i - 48);
    CHECK(out.at("present").at(i) == want);
  }
  Memory memory = make_memory(m.g);
  for (const Port& p : m.g.inputs) write_input(m.g, p, in.at(p.name), memory);
  Memory slow = memory;
  std::vector<std::size_t> order;
  run(m.g, memory, [&](std::size_t op) { order.push_back(op); }, 1);
  for (const Operation& op : m.g.operations) plain::run(m.g, op, slow, 1);
  CHECK((memory == slow));  // slot 1, not 3
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK_THROWS_WITH(run(m.g, memory, nullptr, 4), Contains("slot 4, there are 4"));
  in.erase("past");
  CHECK_THROWS_WITH(run(m.g, in), Contains("input past is missing"));
}

TEST_CASE("integer: products in every form of views") {
  Product p;
  const auto plane = [&](std::int64_t n) { return plain_plane(p.g, n, 9); };
  const TensorId y = tensor(p.g, "y", Elem::kI8, {4, 5, 24});
  const TensorId x = p.noise(Elem::kI8, {4, 5, 24}), w = p.noise(Elem::kI8, {4, 24, 24});
  p.op.a = p.g.whole(x), p.op.w = p.g.whole(w), p.op.y = p.g.whole(y);
  p.op.epilogue.plane_a = plane(24);
  p.check("batch");
  p.op.w.strides[0] = 0;
  p.check("one weight for the batch");
  p.op.w_kn = true;
  p.check("one weight for the batch, [K][N]");
  p.op.a.strides[0] = 0;
  p.check("everything shared");
  // a: the second and third eighth of rows, backwards; y: columns of a wider tensor.
  p.op.a = p.g.whole(x).slice(2, 8, 16);
  p.op.a.offset += 4 * p.op.a.strides[1];
  p.op.a.strides[1] *= -1;
  p.op.w = p.g.whole(w).slice(1, 0, 16).slice(2, 8, 13);
  p.op.y = p.g.whole(y).slice(2, 8, 13);
  p.check("views of views");
  p.op = {};
  p.op.a = p.g.whole(x), p.op.w = p.g.whole(w);
  p.op.epilogue.plane_a = plane(24);
  p.op.y_trans = true;
  const TensorId yt = tensor(p.g, "yt", Elem::kI8, {4, 24, 5});
  p.op.y = p.g.whole(yt);
  p.check("transposed");
  // Windows of three rows of 8 channels, as segments and as overlapping rows.
  const TensorId image = p.noise(Elem::kI8, {20, 8}), wc = p.noise(Elem::kI8, {7, 24});
  const TensorId yc = tensor(p.g, "yc", Elem::kI16, {9, 7});
  p.op = {};
  p.op.a = {.tensor = image, .offset = 8, .sizes = {1, 9, 3, 8}, .strides = {0, 16, 8, 1}};
  p.op.w = with_batch(p.g.whole(wc)), p.op.y = with_batch(p.g.whole(yc));
  p.op.epilogue.plane_a = plane(7);
  p.op.epilogue.lo = -32768, p.op.epilogue.hi = 32767;
  p.check("segments");
  const Memory before = [&] {
    auto m = make_memory(p.g);
    run(p.g, m);
    return m;
  }();
  p.op.a.sizes = {1, 9, 24}, p.op.a.strides = {0, 16, 1};
  p.check("overlapping rows");
  Memory after = make_memory(p.g);
  run(p.g, after);
  CHECK((before == after));
}

TEST_CASE("integer: large products are cut into jobs, on two threads") {
  for (const auto& [m, n, k] : {std::array{1L, 70001L, 16L},
                                {70001L, 3L, 8L},
                                {130L, 257L, 515L},
                                {1L, 9000L, 700L},
                                {3L, 2L, 65535L}}) {
    Product p;
    INFO(m << " x " << n << " x " << k);
    p.op.a = with_batch(p.g.whole(p.noise(Elem::kI8, {m, k})));
    p.op.w = with_batch(p.g.whole(p.noise(Elem::kI8, {n, k})));
    p.op.y = with_batch(p.g.whole(tensor(p.g, "y", Elem::kI16, {m, n})));
    p.op.r = with_batch(p.g.whole(p.noise(Elem::kI16, {m, n})));
    p.op.epilogue.plane_a = plain_plane(p.g, n, 4);
    p.op.epilogue.plane_b = constant(p.g, "b", Elem::kI32, {n, 2}, [](std::size_t i) {
      return (i % 8 < 4 ? 1U << 22 | 9U << 24 : static_cast<std::uint32_t>(i) * 77) >>
                 (8 * (i % 4)) &
             255;
    });
    p.op.epilogue.residual = Epilogue::Residual::kAdd;
    p.op.epilogue.lo = -32768, p.op.epilogue.hi = 32767;
    p.check("large");
  }
}

TEST_CASE("integer: ids outside a table") {
  const HandMade m;
  for (const std::int64_t bad : {10L, -1L, 1L << 40}) {
    const std::int64_t ids[] = {0, 1, 2, 3, bad, 5};
    const Tensors in{{"ids", ir::Tensor::int64s({1, 6}, ids)},
                     {"past", ir::Tensor(DType::kFloat32, {3, 16})}};
    const std::string text =
        "embed: id " + std::to_string(bad) + " in row 4 of ids; embedding has rows 0 to 9";
    CHECK_THROWS_WITH(run(m.g, in), Contains(text));
    CHECK_THROWS_AS(run(m.g, in), ir::CompileError);
  }
}

// ---- Ports -------------------------------------------------------------------------------------
TEST_CASE("integer: floats through ports") {
  Graph g;
  const TensorId x = tensor(g, "x", Elem::kI8, {2, 3}, Role::kInput);
  g.at(x).scale = 0.5;
  g.inputs.push_back({"x", g.whole(x)});
  Memory memory = make_memory(g, 0x77);
  // Ties to even, saturation on both sides.
  const float values[] = {0.25F, 0.75F, -0.25F, -0.75F, 1e9F, -INFINITY};
  write_input(g, g.inputs[0], ir::Tensor::floats({2, 3}, values), memory);
  const std::vector<std::uint8_t> want{0,    2,   0,    0x77, 0x77, 0x77, 0x77, 0x77,
                                       0xfe, 127, 0x80, 0x77, 0x77, 0x77, 0x77, 0x77};
  CHECK(memory[0] == want);
  CHECK(read_output(g, g.inputs[0], memory).to_doubles() ==
        std::vector<double>{0, 1, 0, -1, 63.5, -64});
  const float bad[] = {0, 0, 0, NAN, 0, 0};
  CHECK_THROWS_WITH(write_input(g, g.inputs[0], ir::Tensor::floats({2, 3}, bad), memory),
                    Contains("input x: element 3 is not a number"));
  CHECK_THROWS_WITH(write_input(g, g.inputs[0], ir::Tensor::floats({3, 2}, bad), memory),
                    Contains("input x: f32[3, 2] was given, wanted is f32[2, 3]"));
  CHECK_THROWS_WITH(write_input(g, g.inputs[0], ir::Tensor(DType::kInt32, {2, 3}), memory),
                    Contains("input x: i32[2, 3] was given"));
}

TEST_CASE("integer: ports with any strides and types") {
  auto random = tb::rng("ports");
  struct Kind {
    Elem elem;
    DType dtype;
  };
  for (const Kind kind : {Kind{Elem::kI8, DType::kFloat32},
                          {Elem::kI16, DType::kFloat32},
                          {Elem::kI32, DType::kFloat32},
                          {Elem::kI8, DType::kInt8},
                          {Elem::kU8, DType::kBool},
                          {Elem::kU8, DType::kUInt8},
                          {Elem::kI16, DType::kInt16},
                          {Elem::kI32, DType::kInt32},
                          {Elem::kI64, DType::kInt64}}) {
    Graph g;
    const TensorId x = tensor(g, "x", kind.elem, {2, 3, 5}, Role::kState);
    g.at(x).scale = 0.25;
    // ONNX has [5, 1, 2, 3]; then without the first of five.
    View v = g.whole(x);
    v.sizes = {5, 1, 2, 3};
    v.strides = {elem_bytes(kind.elem), 0, g.at(x).strides()[0], g.at(x).strides()[1]};
    v = v.slice(0, 1, 4);
    g.inputs.push_back({"x", v, kind.dtype});
    CAPTURE(static_cast<int>(kind.elem));
    ir::Tensor value(DType::kFloat32, v.sizes);
    for (float& f : value.mutable_data<float>()) f = static_cast<float>(random() % 100) * 0.25F;
    if (!ir::is_float(kind.dtype)) value = value.converted(kind.dtype);
    Memory memory = make_memory(g, 0xaa);
    write_input(g, g.inputs[0], value, memory);
    CHECK(read_output(g, g.inputs[0], memory).same_bits(value));
    std::int64_t next = 0;
    for (std::int64_t a = 0; a < 4; ++a) {
      for (std::int64_t b = 0; b < 2; ++b) {
        for (std::int64_t c = 0; c < 3; ++c) {
          const std::int64_t index[] = {b, c, a + 1};
          const double real = static_cast<double>(plain::get(g, memory, g.whole(x), index));
          CHECK(real * (ir::is_float(kind.dtype) ? 0.25 : 1) == value.at(next++));
        }
      }
    }
    const std::int64_t untouched[] = {1, 1, 0};
    CHECK((plain::get(g, memory, g.whole(x), untouched) & 0xff) == 0xaa);
  }
}

TEST_CASE("integer: a scalar port") {
  Graph g;
  const TensorId x = tensor(g, "x", Elem::kI16, {}, Role::kInput);
  g.inputs.push_back({"x", g.whole(x)});
  g.verify();
  Memory memory = make_memory(g);
  write_input(g, g.inputs[0], ir::Tensor::scalar(-7), memory);
  CHECK(read_output(g, g.inputs[0], memory).at(0) == -7);
}
