// SPDX-License-Identifier: Apache-2.0
#include "compiler/import/node_list.hpp"

#include <fmt/format.h>

#include <map>

#include "compiler/import/importer.hpp"

namespace oct::importer {
namespace {

void collect(const NodeList& list, std::set<std::string>& names) {
  for (const auto& n : list) {
    names.insert(n.input().begin(), n.input().end());
    for (const auto& a : n.attribute()) {
      collect(a.g().node(), names);
      for (const auto& o : a.g().output()) names.insert(o.name());
    }
  }
}

/// Names that a node reads, those that its subgraphs do not make themselves included.
std::set<std::string> reads_of(const onnx::NodeProto& node) {
  std::set<std::string> names(node.input().begin(), node.input().end());
  for (const auto& a : node.attribute()) {
    std::set<std::string> inside;
    for (const auto& inner : a.g().node()) inside.merge(reads_of(inner));
    for (const auto& o : a.g().output()) inside.insert(o.name());
    for (const auto& inner : a.g().node()) {
      for (const std::string& o : inner.output()) inside.erase(o);
    }
    names.merge(inside);
  }
  return names;
}

}  // namespace

std::set<std::string> names_read(const onnx::ModelProto& model) {
  std::set<std::string> names;
  collect(model.graph().node(), names);
  for (const auto& o : model.graph().output()) names.insert(o.name());
  for (const auto& f : model.functions()) {
    collect(f.node(), names);
    names.insert(f.output().begin(), f.output().end());
  }
  return names;
}

std::string node_name(const onnx::NodeProto& n, std::size_t i) {
  return n.name().empty() ? fmt::format("{}_{}", n.op_type(), i) : n.name();
}

std::vector<int> sorted(const NodeList& list,
                        const std::function<bool(const std::string&)>& known) {
  std::map<std::string, int> makes;
  for (int i = 0; i < list.size(); ++i) {
    for (const std::string& o : list[i].output()) {
      if (o.empty()) continue;
      if (!makes.emplace(o, i).second || known(o)) {
        throw ImportError(fmt::format("node '{}': its result '{}' is there already",
                                      node_name(list[i], static_cast<std::size_t>(i)), o));
      }
    }
  }
  std::vector<std::vector<int>> before(static_cast<std::size_t>(list.size()));
  for (int i = 0; i < list.size(); ++i) {
    for (const std::string& name : reads_of(list[i])) {
      const auto it = makes.find(name);
      if (it != makes.end()) before[static_cast<std::size_t>(i)].push_back(it->second);
    }
  }
  std::vector<int> order, stack;
  std::vector<char> state(before.size());  // 0 new, 1 open, 2 done
  for (int start = 0; start < list.size(); ++start) {
    stack.push_back(start);
    while (!stack.empty()) {
      const int i = stack.back();
      char& s = state[static_cast<std::size_t>(i)];
      if (s == 2) {
        stack.pop_back();
        continue;
      }
      s = 1;
      bool ready = true;
      for (const int b : before[static_cast<std::size_t>(i)]) {
        const char sb = state[static_cast<std::size_t>(b)];
        if (sb == 1) {
          throw ImportError(fmt::format("the graph has a cycle through nodes '{}' and '{}'",
                                        node_name(list[b], static_cast<std::size_t>(b)),
                                        node_name(list[i], static_cast<std::size_t>(i))));
        }
        if (sb == 0) {
          stack.push_back(b);
          ready = false;
        }
      }
      if (!ready) continue;
      s = 2;
      order.push_back(i);
      stack.pop_back();
    }
  }
  return order;
}

}  // namespace oct::importer
