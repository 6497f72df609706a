// SPDX-License-Identifier: Apache-2.0
// What the tiling of all operations shares: memories, transfers, jobs. One object builds one
// network; tilers (gemm.cpp, attention.cpp, kernel.cpp, copy.cpp) append jobs through it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/cost.hpp"
#include "compiler/schedule/homes.hpp"
#include "compiler/schedule/jobs.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::schedule {

using integer::Graph;
using integer::Operation;
using integer::TensorId;
using integer::View;

/// Rows in L1: strides of all dimensions but the last.
struct Place {
  std::int64_t addr = 0;
  std::vector<std::int64_t> strides;
};

/// Equal buffers that are used in turn.
struct Ring {
  std::vector<std::int64_t> slots;
  std::vector<std::size_t> used;  // behind the last job that used each; 0: not known
  std::size_t next = 0;
  std::int64_t take() { return slots[next++ % slots.size()]; }
};

/// A ring of which each slot keeps what was loaded last: blocks 0, 1, .. by number.
struct Cache {
  Ring ring;
  std::vector<std::int64_t> holds;
  std::vector<Place> places;
};

/// Schedules one operation.
class Tiler {
 public:
  virtual ~Tiler() = default;
  /// Buffers for constants, first loads of them; may come before the jobs of earlier operations.
  /// False, and nothing is changed: there is no room now.
  virtual bool start() = 0;
  /// Takes back start().
  virtual void stop() = 0;
  /// Cycles by the operation's own plan; kNoRoom if none fits.
  virtual double cost() = 0;
  /// Bytes of L1 that must be left to it if it goes on beside the neighbours.
  [[nodiscard]] virtual std::int64_t beside() { return 0; }
  /// Buffers for all the rest; start() has succeeded or is done here. `any`: with any blocks for
  /// which there is room, else only as planned. Throws Allocator::NoRoom, and then nothing is
  /// changed.
  virtual void begin(bool any) = 0;
  /// Jobs in parts; valid behind begin().
  [[nodiscard]] virtual std::size_t steps() const { return 1; }
  virtual void step(std::size_t s) = 0;
  /// How many rows of the output are complete behind step s, and how many of the operands it takes:
  /// the neighbours' steps may come in between.
  [[nodiscard]] virtual std::int64_t rows(std::size_t s) const = 0;
  [[nodiscard]] virtual std::int64_t needs(std::size_t s) const { return rows(s); }
  /// Gives all buffers back.
  virtual void end() = 0;
};

class Builder {
 public:
  Builder(const Graph& graph, const Options& options, const Homes& homes, const Tuning& tuning);

  Network build();
  /// Operation under way; where build() has thrown.
  [[nodiscard]] std::size_t now_op() const { return now_op_; }
  /// A new tiler for an operation.
  [[nodiscard]] std::unique_ptr<Tiler> tiler(std::size_t op);
  /// Cycles of an operation by its own plan.
  [[nodiscard]] double cost(std::size_t op) { return tiler(op)->cost(); }

  // ---- For tilers ------------------------------------------------------------------------------
  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const Machine& machine() const { return options_.machine; }
  [[nodiscard]] const Tuning& tuning() const { return tuning_; }
  [[nodiscard]] std::int64_t elem(const View& v) const {
    return integer::elem_bytes(graph_.at(v.tensor).elem);
  }
  [[nodiscard]] bool in_l1(const View& v) const { return homes_.in_l1[index(v.tensor)]; }
  [[nodiscard]] bool constant(const View& v) const {
    return graph_.at(v.tensor).role == integer::Role::kConstant;
  }
  /// Kernels before and behind a product that take its rows, or give it theirs: the bytes of L1
  /// that one of them needs, and how long they take.
  struct Beside {
    std::int64_t bytes = 0;
    double cycles = 0;
  };
  [[nodiscard]] Beside beside(std::size_t op);
  /// Bytes of L1 that operation `op` may plan with: without homes, calls and what a neighbour needs
  /// that the workers do at the same time.
  [[nodiscard]] std::int64_t budget(std::size_t op);

  /// Bytes of L1 that are free now, in however many pieces.
  [[nodiscard]] std::int64_t available() const { return l1_.available(); }
  /// Strides of a view's rows in a buffer of its own.
  [[nodiscard]] std::vector<std::int64_t> dense(const View& v) const;
  [[nodiscard]] std::int64_t dense_bytes(const View& v) const;
  /// `count` buffers; false, and nothing is changed: no room.
  [[nodiscard]] bool allocate(Ring& ring, std::int64_t bytes, std::size_t count,
                              const std::string& name);
  /// One buffer more, likewise.
  [[nodiscard]] bool extend(Ring& ring, std::int64_t bytes, const std::string& name);
  void free(Ring& ring);
  /// The jobs up to now have used the buffer at `addr`, and no job will but behind another use.
  void used(Ring& ring, std::int64_t addr) const;

