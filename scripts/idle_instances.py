# SPDX-License-Identifier: Apache-2.0
"""Let instances in which nothing changes cost nothing.

Verilator evaluates every instance in every cycle. The functions of an instance depend on nothing but its
object and a few variables of others that its functions name. So: if a cycle left the object and those
variables bit for bit as they were, further cycles do the same until one of those variables changes. Here
the calls in eval_nba of a generated model are put under that condition:
 - now and then (rarely, if it did not help before) an instance is copied at the start of a cycle and
   compared at its end; where both agree, it rests;
 - before each of its functions, the variables outside that this function names are looked at; the first
   that has changed ends the rest; what it has looked at before and nothing has written since is left out;
 - memories are too large to compare: writes to them are counted instead;
 - copies and comparisons of those that wait equally long fall into the same cycle, so most cycles do
   without either; which instances rest is a bit each;
 - some instances never rest (they hold counters). If all others do, and no output of the busy ones and
   no pin changes, the cycle ends after them; else they are put back and the cycle is done in full.
The results are exact, no matter what the RTL says. With -DOCT_IDLE_CHECK the model evaluates what rests,
too, and stops if that changes anything.
"""
import collections
import re
import sys

from verilated_model import BIG, Cannot, Model, all_at_once, bytes_of, clock_trigger, count_writes, parse_eval

MAX_WAIT = 64    # cycles between two attempts to put an instance to rest


class Instance:
    def __init__(self, model, name, index, busy):
        self.model, self.name, self.index, self.busy = model, name, index, busy
        self.cls = model.class_of[name]
        self.functions = []  # called by eval_nba and eval_ico

    def analyse(self, foreign):
        """`foreign`: {(instance, member)} that other classes' functions name."""
        m = self.model
        text = "".join(m.closure(f) for f in self.functions)
        self.outside = sorted(m.outside(self.name, text))
        assigned = set(re.findall(r"vlSelf->(\w+)\s*(?:\[[^;=]*?\]\s*)*=(?!=)", text))
        named = set(re.findall(r"vlSelf->(\w+)", text))
        inputs = {member for at, member in foreign if at == self.name} - assigned
        if self.name == "TOP":
            inputs |= m.inputs_declared[self.cls] - {"clk_i"}
        self.inputs = sorted(inputs & named)
        self.big = [n for n, d in m.members[self.cls].items() if bytes_of(d.strip()) > BIG]
        self.per_function = {}
        for f in self.functions:
            text = m.closure(f)
            words = set(re.findall(r"vlSelf->(\w+)", text))
            self.per_function[f] = (sorted(m.outside(self.name, text)), [i for i in self.inputs if i in words])


def condition(inst, outside, inputs):
    """C++: the variables outside and the inputs are what they were when the instance was copied."""
    terms = [f"same(s.{at}.{member}, k.out{inst.index}.{at}__{member})" for at, member in outside]
    terms += [f"same(s.{inst.name}.{i}, k.copy{inst.index}().{i})" for i in inputs]
    return "\n        && ".join(terms) or "true"


def where_needed(model, instances, sections, ico):
    """Where a variable must be looked at: not where the instance has looked before, unless it may have been
    written since. Returns needed(instance, function, variable)."""
    calls = [(f, name) for _, section in sections for f, name, _ in section]
    written = collections.defaultdict(list)  # variable: where in eval_nba
    for where, (f, name) in enumerate(calls):
        for variable in model.writes(name, f):
            written[variable].append(where)
    before = {v for _, section in ico for f, name, _ in section for v in model.writes(name, f)}
    before |= model.writes("TOP", f"{model.root_class}___eval_act")
    looked = collections.defaultdict(list)  # (instance, variable): where
    own = collections.defaultdict(list)     # (instance, function): where
    for where, (f, name) in enumerate(calls):
        own[name, f].append(where)
        if name in instances:
            i = instances[name]
            outside, inputs = i.per_function[f]
            for v in outside + [(name, member) for member in inputs]:
                looked[name, v].append(where)

    def needed_at(name, variable, where):
        earlier = [p for p in looked[name, variable] if p < where]
        writes = written.get(variable, [])
        if earlier:
            return any(earlier[-1] <= w < where for w in writes)
        # The last look was in the cycle before; what nothing here writes, the harness does.
        last = looked[name, variable][-1]
        return not writes or variable in before or any(w >= last or w < where for w in writes)

    def needed(i, function, variable):
        places = own[i.name, function]
        return not places or any(needed_at(i.name, variable, where) for where in places)
    return needed


