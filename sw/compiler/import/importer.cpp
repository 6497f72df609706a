// SPDX-License-Identifier: Apache-2.0
#include "compiler/import/importer.hpp"

#include <algorithm>
#include <set>

#include "compiler/import/lowering.hpp"
#include "compiler/import/node_list.hpp"

namespace oct::importer {
using ir::CompileError;
using ir::Graph;
using ir::kNone;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

struct Problem {
  std::string node, op, reason, hint;
};

constexpr ValueId kPoison = -2;  // the result of a node that could not be lowered

/// Names that a subgraph or function sees: its own, then those outside.
class Scope {
 public:
  explicit Scope(const Scope* outer = nullptr) : outer_(outer) {}
  [[nodiscard]] const ValueId* find(const std::string& name) const {
    const auto it = names_.find(name);
    if (it != names_.end()) return &it->second;
    return outer_ ? outer_->find(name) : nullptr;
  }
  /// False if the name is taken here.
  bool define(const std::string& name, ValueId value) { return names_.emplace(name, value).second; }

 private:
  const Scope* outer_;
  std::map<std::string, ValueId> names_;
};

class Importer {
 public:
  Importer(const onnx::ModelProto& model, const std::filesystem::path& folder,
           const ImportOptions& options)
      : model_(model), folder_(folder), options_(options) {
    for (const auto& set : model.opset_import()) opsets_[set.domain()] = set.version();
    for (const auto& f : model.functions()) functions_[f.domain() + ":" + f.name()] = &f;
  }

  Graph run() {
    const auto& proto = model_.graph();
    graph_.name = proto.name();
    Scope scope;
    constants(proto, scope);
    graph_inputs(proto, scope);
    fail();
    reads_ = names_read(model_);
    nodes(proto.node(), scope, "", {});
    std::set<std::string> outputs;
    for (const auto& o : proto.output()) {
      const ValueId* v = scope.find(o.name());
      if (!outputs.insert(o.name()).second) {
        problems_.push_back({"output '" + o.name() + "'", "", "it is there twice", ""});
      } else if (!v) {
        problems_.push_back({"output '" + o.name() + "'", "", "nothing makes it", ""});
      } else if (*v != kPoison && !stands_for_nothing(*v)) {
        graph_.add_output(o.name(), *v);
      }
    }
    fail();
    graph_.remove_dead();
    return graph_.compacted();
  }

 private:
  void fail() {
    if (problems_.empty()) return;
    std::string text =
        problems_.size() == 1
            ? "the model cannot be taken"
            : fmt::format("the model cannot be taken, for {} reasons", problems_.size());
    std::set<std::string> hints;  // each said once
    for (const Problem& p : problems_) {
      const bool hint = !p.hint.empty() && hints.insert(p.hint).second;
      text += fmt::format("\n  {}{}: {}{}", p.node, p.op.empty() ? "" : " (" + p.op + ")", p.reason,
                          hint ? ". Hint: " + p.hint : "");
    }
    throw ImportError(text);
  }

  void constants(const onnx::GraphProto& proto, Scope& scope) {
    for (const auto& t : proto.initializer()) {
      try {
        if (t.name().empty()) throw ImportError("an initializer has no name");
        Tensor data = read_tensor(t, folder_);
        if (options_.integers) whole_numbers(data);
        if (!scope.define(t.name(), graph_.add_constant(t.name(), std::move(data)))) {
          throw ImportError(fmt::format("tensor '{}' is there twice", t.name()));
        }
      } catch (const CompileError& error) {
        problems_.push_back({"weights", "", error.what(), ""});
        scope.define(t.name(), kPoison);
      }
    }
    if (proto.sparse_initializer_size() > 0) {
      problems_.push_back({"weights", "", "a sparse tensor", "store it dense"});
    }
  }

