// SPDX-License-Identifier: Apache-2.0
// Where tensors live: L1 for their whole life, or L2.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::schedule {

/// What a search may vary for one class of operations.
struct Choice {
  std::int64_t rows = 0;  ///< of a block, about; 0: as for all
  std::int64_t cols = 0;  ///< of a product's panel, about; 0: any
  enum class Order : std::uint8_t { kAny, kRows, kColumns } order = Order::kAny;  ///< outermost
  bool other_wait = false;  ///< not as Tuning::wait says
  bool in_l2 = false;       ///< results live in L2
};

/// What a search may vary.
struct Tuning {
  std::int64_t rows = 64;         ///< of a block of the engine, at most
  std::int64_t kernel_rows = 16;  ///< of a block of the workers
  double tail = 0.15;             ///< weight of the time until neighbours can start
  double beside = 0;              ///< ... until kernels that take its rows can
  unsigned ahead = 1;             ///< operations whose constants are loaded early
  bool together = true;           ///< products leave room for the kernels beside them
  /// Cycles that a product's step is issued ahead of the array's being free, so that its loads
  /// stand in the DMA's queue before those that wait for the workers.
  double lead = 1000;
  /// Steps before its end at which an operation loads the next one's constants.
  std::size_t near = 3;
  double not_ahead =
      600;           ///< cycles lost where there is no room for the next operation's constants
  double first = 0;  ///< weight of the loads in front of the first product
  double round_trip = 300;  ///< ... where what follows waits for a tensor that goes through L2
  bool peers = false;       ///< products that wait for rows let the next product begin
  bool extras = true;       ///< a product's plan counts what tables and residuals cost
  bool fine = false;        ///< panels of 48 and 96 columns, too: three where two larger ones fit
  bool wait = false;        ///< products begin with all buffers for panels, or not at all
  std::span<const std::size_t> classes = {};  ///< of the operations
  std::vector<Choice> choices = {};           ///< by class; none: the same for all

  [[nodiscard]] Choice choice(std::size_t op) const {
    return choices.empty() ? Choice{} : choices.at(classes[op]);
  }
};

struct Use {
  const integer::View* view = nullptr;
  bool write = false;
  enum class Unit : std::uint8_t { kEngine, kWorkers, kDma, kController } unit = Unit::kEngine;
};
/// Operands that are views, constants among them left out.
[[nodiscard]] std::vector<Use> uses(const integer::Graph& graph, const integer::Operation& op);

/// What an operation takes of the results of one before it: nothing, row by row (row i of its own
/// result needs row i alone), or all.
enum class Relation : std::uint8_t { kNone, kRows, kAll };
/// `taken`: the tensor whose place the results of `op` take; who reads it comes first, too.
[[nodiscard]] Relation relation(const integer::Graph& graph, std::size_t before, std::size_t op,
                                integer::TensorId taken = integer::kNone);

/// Whether all that the network writes of these keys {G, T, D}, a cache, is the row of its slot.
[[nodiscard]] bool adds_row(const integer::Graph& graph, const integer::View& keys);

/// Operations under way together, at most.
inline constexpr std::size_t kSideBySide = 6;

struct Homes {
  static constexpr std::size_t kNever = ~std::size_t{0};
  std::vector<bool> in_l1;               // by tensor
  std::vector<std::size_t> first, last;  // operations that use it; kNever: none
  std::vector<integer::TensorId> heir;   // takes its place in L1 when it dies; kNone: nobody
  std::vector<std::int64_t> live;        // bytes of homes in L1, by operation
  std::vector<std::int64_t> l2;          // offsets in the part of L2 that is no image; -1: none
  std::int64_t l2_bytes = 0;             // of that part
};
/// Cycles of one operation with such homes; kNoRoom if L1 is too small for it.
using OperationCost = std::function<double(std::size_t op, const Homes& homes)>;
inline constexpr double kNoRoom = 1e12;

/// A tensor gets its home in L1 if that makes the operations during its life cheaper. `banned`:
/// tensors that must live in L2 because a try has failed.
[[nodiscard]] Homes choose_homes(const integer::Graph& graph, const OperationCost& cost,
                                 const std::set<integer::TensorId>& banned);

}  // namespace oct::schedule