PROLOGUE = """// Made by scripts/idle_instances.py
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include "verilated.h"
#include "{prefix}__Syms.h"

namespace {{
template <typename T>
inline bool same(const T& a, const T& b) {{
    if constexpr (std::is_arithmetic_v<T>) {{
        return a == b;
    }} else {{
        // In line and without branches: most are a few words long and mostly equal.
        const auto* x = reinterpret_cast<const unsigned char*>(&a);
        const auto* y = reinterpret_cast<const unsigned char*>(&b);
        std::uint64_t differ = 0, p = 0, q = 0;
        std::size_t i = 0;
        for (; i + 8 <= sizeof(T); i += 8) {{
            std::memcpy(&p, x + i, 8);
            std::memcpy(&q, y + i, 8);
            differ |= p ^ q;
        }}
        if constexpr (sizeof(T) % 8 != 0) {{
            p = q = 0;
            std::memcpy(&p, x + i, sizeof(T) % 8);
            std::memcpy(&q, y + i, sizeof(T) % 8);
            differ |= p ^ q;
        }}
        return differ == 0;
    }}
}}
}}  // namespace
"""


def spans(inst):
    """C++ that runs over the bytes of an object but its large arrays: a list of (begin, end) expressions."""
    cls = inst.cls
    begin, result = "0", []
    for name in inst.big:
        result.append((begin, f"VL_IDLE_AT({cls}, {name})"))
        begin = f"VL_IDLE_AT({cls}, {name}) + sizeof({cls}::{name})"
    result.append((begin, f"VL_IDLE_AT({cls}, vlSymsp)"))
    return result


def write_state(model, instances):
    last = max(i.index for i in instances)
    out = [PROLOGUE.format(prefix=model.prefix),
           "#define VL_IDLE_AT(cls, member) __builtin_offsetof(cls, member)\n",
           f"struct {model.prefix}__Idle {{\n"
           "    bool all_rest = false;\n"
           "    // Bits of instances: a cycle changed nothing, and nothing outside has changed since; copied at\n"
           "    // the start of this cycle.\n"
           "    std::uint64_t rests = 0, trials = 0;\n"
           "    std::uint64_t now = 0, next = 1;  // cycle; the next with a copy\n"
           f"    std::uint64_t due[{last + 1}] = {{}};\n"
           f"    unsigned char backoff[{last + 1}];\n"
           f"    {model.prefix}__Idle() {{ std::memset(backoff, 1, sizeof backoff); }}\n"
           f"    void wake(unsigned n) {{\n        rests &= ~(std::uint64_t{{1}} << n);\n"
           "        due[n] = next = now + 1;\n        backoff[n] = 1;\n    }\n"]
    for i in instances:
        n = i.index
        out.append(f"    struct Out{n} {{  // {i.name}\n")
        for at, member in i.outside:
            out.append(f"        decltype({model.class_of[at]}::{member}) {at}__{member};\n")
        out.append(f"    }} out{n};\n    alignas(64) unsigned char raw{n}[sizeof({i.cls})];\n"
                   f"    {i.cls}& copy{n}() {{ return *reinterpret_cast<{i.cls}*>(raw{n}); }}\n")
    out.append("};\n\n")
    for i in instances:
        n = i.index
        idle, syms = f"{model.prefix}__Idle& k", f"{model.prefix}__Syms& s"
        out.append(f"// {i.name}\nnamespace {{\ninline bool same_all_{n}({syms}, {idle}) {{\n"
                   f"    return {condition(i, i.outside, i.inputs)};\n}}\n")
        out.append(f"inline void keep_{n}({syms}, {idle}) {{\n"
                   f"    const auto* from = reinterpret_cast<const unsigned char*>(&s.{i.name});\n")
        for a, b in spans(i):
            out.append(f"    if ({a} < {b}) std::memcpy(k.raw{n} + ({a}), from + ({a}), ({b}) - ({a}));\n")
        for at, member in i.outside:
            out.append(f"    std::memcpy(&k.out{n}.{at}__{member}, &s.{at}.{member}, sizeof k.out{n}.{at}__{member});\n")
        out.append(f"}}\ninline bool unchanged_{n}({syms}, {idle}) {{\n"
                   f"    const auto* now = reinterpret_cast<const unsigned char*>(&s.{i.name});\n")
        for a, b in spans(i):
            out.append(f"    if ({a} < {b} && std::memcmp(k.raw{n} + ({a}), now + ({a}), ({b}) - ({a})) != 0) "
                       "return false;\n")
        out.append("    return true;\n}\n")
        if i.busy:
            out.append(f"inline void put_back_{n}({syms}, {idle}) {{\n"
                       f"    auto* to = reinterpret_cast<unsigned char*>(&s.{i.name});\n")
            for a, b in spans(i):
                out.append(f"    if ({a} < {b}) std::memcpy(to + ({a}), k.raw{n} + ({a}), ({b}) - ({a}));\n")
            out.append("}\n")
        out.append(f"#ifdef OCT_IDLE_CHECK\ninline void check_{n}({syms}, {idle}) {{\n"
                   f"    alignas(64) static thread_local unsigned char raw[sizeof({i.cls})];\n"
                   f"    auto* inputs = reinterpret_cast<{i.cls}*>(raw);\n")
        for name in i.inputs:
            out.append(f"    std::memcpy(&inputs->{name}, &k.copy{n}().{name}, sizeof inputs->{name});\n"
                       f"    std::memcpy(&k.copy{n}().{name}, &s.{i.name}.{name}, sizeof inputs->{name});\n")
        out.append(f"    if (!unchanged_{n}(s, k)) {{\n"
                   f"        std::fprintf(stderr, \"{i.name} rests, yet something changes\\n\");\n"
                   "        std::abort();\n    }\n")
        for name in i.inputs:
            out.append(f"    std::memcpy(&k.copy{n}().{name}, &inputs->{name}, sizeof inputs->{name});\n")
        out.append("}\n#endif\n")
        for number, f in enumerate(i.functions):
            if not i.busy:
                out.append(f"inline bool same_{n}_{number}({syms}, {idle}) {{\n"
                           f"    return {condition(i, *i.per_function[f])};\n}}\n")
        out.append("}  // namespace\n")
    return "".join(out)


