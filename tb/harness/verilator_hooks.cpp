// SPDX-License-Identifier: Apache-2.0
// A failed assertion, $stop and $fatal throw, so that a test fails with its seed printed instead of
// taking the process down. Replaces the functions of the same names in Verilator's runtime.
#include <stdexcept>
#include <string>

#include "verilated.h"

namespace {

[[noreturn]] void fail(const char* what, const char* file, int line, const char* hier) {
  Verilated::runFlushCallbacks();
  std::string text = std::string(what) + " at " + file + ":" + std::to_string(line);
  if (hier != nullptr && *hier != '\0') text += std::string(" in ") + hier;
  throw std::runtime_error(text + " (message above)");
}

}  // namespace

void vl_stop(const char* file, int line, const char* hier) {
  fail("assertion failed or $stop", file, line, hier);
}

void vl_fatal(const char* file, int line, const char* hier, const char* msg) {
  fail(msg != nullptr && *msg != '\0' ? msg : "$fatal", file, line, hier);
}
