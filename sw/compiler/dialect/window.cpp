// SPDX-License-Identifier: Apache-2.0
// Sliding windows: borders, patches, the largest element of each window.
#include <algorithm>

#include "compiler/dialect/context.hpp"

namespace oct::dialect {
namespace {

/// A dimension of 1 in front of the only spatial one.
View two_dimensional(View v) {
  if (v.sizes.size() == 2) {
    v.sizes.insert(v.sizes.begin() + 1, 1);
    v.strides.insert(v.strides.begin() + 1, 0);
  }
  return v;
}

}  // namespace

Window window_of(const Node& n, const Shape& x, const Shape& y, const Ints& kernel) {
  Window w;
  const std::size_t d = kernel.size();
  const Ints strides = n.attrs.ints("strides", Ints(d, 1)),
             dilations = n.attrs.ints("dilations", Ints(d, 1)),
             pads = n.attrs.ints("pads", Ints(2 * d, 0));
  if (d < 1 || d > 2) throw Unsupported("a window of other than one or two dimensions");
  for (std::size_t i = 0; i < d; ++i) {
    const std::size_t to = i + 2 - d;
    w.kernel[to] = kernel[i];
    w.stride[to] = strides[i], w.dilation[to] = dilations[i];
    w.before[to] = pads[i];
    w.out[to] = y[i + 2];
    // What the windows reach, which ceil_mode may put behind the padding.
    w.size[to] = (w.out[to] - 1) * w.stride[to] + (kernel[i] - 1) * dilations[i] + 1;
    if (pads[i] < 0 || pads[i + d] < 0) throw Unsupported("negative pads");
  }
  (void)x;
  return w;
}

void fill_around(Context& c, const View& whole, const Ints& start, const Ints& size,
                 std::int64_t value) {
  View rest = whole;
  for (std::size_t d = 0; d < start.size(); ++d) {
    const std::int64_t n = rest.sizes[d], end = start[d] + size[d];
    for (const auto& [from, count] :
         {std::pair{std::int64_t{0}, start[d]}, std::pair{end, n - end}}) {
      if (count <= 0) continue;
      const View edge = rest.slice(d, from, count);
      c.copy(lower::expand(c.filled(c.elem(edge), value, {1}), edge.sizes), edge);
    }
    rest = rest.slice(d, start[d], size[d]);
  }
}

Image bordered(Context& c, const View& image, const Window& w, std::int64_t value) {
  View v = two_dimensional(image);
  const std::int64_t e = c.bytes(v);
  Image out{v, v.strides[0] == e && v.sizes[0] > 1};
  const Ints have{v.sizes[1], v.sizes[2]};
  bool fits = true;
  for (std::size_t i = 0; i < 2; ++i) {
    fits = fits && w.before[i] == 0 && w.size[i] <= have[i];
  }
  if (fits) return out;
  const Shape shape{v.sizes[0], w.size[0], w.size[1]};
  out.view = c.fresh_in(c.elem(v), shape, out.channels_last ? Ints{1, 2, 0} : Ints{0, 1, 2});
  Ints start{0, w.before[0], w.before[1]}, size{v.sizes[0], 0, 0};
  View inner = v, to = out.view;
  for (std::size_t i = 0; i < 2; ++i) {  // rows behind the last window are left out
    const std::int64_t from = std::min(start[i + 1], w.size[i]);
    start[i + 1] = from;
    size[i + 1] = std::min(have[i], w.size[i] - from);
    if (size[i + 1] <= 0) throw Unsupported("windows that lie in the padding altogether");
    inner = inner.slice(i + 1, 0, size[i + 1]);
    to = to.slice(i + 1, start[i + 1], size[i + 1]);
  }
  c.copy(inner, to);
  fill_around(c, out.view, start, size, value);
  return out;
}

void maxpool(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const Shape& shape = c.shape(n.output);
  const Ints kernel = n.attrs.ints("kernel");
  const Window w = window_of(n, x.view.sizes, shape, kernel);
  const std::int64_t kh = w.kernel[0], kw = w.kernel[1], oh = w.out[0], ow = w.out[1];
  const Elem e = c.elem(x.view);
  const std::int64_t channels = x.view.sizes[1], width = integer::elem_bytes(e);
  std::vector<View> parts;
  View result;
  for (std::int64_t image = 0; image < x.view.sizes[0]; ++image) {
    const Image in = bordered(c, without_first(x.view, image), w, lowest(e));
    const std::int64_t sc = in.view.strides[0], sh = in.view.strides[1], sw = in.view.strides[2];
    // All elements of a window stand below each other: {outer, KH KW, inner}.
    const std::int64_t outer = in.channels_last ? oh : channels,
                       inner = in.channels_last ? ow * channels : oh * ow;
    if (image == 0) result = c.fresh(e, {x.view.sizes[0], outer, inner});
    const View p = c.fresh(e, {outer, kh * kw, inner});
    View from = in.view, to = p;
    const std::int64_t a = p.strides[0], b = p.strides[1];
    if (in.channels_last) {
      from.sizes = to.sizes = {oh, kh, kw, ow, channels};
      from.strides = {sh * w.stride[0], sh * w.dilation[0], sw * w.dilation[1], sw * w.stride[1],
                      sc};
      to.strides = {a, kw * b, b, channels * width, width};
    } else {
      from.sizes = to.sizes = {channels, kh, kw, oh, ow};
      from.strides = {sc, sh * w.dilation[0], sw * w.dilation[1], sh * w.stride[0],
                      sw * w.stride[1]};
      to.strides = {a, kw * b, b, ow * width, width};
    }
    c.emit_copy(from, to);
    View y = without_first(result, image);
    y.sizes.insert(y.sizes.begin() + 1, 1), y.strides.insert(y.strides.begin() + 1, 0);
    reduce_rows(c, p, y, 2, 0);
    if (image == 0) {
      View seen = result;  // with the shape of the value
      seen.sizes = {x.view.sizes[0], channels, oh, ow};
      const std::int64_t first = result.strides[0], row = result.strides[1];
      seen.strides = in.channels_last ? Ints{first, width, row, channels * width}
                                      : Ints{first, row, ow * width, width};
      if (kernel.size() == 1)
        seen.sizes.erase(seen.sizes.begin() + 2), seen.strides.erase(seen.strides.begin() + 2);
      parts.push_back(seen);
    }
  }
  c.put(parts.at(0), x.range);
}

}  // namespace oct::dialect