def bit(n):
    return f"{1 << n:#x}ULL"


def write_call(by_name, f, name, argument):
    call = f"{f}({argument});"
    i = by_name.get(name)
    if i is None or i.busy:
        return f"        {call}\n"
    n = i.index
    return (f"        if (!((k.rests & {bit(n)}) && (same_{n}_{i.functions.index(f)}(s, k) || (k.wake({n}), false)))) {{\n"
            f"            {call}\n        }} IDLE_CHECK({call})\n")


def write_begin(model, which):
    p = model.prefix
    return (f"\nvoid {model.root_class}___eval_{which}({model.root_class}* vlSelf) {{\n"
            f"    {p}__Syms& s = *vlSelf->vlSymsp;\n"
            f"    if (VL_UNLIKELY(!vlSelf->__Vidle)) vlSelf->__Vidle = std::make_shared<{p}__Idle>();\n"
            f"    {p}__Idle& k = *vlSelf->__Vidle;\n")


def write_eval(model, instances, sections, ico, clock):
    """eval_ico and eval_nba anew. Sections: [(condition of triggers, [(function, instance, argument)])]."""
    by_name = {i.name: i for i in instances}
    busy = [i for i in instances if i.busy]
    resting = [i for i in instances if not i.busy]
    # What several instances share stays one copy, or each of them fills the host's cache anew.
    count = collections.Counter(f for _, calls in sections + ico for f, _, _ in calls)
    for f, times in count.items():
        yield f"{'[[gnu::noinline]] ' if times > 1 else ''}void {f}({model.owner[f]}* vlSelf);\n"
    yield from write_trials(model, resting)

    yield write_begin(model, "ico")
    for trigger, calls in ico:
        yield f"    if ({trigger}) {{\n" + "".join(write_call(by_name, *c) for c in calls) + "    }\n"
    yield "}\n"

    yield write_begin(model, "nba")
    yield f"    const bool clocked = vlSelf->__VnbaTriggered.at({clock}U);\n"
    yield "    if (VL_UNLIKELY(!clocked)) {  // reset\n        k.all_rest = false;\n"
    for i in resting:
        yield f"        k.wake({i.index});\n"
    yield "    }\n"
    # Everything rests: only the busy ones.
    root = by_name["TOP"]
    pins = {i: f"k.copy{root.index}().{i}" for i in root.inputs}
    for i in resting:
        for at, member in i.outside:
            if at == "TOP" and member in model.inputs_declared[root.cls]:
                pins[member] = f"k.out{i.index}.{at}__{member}"
    pins = [f"same(s.TOP.{pin}, {kept})" for pin, kept in sorted(pins.items())]
    never = {i.name for i in busy}
    holds = []
    for at, member in sorted({o for i in resting for o in i.outside if o[0] in never}):
        i = next(i for i in resting if (at, member) in i.outside)
        holds.append(f"same(s.{at}.{member}, k.out{i.index}.{at}__{member})")
    both = "\n            && "
    yield f"    const auto busy_same = [&] {{\n        return {both.join(holds) or 'true'};\n    }};\n"
    # Both before the edge, for sequential functions, and after it.
    yield f"    if (k.all_rest && clocked IDLE_FAST) {{\n        if ({both.join(pins + ['busy_same()'])}) {{\n"
    for i in busy:
        yield f"            keep_{i.index}(s, k);\n"
    for _, calls in sections:
        for f, name, argument in calls:
            if name in never:
                yield f"            {f}({argument});\n"
    yield "            if (busy_same()) return;\n"
    for i in busy:
        yield f"            put_back_{i.index}(s, k);\n"
    yield "        }\n    }\n    if (clocked && ++k.now >= k.next) begin_trials(s, k);\n"
    for trigger, calls in sections:
        yield f"    if ({trigger}) {{\n" + "".join(write_call(by_name, *c) for c in calls) + "    }\n"
    yield "    if (clocked) {\n#ifdef OCT_IDLE_CHECK\n"
    for i in resting:
        yield f"        if (k.rests & {bit(i.index)}) check_{i.index}(s, k);\n"
    whole = {name for _, calls in sections for _, name, _ in calls} <= set(by_name)
    every = bit_mask(resting) if whole else "~std::uint64_t{0}"
    yield f"#endif\n        if (k.trials) end_trials(s, k);\n        k.all_rest = k.rests == {every};\n    }}\n}}\n"


