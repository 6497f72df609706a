// SPDX-License-Identifier: Apache-2.0
// Every rule of an integer graph, broken one at a time.
#include <catch2/catch.hpp>
#include <functional>

#include "hand_made.hpp"

using namespace oct;
using namespace oct::integer;
using Catch::Matchers::Contains;

namespace {

struct Broken {
  const char* message;
  std::function<void(HandMade&)> how;
};

void check_all(const std::vector<Broken>& list) {
  for (const Broken& broken : list) {
    INFO(broken.message);
    HandMade m;
    m.g.verify();
    broken.how(m);
    CHECK_THROWS_WITH(m.g.verify(), Contains(broken.message));
    CHECK_THROWS_AS(m.g.verify(), ir::GraphError);
  }
}

}  // namespace

TEST_CASE("integer: sizes, strides, slices") {
  Graph g;
  const TensorId a = tensor(g, "a", Elem::kI16, {2, 3, 5});
  CHECK(g.at(a).row_bytes() == 16);
  CHECK(g.at(a).bytes() == 96);
  CHECK(g.at(a).strides() == std::vector<std::int64_t>{48, 16, 2});
  const TensorId scalar = tensor(g, "s", Elem::kI8, {});
  CHECK(g.at(scalar).bytes() == 8);
  const View part = g.whole(a).slice(1, 1, 2).slice(2, 3, 1);
  CHECK(part.offset == 22);
  CHECK(part.sizes == std::vector<std::int64_t>{2, 2, 1});
  CHECK(part.strides == g.at(a).strides());
  CHECK_THROWS_AS(g.whole(a).slice(1, 2, 2), ir::GraphError);
  CHECK_THROWS_AS(g.whole(a).slice(1, -1, 1), ir::GraphError);
  CHECK_THROWS_AS(g.whole(a).slice(3, 0, 1), ir::GraphError);
  CHECK_THROWS_AS(g.whole(a).slice(0, 0, 0), ir::GraphError);
}

TEST_CASE("integer: the hand-made graph in words") {
  const HandMade m;
  m.g.verify();
  const std::string text = to_text(m.g);
  for (const char* part :
       {"integer graph hand", "x : activation i8[6, 16] scale 1, 96 bytes", "y_trans", "+slot*16",
        "Gather(%1, ids %0[6; 8])", "table_i8_i8(", "input ids : i64[1, 6]", "mask %10"}) {
    CHECK_THAT(text, Contains(part));
  }
}

TEST_CASE("integer: broken tensors and views") {
  check_all({
      {"tensor 3 w: a constant of 256 bytes has 255 bytes",
       [](auto& m) { m.g.at(m.w).data.pop_back(); }},
      {"only constants have data", [](auto& m) { m.g.at(m.x).data.resize(96); }},
      {"shape [0, 16]", [](auto& m) { m.g.at(m.x).shape = {0, 16}; }},
      {"rows of INT64 cannot be aligned to 4", [](auto& m) { m.g.at(m.ids).row_align = 4; }},
      {"scale 0", [](auto& m) { m.g.at(m.x).scale = 0; }},
      {"slots: there are 0", [](auto& m) { m.g.slots = 0; }},
      {"to is tensor 99", [](auto& m) { m.copy().to.tensor = 99; }},
      {"to is tensor -2", [](auto& m) { m.copy().to.tensor = -2; }},
      {"2 sizes and 1 strides", [](auto& m) { m.copy().to.strides.pop_back(); }},
      {"from has sizes [0, 16]", [](auto& m) { m.copy().from.sizes[0] = 0; }},
      {"covers bytes [0, 112) of t, which has 96", [](auto& m) { m.copy().from.sizes[0] = 7; }},
      {"covers bytes [-16, 80)", [](auto& m) { m.copy().from.offset = -16; }},
      {"covers bytes [-80, 16)", [](auto& m) { m.copy().from.strides[0] = -16; }},
      {"covers bytes [0, 80) of state, which has 64", [](auto& m) { m.g.slots = 5; }},
      {"not contiguous (stride 2)",
       [](auto& m) {
         m.copy().from = m.g.whole(m.t), m.copy().from.sizes[1] = 4, m.copy().from.strides[1] = 2;
       }},
      {"stride 4 splits elements", [](auto& m) { m.gather().ids.strides[0] = 4; }},
      {"offset 4 splits elements", [](auto& m) { m.gather().ids.offset = 4; }},
      {"slots 4 apart split elements", [](auto& m) { m.gather().ids.slot_stride = 4; }},
  });
}

