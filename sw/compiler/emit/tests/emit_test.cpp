// SPDX-License-Identifier: Apache-2.0
// A small network written by hand, job by job, through C, ELF and the cluster in RTL: everything
// that must come out exact does, and what is broken on purpose is noticed. $OCT_CONFIG: the
// machine.
#include "compiler/emit/emit.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "compiler/emit/layout.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/ir/tensor.hpp"
#include "harness/program_run.hpp"
#include "harness/seed.hpp"
#include "network/network_run.hpp"

using namespace oct;
using integer::Elem;
using integer::Role;
using schedule::Memory;
using schedule::Queue;
using schedule::Range;

namespace {

constexpr std::int64_t kRows = 24, kIn = 64, kOut = 40, kIds = 11, kVocabulary = 13;

/// x -> table -> product -> y; rows of a table chosen by ids -> g.
struct Case {
  integer::Graph graph;
  schedule::Network network;
  integer::Memory initial, golden;
  integer::TensorId x{}, t{}, w{}, plane{}, lut{}, y{}, ids{}, vocabulary{}, g{};
  std::filesystem::path folder;
  std::string config;
};

integer::Tensor tensor(const char* name, Elem elem, Role role, ir::Shape shape) {
  integer::Tensor t;
  t.name = name, t.elem = elem, t.role = role, t.shape = std::move(shape);
  return t;
}

integer::Tensor constant(const char* name, Elem elem, ir::Shape shape, std::mt19937_64& random) {
  integer::Tensor t = tensor(name, elem, Role::kConstant, std::move(shape));
  t.data.resize(static_cast<std::size_t>(t.bytes()));
  for (std::uint8_t& b : t.data) b = static_cast<std::uint8_t>(random());
  return t;
}

void make_graph(Case& c, std::mt19937_64& random) {
  integer::Graph& g = c.graph;
  g.name = "by hand \"*/ ?\?/";  // nothing in a name may break C
  c.x = g.add(tensor("x", Elem::kI8, Role::kInput, {kRows, kIn}));
  c.ids = g.add(tensor("ids", Elem::kI64, Role::kInput, {kIds}));
  c.lut = g.add(constant("lut", Elem::kI8, {256}, random));
  c.w = g.add(constant("w", Elem::kI8, {kOut, kIn}, random));
  integer::Tensor plane = tensor("plane", Elem::kI32, Role::kConstant, {kOut, 2});
  plane.data.resize(static_cast<std::size_t>(plane.bytes()));
  for (std::int64_t n = 0; n < kOut; ++n) {
    const std::uint32_t scale = 0x600000U | 19U << 24;  // 12: a thousandth, with 14 bits below
    const auto bias = static_cast<std::int32_t>(random() % 20000) - 10000;
    std::memcpy(&plane.data[static_cast<std::size_t>(8 * n)], &bias, 4);
    std::memcpy(&plane.data[static_cast<std::size_t>(8 * n + 4)], &scale, 4);
  }
  c.plane = g.add(std::move(plane));
  c.vocabulary = g.add(constant("vocabulary", Elem::kI8, {kVocabulary, kIn}, random));
  c.t = g.add(tensor("t", Elem::kI8, Role::kActivation, {kRows, kIn}));
  c.y = g.add(tensor("y", Elem::kI8, Role::kOutput, {kRows, kOut}));
  c.g = g.add(tensor("g", Elem::kI8, Role::kOutput, {kIds, kIn}));

  const auto batched = [&](integer::TensorId id) {
    integer::View v = g.whole(id);
    v.sizes.insert(v.sizes.begin(), 1);
    v.strides.insert(v.strides.begin(), 0);
    return v;
  };
  integer::Kernel table;
  table.name = "table_i8_i8";
  table.inputs = {batched(c.x)}, table.outputs = {batched(c.t)};
  table.constants = {c.lut}, table.args = {static_cast<std::int32_t>(kIn)};
  integer::Gemm gemm;
  gemm.a = batched(c.t), gemm.w = batched(c.w), gemm.y = batched(c.y);
  gemm.epilogue.plane_a = c.plane;
  g.operations.push_back({"/table \\", {}, table});
  g.operations.push_back({"/product", {}, gemm});
  g.operations.push_back(
      {"/rows", {}, integer::Gather{g.whole(c.ids), c.vocabulary, g.whole(c.g)}});
  g.inputs = {{"x", g.whole(c.x), ir::DType::kInt8}, {"ids", g.whole(c.ids), ir::DType::kInt64}};
  g.outputs = {{"y", g.whole(c.y), ir::DType::kInt8}, {"g", g.whole(c.g), ir::DType::kInt8}};
}

schedule::Job copy(bool in, std::int64_t l1, std::int64_t l2, std::int64_t bytes,
                   std::uint32_t layer, const char* note) {
  schedule::Job job;
  job.queue = in ? Queue::kDmaIn : Queue::kDmaOut;
  job.words.assign(16, 0);
  job.words[0] = 0x10;
  job.words[4] = static_cast<std::uint32_t>(l2);
  job.words[5] = static_cast<std::uint32_t>(l1);
  job.words[6] = static_cast<std::uint32_t>(bytes);
  job.words[7] = 1U << 16 | 1;
  job.ranges = {{Memory::kL1, l1, bytes, 1, 0, in}, {Memory::kL2, l2, bytes, 1, 0, !in}};
  job.layer = layer;
  job.note = note;
  return job;
}

void make_network(Case& c) {
  const integer::Graph& g = c.graph;
  schedule::Network& n = c.network;
  const auto bytes = [&](integer::TensorId id) { return g.at(id).bytes(); };
  const std::int64_t x = 0x400, t = 0xc00, w = 0x1400, plane = 0x2000, y = 0x2200, lut = 0x2700,
                     words = 0x2900, rows = 0x2a00;
  n.l2.assign(g.tensors.size(), -1);
  std::int64_t at = 0;
  const auto place = [&](integer::TensorId id) {
    n.l2[static_cast<std::size_t>(id)] = at;
    at += (bytes(id) + 63) / 64 * 64;
  };
  for (const integer::TensorId id : {c.x, c.ids, c.y, c.g}) place(id);
  n.image_l2 = at;
  for (const integer::TensorId id : {c.lut, c.w, c.plane, c.vocabulary}) place(id);
  const std::int64_t call_at = at;
  at += 64;
  n.l2_used = at;
  n.image.resize(static_cast<std::size_t>(at - n.image_l2));
  for (const integer::TensorId id : {c.lut, c.w, c.plane, c.vocabulary}) {
    std::memcpy(&n.image[static_cast<std::size_t>(n.l2[static_cast<std::size_t>(id)] - n.image_l2)],
                g.at(id).data.data(), g.at(id).data.size());
  }
  const auto l2 = [&](integer::TensorId id) { return n.l2[static_cast<std::size_t>(id)]; };
  n.layers = {{"/table \\", "workers", 300, 0},
              {"/product", "engine", 100, kRows * kIn * kOut},
              {"/rows", "dma", 50, 0}};

  schedule::Call call;
  call.kernel = "table_i8_i8";
  call.words = {kRows, static_cast<std::uint32_t>(x),   kIn, static_cast<std::uint32_t>(t),
                kIn,   static_cast<std::uint32_t>(lut), kIn};
  call.places = {{1, Memory::kL1}, {3, Memory::kL1}, {5, Memory::kL1}};
  call.l1 = words, call.l2 = call_at;
  n.calls = {call};

  schedule::Program& p = n.program;
  p.append(copy(true, words, call_at, 28, 0, "argument blocks"));
  p.append(copy(true, lut, l2(c.lut), bytes(c.lut), 0, "lut"));
  p.append(copy(true, x, l2(c.x), bytes(c.x), 0, "x"));
  schedule::Job team;
  team.queue = Queue::kTeam0, team.words.assign(16, 0), team.words[0] = 0x20;
  team.kernel = 0, team.note = "t";
  team.ranges = {{Memory::kL1, words, 28, 1, 0, false},
                 {Memory::kL1, lut, 256, 1, 0, false},
                 {Memory::kL1, x, bytes(c.x), 1, 0, false},
                 {Memory::kL1, t, bytes(c.t), 1, 0, true}};
  p.append(team);
  n.pieces.push_back({p.now() - 1, team.ranges.back(), c.t, 0, 0});
  p.append(copy(true, w, l2(c.w), bytes(c.w), 1, "w"));
  p.append(copy(true, plane, l2(c.plane), bytes(c.plane), 1, "plane"));
  schedule::Job gemm;
  gemm.queue = Queue::kEngine, gemm.words.assign(32, 0), gemm.layer = 1, gemm.note = "y */";
  gemm.words[0] = 0x30;
  gemm.words[5] = kRows | kOut << 16;
  gemm.words[6] = kIn;
  gemm.words[7] = static_cast<std::uint32_t>(t), gemm.words[8] = kIn;
  gemm.words[9] = static_cast<std::uint32_t>(w), gemm.words[10] = kIn;
  gemm.words[11] = static_cast<std::uint32_t>(y), gemm.words[12] = kOut;
  gemm.words[15] = static_cast<std::uint32_t>(plane);
  gemm.words[19] = 127U << 16 | 0xff80;
  gemm.words[20] = 1;
  gemm.ranges = {{Memory::kL1, t, bytes(c.t), 1, 0, false},
                 {Memory::kL1, w, bytes(c.w), 1, 0, false},
                 {Memory::kL1, plane, bytes(c.plane), 1, 0, false},
                 {Memory::kL1, y, bytes(c.y), 1, 0, true}};
  p.append(gemm);
  n.pieces.push_back({p.now() - 1, gemm.ranges.back(), c.y, 0, 0});
  // The ids come late on purpose: what stands before them starts at once.
  for (std::int64_t i = 0; i < kIds; ++i) {
    const std::uint32_t index =
        p.append(copy(true, rows + i * kIn, l2(c.vocabulary), kIn, 2, "a row"));
    n.patches.push_back({Queue::kDmaIn, index, 4, l2(c.ids) + 8 * i,
                         static_cast<std::uint32_t>(kIn), static_cast<std::uint32_t>(kVocabulary)});
    n.pieces.push_back(
        {p.now() - 1, {Memory::kL1, rows + i * kIn, kIn, 1, 0, true}, c.g, i * kIn, 0});
  }
  p.append(copy(false, rows, l2(c.g), bytes(c.g), 2, "g"));
  n.pieces.push_back({p.now() - 1, p.jobs().back().ranges.back(), c.g, 0, 0});
  p.append(copy(false, y, l2(c.y), bytes(c.y), 1, "y"));
  n.pieces.push_back({p.now() - 1, p.jobs().back().ranges.back(), c.y, 0, 0});
}

std::string machine_name() {
  const char* config = std::getenv("OCT_CONFIG");
  return config != nullptr ? config : "octant";
}

Case make(std::int64_t bad_id = -1) {
  std::mt19937_64 random(tb::derived_seed("network"));
  Case c;
  c.config = machine_name();
  make_graph(c, random);
  c.graph.verify();
  make_network(c);
  c.initial = integer::make_memory(c.graph);
  for (std::uint8_t& b : c.initial[static_cast<std::size_t>(c.x)]) {
    b = static_cast<std::uint8_t>(random());
  }
  auto* ids = reinterpret_cast<std::int64_t*>(c.initial[static_cast<std::size_t>(c.ids)].data());
  for (std::int64_t i = 0; i < kIds; ++i)
    ids[i] = static_cast<std::int64_t>(random() % kVocabulary);
  c.golden = c.initial;
  integer::run(c.graph, c.golden);
  // Outputs that are all the same would prove little.
  const auto& y = c.golden[static_cast<std::size_t>(c.y)];
  REQUIRE(std::set<std::uint8_t>(y.begin(), y.end()).size() > 50);
  if (bad_id >= 0) ids[bad_id] = kVocabulary;
  c.folder = std::filesystem::temp_directory_path() /
             ("octant_emit_" + c.config + "_" + std::to_string(::getpid()));
  emit::write(c.graph, c.network, c.folder, {c.config});
  return c;
}

octant::NetworkOptions options(const Case& c) {
  octant::NetworkOptions o;
  o.config = c.config;
  o.checks = true;
  o.seed = tb::derived_seed("model");
  o.max_cycles = 200'000;
  return o;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("a network by hand is exact in RTL, three times in a row") {
  const Case c = make();
  octant::NetworkOptions o = options(c);
  o.repeat = 3;
  const octant::NetworkResult r =
      octant::run_network(c.graph, c.network, c.initial, c.golden, c.folder, o);
  for (const std::string& w : r.wrong) FAIL_CHECK(w);
  CHECK(r.exact());
  CHECK(r.coverage.tensors == 3);
  CHECK(r.coverage.elements == kRows * kIn + kRows * kOut + kIds * kIn);
  for (const integer::TensorId id : {c.y, c.g}) {
    CHECK(r.memory[static_cast<std::size_t>(id)] == c.golden[static_cast<std::size_t>(id)]);
  }
  CHECK(r.cycles > 500);
  CHECK(r.cycles < 8000);
  CHECK(r.jobs.size() == c.network.program.jobs().size());
  for (const octant::JobTime& t : r.jobs) {
    CHECK(t.end > t.start);
    CHECK(t.end <= r.cycles);
  }
  std::uint64_t sum = 0;
  for (const octant::LayerTime& l : r.layers) sum += l.cycles;
  CHECK(sum == r.cycles);
  WARN("cycles " << r.cycles << ", by the controller " << r.controller_cycles << ", the last time "
                 << r.last_cycles << ", first job ended at " << r.jobs.front().end);
  std::filesystem::remove_all(c.folder);
}

TEST_CASE("the files can be read") {
  const Case c = make();
  const std::string source = text_of(c.folder / "network.c");
  CHECK(source.find("// == 0 /table _") != std::string::npos);
  CHECK(source.find("FUNCTION(oct_net_table_i8_i8)") != std::string::npos);
  CHECK(source.find("\"ids\"") != std::string::npos);
  const std::string json = text_of(c.folder / "network.json");
  CHECK(json.find("octant-network-1") != std::string::npos);
  CHECK(json.find("\"ids\"") != std::string::npos);
  CHECK(std::filesystem::file_size(c.folder / "network.bin") == c.network.image.size());
  std::filesystem::remove_all(c.folder);
}

TEST_CASE("a wrong byte of the constants is noticed where it first shows") {
  const Case c = make();
  octant::NetworkOptions o = options(c);
  const emit::Layout layout = emit::lay_out(c.graph, c.network, c.config);
  o.tamper = [&](tb::AxiMemory& memory) {
    const std::uint32_t at = layout.l2(c.network.l2[static_cast<std::size_t>(c.plane)]);
    memory.store(at, memory.load<std::uint32_t>(at) ^ 0x00400000U);  // bias of channel 0
  };
  const octant::NetworkResult r =
      octant::run_network(c.graph, c.network, c.initial, c.golden, c.folder, o);
  CHECK_FALSE(r.exact());
  CHECK(r.mismatches >= 1);
  REQUIRE_FALSE(r.wrong.empty());
  CHECK(r.wrong.front().find("engine job 0 (y */), layer /product: y at byte") !=
        std::string::npos);
  std::filesystem::remove_all(c.folder);
}

TEST_CASE("an id beyond the table is an error of the run, with its place") {
  const Case c = make(9);
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(
      octant::run_network(c.graph, c.network, c.initial, c.golden, c.folder, options(c)),
      Contains("input ids: element 9 is 13; ids from 0 to 12 are known"));
  std::filesystem::remove_all(c.folder);
}

TEST_CASE("a run that comes to no end names layer and job") {
  const Case c = make();
  octant::NetworkOptions o = options(c);
  o.max_cycles = 3500;
  o.latency = 2000;
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(
      octant::run_network(c.graph, c.network, c.initial, c.golden, c.folder, o),
      Contains("dma-in") && Contains("of 16 ended, at dma-in job") && Contains("layer /"));
  std::filesystem::remove_all(c.folder);
}

TEST_CASE("an error of the machine names its queue") {
  Case c = make();
  // One byte beyond L1, behind emit's back.
  schedule::Network broken = c.network;
  schedule::Program p;
  for (schedule::Job job : c.network.program.jobs()) {
    if (job.queue == Queue::kEngine) job.words[11] = 0x7fffff8;
    job.waits.clear();
    p.append(job);
  }
  broken.program = p;
  emit::write(c.graph, broken, c.folder, {c.config});
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(octant::run_network(c.graph, broken, c.initial, c.golden, c.folder, options(c)),
                    Contains("exit code 2") && Contains("engine, tag 1: access outside L1"));
  std::filesystem::remove_all(c.folder);
}

TEST_CASE("bad machines and folders are refused in words") {
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(emit::machine("huge"), Contains("no machine 'huge'; there are:"));
  CHECK_THROWS_AS(emit::machine("huge"), ir::CompileError);
  Case c = make();
  CHECK_THROWS_WITH(emit::write(c.graph, c.network, "/proc/none/here", {c.config}),
                    Contains("/proc/none/here"));
  schedule::Network large = c.network;
  large.l2_used = std::int64_t{1} << 31;
  CHECK_THROWS_WITH(emit::write(c.graph, large, c.folder, {c.config}), Contains("KiB of L2"));
  large = c.network;
  large.calls[0].l2 = -1;
  CHECK_THROWS_WITH(emit::write(c.graph, large, c.folder, {c.config}),
                    Contains("not in the image"));
  const schedule::Machine m = emit::machine(c.config);
  CHECK(m.l1_first >= 256);
  CHECK(m.workers >= 2);
  std::filesystem::remove_all(c.folder);
}