def bit_mask(instances):
    return f"{sum(1 << i.index for i in instances):#x}ULL"


def write_trials(model, resting):
    """Copying at the start of a cycle, comparing at its end, for those whose turn it is."""
    head = f"({model.prefix}__Syms& s, {model.prefix}__Idle& k) {{\n"
    yield f"\nnamespace {{\n[[gnu::noinline]] void begin_trials{head}    k.next = ~std::uint64_t{{0}};\n"
    for i in resting:
        n = i.index
        yield (f"    if (!(k.rests & {bit(n)})) {{\n        if (k.now >= k.due[{n}]) {{\n"
               f"            k.trials |= {bit(n)};\n            keep_{n}(s, k);\n"
               f"        }} else if (k.due[{n}] < k.next) {{\n            k.next = k.due[{n}];\n        }}\n    }}\n")
    yield f"}}\n[[gnu::noinline]] void end_trials{head}"
    for i in resting:
        n = i.index
        # All that wait equally long are due in the same cycle: most cycles have nothing to do here.
        yield (f"    if (k.trials & {bit(n)}) {{\n        if (unchanged_{n}(s, k) && same_all_{n}(s, k)) {{\n"
               f"            k.rests |= {bit(n)};\n        }} else {{\n"
               f"            k.backoff[{n}] = k.backoff[{n}] < {MAX_WAIT} ? 2 * k.backoff[{n}] : {MAX_WAIT};\n"
               f"            k.due[{n}] = (k.now | (k.backoff[{n}] - 1u)) + 1;\n"
               f"            if (k.due[{n}] < k.next) k.next = k.due[{n}];\n        }}\n    }}\n")
    yield "    k.trials = 0;\n}\n}  // namespace\n"


MACROS = """
#ifdef OCT_IDLE_CHECK
#define IDLE_CHECK(call) else { call }
#define IDLE_FAST && false
#else
#define IDLE_CHECK(call)
#define IDLE_FAST
#endif
"""