TEST_CASE("integer: order of writing and reading") {
  check_all({
      {"a reads byte 0 of x, which nothing has written",
       [](auto& m) { std::swap(m.g.operations[0], m.g.operations[1]); }},
      {"from reads byte 80 of t, which nothing has written",
       [](auto& m) {
         auto& out = m.kernel();
         out.outputs[0].sizes[1] = out.inputs[0].sizes[1] = 5;
       }},
      {"to writes byte 8 of z a second time",
       [](auto& m) {
         const Copy half{m.g.whole(m.t).slice(1, 8, 8), m.g.whole(m.z).slice(1, 8, 8)};
         m.g.operations.insert(m.g.operations.begin() + 5, {"half", {}, half});
       }},
      {"to writes byte 0 of z a second time",
       [](auto& m) { m.g.operations.push_back(m.g.operations[5]); }},
      {"to writes byte 16 of state a second time",
       [](auto& m) {
         std::get<Copy>(m.g.operations[6].what).to.slot_stride = 0,
         std::get<Copy>(m.g.operations[6].what).to.offset = 16;
       }},
      {"y writes the constant w",
       [](auto& m) { m.gemm().y = with_batch(m.g.whole(m.w)).slice(1, 0, 6); }},
      {"output y: view reads byte 0 of z",
       [](auto& m) { m.g.operations.erase(m.g.operations.begin() + 5); }},
      {"output present: view reads byte 48 of state", [](auto& m) { m.g.operations.pop_back(); }},
      {"o writes byte 0 of o a second time", [](auto& m) { m.attention().o.strides[0] = 0; }},
  });
}

TEST_CASE("integer: broken ports") {
  check_all({
      {"input ids: the name is taken", [](auto& m) { m.g.inputs[1].name = "ids"; }},
      {"output y: the name is taken", [](auto& m) { m.g.outputs[1].name = "y"; }},
      {"f32 cannot stand in INT64 of ids",
       [](auto& m) { m.g.inputs[0].dtype = ir::DType::kFloat32; }},
      {"cannot stand in INT8 of z", [](auto& m) { m.g.outputs[0].dtype = ir::DType::kInt32; }},
      {"ids is not a tensor that the host writes",
       [](auto& m) { m.g.at(m.ids).role = Role::kOutput; }},
      {"z is not a tensor that the host reads",
       [](auto& m) { m.g.at(m.z).role = Role::kActivation; }},
      {"input past: view covers bytes", [](auto& m) { m.g.inputs[1].view.sizes[0] = 5; }},
  });
}

TEST_CASE("integer: broken products") {
  using R = Epilogue::Residual;
  check_all({
      {"operation 1 product (Gemm): w has sizes [1, 16, 15]",
       [](auto& m) { m.gemm().w.sizes[2] = 15; }},
      {"y has sizes [1, 5, 16], wanted are [1, 6, 16]", [](auto& m) { m.gemm().y.sizes[1] = 5; }},
      {"value (Gemm): y has sizes [1, 16, 6], wanted are [1, 6, 16]",
       [](auto& m) { m.transposed().y_trans = false; }},
      {"r has sizes", [](auto& m) { m.gemm().r.sizes[1] = 5; }},
      {"a has sizes [6, 16], 3 dimensions", [](auto& m) { m.gemm().a = m.g.whole(m.x); }},
      {"a (ids) is INT64, wanted is INT8",
       [](auto& m) {
         m.gemm().a = m.g.whole(m.ids), m.gemm().a.sizes = {1, 6, 1},
         m.gemm().a.strides = {8, 8, 8};
       }},
      {"a: offset 4 is no multiple of 8",
       [](auto& m) { m.gemm().a.offset = 4, m.gemm().a.sizes[2] = 12; }},
      {"a: stride 12 of dimension 1 is no multiple of 8",
       [](auto& m) { m.gemm().a.strides[1] = 12; }},
      {"a: slots are 1 bytes apart",
       [](auto& m) { m.gemm().a.sizes[2] = 8, m.gemm().a.slot_stride = 1; }},
      {"a: segments of 4",
       [](auto& m) { m.gemm().a.sizes = {1, 6, 4, 4}, m.gemm().a.strides = {96, 16, 0, 1}; }},
      {"y is written transposed, so it must be INT8",
       [](auto& m) {
         m.g.at(m.vt).elem = Elem::kI16, m.g.at(m.vt).shape = {16, 6};
         m.transposed().y = with_batch(m.g.whole(m.vt));
       }},
      {"clips to [5, 4]", [](auto& m) { m.gemm().epilogue.lo = 5, m.gemm().epilogue.hi = 4; }},
      {"clips to [-128, 128]", [](auto& m) { m.gemm().epilogue.hi = 128; }},
      {"clips to [-129, 127]", [](auto& m) { m.gemm().epilogue.lo = -129; }},
      {"plane A is tensor -1", [](auto& m) { m.gemm().epilogue.plane_a = kNone; }},
      {"plane A (x) is no constant", [](auto& m) { m.gemm().epilogue.plane_a = m.x; }},
      {"plane B (mask) has 8 bytes of 128", [](auto& m) { m.gemm().epilogue.plane_b = m.mask; }},
      {"a table and plane C go together", [](auto& m) { m.gemm().epilogue.plane_c = kNone; }},
      {"plane C (mask) has 8 bytes of 64", [](auto& m) { m.gemm().epilogue.plane_c = m.mask; }},
      {"table (mask) has 8 bytes of 256", [](auto& m) { m.gemm().epilogue.table = m.mask; }},
      {"r is given, the epilogue says otherwise",
       [](auto& m) { m.gemm().epilogue.residual = R::kNone; }},
      {"r is left out, the epilogue says otherwise", [](auto& m) { m.gemm().r = {}; }},
      {"a residual needs plane B", [](auto& m) { m.gemm().epilogue.plane_b = kNone; }},
  });
  // K beyond 16 bits.
  Graph g;
  const TensorId x = tensor(g, "x", Elem::kI8, {1, 65536}, Role::kInput);
  const TensorId w = constant(g, "w", Elem::kI8, {1, 65536}, [](std::size_t) { return 1; });
  const TensorId y = tensor(g, "y", Elem::kI8, {1, 1}, Role::kOutput);
  Gemm product;
  product.a = with_batch(g.whole(x)), product.w = with_batch(g.whole(w));
  product.y = with_batch(g.whole(y));
  product.epilogue.plane_a = plain_plane(g, 1, 14);
  g.operations.push_back({"long", {}, product});
  g.inputs.push_back({"x", g.whole(x)});
  CHECK_THROWS_WITH(g.verify(), Contains("K is 65536, at most 65535 are possible"));
}

