// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/views.hpp"

#include <algorithm>
#include <numeric>

namespace oct::lower {
namespace {

struct Block {
  std::int64_t size, stride;
};

/// Neighbouring dimensions that are one; sizes of 1 are gone.
std::vector<Block> blocks(const View& v) {
  std::vector<Block> out;
  for (std::size_t d = 0; d < v.sizes.size(); ++d) {
    if (v.sizes[d] == 1) continue;
    if (!out.empty() && out.back().stride == v.strides[d] * v.sizes[d]) {
      out.back() = {out.back().size * v.sizes[d], v.strides[d]};
    } else {
      out.push_back({v.sizes[d], v.strides[d]});
    }
  }
  return out;
}

}  // namespace

std::optional<View> reshape(const View& v, const ir::Shape& shape) {
  std::vector<Block> rest = blocks(v);
  View out = v;
  out.sizes = shape;
  out.strides.assign(shape.size(), 0);
  std::int64_t next = v.strides.empty() ? 1 : v.strides.back();
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 1) {
      out.strides[d] = rest.empty() ? next : rest.back().stride;
      continue;
    }
    if (rest.empty() || rest.back().size % shape[d] != 0) return std::nullopt;
    Block& b = rest.back();
    out.strides[d] = b.stride;
    b = {b.size / shape[d], b.stride * shape[d]};
    next = b.stride;
    if (b.size == 1) rest.pop_back();
  }
  return out;
}

View permute(const View& v, const ir::Ints& perm) {
  View out = v;
  out.sizes.clear();
  out.strides.clear();
  for (const std::int64_t p : perm) {
    out.sizes.push_back(v.sizes.at(static_cast<std::size_t>(p)));
    out.strides.push_back(v.strides.at(static_cast<std::size_t>(p)));
  }
  return out;
}

ir::Ints inverse(const ir::Ints& perm) {
  ir::Ints out(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    out[static_cast<std::size_t>(perm[i])] = static_cast<std::int64_t>(i);
  }
  return out;
}

std::optional<View> apply(const View& v, const Layout& layout) {
  const std::optional<View> split = reshape(v, layout.dims);
  return split ? reshape(permute(*split, layout.perm), layout.shape) : std::nullopt;
}

std::optional<View> undo(const View& v, const Layout& layout) {
  ir::Shape permuted;
  for (const std::int64_t p : layout.perm) {
    permuted.push_back(layout.dims.at(static_cast<std::size_t>(p)));
  }
  const std::optional<View> split = reshape(v, permuted);
  return split ? reshape(permute(*split, inverse(layout.perm)), layout.from) : std::nullopt;
}

View expand(const View& v, const ir::Shape& shape) {
  View out = v;
  out.sizes = shape;
  out.strides.assign(shape.size(), 0);
  const std::size_t lead = shape.size() - v.sizes.size();
  for (std::size_t d = 0; d < v.sizes.size(); ++d) {
    out.strides[lead + d] = v.sizes[d] == 1 && shape[lead + d] != 1 ? 0 : v.strides[d];
  }
  return out;
}

View slice(const View& v, const ir::Ints& starts, const ir::Ints& sizes, const ir::Ints& steps) {
  View out = v;
  for (std::size_t d = 0; d < v.sizes.size(); ++d) {
    out.offset += starts[d] * v.strides[d];
    out.sizes[d] = sizes[d];
    out.strides[d] = v.strides[d] * steps[d];
  }
  return out;
}

namespace {

/// The dimensions in front of the last `keep`, as few as all of the views allow; then the rest.
std::optional<std::vector<View>> melted(const std::vector<View>& views, std::size_t keep) {
  const std::size_t rank = views.at(0).sizes.size();
  std::vector<View> out;
  for (const View& v : views) {
    out.push_back(v);
    out.back().sizes.clear();
    out.back().strides.clear();
    if (v.sizes.size() != rank) return std::nullopt;
  }
  for (std::size_t d = 0; d + keep < rank; ++d) {
    const std::int64_t size = views[0].sizes[d];
    bool melts = !out[0].sizes.empty();
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (views[i].sizes[d] != size) return std::nullopt;
      melts = melts && out[i].strides.back() == views[i].strides[d] * size;
    }
    if (size == 1) continue;
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (melts) {
        out[i].sizes.back() *= size;
        out[i].strides.back() = views[i].strides[d];
      } else {
        out[i].sizes.push_back(size);
        out[i].strides.push_back(views[i].strides[d]);
      }
    }
  }
  return out;
}

