// SPDX-License-Identifier: Apache-2.0
// Ranges, groups of values and element types on graphs whose best plan is known.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/plan.hpp"
#include "graphs.hpp"
#include "harness/seed.hpp"

using namespace oct;
using namespace oct::ir;
using namespace oct::quant;
using namespace oct::quant_test;
using integer::Elem;

TEST_CASE("clip: uniform values are not clipped, outliers are") {
  std::vector<float> even(1000);
  for (std::size_t i = 0; i < even.size(); ++i) even[i] = static_cast<float>(i) / 999;
  Histogram h;
  h.add(even);
  CHECK(h.max_abs() == 1.0);
  CHECK(h.best_clip(127) > 0.98);
  even.insert(even.end(), 999000, 0.01F);
  even.push_back(100);
  Histogram far;
  far.add(even);
  CHECK(far.max_abs() == 100.0);
  CHECK(Histogram{}.best_clip(127) == 0);
}

TEST_CASE("clip: the least squared error that real rounding leaves") {
  const auto seed = tb::derived_seed("quant");
  INFO("seed " << seed);
  Random random(seed);
  std::student_t_distribution<float> draw(3);
  std::vector<float> v(20000);
  for (float& x : v) x = draw(random);
  Histogram h;
  for (std::size_t i = 0; i < v.size(); i += 1000) h.add(std::span(v).subspan(i, 1000));
  const auto truth = [&](double clip) {
    double e = 0;
    for (const float x : v) {
      const double step = clip / 127;
      const double q = std::clamp(std::nearbyint(x / step), -127.0, 127.0) * step;
      e += (x - q) * (x - q);
    }
    return e / static_cast<double>(v.size());
  };
  const double best = h.best_clip(127);
  CHECK(truth(best) == Approx(h.error(best, 127)).epsilon(0.1));
  for (int i = 10; i <= 100; ++i) CHECK(truth(best) <= 1.05 * truth(h.max_abs() * i / 100));
}

TEST_CASE("histograms of parts add up to the histogram of all") {
  const auto seed = tb::derived_seed("quant");
  INFO("seed " << seed);
  Random random(seed);
  Histogram all, sum;
  for (int part = 0; part < 6; ++part) {
    const float size = std::ldexp(1.0F, static_cast<int>(random() % 12) - 6);
    const Tensor t = normal({500}, random, size);
    all.add(t.data<float>());
    Histogram h;
    h.add(t.data<float>());
    sum.add(h);
  }
  CHECK(all.max_abs() == sum.max_abs());
  CHECK(all.count() == sum.count());
  CHECK(all.best_clip(127) == Approx(sum.best_clip(127)).epsilon(0.03));
}

TEST_CASE("types: 16 bits before norms, 8 where a product reads") {
  const Encoder e(1);
  const Plan p = plan(e.graph, {}, {.smoothing = false});
  const auto elem = [&](ValueId v) { return p.values.at(v).elem; };
  for (const ValueId v :
       {e.table, e.embedded, e.sum, e.residual, e.last_sum, e.projected, e.down}) {
    INFO("value " << v);
    CHECK(elem(v) == Elem::kI16);
  }
  for (const ValueId v : {e.first, e.second, e.q, e.k, e.v, e.heads_q, e.mixed, e.hidden, e.gelu}) {
    INFO("value " << v);
    CHECK(elem(v) == Elem::kI8);
  }
  CHECK(p.values.at(e.q).scale == p.values.at(e.heads_q).scale);
  CHECK(p.values.at(e.table).scale == p.values.at(e.embedded).scale);
  CHECK(p.values.at(e.q).scale != p.values.at(e.k).scale);
}

TEST_CASE("masked tokens do not count") {
  Encoder e(2);
  // Row 7 of the table is out of all proportion, and only a padded token has it.
  auto& data = e.graph.value(e.table).data;
  for (int i = 0; i < 32; ++i)
    data.mutable_data<float>()[7 * 32 + static_cast<std::size_t>(i)] = 1e4F * (i % 2 ? 1.F : -1.F);
  const Groups groups(e.graph);
  const std::vector<std::int64_t> ids{1, 2, 3, 4, 5, 7, 7, 7};
  const auto masked = calibrate(e.graph, groups, {encoder_sample(ids, {1, 1, 1, 1, 1, 0, 0, 0})});
  const auto open = calibrate(e.graph, groups, {encoder_sample(ids, {1, 1, 1, 1, 1, 1, 1, 1})});
  const auto count = [&](const Statistics& s, ValueId v) {
    return s.groups.at(groups.root(v)).count();
  };
  const auto max = [&](const Statistics& s, ValueId v) {
    return s.groups.at(groups.root(v)).max_abs();
  };
  CHECK(max(masked, e.sum) < 20);
  CHECK(max(open, e.sum) > 9000);
  CHECK(max(masked, e.table) > 9000);  // the table is stored whole
  for (const ValueId v : {e.sum, e.first, e.q, e.mixed, e.projected, e.residual, e.out}) {
    INFO("value " << v);
    CHECK(count(masked, v) == 5 * 32);
    CHECK(count(open, v) == 8 * 32);
  }
}