TEST_CASE("integer: broken attention") {
  check_all({
      {"k has sizes [2, 6, 7], wanted are [2, 6, 8]",
       [](auto& m) { m.attention().k.sizes[2] = 7; }},
      {"v has sizes [2, 8, 5], wanted are [2, 8, 6]",
       [](auto& m) { m.attention().v.sizes[2] = 5; }},
      {"o has sizes [2, 5, 8]", [](auto& m) { m.attention().o.sizes[1] = 5; }},
      {"2 heads of q share 3 of k and v",
       [](auto& m) {
         auto& a = m.attention();
         a.k.strides[0] = a.v.strides[0] = 0, a.k.sizes[0] = a.v.sizes[0] = 3;
       }},
      {"q: stride 12 of dimension 0",
       [](auto& m) { m.attention().q.strides[0] = 12, m.attention().q.sizes[2] = 4; }},
      {"head parameters (mask) has 8 bytes of 16",
       [](auto& m) { m.attention().head_params = m.mask; }},
      {"key mask has sizes [1, 7], wanted are [1, 8]",
       [](auto& m) { m.attention().key_mask.sizes[1] = 7; }},
      {"key mask (table) is INT8",
       [](auto& m) { m.g.at(m.mask).elem = Elem::kI8, m.g.at(m.mask).name = "table"; }},
      {"window -1", [](auto& m) { m.attention().window = -1; }},
      {"the window is 65536, at most 65535", [](auto& m) { m.attention().window = 65536; }},
      {"offset -2147483648", [](auto& m) { m.attention().offset = -2147483648LL; }},
  });
}

TEST_CASE("integer: broken kernels, copies and gathers") {
  check_all({
      {"there is no kernel tabel", [](auto& m) { m.kernel().name = "tabel"; }},
      {"has 2 inputs, wanted are 1",
       [](auto& m) { m.kernel().inputs.push_back(m.kernel().inputs[0]); }},
      {"has 0 outputs, wanted are 1", [](auto& m) { m.kernel().outputs.clear(); }},
      {"has 0 constants, wanted are 1", [](auto& m) { m.kernel().constants.clear(); }},
      {"has 2 arguments, wanted are 1", [](auto& m) { m.kernel().args.push_back(1); }},
      {"input 0 has 5 rows, output 0 has 6", [](auto& m) { m.kernel().inputs[0].sizes[1] = 5; }},
      {"input 0: 2 jobs",
       [](auto& m) { m.kernel().inputs[0].sizes[0] = 2, m.kernel().inputs[0].strides[0] = 0; }},
      {"input 0: offset 2 is no multiple of 4",
       [](auto& m) { m.kernel().inputs[0].offset = 2, m.kernel().inputs[0].sizes[2] = 12; }},
      {"constant 0 (x) is no constant", [](auto& m) { m.kernel().constants[0] = m.x; }},
      {"constant 0 (plane_a) is INT32",
       [](auto& m) { m.kernel().constants[0] = m.gemm().epilogue.plane_a; }},
      {"to has sizes [6, 16], wanted are [5, 16]", [](auto& m) { m.copy().from.sizes[0] = 5; }},
      {"from t (INT8) to z (INT16)",
       [](auto& m) {
         m.g.at(m.z).elem = Elem::kI16, m.copy().to = m.g.whole(m.z),
         m.g.outputs[0].view = m.g.whole(m.z);
       }},
      {"table embedding has shape [160]", [](auto& m) { m.g.at(m.table).shape = {160}; }},
      {"ids has sizes [1, 6], 1 dimensions", [](auto& m) { m.gather().ids = m.g.whole(m.ids); }},
      {"to has sizes [6, 16], wanted are [5, 16]", [](auto& m) { m.gather().ids.sizes[0] = 5; }},
      {"rows of INT16 go to INT8",
       [](auto& m) { m.g.at(m.table).elem = Elem::kI16, m.g.at(m.table).shape = {5, 16}; }},
  });
}
