# SPDX-License-Identifier: Apache-2.0
"""Reads the C++ that Verilator generates, as far as scripts/idle_instances.py must know it."""
import collections
import re

from share_instances import FUNCTION

CALL = re.compile(r"^\s*(\w+)\(\(?&?(?:vlSymsp->)?(\w+)\)?\);$")
MEMBER = re.compile(r"^\s+(VL_IN|VL_OUT|VL_INOUT)(?:8|16|64|W)?\((\w+),[^)]*\);|"
                    r"^\s+((?!return)[A-Za-z][\w:<>,/* ]*?[ >/]) ?(\w+);", re.M)
OUTSIDE = re.compile(r"vlSymsp->(TOP\w*)\s*\.\s*(\w+)\b(?!\s*\()|vlSelf->(\w+)\s*->\s*(\w+)\b(?!\s*\()")
VARIABLE = re.compile(OUTSIDE.pattern + r"|vlSelf->(\w+)\b(?!\s*(?:->|\())")
CONTROL = re.compile(r"(?:else\s*)?(?:if|while|for|switch|return)\b")
ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)")
WIDTH = {"CData": 1, "SData": 2, "IData": 4, "QData": 8}
BIG = 1024       # bytes; larger arrays are watched for writes


class Cannot(Exception):
    """The generated code does not look as expected; it works as it is, only more slowly."""


def bytes_of(decl):
    match = re.match(r"VlUnpacked<(.*), (\d+)>$", re.sub(r"/\*[^*]*\*/", "", decl).strip())
    if match:
        return bytes_of(match.group(1)) * int(match.group(2))
    match = re.match(r"VlWide<(\d+)>$", re.sub(r"/\*[^*]*\*/", "", decl).strip())
    return 4 * int(match.group(1)) if match else WIDTH.get(decl.split("/")[0].strip(), 0)


class Model:
    """What is needed to know of the generated files."""

    def __init__(self, folder, prefix):
        self.prefix = prefix
        self.root_class = f"{prefix}___024root"
        self.sources = {f: f.read_text() for f in sorted(folder.glob(f"{prefix}*.cpp"))}
        self.headers = {f: f.read_text() for f in sorted(folder.glob(f"{prefix}*.h"))}
        self.body, self.owner = {}, {}
        for file, text in self.sources.items():
            if "__Slow" not in file.name:
                for match in FUNCTION.finditer(text):
                    self.owner[match.group(2)] = match.group(3)
                    self.body[match.group(2)] = match.group(4)
        syms = next(t for f, t in self.headers.items() if f.name == f"{prefix}__Syms.h")
        self.class_of = dict((name, cls) for cls, name in re.findall(r"^    (\w+)\s+(TOP\w*);", syms, re.M))
        syms = next(t for f, t in self.sources.items() if f.name == f"{prefix}__Syms.cpp")
        self.cells = collections.defaultdict(dict)  # instance: {pointer: instance}
        for above, pointer, below in re.findall(r"^    (TOP\w*)\.(\w+) = &(TOP\w*);", syms, re.M):
            self.cells[above][pointer] = below
        self.members, self.inputs_declared = {}, {}
        for cls in set(self.class_of.values()):
            text = next(t for f, t in self.headers.items() if f.name == f"{cls}.h")
            text = text[text.index(f"class {cls} final"):text.index("// INTERNAL VARIABLES")]
            found = list(MEMBER.finditer(text))
            self.members[cls] = {m.group(2) or m.group(4): m.group(3) or "" for m in found}
            self.inputs_declared[cls] = {m.group(2) for m in found if m.group(1) == "VL_IN"}
        self.closures, self.written = {}, {}

    def closure(self, name):
        """The text of a function and of all that it calls."""
        if name not in self.closures:
            self.closures[name] = ""
            called = set(re.findall(r"\b(" + re.escape(self.prefix) + r"\w+)\(", self.body[name])) & set(self.body)
            self.closures[name] = self.body[name] + "".join(self.closure(c) for c in sorted(called - {name}))
        return self.closures[name]

    def below(self, instance, pointer):
        """The instance that a pointer of an instance points to."""
        if pointer not in self.cells[instance]:
            raise Cannot(f"{instance}: what is {pointer}?")
        return self.cells[instance][pointer]

    def outside(self, instance, text):
        """Variables of other instances that functions of `instance` name."""
        found = set()
        for at, member, pointer, below in OUTSIDE.findall(text):
            if pointer:
                at, member = self.below(instance, pointer), below
            if member not in self.members[self.class_of[at]]:
                raise Cannot(f"{instance}: what is {at}.{member}?")
            if at != instance:
                found.add((at, member))
        return found

    def writes(self, instance, function):
        """{(instance, member)} that a function and all that it calls may write, called for `instance`."""
        if function not in self.written:
            found = set()
            for statement in statements(self.closure(function)):
                left, *right = ASSIGNMENT.split(statement)
                if CONTROL.match(statement.strip()) and not right:
                    continue
                # In calls any argument may be a result; assignments within an expression are rare.
                found |= set(VARIABLE.findall(statement if len(right) != 1 else left))
            self.written[function] = found
        result = set()
        for at, member, pointer, below, own in self.written[function]:
            if pointer:
                at, member = self.below(instance, pointer), below
            result.add((at or instance, member or own))
        return result


