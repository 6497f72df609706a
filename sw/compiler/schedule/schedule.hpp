// SPDX-License-Identifier: Apache-2.0
// Integer graph -> jobs, addresses, images: everything that emit/ prints as C and octant run
// checks. Description: docs/architecture/flow_back.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/program.hpp"

namespace oct::schedule {

/// What tiling must know of a machine.
struct Machine {
  std::string name = "octant";
  std::int64_t l1_bytes = 128 * 1024;  ///< what the network may use, from offset `l1_first` on
  std::int64_t l1_first = 0;
  std::int64_t l2_bytes = 64 << 20;  ///< likewise, for constants, activations, rings
  unsigned workers = 8;
  unsigned macs = 1024;  ///< a cycle
  bool engine = true;    ///< else the workers do its jobs, too
};

struct Options {
  Machine machine;
  bool draft = false;              ///< for an estimate: without the image's bytes
  std::size_t effort = 1'000'000;  ///< jobs that the search by classes may place
};

/// A word of a job that the controller writes before the start: word += row * stride, where row is
/// the 64-bit integer at `id_l2`; rows from `limit` on are an error of the run.
struct Patch {
  Queue queue = Queue::kDmaIn;
  std::uint32_t index = 0;  ///< job in its queue
  std::uint32_t word = 4;   ///< of the descriptor
  std::int64_t id_l2 = 0;
  std::uint32_t stride = 0, limit = 0;
};

/// A worker job's call. `words` is the job structure of sw/kernels/oct_network.h; addresses in it
/// are marked in `places`.
struct Call {
  std::string kernel;
  struct Place {
    std::uint32_t word;
    Memory memory;
  };
  std::vector<std::uint32_t> words;  ///< with offsets into L1 or L2 at `places`
  std::vector<Place> places;
  std::int64_t l1 = -1;  ///< where the words stand in L1 when the job starts
  std::int64_t l2 = -1;  ///< where they stand in L2 (in the image, still as offsets)
};

/// What a written range holds: bytes [offset, offset + bytes) of a tensor, row by row.
struct Piece {
  std::size_t job = 0;  ///< in Program::jobs()
  Range range;
  integer::TensorId tensor = integer::kNone;
  std::int64_t offset = 0, stride = 0;  ///< in the tensor; rows and bytes as in `range`
  std::int64_t slot_stride = 0;         ///< added to offset and range.addr for each slot of a cache
};

struct Layer {
  std::string name;     ///< operation of the integer graph
  std::string unit;     ///< "engine", "workers", "dma"
  double estimate = 0;  ///< cycles
  std::uint64_t macs = 0;
};

struct Network {
  Program program;
  std::vector<Call> calls;  ///< Job::kernel is an index of this
  std::vector<Patch> patches;
  std::vector<Piece> pieces;        ///< every activation and output byte at least once
  std::vector<Layer> layers;        ///< Job::layer is an index of this
  std::vector<std::int64_t> l2;     ///< offset of every tensor in L2; -1: lives in L1 only
  std::vector<std::uint8_t> image;  ///< constants and argument blocks, from `image_l2` on
  std::int64_t image_l2 = 0;
  std::int64_t l2_used = 0;
  std::vector<Allocator::Block> l1_blocks, l2_blocks;
  double estimate = 0;  ///< cycles, whole network
};

/// Throws CompileError: too little L1 says how much would do, too little L2 likewise.
[[nodiscard]] Network build(const integer::Graph& graph, const Options& options);

/// Runs the job list on images of L1 and L2 with golden functions, in an order drawn from `seed`
/// that the waits allow, and compares every piece with `golden` (the golden executor's tensors).
/// Returns the number of bytes compared; throws GraphError naming job, tensor and offset. `slot`:
/// of caches, -1 is the last one.
std::int64_t verify(const integer::Graph& graph, const Network& network,
                    const std::vector<std::vector<std::uint8_t>>& golden, std::uint64_t seed,
                    std::int64_t slot = -1);

}  // namespace oct::schedule
