// SPDX-License-Identifier: Apache-2.0
// Fuzzing without a fuzzer's runtime: every file of some folders as it is, then changed copies.
//   fuzz_replay [--mutations N] [--seed S] [--write FOLDER] FOLDER_OR_FILE..
// --write: each changed copy is stored before it is tried, so that one that crashes is there.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "compiler/tests/fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;

constexpr double kTooLong = 20;  // seconds for one model; milliseconds are usual

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Totals {
  int taken = 0, refused = 0, failed = 0;
};

void attempt(const std::string& bytes, const std::string& name, Totals& totals) {
  const auto start = std::chrono::steady_clock::now();
  try {
    ++(oct::fuzz::run(bytes) ? totals.taken : totals.refused);
  } catch (const std::exception& error) {
    ++totals.failed;
    std::printf("FAILED %s: %s\n", name.c_str(), error.what());
    std::fflush(stdout);  // the next one may end the process
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (took.count() > kTooLong) {
    ++totals.failed;
    std::printf("FAILED %s: took %.1f s\n", name.c_str(), took.count());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> files;
  std::uint64_t mutations = 0, seed = 1;
  fs::path folder;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (i + 1 < argc && word == "--mutations") {
      mutations = std::stoull(argv[++i]);
    } else if (i + 1 < argc && word == "--seed") {
      seed = std::stoull(argv[++i]);
    } else if (i + 1 < argc && word == "--write") {
      folder = argv[++i];
    } else if (fs::is_directory(word)) {
      for (const auto& entry : fs::directory_iterator(word)) files.push_back(entry.path());
    } else {
      files.emplace_back(word);
    }
  }
  std::sort(files.begin(), files.end());
  Totals totals;
  std::vector<std::string> corpus;
  for (const fs::path& file : files) {
    corpus.push_back(read(file));
    attempt(corpus.back(), file.string(), totals);
  }
  if (corpus.empty()) {
    std::printf("nothing to replay\n");
    return 1;
  }
  std::printf("%zu files: %d taken, %d refused\n", files.size(), totals.taken, totals.refused);
  for (std::uint64_t n = 0; n < mutations; ++n) {
    const std::uint64_t s = (seed << 32) + n;
    const std::size_t from = s * 2654435761U % corpus.size();
    const std::string bytes =
        oct::fuzz::mutate(corpus[from], corpus[(s * 40503U >> 3) % corpus.size()], s);
    const std::string name = files[from].filename().string() + "-" + std::to_string(s);
    if (!folder.empty()) std::ofstream(folder / "tried.onnx", std::ios::binary) << bytes;
    const int before = totals.failed;
    attempt(bytes, name, totals);
    if (totals.failed > before && !folder.empty()) {
      std::ofstream(folder / (name + ".onnx"), std::ios::binary) << bytes;
    }
  }
  std::printf("seed %llu: %d taken, %d refused, %d failed\n", static_cast<unsigned long long>(seed),
              totals.taken, totals.refused, totals.failed);
  return totals.failed ? 1 : 0;
}
