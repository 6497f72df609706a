// SPDX-License-Identifier: Apache-2.0
// octant accuracy MODEL.onnx --inputs F.npz: what quantisation costs, over many samples, by the
// golden executor: what the cluster would say bit for bit, without simulating it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <memory>
#include <vector>

#include "commands.hpp"
#include "compiler/io/samples.hpp"
#include "compiler/quant/judge.hpp"
#include "flow/batch.hpp"
#include "flow/flow.hpp"
#include "flow/stage.hpp"

namespace octant {
namespace {

using namespace oct;

struct AccuracyArguments {
  FlowOptions flow;
  std::string save_outputs;
  std::size_t samples = 0;
};

void run(AccuracyArguments a) {
  a.flow.scheduled = false;
  const Compiled c = compile_network(a.flow);
  for (const std::string& note : c.notes) fmt::print("# {}\n", note);
  std::vector<exec::Tensors> samples{c.inputs};
  if (!a.flow.inputs.empty()) samples = samples_of(c, a.flow.inputs);
  samples.erase(samples.begin(), samples.begin() + a.flow.sample);
  if (a.samples != 0 && a.samples < samples.size()) samples.resize(a.samples);
  std::vector<exec::Tensors> got(samples.size());
  std::vector<FloatOutputs> exact(samples.size());
  {
    Stage stage("samples");
    std::atomic<std::size_t> done = 0;
    quant::for_samples(samples.size(), [&](std::size_t i) {
      got[i] = finished(c, samples[i], integer::run(c.graph(), samples[i]));
      exact[i] = float_outputs(c, samples[i]);
      stage.set(static_cast<double>(++done) / static_cast<double>(samples.size()));
    });
  }
  Batch batch;
  for (std::size_t i = 0; i < samples.size(); ++i)
    batch.add(std::move(got[i]), std::move(exact[i]));
  fmt::print("{:<25} {} samples in the golden model\n{}", a.flow.model, samples.size(),
             batch.text() + host_text(c));
  if (!a.save_outputs.empty()) batch.save(a.save_outputs);
}

}  // namespace

void add_accuracy(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<AccuracyArguments>();
  CLI::App* command = app.add_subcommand(
      "accuracy", "what quantisation costs, over the samples of --inputs, without simulation");
  add_flow_options(*command, a->flow);
  command->add_option("--samples", a->samples, "so many, from --sample on; otherwise all");
  command->add_option("--save-outputs", a->save_outputs,
                      "write the outputs into FILE.npz, the float model's as float.NAME");
  command->callback([a, &exit_code] {
    run(*a);
    exit_code = 0;
  });
}

}  // namespace octant