  [[nodiscard]] ir::DType input_dtype(std::int64_t onnx_type, const std::string& name) const {
    const ir::DType type = read_dtype(onnx_type, name);
    return options_.integers && type != ir::DType::kBool ? ir::DType::kInt32 : type;
  }

  void graph_inputs(const onnx::GraphProto& proto, Scope& scope) {
    std::map<std::string, std::vector<std::string>> open;  // without a number, and where
    std::set<std::string> known, names;
    for (const auto& in : proto.input()) {
      if (!names.insert(in.name()).second) {
        problems_.push_back({"input '" + in.name() + "'", "", "it is there twice", ""});
        continue;
      }
      if (scope.find(in.name())) continue;  // a weight that is listed as an input too
      if (!in.type().has_tensor_type() || !in.type().tensor_type().has_shape()) {
        problems_.push_back({"input '" + in.name() + "'", "", "no tensor with a shape", ""});
        scope.define(in.name(), kPoison);
        continue;
      }
      const auto& type = in.type().tensor_type();
      Shape shape;
      for (int i = 0; i < type.shape().dim_size(); ++i) {
        const auto& d = type.shape().dim(i);
        if (d.has_dim_value() && d.dim_value() >= 0) {
          shape.push_back(d.dim_value());
          continue;
        }
        const std::string name =
            d.dim_param().empty() ? fmt::format("{}:{}", in.name(), i) : d.dim_param();
        known.insert(name);
        const auto given = options_.dims.find(name);
        if (given == options_.dims.end()) {
          open[name].push_back(fmt::format("{} dimension {}", in.name(), i));
        }
        shape.push_back(given == options_.dims.end() ? 1 : given->second);
      }
      try {
        if (fixed_input(in, shape, scope)) {
          known.insert(in.name());
          continue;
        }
        (void)ir::element_count(shape);
        scope.define(in.name(), graph_.add_input(
                                    in.name(), {input_dtype(type.elem_type(), in.name()), shape}));
      } catch (const CompileError& error) {
        problems_.push_back({"input '" + in.name() + "'", "", error.what(), ""});
      }
    }
    for (const auto& [name, places] : open) {
      const std::size_t more = places.size() - 1;
      const std::string where = places[0] + (more ? fmt::format(" and {} more", more) : "");
      problems_.push_back({"dimension '" + name + "'", "", "has no fixed size (" + where + ")",
                           "add --dim " + name + "=NUMBER"});
    }
    for (const auto& [name, size] : options_.dims) {
      if (known.contains(name)) continue;
      std::string names;
      for (const std::string& k : known) names += (names.empty() ? "" : ", ") + k;
      problems_.push_back({fmt::format("--dim {}={}", name, size), "",
                           "the model has no open dimension of that name",
                           names.empty() ? "it has none at all" : "it has " + names});
    }
  }

  /// `prefix` names the nodes of functions and branches; `attrs` are a function call's.
  void nodes(const NodeList& list, Scope& scope, const std::string& prefix,
             const std::map<std::string, onnx::AttributeProto>& attrs) {
    for (const int i :
         sorted(list, [&](const std::string& n) { return scope.find(n) != nullptr; })) {
      const std::string name = prefix + node_name(list[i], static_cast<std::size_t>(i));
      if (attrs.empty()) {
        node(list[i], name, scope);
      } else {
        node(with_attributes(list[i], attrs), name, scope);
      }
    }
  }

  static onnx::NodeProto with_attributes(const onnx::NodeProto& proto,
                                         const std::map<std::string, onnx::AttributeProto>& attrs) {
    onnx::NodeProto out = proto;
    out.clear_attribute();
    for (const auto& a : proto.attribute()) {
      if (a.ref_attr_name().empty()) {
        *out.add_attribute() = a;
        continue;
      }
      const auto it = attrs.find(a.ref_attr_name());
      if (it == attrs.end()) continue;
      auto* given = out.add_attribute();
      *given = it->second;
      given->set_name(a.name());
    }
    return out;
  }

