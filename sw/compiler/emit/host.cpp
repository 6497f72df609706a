// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/host.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <bit>
#include <deque>
#include <exception>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <utility>

#include "compiler/emit/layout.hpp"
#include "compiler/emit/toolchain.hpp"
#include "compiler/integer/kernels.hpp"
#include "compiler/ir/tensor.hpp"
#include "compiler/schedule/images.hpp"
#include "compiler/schedule/jobs.hpp"
#include "golden/engine.hpp"
#include "kernels/oct_network.h"
#include "oct_hw.h"
#include "oct_regs.h"

namespace oct::emit {
namespace {

namespace fs = std::filesystem;
using schedule::Job;
using schedule::kNumQueues;

constexpr std::uint32_t kOpNop = 0, kOpDmaCopy = 0x10, kOpTeamRun = 0x20;
constexpr std::size_t kInFlight = 4;  // jobs of a queue in its unit

/// Memory at the device's own address: the C has it in its tables.
class FixedMemory {
 public:
  FixedMemory(std::uint32_t address, std::size_t bytes) : bytes_(bytes) {
    void* const want = reinterpret_cast<void*>(std::uintptr_t{address});
    place_ = mmap(want, bytes_, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (place_ != want) {
      throw ir::CompileError(
          fmt::format("no memory at {:#x}, where the network has its L2, on this host", address));
    }
  }
  ~FixedMemory() { munmap(place_, bytes_); }
  FixedMemory(const FixedMemory&) = delete;
  FixedMemory& operator=(const FixedMemory&) = delete;
  [[nodiscard]] std::span<std::uint8_t> bytes() const {
    return {static_cast<std::uint8_t*>(place_), bytes_};
  }

 private:
  void* place_ = nullptr;
  std::size_t bytes_;
};

class Library {
 public:
  explicit Library(const fs::path& file) : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw ir::CompileError(fmt::format("{}: {}", file.string(), dlerror()));
  }
  ~Library() { dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  template <typename T>
  [[nodiscard]] T* symbol(const char* name) const {
    void* const found = dlsym(handle_, name);
    if (found == nullptr) throw ir::CompileError(fmt::format("network.so: no {}", name));
    return reinterpret_cast<T*>(found);
  }

 private:
  void* handle_;
};

/// As oct_net_host_t (sw/runtime/host/oct_net_host.h).
struct Connection {
  void* self;
  volatile std::uint32_t* (*reg)(void*, std::uint32_t);
  volatile std::uint32_t* (*eu)(void*, std::uint32_t);
};

/// Functions of the workers, in the order of their numbers.
std::vector<std::string> kernels_of(const schedule::Network& network) {
  std::set<std::string> names;
  for (const schedule::Call& call : network.calls) names.insert(call.kernel);
  return {names.begin(), names.end()};
}

int call_kernel(const std::string& kernel, void* job, unsigned rank, unsigned size) {
  if (kernel == schedule::kTeamGemm) return oct_net_gemm(job, rank, size);
  if (kernel == schedule::kTeamAttention) return oct_net_attention(job, rank, size);
  return integer::kernel_info(kernel).host(job, rank, size);
}

class Machine {
 public:
  Machine(const schedule::Network& network, const Layout& layout, schedule::Images& images,
          std::uint64_t seed)
      : net_(network),
        layout_(layout),
        images_(images),
        kernels_(kernels_of(network)),
        random_(seed) {}

  /// One inference by the program's own function.
  void run(const Library& program);

 private:
  struct Entry {
    std::vector<std::uint32_t> words;
    const Job* job;  // null: it only waits
    bool late;       // takes effect as it ends
  };
  struct QueueState {
    std::uint32_t fetched = 0, jobs = 0;
    std::deque<Entry> waiting, running;
    [[nodiscard]] bool idle() const { return waiting.empty() && running.empty(); }
  };

  volatile std::uint32_t* reg(std::uint32_t offset);
  volatile std::uint32_t* eu(std::uint32_t offset);
  void look();
  void fetch(std::size_t q);
  [[nodiscard]] bool holds(std::uint32_t wait);
  /// Starts or ends a job; false: none can.
  bool step();
  void step_or_stop();
  void execute(const Entry& entry);
  void team(const Job& job, const std::vector<std::uint32_t>& w);

