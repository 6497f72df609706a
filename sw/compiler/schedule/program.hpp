// SPDX-License-Identifier: Apache-2.0
// A program: jobs for the five queues in one order that a single core could execute. What a job
// must wait for follows from the bytes it reads and writes, so no tiling strategy can forget a
// synchronisation. Description: docs/architecture/flow_back.md. Test: tests/program_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace oct::schedule {

enum class Queue : std::uint8_t { kEngine, kDmaIn, kDmaOut, kTeam0, kTeam1 };
inline constexpr std::size_t kNumQueues = 5;
enum class Memory : std::uint8_t { kL1, kL2 };

/// `rows` pieces of `bytes` bytes, `stride` apart. L1: byte offsets; L2: offsets from its start.
struct Range {
  Memory memory = Memory::kL1;
  std::int64_t addr = 0, bytes = 0, rows = 1, stride = 0;
  bool write = false;

  [[nodiscard]] std::int64_t first() const;  ///< lowest byte
  [[nodiscard]] std::int64_t end() const;    ///< behind the highest
};
/// Exact for ranges of one stride, else by their hulls.
[[nodiscard]] bool overlap(const Range& a, const Range& b);

/// "Job `index` of `queue` has ended."
struct Wait {
  Queue queue = Queue::kEngine;
  std::uint32_t index = 0;
  bool operator==(const Wait&) const = default;
};

struct Job {
  Queue queue = Queue::kEngine;
  std::uint32_t index = 0;           ///< within its queue
  std::vector<std::uint32_t> words;  ///< descriptor, waits and signals still empty: 16 or 32 words
  std::vector<Range> ranges;
  std::vector<Wait> waits;  ///< what the ranges require, without what is implied
  std::uint32_t layer = 0;  ///< tag: operation of the integer graph
  double estimate = 0;      ///< cycles
  double drain = 0;         ///< from then to its end; the next one goes on meanwhile
  std::string note;         ///< for the listing in C
  int kernel = -1;          ///< team jobs: index of the call in the emitter's table
};

class Program {
 public:
  static constexpr std::size_t kMaxJobs = 32767;  ///< of a queue: semaphores count modulo 2^16

  /// Appends a job and works out its waits; its index in its queue.
  std::uint32_t append(Job job);

  [[nodiscard]] const std::vector<Job>& jobs() const { return jobs_; }
  /// Jobs of one queue, in order.
  [[nodiscard]] const std::vector<std::size_t>& queue(Queue q) const {
    return queues_.at(static_cast<std::size_t>(q));
  }
  /// Jobs appended so far: the time of the allocator.
  [[nodiscard]] std::size_t now() const { return jobs_.size(); }

  /// Descriptors with waits and signals, queue by queue: the rings. A job that waits for more than
  /// two queues has an empty job in front. Throws std::length_error beyond kMaxJobs.
  [[nodiscard]] std::array<std::vector<std::uint32_t>, kNumQueues> rings() const;

 private:
  using Known = std::array<std::int64_t, kNumQueues>;  // highest index ended; -1: none
  struct Access {
    Range range;
    std::size_t queue;
    std::int64_t index;  // of the job in it
  };
  void require(Known& need, const Known& known, const Range& r) const;
  void remember(const Job& job, const Range& r);
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> buckets(const Range& r) const;

  std::vector<Job> jobs_;
  std::vector<Known> started_;  // what had ended when the job started
  std::array<std::vector<std::size_t>, kNumQueues> queues_;
  std::array<std::map<std::int64_t, std::vector<Access>>, 2> accesses_;  // by bucket
};

/// Bytes of L1 along the order of the jobs. A block may be reused as soon as it is freed, since the
/// dependences protect it; the allocator takes the one whose last use lies furthest back.
class Allocator {
 public:
  explicit Allocator(std::int64_t bytes, std::int64_t first = 0) : bytes_(bytes) {
    free_[first] = {bytes, 0};
  }

  struct Block {
    std::int64_t addr = 0, bytes = 0;
    std::size_t from = 0, to = ~std::size_t{0};  ///< jobs between which it lives
    std::string name;
  };

  /// Which free place is taken: the one that has been free for longest, or the highest one (blocks
  /// that live long keep together there).
  enum class Where : std::uint8_t { kOldest, kHighest };
  /// Throws NoRoom. `now`: Program::now().
  std::int64_t allocate(std::int64_t bytes, std::size_t now, std::string name,
                        std::int64_t align = 64, Where where = Where::kOldest);
  [[nodiscard]] bool fits(std::int64_t bytes, std::int64_t align = 64) const;
  /// `since`: the last job that used it, if that is known to be an earlier one than `now`.
  void free(std::int64_t addr, std::size_t now, std::size_t since);
  void free(std::int64_t addr, std::size_t now) { free(addr, now, now); }

  [[nodiscard]] std::int64_t capacity() const { return bytes_; }
  [[nodiscard]] std::int64_t available() const { return bytes_ - used_; }
  /// The most that was ever in use at once.
  [[nodiscard]] std::int64_t peak() const { return peak_; }
  /// All blocks there have been, for the report and the checker.
  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

  struct NoRoom : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

 private:
  struct Free {
    std::int64_t bytes;
    std::size_t since;
  };
  /// Best place for `bytes`; -1 if there is none.
  [[nodiscard]] std::int64_t place(std::int64_t bytes, std::int64_t align, Where where) const;
  [[nodiscard]] std::int64_t place_high(std::int64_t bytes, std::int64_t align) const;

  std::int64_t bytes_, used_ = 0, peak_ = 0;
  std::map<std::int64_t, Free> free_;         // by address; neighbours are not merged
  std::map<std::int64_t, std::size_t> live_;  // address -> blocks_ index
  std::vector<Block> blocks_;
};

/// Written apart from the allocator: live blocks never share a byte, and every L1 access of a job
/// lies in one live block. What is wrong, in words; empty if nothing is.
[[nodiscard]] std::string check_blocks(const std::vector<Allocator::Block>& blocks,
                                       const Program& program);

/// Executes the jobs in random orders that the waits allow. `run` performs a job's effect at once;
/// it is called at the job's start or at its end, at random, so that a missing wait shows. Throws
/// std::logic_error naming the heads of all queues when nothing can go on.
void execute(const Program& program, std::uint64_t seed,
             const std::function<void(const Job&)>& run);

}  // namespace oct::schedule