  /// What a branch gives back in place of what only the other one computes: a constant without
  /// elements.
  [[nodiscard]] bool stands_for_nothing(ValueId v) const {
    const Tensor* t = graph_.constant(v);
    return t && t->size() == 0 && model_.graph().output_size() > 1;
  }

  /// A single whole number or truth value that --dim gives, a switch between branches, say.
  [[nodiscard]] bool fixed_input(const onnx::ValueInfoProto& in, const Shape& shape, Scope& scope) {
    const auto given = options_.dims.find(in.name());
    const ir::DType type = input_dtype(in.type().tensor_type().elem_type(), in.name());
    if (given == options_.dims.end() || ir::is_float(type) || ir::element_count(shape) != 1) {
      return false;
    }
    const Tensor number = Tensor::int64s(shape, ir::Ints{given->second});
    return scope.define(in.name(), graph_.add_constant(in.name(), number.converted(type)));
  }

  /// Whether a result beyond the first has a name that nothing reads.
  [[nodiscard]] bool names_too_many(const onnx::NodeProto& proto) const {
    for (int i = 1; i < proto.output_size(); ++i) {
      if (!proto.output(i).empty() && !reads_.contains(proto.output(i))) return true;
    }
    return false;
  }

  void node(const onnx::NodeProto& proto, const std::string& name, Scope& scope) {
    if (names_too_many(proto)) {
      onnx::NodeProto less = proto;
      for (int i = 1; i < less.output_size(); ++i) {
        if (!reads_.contains(less.output(i))) less.set_output(i, "");
      }
      return node(less, name, scope);
    }
    std::vector<ValueId> inputs;
    bool poisoned = false;
    const std::string domain =
        proto.domain() == "ai.onnx" ? std::string() : std::string(proto.domain());
    const std::string op = domain.empty() ? proto.op_type() : domain + ":" + proto.op_type();
    const auto refuse = [&](const std::string& reason, const std::string& hint) {
      problems_.push_back({name, op, reason, hint});
      for (const std::string& o : proto.output()) scope.define(o, kPoison);
    };
    for (const std::string& in : proto.input()) {
      const ValueId* v = in.empty() ? nullptr : scope.find(in);
      if (!in.empty() && !v) return refuse("it reads '" + in + "', which nothing makes", "");
      inputs.push_back(v ? *v : kNone);
      poisoned = poisoned || (v && *v == kPoison);
    }
    if (proto.output_size() == 0) return refuse("it has no result", "");
    const auto& table = options_.integers ? dialect_table() : operator_table();
    const auto entry = table.find(options_.integers ? std::string(proto.op_type()) : op);
    const auto function = functions_.find(domain + ":" + proto.op_type());
    if (entry == table.end() && function == functions_.end() && op != "If") {
      return options_.integers
                 ? refuse("the integer dialect has no such operator",
                          "`octant ops` lists what it has; --arithmetic float quantises the model")
                 : refuse("this operator is not understood", "`octant ops` lists what is");
    }
    if (poisoned) {
      for (const std::string& o : proto.output()) scope.define(o, kPoison);
      return;
    }
    try {
      if (function != functions_.end()) return call(*function->second, proto, inputs, name, scope);
      if (op == "If") return branch(proto, inputs, name, scope);
      Lowering l(graph_, proto, name, opset(domain), inputs, folder_, options_.max_folded);
      entry->second.lower(l);
      for (int i = 0; i < proto.output_size(); ++i) {
        if (proto.output(i).empty()) continue;
        const ValueId v = l.results().at(static_cast<std::size_t>(i));
        if (v == kNone) throw Unsupported{fmt::format("its output {} is wanted", i), ""};
        scope.define(proto.output(i), v);
        if (graph_.producer(v)) graph_.value(v).name = proto.output(i);
      }
    } catch (const Unsupported& u) {
      refuse(u.reason, u.hint);
    } catch (const CompileError& error) {
      refuse(error.what(), "");
    } catch (const std::out_of_range&) {
      refuse("its operands have fewer dimensions than it needs", "");
    } catch (const std::bad_alloc&) {
      refuse("its result does not fit into memory", "");
    }
  }