  const schedule::Network& net_;
  const Layout& layout_;
  schedule::Images& images_;
  std::vector<std::string> kernels_;
  std::mt19937_64 random_;
  std::map<std::uint32_t, std::uint32_t> regs_, eu_;
  std::array<QueueState, kNumQueues> queues_;
  std::uintptr_t near_ = 0;  // an address of the program
  std::uint32_t pending_ = 0;
  std::exception_ptr failure_;  // C stands between it and who wants to know
};

void Machine::run(const Library& program) {
  near_ = reinterpret_cast<std::uintptr_t>(program.symbol<void>("network_run"));
  regs_.clear();
  eu_.clear();
  queues_ = {};
  *program.symbol<Connection>("oct_net_host") = {
      this, [](void* self, std::uint32_t at) { return static_cast<Machine*>(self)->reg(at); },
      [](void* self, std::uint32_t at) { return static_cast<Machine*>(self)->eu(at); }};
  *program.symbol<volatile std::uint32_t>("oct_net_slot") =
      static_cast<std::uint32_t>(images_.slot());
  const int status = program.symbol<int()>("network_run")();
  if (failure_) std::rethrow_exception(failure_);
  if (status == 1) throw ir::CompileError("an id is out of its table's range");
  for (std::size_t q = 0; q < kNumQueues; ++q) {
    if (status == 0 && queues_[q].idle() && queues_[q].jobs == layout_.jobs[q]) continue;
    throw ir::GraphError(fmt::format("{}: {} of {} jobs came, status {}", queue_name(q),
                                     queues_[q].jobs, layout_.jobs[q], status));
  }
}

volatile std::uint32_t* Machine::reg(std::uint32_t offset) {
  look();
  return &regs_[offset];
}

volatile std::uint32_t* Machine::eu(std::uint32_t offset) {
  look();
  if (offset == OCT_EU_EVT_WAIT) {
    const std::uint32_t mask = eu_[OCT_EU_EVT_MASK];
    while ((pending_ & mask) == 0) step_or_stop();
    eu_[offset] = pending_ & mask;
    pending_ &= ~mask;
  }
  return &eu_[offset];
}

/// What was written since takes effect; what may go on does, or does not yet.
void Machine::look() {
  pending_ &= ~std::exchange(eu_[OCT_EU_EVT_CLEAR], 0U);
  for (std::size_t q = 0; q < kNumQueues; ++q) fetch(q);
  for (std::uint64_t n = random_() % 4; n > 0 && !failure_; --n) (void)step();
}

/// Descriptors as they are when they are handed over: what is written later comes too late.
void Machine::fetch(std::size_t q) {
  const auto i = static_cast<std::uint32_t>(q);
  const std::uint32_t tail = regs_[OCT_REG_QUEUE_TAIL(i)];
  QueueState& s = queues_[q];
  if (tail == s.fetched || failure_) return;
  // The upper half of the ring's address is the program's.
  const auto off =
      static_cast<std::int32_t>(regs_[OCT_REG_QUEUE_BASE(i)] - static_cast<std::uint32_t>(near_));
  const auto* ring =
      reinterpret_cast<const std::uint32_t*>(near_ + static_cast<std::intptr_t>(off));
  const auto& jobs = net_.program.queue(static_cast<schedule::Queue>(q));
  while (s.fetched < std::min(tail, regs_[OCT_REG_QUEUE_SIZE(i)])) {
    const std::uint32_t* unit = ring + std::size_t{16} * s.fetched;
    const std::size_t n = (unit[0] >> 8 & 1) != 0 ? 2 : 1;
    s.fetched += static_cast<std::uint32_t>(n);
    Entry e{{unit, unit + 16 * n}, nullptr, random_() % 2 != 0};
    if (e.words[3] != 0) e.job = &net_.program.jobs()[jobs.at(s.jobs++)];
    s.waiting.push_back(std::move(e));
  }
}

bool Machine::holds(std::uint32_t wait) {
  if (wait >> 31 == 0) return true;
  return static_cast<std::int16_t>(regs_[OCT_REG_SEM(wait >> 16 & 63)] - wait) >= 0;
}

bool Machine::step() {
  std::array<std::size_t, 2 * kNumQueues> choices{};  // q: start, q + kNumQueues: end
  std::size_t n = 0;
  for (std::size_t q = 0; q < kNumQueues; ++q) {
    const QueueState& s = queues_[q];
    if (!s.waiting.empty() && s.running.size() < kInFlight && holds(s.waiting.front().words[1]) &&
        holds(s.waiting.front().words[2])) {
      choices[n++] = q;
    }
    if (!s.running.empty()) choices[n++] = q + kNumQueues;
  }
  if (n == 0) return false;
  const std::size_t choice = choices[random_() % n];
  QueueState& s = queues_[choice % kNumQueues];
  try {
    if (choice < kNumQueues) {
      s.running.push_back(std::move(s.waiting.front()));
      s.waiting.pop_front();
      if (!s.running.back().late) execute(s.running.back());
      return true;
    }
    const Entry e = std::move(s.running.front());
    s.running.pop_front();
    if (e.late) execute(e);
    for (const std::uint32_t signal : {e.words[3] & 0xffff, e.words[3] >> 16}) {
      if (signal >> 15 == 0) continue;
      std::uint32_t& sem = regs_[OCT_REG_SEM(signal >> 8 & 63)];
      sem = (sem + (signal & 0xff)) & 0xffff;
    }
    if (s.idle()) pending_ |= OCT_EVT_QUEUE_EMPTY(choice % kNumQueues);
  } catch (...) {
    failure_ = std::current_exception();
    pending_ |= OCT_EVT_ERROR;
  }
  return true;
}

void Machine::step_or_stop() {
  if (!failure_ && step()) return;
  if (!failure_) {
    std::string heads = "nothing goes on:";
    for (std::size_t q = 0; q < kNumQueues; ++q) {
      if (queues_[q].waiting.empty()) continue;
      const Job* job = queues_[q].waiting.front().job;
      heads += fmt::format(" {} at {};", queue_name(q), job != nullptr ? job->note : "a wait");
    }
    failure_ = std::make_exception_ptr(ir::GraphError(heads));
  }
  pending_ |= OCT_EVT_ERROR;
}

void Machine::execute(const Entry& entry) {
  if (entry.job == nullptr) return;
  const Job& job = *entry.job;
  std::vector<std::uint32_t> w = entry.words;
  if (w[0] >> 16 != (job.layer & 0xffff)) schedule::fail(job, "its descriptor is another layer's");
  const std::uint32_t op = w[0] & 0xff;
  if (op == kOpDmaCopy) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (w[i] >> 31 != 0 && regs_[OCT_REG_PREG(0)] != static_cast<std::uint32_t>(images_.slot()))
        schedule::fail(job, "parameter register 0 has not the slot");
    }
    w[4] -= layout_.arena;
    images_.copy(job, std::move(w));
  } else if (op == kOpTeamRun) {
    team(job, w);
  } else if (op != kOpNop) {
    const auto r = golden::engine::run_engine_job(images_.l1(), schedule::descriptor_of(w));
    if (r.cause != golden::engine::Cause::kNone) {
      schedule::fail(job, fmt::format("the engine refuses it: cause {} at {:#x}",
                                      static_cast<unsigned>(r.cause), r.addr));
    }
  }
  images_.compare(static_cast<std::size_t>(&job - net_.program.jobs().data()));
}

void Machine::team(const Job& job, const std::vector<std::uint32_t>& w) {
  if (w[4] >= kernels_.size()) schedule::fail(job, "a function that does not exist");
  const schedule::Call& call = net_.calls.at(static_cast<std::size_t>(job.kernel));
  void* const words = images_.at(job, schedule::Memory::kL1, std::int64_t{w[5]} - layout_.l1_base,
                                 static_cast<std::int64_t>(call.words.size()) * 4);
  if (w[6] == 0 || (w[6] & ~layout_.all_workers) != 0) schedule::fail(job, "no such workers");
  const auto size = static_cast<unsigned>(std::popcount(w[6])),
             first = static_cast<unsigned>(random_() % size);
  for (unsigned i = 0; i < size; ++i) {
    const int code = call_kernel(kernels_[w[4]], words, (first + i) % size, size);
    if (code != 0) schedule::fail(job, fmt::format("the kernel's code is {}", code));
  }
}

}  // namespace

