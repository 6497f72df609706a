// SPDX-License-Identifier: Apache-2.0
// A stage of a command: what it took, and a bar on the terminal once it takes longer than two
// seconds. Nothing is printed where standard error is no terminal.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace octant {

struct StageTime {
  std::string name;
  double seconds = 0;
};

class Stage {
 public:
  /// The time goes to `times` at the end, if there are any.
  explicit Stage(std::string name, std::vector<StageTime>* times = nullptr);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// How much is done, from 0 to 1; without it the bar only shows that something goes on.
  void set(double fraction) { fraction_ = fraction; }
  [[nodiscard]] double seconds() const;

 private:
  void draw(unsigned step) const;

  std::string name_;
  std::vector<StageTime>* times_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<double> fraction_ = -1;
  std::mutex mutex_;
  std::condition_variable over_;
  bool ended_ = false;
  std::thread drawer_;
};

/// "import 1.2 s, schedule 8.0 s"
[[nodiscard]] std::string text_of(const std::vector<StageTime>& times);
/// The most memory this process has had at once, in GiB.
[[nodiscard]] double peak_gib();

}  // namespace octant
