// SPDX-License-Identifier: Apache-2.0
#include "flow/batch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/io/npz.hpp"
#include "compiler/quant/calibrate.hpp"
#include "flow/report_json.hpp"

namespace octant {
namespace {

using namespace oct;

std::int64_t largest(const ir::Tensor& t) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < t.size(); ++i) {
    if (t.at(i) > t.at(best)) best = i;
  }
  return best;
}

ir::Tensor stacked(const std::vector<const ir::Tensor*>& parts) {
  ir::Shape shape = parts.front()->shape();
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  if (ir::is_float(parts.front()->dtype())) {
    ir::Tensor out(ir::DType::kFloat32, shape);
    auto to = out.mutable_data<float>().begin();
    for (const ir::Tensor* p : parts) to = std::copy_n(p->data<float>().begin(), p->size(), to);
    return out;
  }
  std::vector<std::int64_t> all;
  for (const ir::Tensor* p : parts) {
    const std::vector<std::int64_t> ints = p->to_ints();
    all.insert(all.end(), ints.begin(), ints.end());
  }
  return ir::Tensor::int64s(shape, all);
}

}  // namespace

FloatOutputs float_outputs(const Compiled& c, const exec::Tensors& inputs) {
  FloatOutputs out;
  if (c.whole) return out;  // exact: nothing beside it
  quant::Validity valid(c.canonical, inputs);
  out.values = exec::run(c.canonical, inputs, [&](ir::ValueId v, const ir::Tensor&) {
    if (!valid.needed()) return;
    const ir::Tensor& mask = valid.follow(v);
    for (const ir::Output& o : c.canonical.outputs()) {
      if (o.value == v && mask.defined()) out.counts[o.name] = mask;
    }
  });
  if (c.host.any()) {
    out.counts.clear();
    out.values = finished(c, inputs, std::move(out.values));
  }
  return out;
}

void Batch::add(exec::Tensors got, FloatOutputs exact) {
  got_.push_back(std::move(got));
  exact_.push_back(std::move(exact));
}

std::string Batch::text() const {
  std::string text;
  if (got_.empty()) return text;
  for (const auto& [name, first] : got_.front()) {
    const bool judged = exact_.front().values.contains(name);
    if (!ir::is_float(first.dtype()) || first.size() == 0 || !judged) continue;
    double sum = 0, worst = 2;
    std::size_t at = 0, same = 0;
    for (std::size_t i = 0; i < got_.size(); ++i) {
      const ir::Tensor &got = got_[i].at(name), &exact = exact_[i].values.at(name);
      const auto counts = exact_[i].counts.find(name);
      const Accuracy a = accuracy_of(
          name, got, exact, counts == exact_[i].counts.end() ? ir::Tensor() : counts->second);
      sum += a.cosine;
      if (a.cosine < worst) worst = a.cosine, at = i;
      if (largest(got) == largest(exact)) ++same;
    }
    text += fmt::format("{:<26}{}: cosine {:.6f} on average, {:.6f} at worst (sample {})",
                        text.empty() ? "against the float model" : "", name,
                        sum / static_cast<double>(got_.size()), worst, at);
    if (first.size() == first.shape().back() && first.size() > 1) {
      text += fmt::format("; the same largest element in {} of {}", same, got_.size());
    }
    text += "\n";
  }
  return text;
}

void Batch::save(const std::string& file) const {
  std::map<std::string, ir::Tensor> arrays;
  for (const auto& [name, first] : got_.front()) {
    std::vector<const ir::Tensor*> got, exact;
    for (std::size_t i = 0; i < got_.size(); ++i) {
      got.push_back(&got_[i].at(name));
      const auto it = exact_[i].values.find(name);
      if (it != exact_[i].values.end()) exact.push_back(&it->second);
    }
    arrays[name] = stacked(got);
    if (exact.size() == got.size()) arrays["float." + name] = stacked(exact);
  }
  io::write_npz(file, arrays);
}

}  // namespace octant
