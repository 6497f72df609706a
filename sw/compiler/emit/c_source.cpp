// SPDX-License-Identifier: Apache-2.0
// network.c: meant to be read. Names of ONNX nodes stand beside the jobs that they became.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/emit/layout.hpp"
#include "compiler/schedule/jobs.hpp"

namespace oct::emit {
namespace {

constexpr std::uint32_t kOpDmaCopy = 0x10, kOpTeamRun = 0x20, kOpGemm = 0x30, kOpAttn = 0x31;
constexpr std::array<const char*, schedule::kNumQueues> kRings{"engine", "dma_in", "dma_out",
                                                               "team0", "team1"};

/// Names come from models: nothing in them may end a comment or a string.
std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '"' || c == '\x7f') c = '_';
    if (c == '?') c = '.';  // trigraphs
  }
  return text;
}

std::string dims(const std::vector<std::int64_t>& sizes) {
  return fmt::format("{}", fmt::join(sizes, "x"));
}

/// What a descriptor does, in figures.
std::string summary(const std::vector<std::uint32_t>& w) {
  switch (w[0] & 0xff) {
    case kOpGemm:
      return fmt::format("{}x{}x{}{}", w[5] & 0xffff, w[6] & 0xffff, w[5] >> 16,
                         (w[20] & 0xffff) > 1 ? fmt::format(" times {}", w[20] & 0xffff) : "");
    case kOpAttn:
      return fmt::format("{} heads, {} queries, {} keys, d {}", w[6] >> 16 & 0xff, w[5] & 0xffff,
                         w[5] >> 16, w[6] & 0xff);
    case kOpDmaCopy:
      return fmt::format("{} bytes{}", w[6],
                         w[7] == 0x10001
                             ? ""
                             : fmt::format(" x {} rows{}", w[7] & 0xffff,
                                           w[7] >> 16 > 1 ? fmt::format(" x {}", w[7] >> 16) : ""));
    default:
      return "";
  }
}

std::string waits(const schedule::Job& job) {
  std::string text;
  for (const schedule::Wait& w : job.waits) {
    text += fmt::format("{} {} {}", text.empty() ? "; after" : ",",
                        queue_name(static_cast<std::size_t>(w.queue)), w.index);
  }
  return text;
}

std::string function_of(const schedule::Call& call) { return "oct_net_" + call.kernel; }

class Source {
 public:
  Source(const integer::Graph& graph, const schedule::Network& network, const Layout& layout)
      : graph_(graph), network_(network), layout_(layout) {}

  std::string text(const std::string& config) {
    head(config);
    memory();
    kernels();
    for (std::size_t q = 0; q < schedule::kNumQueues; ++q) ring(q);
    ids();
    network();
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void head(const std::string& config) {
    put("// {}: {} operations, {} jobs, for the machine {}. Made by `octant compile`.\n"
        "// Rings of descriptors, each with the operation that it belongs to; the words are those "
        "of\n// oct_job_pkg. Constants and argument blocks: network.bin.\n",
        plain(graph_.name), network_.layers.size(), network_.program.jobs().size(), config);
    put("#include \"oct_net_run.h\"\n\n"
        "#define L1(offset) (OCT_L1_BASE + (offset))\n"
        "#define L2(offset) ({:#010x}u + (offset))  // constants, activations, inputs, outputs\n"
        "#define FUNCTION(f) OCT_NET_FUNCTION(f)\n\n",
        layout_.arena);
  }

  void memory() {
    std::int64_t peak = 0;
    for (const auto& b : network_.l1_blocks) peak = std::max(peak, b.addr + b.bytes);
    put("// ---- Memory "
        "----------------------------------------------------------------------------------\n"
        "// L1: offsets {:#x} to {:#x} of {:#x}. L2: {} bytes, constants at {:#x}, {} bytes.\n",
        layout_.l1_first, peak, layout_.l1_end, network_.l2_used, network_.image_l2,
        network_.image.size());
    for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
      const integer::Tensor& x = graph_.tensors[t];
      const std::int64_t at = t < network_.l2.size() ? network_.l2[t] : -1;
      if (at < 0 || x.role == integer::Role::kConstant) continue;
      put("//   L2({:#09x}) {:<9} {} {}\n", at, x.bytes(), dims(x.shape), plain(x.name));
    }
    put("\n");
  }

  void kernels() {
    std::set<std::string> used;
    for (const schedule::Call& call : network_.calls) used.insert(function_of(call));
    if (used.empty()) return;
    put("// ---- Kernels "
        "---------------------------------------------------------------------------------\n");
    for (const std::string& f : used) put("int {}(void* job, unsigned rank, unsigned size);\n", f);
    put("\n");
  }

  std::string call_text(const schedule::Call& call) const {
    std::string text = call.kernel + ":";
    if (schedule::is_engine_call(call)) text += " " + summary(call.words) + ":";
    for (std::size_t i = 0; i < call.words.size(); ++i) {
      const auto place = std::find_if(call.places.begin(), call.places.end(),
                                      [&](const auto& p) { return p.word == i; });
      if (place != call.places.end()) {
        text += fmt::format(" {}({:#x})", place->memory == schedule::Memory::kL1 ? "L1" : "L2",
                            call.words[i]);
      } else {
        text += fmt::format(" {}", static_cast<std::int32_t>(call.words[i]));
      }
    }
    return text;
  }