void add_front(View& v, std::int64_t stride) {
  v.sizes.insert(v.sizes.begin(), 1);
  v.strides.insert(v.strides.begin(), stride);
}

void add_last(View& v, std::int64_t size, std::int64_t stride) {
  v.sizes.push_back(size);
  v.strides.push_back(stride);
}

std::int64_t element(const View& v, const integer::Graph& graph) {
  return integer::elem_bytes(graph.at(v.tensor).elem);
}

}  // namespace

std::optional<std::vector<View>> as_matrices(const std::vector<View>& views,
                                             const integer::Graph& graph) {
  auto out = melted(views, 1);
  if (!out) return std::nullopt;
  for (std::size_t i = 0; i < views.size(); ++i) {
    View& o = (*out)[i];
    const std::int64_t e = element(o, graph);
    const bool scalar = views[i].sizes.empty();
    const std::int64_t c = scalar ? 1 : views[i].sizes.back();
    if (o.sizes.size() > 2) return std::nullopt;
    if (o.sizes.empty()) add_front(o, (c * e + 7) / 8 * 8);
    if (o.sizes.size() == 1) add_front(o, 0);
    add_last(o, c, c == 1 ? e : views[i].strides.back());
  }
  return out;
}

std::optional<std::vector<View>> as_batches(const std::vector<View>& views,
                                            const integer::Graph& graph) {
  auto out = melted(views, 2);
  if (!out || views[0].sizes.size() < 2) return std::nullopt;
  for (std::size_t i = 0; i < views.size(); ++i) {
    View& o = (*out)[i];
    const View& v = views[i];
    const std::int64_t e = element(o, graph);
    if (o.sizes.size() > 1) return std::nullopt;
    if (o.sizes.empty()) add_front(o, 0);
    const std::size_t r = v.sizes.size() - 2;
    const std::int64_t row = (v.sizes[r + 1] * e + 7) / 8 * 8;
    add_last(o, v.sizes[r], v.sizes[r] == 1 ? row : v.strides[r]);
    add_last(o, v.sizes[r + 1], v.sizes[r + 1] == 1 ? e : v.strides[r + 1]);
  }
  return out;
}

std::optional<View> as_matrix(const View& v, const integer::Graph& graph) {
  auto out = as_matrices({v}, graph);
  if (!out) return std::nullopt;
  return out->front();
}

bool same_place(const View& a, const View& b) {
  if (a.tensor != b.tensor || a.offset != b.offset || a.sizes != b.sizes) return false;
  if (a.slot_stride != b.slot_stride) return false;
  for (std::size_t d = 0; d < a.sizes.size(); ++d) {
    if (a.sizes[d] > 1 && a.strides[d] != b.strides[d]) return false;
  }
  return true;
}

bool rows_contiguous(const View& v, const integer::Graph& graph) {
  return v.sizes.empty() || v.sizes.back() == 1 ||
         v.strides.back() == integer::elem_bytes(graph.at(v.tensor).elem);
}

bool aligned(const View& v, std::int64_t bytes) {
  if (v.offset % bytes != 0) return false;
  for (std::size_t d = 0; d + 1 < v.sizes.size(); ++d) {
    if (v.sizes[d] > 1 && v.strides[d] % bytes != 0) return false;
  }
  return true;
}

ir::Ints stride_order(const View& v) {
  ir::Ints order(v.sizes.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](std::int64_t d) {
    const auto i = static_cast<std::size_t>(d);
    const bool one = v.sizes[i] == 1 && i + 1 < v.sizes.size();
    return one || v.strides[i] == 0 ? INT64_MAX : v.strides[i];
  };
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return key(a) != key(b) ? key(a) > key(b) : a < b;
  });
  return order;
}

}  // namespace oct::lower
