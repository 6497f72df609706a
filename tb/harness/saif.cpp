// SPDX-License-Identifier: Apache-2.0
// FST -> SAIF: for each bit how long it was 0 and 1 and how often it changed, for tools that
// estimate power. The reader's functions are those of vcd.cpp.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtkwave/fstapi.h"
#include "harness/vcd.hpp"

namespace tb {
namespace {

struct Bit {
  std::uint64_t one = 0, changes = 0;
};

/// One signal of the file; several names may mean it.
struct Signal {
  std::string value;  // as last seen, most significant bit first
  std::uint64_t since = 0;
  std::vector<Bit> bits;
};

struct Counts {
  std::uint64_t begin = 0;
  std::vector<Signal> signals;  // by handle
};

void account(Signal& s, std::uint64_t now) {
  for (std::size_t i = 0; i < s.value.size(); ++i) {
    if (s.value[i] == '1') s.bits[i].one += now - s.since;
  }
  s.since = now;
}

void changed(void* user, std::uint64_t time, fstHandle handle, const unsigned char* value) {
  auto& counts = *static_cast<Counts*>(user);
  Signal& s = counts.signals.at(handle);
  const std::string now(reinterpret_cast<const char*>(value));
  if (s.value.empty()) {  // the value it begins with
    s.value = now;
    s.since = counts.begin;
    s.bits.resize(now.size());
    return;
  }
  account(s, time);
  for (std::size_t i = 0; i < now.size() && i < s.value.size(); ++i) {
    if (now[i] != s.value[i]) ++s.bits[i].changes;
  }
  s.value = now;
}

/// "[15:8]" -> 15, 8; nothing: a single bit without index.
struct Indices {
  bool any = false;
  int left = 0, right = 0;
};
Indices indices_of(const std::string& name) {
  Indices i;
  const std::size_t open = name.rfind('[');
  if (open == std::string::npos || !name.ends_with("]")) return i;
  i.any = std::sscanf(name.c_str() + open, "[%d:%d]", &i.left, &i.right) >= 1;
  if (name.find(':', open) == std::string::npos) i.right = i.left;
  return i;
}

/// SAIF wants a backslash before what is no letter.
std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (c == '[' || c == ']') text += '\\';
    text += c;
  }
  return text;
}

class Writer {
 public:
  Writer(FILE* out, const Counts& counts, std::uint64_t duration)
      : out_(out), counts_(counts), duration_(duration) {}

  void open(const char* name) {
    nets(false);
    fmt::print(out_, "{:{}}(INSTANCE {}\n", "", 2 * ++depth_, escaped(name));
  }
  void close() {
    nets(false);
    fmt::print(out_, "{:{}})\n", "", 2 * depth_--);
  }
  template <typename Var>
  void signal(const Var& var) {
    const Signal& s = counts_.signals.at(var.handle);
    if (s.bits.empty()) return;
    nets(true);
    std::string name = var.name;
    std::erase(name, ' ');
    const Indices index = indices_of(name);
    const std::string base = index.any ? name.substr(0, name.rfind('[')) : name;
    for (std::size_t i = 0; i < s.bits.size(); ++i) {
      const int step = index.left >= index.right ? -1 : 1;
      const std::string bit =
          index.any ? fmt::format("[{}]", index.left + step * static_cast<int>(i)) : "";
      fmt::print(out_, "{:{}}({} (T0 {}) (T1 {}) (TX 0) (TC {}) (IG 0))\n", "", 2 * depth_ + 4,
                 escaped(base + bit), duration_ - s.bits[i].one, s.bits[i].one, s.bits[i].changes);
    }
  }

 private:
  void nets(bool wanted) {
    if (wanted && !in_nets_) fmt::print(out_, "{:{}}(NET\n", "", 2 * depth_ + 2);
    if (!wanted && in_nets_) fmt::print(out_, "{:{}})\n", "", 2 * depth_ + 2);
    in_nets_ = wanted;
  }
  FILE* out_;
  const Counts& counts_;
  std::uint64_t duration_;
  int depth_ = 0;
  bool in_nets_ = false;
};

}  // namespace

void fst_to_saif(const std::string& fst, const std::string& saif) {
  if (!std::filesystem::exists(fst)) return;  // the window was never reached
  const std::unique_ptr<void, decltype(&fstReaderClose)> reader(fstReaderOpen(fst.c_str()),
                                                                &fstReaderClose);
  if (!reader) throw std::runtime_error(fst + ": cannot be read");
  Counts counts;
  counts.begin = fstReaderGetStartTime(reader.get());
  const std::uint64_t end = fstReaderGetEndTime(reader.get());
  counts.signals.resize(fstReaderGetMaxHandle(reader.get()) + 1);
  fstReaderSetFacProcessMaskAll(reader.get());
  fstReaderIterBlocks(reader.get(), &changed, &counts, nullptr);
  for (Signal& s : counts.signals) account(s, end);
  const std::unique_ptr<FILE, decltype(&std::fclose)> out(std::fopen(saif.c_str(), "wb"),
                                                          &std::fclose);
  if (!out) throw std::runtime_error(saif + ": cannot be written");
  fmt::print(out.get(),
             "(SAIFILE\n  (SAIFVERSION \"2.0\")\n  (DIRECTION \"backward\")\n  (DIVIDER /)\n"
             "  (TIMESCALE 1 ps)\n  (DURATION {})\n",
             end - counts.begin);
  Writer writer(out.get(), counts, end - counts.begin);
  fstReaderIterateHierRewind(reader.get());
  while (const fstHier* h = fstReaderIterateHier(reader.get())) {
    if (h->htyp == FST_HT_SCOPE) writer.open(h->u.scope.name);
    if (h->htyp == FST_HT_UPSCOPE) writer.close();
    if (h->htyp == FST_HT_VAR) writer.signal(h->u.var);
  }
  fmt::print(out.get(), ")\n");
  std::filesystem::remove(fst);
}

}  // namespace tb
