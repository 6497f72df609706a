// SPDX-License-Identifier: Apache-2.0
// Convolutions are products of patches. Where patches are views of an image with its border they
// cost nothing; else a copy lays them out. Channels come last, but for images of few channels,
// whose rows of pixels are kept together: [H][C][W].
#include <fmt/format.h>

#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"

namespace oct::lower {
namespace {

using ir::Node;

/// One or two dimensions, seen as two.
struct Geometry {
  std::int64_t n, c, h, w, o, kh, kw, sh, sw, dh, dw, top, left, bottom, right, oh, ow, group;
  bool one;  ///< x is [N, C, W]
  [[nodiscard]] bool by_rows() const { return !one && c < 8 && dw == 1 && w + left + right > 1; }
  [[nodiscard]] bool bordered() const { return top + left + bottom + right > 0; }
};

Geometry geometry(const ir::Graph& g, const Node& n) {
  const ir::Shape &x = g.value(n.inputs[0]).shape(), &k = g.value(n.inputs[1]).shape();
  const ir::Shape& y = g.value(n.output).shape();
  const std::size_t d = x.size() - 2;
  const ir::Ints ones(d, 1), zeros(2 * d, 0);
  const ir::Ints s = n.attrs.ints("strides", ones), l = n.attrs.ints("dilations", ones);
  const ir::Ints p = n.attrs.ints("pads", zeros);
  Geometry r{};
  r.one = d == 1;
  r.n = x[0], r.c = x[1], r.o = k[0];
  r.w = x.back(), r.kw = k.back(), r.sw = s.back(), r.dw = l.back(), r.ow = y.back();
  r.left = p[d - 1], r.right = p[2 * d - 1];
  r.h = r.kh = r.sh = r.dh = r.oh = 1;
  if (d == 2) {
    r.h = x[2], r.kh = k[2], r.sh = s[0], r.dh = l[0], r.oh = y[2];
    r.top = p[0], r.bottom = p[2];
  }
  r.group = n.attrs.integer("group", 1);
  return r;
}

/// x with its border as [N, C, H, W]; channels may be more than there are, up to a multiple of 8.
View new_image(Context& ctx, ValueId v, const Geometry& g, Elem e) {
  const std::int64_t h = g.h + g.top + g.bottom, w = g.w + g.left + g.right;
  const ir::Shape shape =
      g.by_rows() ? ir::Shape{g.n, h, g.c, w} : ir::Shape{g.n, h, w, padded(g.c)};
  const ir::Node* p = ctx.graph.producer(v);
  const TensorId id = ctx.tensor(ctx.name(v), e, shape, ctx.scale_as(v, e), Role::kActivation,
                                 p ? p->sources : ir::Sources{}, ctx.zero_as(v, e));
  const View whole = ctx.out.whole(id);
  return g.by_rows() ? permute(whole, {0, 2, 1, 3}) : permute(whole, {0, 3, 1, 2});
}

View inside(const View& image, const Geometry& g) {
  return image.slice(1, 0, g.c).slice(2, g.top, g.h).slice(3, g.left, g.w);
}

/// Of an image that another convolution of the same value has, what this one needs.
std::optional<View> shared(const Context::Bordered& b, const Geometry& g) {
  if (b.by_rows != g.by_rows() || b.top < g.top || b.left < g.left || b.bottom < g.bottom ||
      b.right < g.right) {
    return std::nullopt;
  }
  return b.image.slice(2, b.top - g.top, g.top + g.h + g.bottom)
      .slice(3, b.left - g.left, g.left + g.w + g.right);
}

View without_height(const View& v, const Geometry& g) {
  View out = v;
  if (!g.one) return out;
  out.sizes.erase(out.sizes.begin() + 2);
  out.strides.erase(out.strides.begin() + 2);
  return out;
}

View with_height(const View& v, const Geometry& g) {
  View out = v;
  if (!g.one) return out;
  out.sizes.insert(out.sizes.begin() + 2, 1);
  out.strides.insert(out.strides.begin() + 2, v.sizes[2] * v.strides[2]);
  return out;
}

/// Four dimensions of the image, border included and written.
View image_of(Context& ctx, const Node& n, const Geometry& g) {
  const ValueId x = n.inputs[0];
  const bool whole_channels = g.by_rows() || g.c % 8 == 0;
  if (const auto b = ctx.bordered.find(x); b != ctx.bordered.end()) {
    const std::optional<View> image = shared(b->second, g);
    const View in = image ? without_height(inside(*image, g), g) : View{};
    for (const View& p : ctx.places(x)) {
      if (!image || !same_place(p, in)) continue;
      if (ctx.border_written.insert(x).second) {
        ctx.fill_border(b->second.image, with_height(in, g), 0, n);
      }
      return *image;
    }
  }
  const View from = ctx.take(x, {Elem::kI8}, Context::Zero::kAny);
  const View four = with_height(from, g);
  if (!g.bordered() && whole_channels && (g.by_rows() ? four.strides[3] : four.strides[1]) == 1) {
    return four;
  }
  const View image = new_image(ctx, x, g, Elem::kI8);
  ctx.out.at(image.tensor).scale = ctx.scale(from);
  ctx.out.at(image.tensor).zero = ctx.zero(from);
  const View in = inside(image, g);
  ctx.fill_border(image, in, 0, n);
  ctx.copy(four, in, ctx.name(x), n.sources);
  return image;
}

bool segment_fits(std::int64_t bytes) {
  return bytes == 8 || bytes == 16 || bytes == 32 || bytes % 64 == 0;
}

}  // namespace

void want_image(Context& ctx, const Node& n) {
  const ValueId x = n.inputs[0];
  if (ctx.wanted.contains(x) || is_constant(ctx.graph, x)) return;
  const Geometry g = geometry(ctx.graph, n);
  if (g.one && ctx.graph.value(x).rank() != 3) return;
  const View image = new_image(ctx, x, g, Elem::kI8);
  ctx.bordered.emplace(x, Context::Bordered{image, g.top, g.left, g.bottom, g.right, g.by_rows()});
  ctx.wanted.emplace(x, without_height(inside(image, g), g));
}

void lower_conv(Context& ctx, const Chain& chain) {
  const Node& n = ctx.graph.node(chain.product);
  const std::int64_t rank = ctx.graph.value(n.inputs[0]).rank();
  if (rank != 3 && rank != 4) throw Unsupported("convolutions have one or two dimensions", "");
  const Geometry g = geometry(ctx.graph, n);
  const View x = image_of(ctx, n, g);
  const bool rows = x.strides[3] == 1 && x.sizes[3] > 1 && g.dw == 1 && x.strides[1] != 1;
  const std::int64_t c = x.sizes[1];  // with those that are only there to fill up
  Factors f;
  f.scale_a = ctx.scale(x);
  f.zero_a = ctx.zero(x);
  // [N, OH, OW] and, of a patch, [KH, KW, C] or [KH, C, KW].
  View a = x;
  a.sizes = {g.n, g.oh, g.ow, g.kh};
  a.strides = {x.strides[0], g.sh * x.strides[2], g.sw * x.strides[3], g.dh * x.strides[2]};
  const auto add = [](View& v, std::int64_t size, std::int64_t stride) {
    v.sizes.push_back(size);
    v.strides.push_back(stride);
  };
  if (rows) {
    add(a, c, x.strides[1]), add(a, g.kw, 1);
  } else {
    add(a, g.kw, g.dw * x.strides[3]), add(a, c, 1);
  }
  const std::int64_t k = g.kh * g.kw * c;
  const ir::Shape lead{g.n, g.oh, g.ow};
  const auto with = [&](std::initializer_list<std::int64_t> tail) {
    ir::Shape s = lead;
    s.insert(s.end(), tail);
    return s;
  };
  std::optional<View> flat = reshape(a, with({k}));
  const std::int64_t piece = g.kw * c;
  const std::optional<View> pieces = reshape(a, with({g.kh, piece}));
  const auto fits = [&](const View& v) {
    const auto m = as_matrix(v, ctx.out);
    return m && aligned(*m, 8) && rows_contiguous(v, ctx.out);
  };
  if (flat && fits(*flat)) {
    f.a = *flat;
  } else if (pieces && !rows && g.kh > 1 && segment_fits(piece) && aligned(*pieces, 8) &&
             rows_contiguous(*pieces, ctx.out) && g.n == 1) {
    f.a = *pieces;
    f.segments = true;
  } else {
    const TensorId id = ctx.tensor(ctx.name(n.output) + ".patches", Elem::kI8, with({k}), f.scale_a,
                                   Role::kActivation, n.sources, f.zero_a);
    f.a = ctx.out.whole(id);
    ctx.copy(a, *reshape(f.a, a.sizes), n.sources.empty() ? n.name : n.sources.front(), n.sources);
  }
  const std::int64_t cg = g.c / g.group, og = g.o / g.group;
  Kept w = keep_weights(
      ctx, n.inputs[1],
      {k, g.o, 0, [&](std::int64_t i, std::int64_t o) {
         const std::int64_t inner = rows ? g.kw : c;
         const std::int64_t u = i % inner, v = i / inner % (piece / inner), kh = i / piece;
         const std::int64_t channel = (rows ? v : u) - o / og * cg, kw = rows ? u : v;
         if (channel < 0 || channel >= cg) return std::int64_t{-1};
         return ((o * cg + channel) * g.kh + kh) * g.kw + kw;
       }});
  f.w = w.w;
  f.scale_w = std::move(w.scale);
  f.sum_w = std::move(w.sum);
  f.bias = bias_of(ctx, n);
  // The chain counts one dimension as one.
  if (g.one) {
    f.a.sizes.erase(f.a.sizes.begin() + 1);
    f.a.strides.erase(f.a.strides.begin() + 1);
  }
  emit_product(ctx, chain, std::move(f));
}

}  // namespace oct::lower
