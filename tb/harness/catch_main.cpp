// SPDX-License-Identifier: Apache-2.0
// Catch2's main for every unit test: --seed, the seed printed when a test fails, and a run that
// checked nothing counts as failed.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>

#include "harness/seed.hpp"

namespace {

struct SeedListener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.testCases.failed > 0) {
      std::cerr << "FAILED: '" << stats.testInfo.name << "'; repeat with --seed " << tb::seed()
                << " or OCT_SEED=" << tb::seed() << std::endl;
    }
  }
  void testRunEnded(const Catch::TestRunStats& stats) override {
    checked_nothing = stats.totals.assertions.total() == 0;
  }
  static inline bool checked_nothing = false;
};
CATCH_REGISTER_LISTENER(SeedListener)

}  // namespace

int main(int argc, char** argv) {
  Catch::Session session;
  std::string seed_text;
  session.cli(session.cli() | Catch::clara::Opt(seed_text, "number")["--seed"](
                                  "repeat a run: everything random follows from this number"));
  if (const int status = session.applyCommandLine(argc, argv); status != 0) return status;
  try {
    tb::set_seed(seed_text.empty() ? tb::seed_from_environment() : tb::parse_seed(seed_text));
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 2;
  }
  const int failures = session.run();
  if (failures == 0 && SeedListener::checked_nothing) {
    std::cerr << "FAILED: no test ran, so nothing was checked" << std::endl;
    return 3;
  }
  return failures == 0 ? 0 : 1;
}