TEST_CASE("drawn samples fit their inputs and are the same for a seed") {
  const Encoder e(3);
  const auto samples = draw_samples(e.graph, {.seed = 5, .drawn_samples = 3});
  REQUIRE(samples.size() == 3);
  bool varied = false;
  for (const auto& s : samples) {
    for (const auto id : s.at("input_ids").to_ints()) CHECK((id >= 0 && id < 16));
    for (const auto m : s.at("attention_mask").to_ints()) CHECK(m == 1);
    varied = varied || !s.at("input_ids").same_bits(samples[0].at("input_ids"));
  }
  CHECK(varied);
  CHECK(draw_samples(e.graph, {.seed = 5, .drawn_samples = 3})[2]
            .at("input_ids")
            .same_bits(samples[2].at("input_ids")));
}

TEST_CASE("caches: past, new rows and present are one tensor; texts fill them") {
  Builder b;
  b.random.seed(4);
  const ValueId ids = b.graph.add_input("input_ids", {DType::kInt64, {1, 1}});
  const ValueId mask = b.graph.add_input("attention_mask", {DType::kInt64, {1, 9}});
  const ValueId past = b.graph.add_input("past", {DType::kFloat32, {1, 4, 8, 8}});
  const ValueId x = b.add(Op::kEmbedding, {b.constant({16, 32}), ids});
  const ValueId normed = b.norm(x);
  const ValueId k = b.heads(b.linear(normed, 32), 4);
  const ValueId present = b.add(Op::kKvAppend, {past, k}, {{"axis", std::int64_t{2}}});
  const ValueId o =
      b.add(Op::kAttention, {b.heads(b.linear(normed, 32), 4), present, present, mask},
            {{"scale", 0.35}});
  const ValueId logits = b.linear(b.merge(o), 16);
  b.graph.add_output("logits", logits);
  b.graph.add_output("present", present);
  const Plan p = plan(b.graph, {}, {.smoothing = false, .drawn_samples = 1});
  CHECK(p.values.at(past).scale == p.values.at(present).scale);
  CHECK(p.values.at(k).scale == p.values.at(present).scale);
  CHECK(p.values.at(present).elem == Elem::kI8);
  CHECK(p.values.at(logits).elem == Elem::kI16);
  const auto samples = draw_samples(b.graph, {.drawn_samples = 1});
  const auto& last = samples.back();
  CHECK(last.at("attention_mask").to_ints() == std::vector<std::int64_t>(9, 1));
  // The rows of the cache are keys of the network, not noise: each is one of its sixteen.
  const auto row = last.at("past").data<float>().first(8);
  int found = 0;
  for (std::int64_t id = 0; id < 16; ++id) {
    exec::Tensors feeds = last;
    feeds["input_ids"] = Tensor::int64s({1, 1}, std::vector<std::int64_t>{id});
    const Tensor all = exec::run(b.graph, feeds).at("present");
    const auto key = all.data<float>().subspan(8 * 8, 8);
    bool same = true;
    for (std::size_t i = 0; i < 8; ++i) same = same && std::fabs(key[i] - row[i]) < 1e-4F;
    found += same;
  }
  CHECK(found >= 1);
}

TEST_CASE("errors name what is wrong") {
  const Encoder e(5);
  auto sample = encoder_sample({1, 2, 3, 4, 5, 6, 7, 8}, {1, 1, 1, 1, 1, 1, 1, 1});
  sample.erase("attention_mask");
  CHECK_THROWS_WITH(plan(e.graph, {sample}, {}), Catch::Contains("attention_mask"));
  Encoder bad(5);
  bad.graph.value(bad.table).data.mutable_data<float>()[3 * 32] =
      std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(
      plan(bad.graph, {encoder_sample({1, 2, 3, 4, 5, 6, 7, 8}, {1, 1, 1, 1, 1, 1, 1, 1})}, {}),
      Catch::Contains("inf") || Catch::Contains("nan"));
}
