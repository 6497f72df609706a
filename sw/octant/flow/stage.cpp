// SPDX-License-Identifier: Apache-2.0
#include "flow/stage.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace octant {
namespace {

constexpr std::chrono::milliseconds kQuiet{2000}, kStep{200};
constexpr unsigned kWidth = 30;

}  // namespace

Stage::Stage(std::string name, std::vector<StageTime>* times)
    : name_(std::move(name)), times_(times) {
  if (::isatty(STDERR_FILENO) == 0) return;
  drawer_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    if (over_.wait_for(lock, kQuiet, [this] { return ended_; })) return;
    for (unsigned step = 0; !ended_; ++step) {
      draw(step);
      over_.wait_for(lock, kStep, [this] { return ended_; });
    }
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
  });
}

Stage::~Stage() {
  if (times_ != nullptr) times_->push_back({name_, seconds()});
  if (!drawer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  over_.notify_all();
  drawer_.join();
}

double Stage::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Stage::draw(unsigned step) const {
  const double fraction = fraction_;
  std::string bar(kWidth, '.');
  std::string figure = "    ";
  if (fraction >= 0) {
    const double done = std::clamp(fraction, 0.0, 1.0);
    std::fill_n(bar.begin(), static_cast<unsigned>(done * kWidth), '#');
    figure = fmt::format("{:3.0f}%", 100 * done);
  } else {
    for (unsigned i = 0; i < 3; ++i) bar[(step + i) % kWidth] = '#';
  }
  fmt::print(stderr, "\r{:<14}[{}] {} {:4.0f} s\x1b[K", name_, bar, figure, seconds());
  std::fflush(stderr);
}

std::string text_of(const std::vector<StageTime>& times) {
  std::string text;
  for (const StageTime& t : times) {
    text += fmt::format("{}{} {:.1f} s", text.empty() ? "" : ", ", t.name, t.seconds);
  }
  return text;
}

double peak_gib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1024 * 1024);
}

}  // namespace octant
