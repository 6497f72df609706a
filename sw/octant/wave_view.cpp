// SPDX-License-Identifier: Apache-2.0
#include "wave_view.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "harness/vcd.hpp"

namespace octant {
namespace {

constexpr std::string_view kTop = "TOP.oct_top.";
/// Groups of signals below oct_top; "[*]" stands for every index.
struct Group {
  const char* title;
  std::array<const char*, 8> signals;
};
constexpr std::array<Group, 7> kGroups{{
    {"clock", {"clk_i"}},
    {"head of the engine's queue: tag is the layer",
     {"u_cluster.u_queues.g_queue[0].u_head.tag_q", "u_cluster.u_queues.g_queue[0].u_head.valid_q",
      "u_cluster.u_queues.g_queue[0].u_head.status_o.waiting",
      "u_cluster.u_queues.g_queue[0].u_head.status_o.sem",
      "u_cluster.u_queues.g_queue[0].u_head.status_o.wanted",
      "u_cluster.u_queues.g_queue[0].u_head.offered_q"}},
    {"engine: active, computing, wait x, w, acc, p, no slot, refused, job end (bits 0 to 8)",
     {"u_cluster.u_attention.u_regs.step", "u_cluster.u_attention.u_job.start",
      "u_cluster.u_attention.u_job.finish", "u_cluster.u_attention.u_compute.u_seq.fire",
      "u_cluster.u_attention.u_compute.u_seq.x_ok", "u_cluster.u_attention.u_compute.u_seq.w_ok",
      "u_cluster.u_attention.u_compute.u_seq.acc_ok",
      "u_cluster.u_attention.u_compute.u_seq.p_ok"}},
    {"the other queues: DMA in, DMA out, teams",
     {"u_cluster.u_queues.g_queue[*].u_head.tag_q", "u_cluster.u_queues.g_queue[*].u_head.valid_q",
      "u_cluster.u_queues.g_queue[*].u_head.status_o.waiting"}},
    {"semaphores: number and new value",
     {"u_cluster.u_queues.u_sem_port.u_sems.news_valid_q",
      "u_cluster.u_queues.u_sem_port.u_sems.news_sem_q",
      "u_cluster.u_queues.u_sem_port.u_sems.news_value_q"}},
    {"memory",
     {"m_axi_mem_arvalid", "m_axi_mem_arready", "m_axi_mem_rvalid", "m_axi_mem_awvalid",
      "m_axi_mem_awready", "m_axi_mem_wvalid", "m_axi_mem_wready", "m_axi_mem_bvalid"}},
    {"cores: program counters (without bit 0)",
     {"u_cluster.u_cores.gen_core[*].u_tile.u_core.u_fetch.pc_q"}},
}};

/// Whether `name`, perhaps with bits behind it, is what `pattern` means.
bool matches(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    if (pattern.starts_with("[*]")) {
      const std::size_t close = name.find(']');
      if (!name.starts_with("[") || close == std::string_view::npos) return false;
      pattern.remove_prefix(3);
      name.remove_prefix(close + 1);
    } else {
      if (name.empty() || name.front() != pattern.front()) return false;
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    }
  }
  return name.empty() || (name.front() == '[' && name.find('.') == std::string_view::npos);
}

}  // namespace

void write_view(const std::string& fst, const std::string& view, const std::string& title) {
  const std::vector<std::string> there = tb::fst_signals(fst);
  std::string text =
      fmt::format("[*] {}\n[dumpfile] \"{}\"\n[size] 1600 900\n[signals_width] 420\n", title,
                  std::filesystem::absolute(fst).string());
  std::size_t shown = 0;
  for (const Group& group : kGroups) {
    std::string lines;
    for (const char* pattern : group.signals) {
      if (pattern == nullptr) continue;
      for (const std::string& name : there) {
        if (!name.starts_with(kTop) || !matches(pattern, name.substr(kTop.size()))) continue;
        // Flags: 28 a bit, 24 decimal, 22 hexadecimal.
        const bool bits = name.ends_with("]");
        const bool number =
            name.find("tag_q") != std::string::npos || name.find("sem") != std::string::npos;
        lines += fmt::format("@{}\n{}\n", !bits ? 28 : number ? 24 : 22, name);
        ++shown;
      }
    }
    if (!lines.empty()) text += fmt::format("@200\n-{}\n{}", group.title, lines);
  }
  if (shown == 0) throw std::runtime_error(fst + ": none of the signals that a view shows");
  std::ofstream out(view);
  if (!(out << text).flush()) throw std::runtime_error(view + ": cannot be written");
}

}  // namespace octant