  void words(const Descriptor& d, const schedule::Call* call) {
    const std::uint32_t op = d.words[0] & 0xff;
    for (std::size_t u = 0; u < d.words.size(); u += 16) {
      put("    {{{{");
      for (std::size_t i = u; i < u + 16; ++i) {
        const std::uint32_t w = d.words[i];
        std::string text = w < 10 ? fmt::format("{}", w) : fmt::format("{:#x}", w);
        if (op == kOpDmaCopy && i == 4) text = fmt::format("L2({:#x})", w);
        if (op == kOpTeamRun && call != nullptr) {
          if (i == 4) text = fmt::format("FUNCTION({})", function_of(*call));
          if (i == 5) text = fmt::format("L1({:#x})", call->l1);
          if (i == 6 && w == 0) text = fmt::format("{:#x}", layout_.all_workers);
        }
        put("{}{}", i == u ? "" : ", ", text);
      }
      put("}}}},\n");
    }
  }

  void ring(std::size_t q) {
    if (layout_.rings[q].empty()) return;
    put("// ---- {} "
        "--------------------------------------------------------------------------------------\n"
        "static OCT_ALIGNED oct_unit_t {}[] = {{\n",
        queue_name(q), kRings.at(q));
    std::uint32_t layer = ~0U;
    for (const Descriptor& d : layout_.rings[q]) {
      if (d.job == kNoJob) {
        put("    // waits for what the next job needs, too\n");
        words(d, nullptr);
        continue;
      }
      const schedule::Job& job = network_.program.jobs()[d.job];
      if (job.layer != layer) {
        layer = job.layer;
        put("    // == {} {}\n", layer,
            layer < network_.layers.size() ? plain(network_.layers[layer].name) : "");
      }
      const schedule::Call* call =
          job.kernel >= 0 ? &network_.calls.at(static_cast<std::size_t>(job.kernel)) : nullptr;
      const std::string what = call != nullptr ? call_text(*call) : summary(d.words);
      put("    // {}: {}{}{}{}\n", job.index, plain(job.note), what.empty() ? "" : ", ", what,
          waits(job));
      words(d, call);
    }
    put("}};\n\n");
  }

  void ids() {
    if (layout_.ids.empty()) return;
    put("// ---- Rows chosen by the inputs "
        "---------------------------------------------------------------\n"
        "static const oct_net_ids_t ids[] = {{\n");
    for (const Ids& t : layout_.ids) {
      const bool address = t.word % 16 == 4;
      put("    {{.word = &{}[0].w[{}], .queue = {}, .word_place = {}, .word_step = {}, .base = {}, "
          ".base_step = {}, .ids = (const volatile uint32_t*)L2({:#x}),\n     .count = {}, .stride "
          "= {}, .limit = {}, .port = \"{}\", .position = {}}},\n",
          kRings.at(static_cast<std::size_t>(t.queue)), t.word, static_cast<int>(t.queue),
          t.word % 16, t.word_step,
          address ? fmt::format("L2({:#x})", t.base) : fmt::format("{:#x}", t.base), t.base_step,
          t.ids, t.count, t.stride, t.limit, plain(t.port), t.position);
    }
    put("}};\n\n");
  }

  void network() {
    put("static const oct_network_t network = {{\n    .queue = {{\n");
    for (std::size_t q = 0; q < schedule::kNumQueues; ++q) {
      if (layout_.units[q] == 0) continue;
      put("        [{}] = {{.ring = {}, .units = {}, .jobs = {}, .ready = {}}},\n", q, kRings.at(q),
          layout_.units[q], layout_.jobs[q], layout_.ready[q]);
    }
    put("    }},\n");
    if (!layout_.ids.empty()) {
      const bool single = layout_.ids.size() <= 4 &&  // OCT_NET_FEW
                          std::all_of(layout_.ids.begin(), layout_.ids.end(),
                                      [](const Ids& t) { return t.count == 1; });
      put("    .ids = ids, .num_ids = {}, .single_ids = {},\n", layout_.ids.size(), int{single});
    }
    if (layout_.uses_slot) put("    .uses_slot = 1,\n");
    put("}};\n\n"
        "// One inference: inputs are in L2, outputs will be. The start of it in a line of the "
        "cache.\n"
        "__attribute__((aligned(64))) int network_run(void) {{ return oct_network_run(&network); "
        "}}\n");
  }

  const integer::Graph& graph_;
  const schedule::Network& network_;
  const Layout& layout_;
  std::string out_;
};

}  // namespace

std::string network_source(const integer::Graph& graph, const schedule::Network& network,
                           const Layout& layout, const std::string& config) {
  return Source(graph, network, layout).text(config);
}

std::string main_source() {
  return "// Runs the network as often as the first argument says, once if there is none.\n"
         "#include \"oct_net_run.h\"\n\n"
         "int network_run(void);\n\n"
         "int main(int argc, char** argv) {\n"
         "  oct_net_result.runs = 0;  // first: L2 has answered when the network begins\n"
         "  unsigned runs = 0;\n"
         "  for (const char* c = argc > 1 ? argv[1] : \"1\"; *c >= '0' && *c <= '9'; c++)\n"
         "    runs = 10 * runs + (unsigned)(*c - '0');\n"
         "  for (unsigned i = 0; i < runs; i++) {\n"
         "    int status = network_run();\n"
         "    if (status != 0) return status;\n"
         "  }\n"
         "  return 0;\n"
         "}\n";
}

std::string linker_checks(const Layout& layout) {
  return fmt::format(
      "/* Descriptors hold fixed addresses: program and runtime must stay outside. */\n"
      "ASSERT(__l1_free <= {:#x}, \"the runtime's data in L1 reach into the network's\")\n"
      "ASSERT({:#x} <= __controller_stack_bottom, \"the network's L1 reaches into the stacks\")\n"
      "ASSERT(__l2_used_end <= {:#x}, \"the program reaches into the network's L2\")\n",
      layout.l1_base + layout.l1_first, layout.l1_base + layout.l1_end, layout.arena);
}

}  // namespace oct::emit
