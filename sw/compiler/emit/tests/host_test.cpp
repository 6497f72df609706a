// SPDX-License-Identifier: Apache-2.0
// The emitted C on the host, on random integer graphs: what it computes, and that what is wrong in
// it is noticed.
#include "compiler/emit/host.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>

#include "compiler/emit/emit.hpp"
#include "compiler/integer/random.hpp"
#include "harness/seed.hpp"

using namespace oct;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("octant_emit_host_{}", getpid());
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

schedule::Network build(const integer::Graph& graph, const std::string& config, bool engine) {
  schedule::Options options;
  options.machine = emit::machine(config);
  options.machine.engine = engine;
  options.effort = 2000;
  return schedule::build(graph, options);
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A table whose rows are chosen by ids, or none.
const integer::Gather* lookup(const integer::Graph& graph) {
  for (const auto& op : graph.operations) {
    const auto* g = std::get_if<integer::Gather>(&op.what);
    if (g != nullptr && graph.at(g->ids.tensor).role == integer::Role::kInput) return g;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("emitted C on the host: random graphs, machines, slots") {
  auto random = tb::rng("emit host");
  const Folder folder;
  for (int n = 0; n < 28; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    const std::int64_t slot = static_cast<std::int64_t>(seed % 7) % graph.slots;
    emit::HostOptions options;
    options.config = n % 4 == 3 ? "fpga" : "octant";
    options.seed = seed, options.slot = slot, options.runs = 3;
    INFO(fmt::format("graph {} on {}, slot {} of {}", seed, options.config, slot, graph.slots));
    const schedule::Network network = build(graph, options.config, n % 4 != 1);
    const integer::Memory golden = integer::random_run(graph, seed, slot);
    CHECK(emit::run_on_host(graph, network, golden, folder.path, options) > 0);
  }
}

TEST_CASE("emitted C on the host: what is wrong in it is noticed") {
  auto random = tb::rng("emit host planted");
  const Folder folder;
  int words = 0, seen = 0;
  for (int n = 0; n < 10; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    const schedule::Network network = build(graph, "octant", true);
    const integer::Memory golden = integer::random_run(graph, seed);
    REQUIRE(emit::run_on_host(graph, network, golden, folder.path) > 0);
    const std::filesystem::path file = folder.path / "network.c";
    const std::string good = text_of(file);
    // An address in L1 of a DMA job is 64 bytes off.
    const std::regex copy(R"(\{\{0x[0-9a-f]+10, [^}]*L2\(0x[0-9a-f]+\), 0x([0-9a-f]+),)");
    std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> places;
    for (std::sregex_iterator i(good.begin(), good.end(), copy), end; i != end; ++i) {
      places.emplace_back(i->position(1), i->length(1));
    }
    REQUIRE(!places.empty());
    const auto [at, length] = places[random() % places.size()];
    std::string bad = good;
    const auto from = static_cast<std::size_t>(at), size = static_cast<std::size_t>(length);
    bad.replace(from, size,
                fmt::format("{:x}", std::stoul(good.substr(from, size), nullptr, 16) ^ 64));
    std::ofstream(file) << bad;
    ++words;
    try {
      (void)emit::run_source_on_host(graph, network, golden, folder.path);
    } catch (const ir::GraphError&) {
      ++seen;
    }
  }
  CHECK(words == 10);
  CHECK(seen >= 8);  // a constant may be equal there, or not be used
}

TEST_CASE("emitted C on the host: lost waits come to no end, bad ids to a word") {
  auto random = tb::rng("emit host ids");
  const Folder folder;
  int ids = 0;
  for (int n = 0; n < 400 && ids < 4; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    const integer::Gather* g = lookup(graph);
    if (g == nullptr) continue;
    ++ids;
    INFO("graph " << seed);
    const schedule::Network network = build(graph, "octant", true);
    integer::Memory golden = integer::random_run(graph, seed);
    CHECK(emit::run_on_host(graph, network, golden, folder.path) > 0);
    const std::int64_t beyond = graph.at(g->table).shape[0];
    auto& bytes = golden[static_cast<std::size_t>(g->ids.tensor)];
    std::memcpy(&bytes[static_cast<std::size_t>(g->ids.offset)], &beyond, 8);
    CHECK_THROWS_WITH((void)emit::run_on_host(graph, network, golden, folder.path),
                      Catch::Contains("id"));
  }
  CHECK(ids == 4);
  const integer::Graph graph = integer::random_graph(3);
  const schedule::Network network = build(graph, "octant", true);
  const integer::Memory golden = integer::random_run(graph, 3);
  REQUIRE(emit::run_on_host(graph, network, golden, folder.path) > 0);
  const std::filesystem::path file = folder.path / "network.c";
  // The first job waits for a semaphore that nobody raises.
  std::string text =
      std::regex_replace(text_of(file), std::regex(R"(\{\{(0x[0-9a-f]+), 0, 0, )"),
                         "{{$1, 0x803f7fff, 0, ", std::regex_constants::format_first_only);
  std::ofstream(file) << text;
  CHECK_THROWS_WITH((void)emit::run_source_on_host(graph, network, golden, folder.path),
                    Catch::Contains("nothing goes on"));
}