std::int64_t run_source_on_host(const integer::Graph& graph, const schedule::Network& network,
                                const integer::Memory& golden, const fs::path& folder,
                                const HostOptions& options) {
  const Layout layout = lay_out(graph, network, options.config);
  std::vector<std::string> defines;
  const std::vector<std::string> kernels = kernels_of(network);
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    defines.push_back(fmt::format("OCT_PLACE_oct_net_{}={}", kernels[i], i));
  }
  build_for_host(options.config, folder / "network.c", defines, folder / "network.so");
  const FixedMemory l2(layout.arena, static_cast<std::size_t>(network.l2_used));
  std::vector<std::uint8_t> l1(machine_header(options.config).l1_bytes);
  oct_net_map(0, layout.l1_base, static_cast<std::uint32_t>(l1.size()), l1.data());
  oct_net_map(1, layout.arena, static_cast<std::uint32_t>(network.l2_used), l2.bytes().data());
  schedule::Images images(graph, network, golden, l1, l2.bytes(), layout.image, options.seed,
                          options.slot);
  const Library program(folder / "network.so");
  Machine machine(network, layout, images, options.seed);
  for (unsigned i = 0; i < options.runs; ++i) machine.run(program);
  if (images.compared() == 0) throw ir::GraphError("nothing was compared");
  return images.compared();
}

std::int64_t run_on_host(const integer::Graph& graph, const schedule::Network& network,
                         const integer::Memory& golden, const fs::path& folder,
                         const HostOptions& options) {
  const Layout layout = lay_out(graph, network, options.config);
  std::error_code error;
  fs::create_directories(folder, error);
  std::ofstream out(folder / "network.c");
  out << network_source(graph, network, layout, options.config);
  if (!out.flush()) {
    throw ir::CompileError((folder / "network.c").string() + ": cannot be written");
  }
  out.close();
  return run_source_on_host(graph, network, golden, folder, options);
}

}  // namespace oct::emit