def statements(text):
    """What stands between ; { and } outside brackets."""
    depth, start = 0, 0
    for i, c in enumerate(text):
        if c in "()":
            depth += 1 if c == "(" else -1
        elif c in ";{}" and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def count_writes(model, cls, arrays):
    """Counts writes to the large arrays of a class in __Vidle_writes; Cannot if one looks unusual."""
    changed = dict(model.sources)
    for name in arrays:
        write = re.compile(r"([;{}]\s*\n[ ]*)((?:VL_ASSIGN\w*\([^;=]*?)?vlSelf->" + name + r"\s*\[)")
        for file, text in changed.items():
            if "__Slow" in file.name or f"{cls}* vlSelf" not in text:
                continue
            # Assignments to it, however they look; initial contents of a ROM are in slow files.
            expected = sum(re.search(rf"\b{name}\b", statement.split("=")[0]) is not None
                           for statement in re.split("[;{}]", text)
                           if name in statement and re.search(r"[^=!<>]=[^=]|VL_ASSIGN", statement)
                           and not re.search(rf"^\s*(?:VlUnpacked|if|for|while)\b", statement))
            changed[file], found = write.subn(r"\1++vlSelf->__Vidle_writes; \2", text)
            if found != expected:
                raise Cannot(f"{cls}.{name}: {found} of {expected} writes found")
    model.sources.update(changed)


def parse_eval(model, which):
    """[(condition, [(function, instance, argument)])] of eval_nba or eval_ico."""
    name = f"{model.root_class}___eval_{which}"
    sections = []
    for trigger, block in re.findall(r"^    if \(([^{}]*?)\) \{\n(.*?)^    \}\n", model.body[name], re.M | re.S):
        if "Triggered" not in trigger:
            continue
        calls = []
        for line in block.splitlines():
            match = CALL.match(line)
            if not match or match.group(1) not in model.body:
                raise Cannot(f"eval_{which}: {line.strip()}")
            instance = "TOP" if match.group(2) == "vlSelf" else match.group(2)
            calls.append((match.group(1), instance, "vlSelf" if instance == "TOP" else f"&s.{instance}"))
        sections.append((trigger, calls))
    if not sections:
        raise Cannot(f"eval_{which}: no calls")
    return sections


def clock_trigger(model):
    """Number of the trigger of the clock alone, and the variable that holds the clock's last level."""
    text = model.body[f"{model.root_class}___eval_triggers__act"]
    for index, expression in re.findall(r"__VactTriggered\.at\((\d+)U\) = (.*?);", text, re.S):
        for last in ("__Vtrigrprev__TOP__clk_i", "__Vtrigprev__TOP__clk_i"):
            if set(re.findall(r"vlSelf->(\w+)", expression)) == {"clk_i", last}:
                return int(index), last
    raise Cannot("no trigger of the clock alone")


def all_at_once(model, clock):
    """Whether the clock's edge triggers every section of eval_nba."""
    text = model.body[f"{model.root_class}___eval_triggers__act"]
    found = dict(re.findall(r"__VactTriggered\.at\((\d+)U\) = (.*?);", text, re.S))
    plain = {i: re.sub(r"[\s()]|CData|IData", "", expression) for i, expression in found.items()}
    return all(plain[str(clock)] in expression.split("|") for expression in plain.values())
