// SPDX-License-Identifier: Apache-2.0
// octant report A B...: reports of several runs side by side, as a page and as a table. Guide:
// docs/guide/report.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "page.hpp"

namespace octant {
namespace {

using Json = nlohmann::json;

struct ReportArguments {
  std::vector<std::string> reports;
  std::string out;
  unsigned layers = 12;
};

/// `name`: report.json, or the folder that holds it.
std::string text_of_report(const std::string& name) {
  std::filesystem::path file = name;
  if (std::filesystem::is_directory(file)) file /= "report.json";
  std::ifstream in(file);
  if (!in) throw std::invalid_argument(file.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

Json parsed(const std::string& name, const std::string& text) {
  Json r = Json::parse(text, nullptr, false);
  if (!r.is_object() || r.value("schema", "") != "octant-report-1" || !r.contains("cycles")) {
    throw std::invalid_argument(name + ": is no report (schema octant-report-1) of octant run");
  }
  return r;
}

/// Cycles of the layers; those of one name together.
std::map<std::string, double> layer_cycles(const Json& r) {
  std::map<std::string, double> all;
  const Json layers = r.value("layers", Json::array());
  for (const Json& l : layers) {
    all[l.value("name", "")] += l.value("cycles", 0.0);
  }
  return all;
}

void line(const std::string& name, const std::vector<double>& values, int digits) {
  std::string text = fmt::format("{:<40}", name.substr(0, 39));
  for (const double v : values) text += fmt::format(" {:>14.{}f}", v, digits);
  if (values.size() > 1 && values.front() != 0) {
    text += fmt::format("  {:+.1f} %", 100 * (values.back() / values.front() - 1));
  }
  fmt::print("{}\n", text);
}

void compare(const std::vector<Json>& reports, unsigned most) {
  const auto row = [&](const std::string& name, const auto& value, int digits = 0) {
    std::vector<double> values;
    for (const Json& r : reports) values.push_back(value(r));
    line(name, values, digits);
  };
  row("cycles", [](const Json& r) { return r.value("cycles", 0.0); });
  row("estimated cycles", [](const Json& r) { return r.value("estimated_cycles", 0.0); });
  row("utilisation, %", [](const Json& r) { return 100 * r.value("utilisation", 0.0); }, 1);
  row(
      "worst cosine to float",
      [](const Json& r) {
        double worst = 1;
        const Json outputs = r.value("accuracy", Json::array());
        for (const Json& a : outputs) {
          worst = std::min(worst, a.value("cosine", 1.0));
        }
        return worst;
      },
      5);
  std::set<std::string> causes;
  for (const Json& r : reports) {
    const Json lost = r.value("lost", Json::object());
    for (const auto& [key, n] : lost.items()) causes.insert(key);
  }
  if (!causes.empty()) fmt::print("where the cycles went\n");
  for (const std::string& key : causes) {
    row("  " + key, [&](const Json& r) { return r.value("lost", Json::object()).value(key, 0.0); });
  }
  std::vector<std::map<std::string, double>> layers;
  std::map<std::string, double> moved;  // by how much a layer changed, at most
  for (const Json& r : reports) layers.push_back(layer_cycles(r));
  for (const auto& of : layers) {
    for (const auto& [name, cycles] : of) {
      for (const auto& other : layers) {
        const auto there = other.find(name);
        const double n = there == other.end() ? 0 : there->second;
        moved[name] = std::max(moved[name], std::abs(cycles - n));
      }
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, by] : moved) {
    if (by > 0) names.push_back(name);
  }
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return moved[a] != moved[b] ? moved[a] > moved[b] : a < b;
  });
  if (names.size() > most) names.resize(most);
  if (!names.empty()) fmt::print("layers that differ most, cycles\n");
  for (const std::string& name : names) {
    std::vector<double> values;
    for (const auto& of : layers) {
      const auto there = of.find(name);
      values.push_back(there == of.end() ? 0 : there->second);
    }
    line("  " + name, values, 0);
  }
}

void report(const ReportArguments& a) {
  std::vector<std::string> texts;
  std::vector<Json> reports;
  for (const std::string& name : a.reports) {
    texts.push_back(text_of_report(name));
    reports.push_back(parsed(name, texts.back()));
  }
  for (std::size_t i = 0; i < reports.size(); ++i) {
    fmt::print("{:<40} {} ({})\n", i == 0 ? "reports" : "", a.reports[i],
               reports[i].value("model", ""));
  }
  compare(reports, a.layers);
  if (a.out.empty()) return;
  std::ofstream out(a.out);
  if (!(out << report_page(texts)).flush()) {
    throw std::invalid_argument(a.out + ": cannot be written");
  }
  fmt::print("page: {}\n", a.out);
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<ReportArguments>();
  auto* command = app.add_subcommand("report", "reports of several runs side by side");
  command->add_option("reports", a->reports, "report.json files, or folders of --report")
      ->required()
      ->expected(1, 4);
  command->add_option("-o,--out", a->out, "page with all of them, FILE.html");
  command->add_option("--layers", a->layers, "so many layers that differ most")
      ->capture_default_str();
  command->callback([a, &exit_code] {
    report(*a);
    exit_code = 0;
  });
}

}  // namespace octant