  /// The view where it stands in L1 (its home).
  [[nodiscard]] Place home(const View& v) const;
  /// The view's offset in L2.
  [[nodiscard]] std::int64_t l2(const View& v);
  /// Loads a view into a buffer. `past`: of a cache, without waiting for the rows that the network
  /// adds.
  Place load(const View& v, std::int64_t addr, std::size_t op, bool past = false);
  /// Loads `bytes` bytes from an offset in L2.
  void load_run(std::int64_t l2, std::int64_t bytes, std::int64_t addr, std::size_t op,
                const std::string& what);
  /// Puts bytes into the image; their offset in L2. The same key gives the same place.
  std::int64_t put(const std::string& key, std::int64_t bytes,
                   const std::function<std::vector<std::uint8_t>()>& data);
  /// Brings a view from L2 to another's home in L1.
  void load_into(const View& from, const View& to, std::size_t op);
  /// Loads bytes of a constant.
  void load_bytes(TensorId t, std::int64_t from, std::int64_t bytes, std::int64_t addr,
                  std::size_t op);
  /// Where the view can be read in L1: its home, or loaded into the ring's next buffer.
  Place fetch(const View& v, Ring& ring, std::size_t op);
  /// The same with blocks that may still be there; `block` is the view's number.
  Place fetch(const View& v, Cache& cache, std::int64_t block, std::size_t op);
  /// Where the view is to be written in L1: its home, or the ring's next buffer.
  Place target(const View& v, Ring& ring);
  /// Behind the job that has written `from`: brings it to L2 if that is the view's home, and says
  /// which bytes of the tensor it is.
  void finish(const View& v, const Place& from, std::size_t op);

  /// Appends a job of an operation; its place in the program.
  std::size_t append(Job job, std::size_t op, const std::string& note);
  /// Appends a call of a kernel.
  void call(CallJob job, std::size_t op, double cycles);
  [[nodiscard]] std::size_t now() const { return net_.program.now(); }
  [[nodiscard]] const Job& job(std::size_t i) const { return net_.program.jobs()[i]; }
  void patch(Patch p) { net_.patches.push_back(p); }
  /// Bytes [.., ..) of L1 or L2 hold a view behind job `job`.
  void piece(const View& v, Memory memory, std::int64_t addr,
             const std::vector<std::int64_t>& strides, std::size_t job);
  /// A tensor's home is where a DMA job writes.
  void dma_pieces(std::size_t job, TensorId tensor, std::int64_t slot_stride = 0);
  /// A job of the engine; without one, of the workers.
  void engine(const golden::engine::Descriptor& d, std::size_t op, const TeamRoom& room = {});
  /// Takes back what was started for operations behind `op`; whether anything was.
  bool evict(std::size_t op);

  static std::size_t index(TensorId t) { return static_cast<std::size_t>(t); }

 private:
  void place_constant(TensorId t);
  std::int64_t room(std::int64_t bytes);
  bool begin_homes(std::size_t op);
  void end_homes(std::size_t op);
  void new_call_page();
  void look_ahead(std::size_t op);
  bool begin(std::size_t op, bool must);
  [[nodiscard]] bool may_join(std::size_t op) const;
  [[nodiscard]] bool starved(std::size_t op) const;
  [[nodiscard]] bool leads(std::size_t op) const;
  [[nodiscard]] std::int64_t peers(std::size_t op) const;
  [[nodiscard]] Relation relation(std::size_t before, std::size_t op) const;
  [[nodiscard]] std::optional<double> ready(std::size_t op) const;
  [[nodiscard]] Queue unit(std::size_t op) const;
  void join();
  void step(std::size_t op);
  void rehearse(std::size_t op);
  void finish_ops();

  const Graph& graph_;
  const Options& options_;
  const Homes& homes_;
  const Tuning& tuning_;
  Network net_;
  Allocator l1_;
  std::vector<std::int64_t> l1_home_;  // by tensor; offsets from the start of L1
  std::vector<bool> inherited_;        // tensors whose home was another's before
  std::vector<std::unique_ptr<Tiler>> tilers_;
  std::vector<bool> started_, begun_;
  std::vector<std::size_t> done_;                 // steps of each operation
  std::vector<std::vector<Relation>> relations_;  // to those before each, the nearest first
  struct Step {
    std::int64_t rows;  // complete behind it
    double end;
  };
  std::vector<std::vector<Step>> log_;  // of each operation
  cost::Clock clock_;
  std::size_t head_ = 0;  // first operation that is not finished
  struct Page {
    std::int64_t l1 = -1, l2 = -1, used = 0;
  };
  Page page_, next_page_;
  std::set<std::string> called_;                     // kernels
  std::int64_t other_page_ = -1;                     // L1 of the page before
  std::vector<std::size_t> op_begin_;                // first job of each operation
  std::vector<std::vector<std::size_t>> ending_;     // tensors by their last operation
  std::vector<std::vector<std::size_t>> beginning_;  // homes in L1 by their first
  std::size_t now_op_ = 0;
  std::map<std::string, std::int64_t> packed_;
  std::int64_t image_bytes_ = 0;
};

[[nodiscard]] std::unique_ptr<Tiler> make_gemm(Builder& b, std::size_t op);
[[nodiscard]] std::unique_ptr<Tiler> make_attention(Builder& b, std::size_t op);
[[nodiscard]] std::unique_ptr<Tiler> make_kernel(Builder& b, std::size_t op);
[[nodiscard]] std::unique_ptr<Tiler> make_copy(Builder& b, std::size_t op);
[[nodiscard]] std::unique_ptr<Tiler> make_gather(Builder& b, std::size_t op);

}  // namespace oct::schedule