  [[nodiscard]] int opset(const std::string& domain) const {
    const auto it = opsets_.find(domain);
    if (it != opsets_.end()) return static_cast<int>(it->second);
    return domain.empty() ? default_opset(model_) : 1;
  }

  /// The model's own functions are taken apart where they are called.
  void call(const onnx::FunctionProto& f, const onnx::NodeProto& proto,
            const std::vector<ValueId>& inputs, const std::string& name, Scope& scope) {
    if (++depth_ > 32) throw Unsupported{"functions that call each other too deeply", ""};
    Scope inner;
    for (int i = 0; i < f.input_size(); ++i) {
      const auto n = static_cast<std::size_t>(i);
      inner.define(f.input(i), n < inputs.size() ? inputs[n] : kNone);
    }
    std::map<std::string, onnx::AttributeProto> attrs;
    for (const auto& a : proto.attribute()) attrs[a.name()] = a;
    attrs.emplace();  // even without attributes, references must be taken out
    nodes(f.node(), inner, name + "/", attrs);
    for (int i = 0; i < proto.output_size() && i < f.output_size(); ++i) {
      const ValueId* v = inner.find(f.output(i));
      if (!v) throw Unsupported{"its result '" + f.output(i) + "' is made by nothing", ""};
      scope.define(proto.output(i), *v);
    }
    --depth_;
  }

  /// Only the branch that is taken, which must be known.
  void branch(const onnx::NodeProto& proto, const std::vector<ValueId>& inputs,
              const std::string& name, Scope& scope) {
    const Tensor* condition = inputs.empty() ? nullptr : graph_.constant(inputs[0]);
    if (!condition || condition->size() != 1) {
      const bool is_input = !inputs.empty() && !graph_.producer(inputs[0]);
      throw Unsupported{"its condition is known only at run time",
                        is_input ? fmt::format("--dim {0}=0 or --dim {0}=1 fixes it",
                                               graph_.value(inputs[0]).name)
                                 : "export the model for one of the two cases"};
    }
    const std::string wanted = condition->at(0) != 0 ? "then_branch" : "else_branch";
    for (const auto& a : proto.attribute()) {
      if (a.name() != wanted) continue;
      if (++depth_ > 32) throw Unsupported{"branches that are nested too deeply", ""};
      Scope inner(&scope);
      constants(a.g(), inner);
      nodes(a.g().node(), inner, name + "/", {});
      for (int i = 0; i < proto.output_size() && i < a.g().output_size(); ++i) {
        const ValueId* v = inner.find(a.g().output(i).name());
        if (!v) throw Unsupported{"its branch does not make its result", ""};
        scope.define(proto.output(i), *v);
      }
      --depth_;
      return;
    }
    throw Unsupported{"it has no " + wanted, ""};
  }

  const onnx::ModelProto& model_;
  const std::filesystem::path& folder_;
  const ImportOptions& options_;
  std::map<std::string, std::int64_t> opsets_;
  std::map<std::string, const onnx::FunctionProto*> functions_;
  std::vector<Problem> problems_;
  Graph graph_;
  std::set<std::string> reads_;
  int depth_ = 0;
};

}  // namespace

Graph import_model(const onnx::ModelProto& model, const std::filesystem::path& folder,
                   const ImportOptions& options) {
  return Importer(model, folder, options).run();
}

Graph import_file(const std::filesystem::path& file, const ImportOptions& options) {
  try {
    return import_model(read_model(file), file.parent_path(), options);
  } catch (const ImportError& error) {
    const std::string text = error.what();
    if (text.starts_with(file.string())) throw;
    throw ImportError(file.string() + ": " + text);
  }
}

}  // namespace oct::importer