def write_fall(model, folder, last):
    """If only rising edges count, the harness need not evaluate the falling ones: a header tells it."""
    rise = re.compile(r"\(IData\)\(vlSelf->clk_i\)\s*&\s*\(~\s*\(IData\)\(vlSelf->" + last + r"\)\)")
    text = "".join(t for f, t in model.sources.items()
                   if "__Slow" not in f.name and f.name != f"{model.prefix}.cpp")
    for name, body in model.body.items():
        if name.endswith("___eval_debug_assertions"):
            text = text.replace(body, "")
    text = rise.sub("", text).replace(f"vlSelf->{last} = vlSelf->clk_i;", "")
    if re.search(r"\bclk_i\b|\b" + last + r"\b", text):
        return
    (folder / f"{model.prefix}__Fall.h").write_text(
        "// Made by scripts/idle_instances.py\n#pragma once\n"
        f'#include "{model.prefix}.h"\n#include "{model.root_class}.h"\n#define OCT_FALL_UNSEEN\n'
        f"/// A low clock without an evaluation.\ninline void oct_fall_unseen({model.prefix}& model) {{\n"
        f"    model.rootp->{last} = 0;\n}}\n")


def rest(folder, prefix, busy_modules):
    """Changes the model in `folder`; returns the number of instances that may rest."""
    model = Model(folder, prefix)
    sections, ico = parse_eval(model, "nba"), parse_eval(model, "ico")
    clock, last = clock_trigger(model)
    busy_classes = {f"{prefix}_{m}" for m in busy_modules}
    instances = {}
    for _, calls in sections + ico:
        for f, name, _ in calls:
            if name not in instances:
                instances[name] = Instance(model, name, len(instances), model.class_of[name] in busy_classes)
            if f not in instances[name].functions:
                instances[name].functions.append(f)
    if "TOP" not in instances:
        raise Cannot("nothing at the top")
    # Variables that functions of other instances name; those that settle the model at its start, too.
    foreign = set()
    for inst in instances.values():
        text = "".join(model.closure(f) for f in inst.functions)
        foreign |= model.outside(inst.name, text)
        if inst.busy and re.search(r"[;{}]\s*vlSymsp->TOP\w*\s*\.\s*\w+\s*(?:\[[^;=]*?\]\s*)*=(?!=)", text):
            raise Cannot(f"{inst.name}: sets variables of others")
    for file, text in model.sources.items():
        if not file.name.endswith("__Syms.cpp"):
            foreign |= set(re.findall(r"vlSymsp->(TOP\w*)\s*\.\s*(\w+)", text))
    for inst in instances.values():
        inst.analyse(foreign)
    if all_at_once(model, clock):
        needed = where_needed(model, instances, sections, ico)
        for inst in instances.values():
            inst.per_function = {f: ([v for v in outside if needed(inst, f, v)],
                                     [i for i in inputs if needed(inst, f, (inst.name, i))])
                                 for f, (outside, inputs) in inst.per_function.items()}
    # What is not understood is evaluated as before.
    for cls in sorted({i.cls for i in instances.values()}):
        try:
            count_writes(model, cls, next(i.big for i in instances.values() if i.cls == cls))
        except Cannot as problem:
            print(f"idle_instances: {cls} never rests: {problem}", file=sys.stderr)
            instances = {name: i for name, i in instances.items() if i.cls != cls}
    if "TOP" not in instances:
        raise Cannot("the top level is not understood")
    ordered = list(instances.values())
    if max(i.index for i in ordered) > 63:
        raise Cannot("more than 64 instances")

    for file, text in model.headers.items():
        cls = file.stem
        if cls in {i.cls for i in ordered}:
            extra = "    QData __Vidle_writes = 0;\n"
            if cls == model.root_class:
                extra += f"    std::shared_ptr<struct {prefix}__Idle> __Vidle;\n"
                text = text.replace('#include "verilated.h"\n', '#include "verilated.h"\n#include <memory>\n', 1)
            text = text.replace("    // INTERNAL VARIABLES\n", extra + "\n    // INTERNAL VARIABLES\n", 1)
            file.write_text(text)
    old = re.compile(r"^void " + re.escape(model.root_class) + r"___eval_(?:nba|ico)\(\w+\* vlSelf\) \{\n.*?^\}\n", re.M | re.S)
    for file, text in model.sources.items():
        file.write_text(old.sub("", text))
    out = write_state(model, ordered) + MACROS + "".join(write_eval(model, ordered, sections, ico, clock))
    (folder / f"{prefix}__Idle.cpp").write_text(out)
    write_fall(model, folder, last)
    return sum(not i.busy for i in ordered)
