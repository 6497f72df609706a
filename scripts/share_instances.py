#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let the instances of a module share one copy of their simulation code.

Verilator writes a function for each instance and merges those that are the same to the letter. It
numbers the variables of inlined SystemVerilog functions through the whole design and puts the
instance's path into assertion messages and sampled variables, so nine equal cores become nine different
functions, which thrash the host's instruction cache. Here
 - members of a class that carry the name of an instance, or the number of a call within one, get
   a common name: each object uses only its own, and keeps its own storage;
 - paths in messages are taken from the object at run time;
 - functions of a class that then differ only in the names of local variables and in where lines
   break are folded: the later ones call the first.
"""
import collections
import re

FUNCTION = re.compile(r"^((?:VL_INLINE_OPT )?)void (\w+)\((\w+)\* vlSelf\) \{\n(.*?)^\}\n", re.M | re.S)
LOCAL = re.compile(r"^\s+(?:const )?(?:CData|SData|IData|QData|VlWide<\d+>|VlUnpacked<[^;]*>)"
                   r"(?:/\*[^*]*\*/)? (\w+)(?: = [^;]*)?;", re.M)
MEMBER = re.compile(r"^\s+(?:CData|SData|IData|QData|VlWide<\d+>|VlUnpacked<[^;]*>)"
                    r"(?:/\*[^*]*\*/)? (\w+);", re.M)
WORD = re.compile(r"(?<![>.\w])[A-Za-z_]\w*")
DEBUG = re.compile(r"^.*VL_DEBUG_IF\(VL_DBG_MSGF.*\n", re.M)
MIN_LENGTH = 400  # shorter functions are not worth a call


def instance_path(function_name):
    """oct_top.u_x[3].u_y of ...__TOP__oct_top__DOT__u_x__BRA__3__KET____DOT__u_y__0; None at the top."""
    if "__TOP__" not in function_name:
        return None
    path = function_name.split("__TOP__", 1)[1].rsplit("__", 1)[0]
    for mangled, plain in (("__BRA__", "["), ("__KET__", "]"), ("__DOT__", ".")):
        path = path.replace(mangled, plain)
    return path


def path_at_run_time(body, path):
    """Messages say %N<path>.rest, with the name of the whole model for %N."""
    if not path or f"%N{path}." not in body:
        return body
    return body.replace(f"%N{path}.", "%N").replace("vlSymsp->name()", "vlSelf->name()")


def canonical(body):
    """The body with its local variables and labels named in the order of their declaration."""
    body = DEBUG.sub("", body)
    local = LOCAL.findall(body) + re.findall(r"\b__Vlabel\d+\b", body)
    names = {name: f"L{i}" for i, name in enumerate(dict.fromkeys(local))}
    return " ".join(WORD.sub(lambda m: names.get(m.group(0), m.group(0)), body).split())


def numbered(name):
    """('__Vfunc_f__', 12, '__a') of __Vfunc_f__12__a, else None."""
    match = re.fullmatch(r"(__V(?:func|task)_.*?__)(\d+)(__\w+)", name)
    return (match.group(1), int(match.group(2)), match.group(3)) if match else None


def common_names(header, functions):
    """What to call the members of a class: {old name: new name}. `functions`: {name: body}."""
    members = set(MEMBER.findall(header))
    instances = collections.defaultdict(list)
    for name, body in functions.items():
        if "__TOP__" in name:
            instances["TOP__" + name.split("__TOP__", 1)[1].rsplit("__", 1)[0]].append(body)
    if len(instances) < 2:
        return {}
    renamed = {}
    used = []  # per instance: {base: numbers of its calls}
    for mangled, bodies in instances.items():
        calls = collections.defaultdict(set)
        words = set().union(*(set(re.findall(r"\w+", body)) for body in bodies))
        for word in words & members:
            if mangled in word:
                renamed[word] = word.replace(mangled, "SELF")
            elif numbered(word):
                calls[numbered(word)[0]].add(numbered(word)[1])
        used.append(calls)
    for base in set().union(*used):
        groups = [sorted(calls[base]) for calls in used if base in calls]
        everything = [n for group in groups for n in group]
        if len(set(everything)) != len(everything):
            continue  # a call that two instances share: leave all as they are
        rank = {n: i for group in groups for i, n in enumerate(group)}
        for member in members:
            parts = numbered(member)
            if parts and parts[0] == base and parts[1] in rank:
                renamed[member] = f"{parts[0]}n{rank[parts[1]]}{parts[2]}"
    return renamed


def rename_members(folder):
    """Gives members of replicated classes common names, in all files of a model."""
    texts = {f: f.read_text() for f in sorted(folder.glob("*.cpp")) + sorted(folder.glob("*.h"))}
    bodies = collections.defaultdict(dict)
    for file, text in texts.items():
        if file.suffix == ".cpp" and "__Slow" not in file.name:
            for match in FUNCTION.finditer(text):
                bodies[match.group(3)][match.group(2)] = match.group(4)
    renamed = {}
    for cls, functions in bodies.items():
        header = folder / f"{cls}.h"
        if header in texts:
            renamed.update(common_names(texts[header], functions))
    if not renamed:
        return
    for file, text in texts.items():
        new = re.sub(r"\w+", lambda m: renamed.get(m.group(0), m.group(0)), text)
        if file.suffix == ".h":
            seen = set()
            lines = []
            for line in new.splitlines(keepends=True):
                member = MEMBER.match(line)
                if member and member.group(1) in renamed.values():
                    if member.group(1) in seen:
                        continue
                    seen.add(member.group(1))
                lines.append(line)
            new = "".join(lines)
        if new != text:
            file.write_text(new)


def share(folder):
    """Folds functions of the model in `folder`; returns (functions folded, functions looked at)."""
    rename_members(folder)
    files = [f for f in sorted(folder.glob("*.cpp")) if "__Slow" not in f.name]
    first = {}
    folded = looked = 0
    for file in files:
        def fold(match):
            nonlocal folded, looked
            inline, name, cls, body = match.groups()
            if len(body) < MIN_LENGTH:
                return match.group(0)
            looked += 1
            body = path_at_run_time(body, instance_path(name))
            key = (cls, canonical(body))
            if key in first:
                folded += 1
                return (f"void {first[key]}({cls}* vlSelf);\n"
                        f"{inline}void {name}({cls}* vlSelf) {{\n    {first[key]}(vlSelf);\n}}\n")
            first[key] = name
            return f"{inline}void {name}({cls}* vlSelf) {{\n{body}}}\n"

        text = file.read_text()
        new = FUNCTION.sub(fold, text)
        if new != text:
            file.write_text(new)
    return folded, looked
