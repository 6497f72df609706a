# SPDX-License-Identifier: Apache-2.0
"""Read what the flow needs of a Liberty file: cells, their area, pins and functions."""
import itertools
import operator
import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z0-9_.+\-*/&|!\'^\[\]$<>]+|[(){},:;=]')


@dataclass
class Group:
    """`kind (args) { attributes; groups }`."""

    kind: str
    args: list
    attributes: dict = field(default_factory=dict)
    groups: list = field(default_factory=list)

    def all(self, kind):
        return [g for g in self.groups if g.kind == kind]


def _tokens(text):
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\\\r?\n", " ", text, flags=re.S)
    return _TOKEN.findall(text)


def parse(path):
    """The library group as a tree; attribute values are strings without their quotes."""
    tokens = _tokens(path.read_text(errors="replace"))
    position = 0

    def arguments():
        nonlocal position
        args = []
        while tokens[position] != ")":
            if tokens[position] != ",":
                args.append(tokens[position].strip('"'))
            position += 1
        position += 1
        return args

    def body(group):
        nonlocal position
        while tokens[position] != "}":
            name = tokens[position]
            position += 1
            if name == ";":
                continue
            if tokens[position] == ":":
                start = position = position + 1
                while tokens[position] not in (";", "}"):
                    # A missing semicolon: the next "name :" or "name (" begins a new statement.
                    if position > start and tokens[position + 1] in (":", "("):
                        break
                    position += 1
                group.attributes[name] = " ".join(tokens[start:position]).strip('"')
            elif tokens[position] == "(":
                position += 1
                args = arguments()
                if position < len(tokens) and tokens[position] == "{":
                    position += 1
                    child = Group(name, args)
                    body(child)
                    group.groups.append(child)
                else:
                    group.attributes.setdefault(name, " ".join(args))
        position += 1

    while tokens[position] != "library":
        position += 1
    position += 2
    library = Group("library", arguments())
    position += 1
    body(library)
    return library


def tree(function):
    """A Liberty function as ("!", x), ("^", x, y), ("&", x, y), ("|", x, y), "0", "1" or the name of a pin.

    Binding: ! and ', then ^, and, or.
    """
    tokens = re.findall(r"[A-Za-z_]\w*|[01()!'^&*+|]", function)
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else ""

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def unary():
        token = take()
        if token == "!":
            return ("!", unary())
        value = token
        if token == "(":
            value = disjunction()
            take()
        while peek() == "'":
            take()
            value = ("!", value)
        return value

    def exclusive():
        value = unary()
        while peek() == "^":
            take()
            value = ("^", value, unary())
        return value

    def conjunction():
        value = exclusive()
        while peek() and peek() not in ")+|":  # a blank between two names is an "and" too
            if peek() in "&*":
                take()
            value = ("&", value, exclusive())
        return value

    def disjunction():
        value = conjunction()
        while peek() and peek() in "+|":
            take()
            value = ("|", value, conjunction())
        return value

    return disjunction()


_OPERATORS = {"!": operator.not_, "^": operator.xor, "&": operator.and_, "|": operator.or_}


def evaluate(function, values):
    """A Liberty function, or its tree, for a dictionary of pin values."""
    node = tree(function) if isinstance(function, str) else function

    def value(part):
        if isinstance(part, str):
            return int(part) if part in ("0", "1") else values[part]
        return int(_OPERATORS[part[0]](*map(value, part[1:])))

    return value(node)


def verilog(node, nets):
    """A tree of tree() in Verilog, `nets` for its pins."""
    if isinstance(node, str):
        return f"1'b{node}" if node in ("0", "1") else nets[node]
    if node[0] == "!":
        return f"~{verilog(node[1], nets)}"
    return f"({verilog(node[1], nets)} {node[0]} {verilog(node[2], nets)})"


@dataclass(frozen=True)
class Cell:
    """What the flow knows about a standard cell."""

    name: str
    area: float
    inputs: tuple
    outputs: tuple
    functions: tuple  # of the outputs
    is_ff: bool
    is_latch: bool
    ff: tuple = ()  # of a flip-flop: its two states' names, next state, clock, clear, preset
    gate: tuple = ()  # of a clock gate: pins of enable, clock and gated clock

    def truth(self):
        """Truth table of the only output, None if there is none or it cannot be read."""
        if len(self.outputs) != 1 or self.is_ff or self.is_latch or self.gate or not self.functions[0]:
            return None
        try:
            return tuple(
                evaluate(self.functions[0], dict(zip(self.inputs, bits)))
                for bits in itertools.product((0, 1), repeat=len(self.inputs)))
        except (KeyError, IndexError):
            return None


def cells(library):
    """{name: Cell} without those that the library says not to use.

    That does not mean clock gates: libraries keep them from being taken for logic in this way.
    """
    result = {}
    for group in library.all("cell"):
        gate = _clock_gate_pins(group)
        if group.attributes.get("dont_use", "false") == "true" and not gate:
            continue
        pins = {pin.args[0]: pin for pin in group.all("pin")}
        ins = tuple(n for n, p in pins.items() if p.attributes.get("direction") == "input")
        outs = tuple(n for n, p in pins.items() if p.attributes.get("direction") == "output")
        result[group.args[0]] = Cell(
            group.args[0], float(group.attributes.get("area", 0)), ins, outs,
            tuple(pins[o].attributes.get("function", "") for o in outs),
            bool(group.all("ff")), bool(group.all("latch")), _flip_flop(group), gate)
    return result


def _flip_flop(group):
    for ff in group.all("ff"):
        names = [name for arg in ff.args for name in arg.replace(",", " ").split()]
        return (*names, *(ff.attributes.get(key, "") for key in
                          ("next_state", "clocked_on", "clear", "preset")))
    return ()


def _clock_gate_pins(group):
    """(enable, clock, gated clock) of a gate for rising edges without a test pin; else nothing."""
    if group.attributes.get("clock_gating_integrated_cell") != "latch_posedge":
        return ()
    found = []
    for kind in ("clock_gate_enable_pin", "clock_gate_clock_pin", "clock_gate_out_pin"):
        found += [p.args[0] for p in group.all("pin") if p.attributes.get(kind) == "true"]
    return tuple(found) if len(found) == 3 else ()


def clock_gate(library_cells):
    """The smallest clock gate, or None."""
    return min((c for c in library_cells.values() if c.gate), key=lambda c: c.area, default=None)


def smallest(library_cells, inputs, truth):
    """The smallest cell with this truth table."""
    fitting = [c for c in library_cells.values()
               if len(c.inputs) == inputs and c.truth() == truth and c.area > 0]
    return min(fitting, key=lambda c: c.area, default=None)


def nand2(library_cells):
    return smallest(library_cells, 2, (1, 1, 1, 0))


def buffer_of_strength(library_cells, strength=4):
    """A buffer whose name ends in its strength; the largest one if no name does."""
    buffers = [c for c in library_cells.values() if len(c.inputs) == 1 and c.truth() == (0, 1)]
    named = [c for c in buffers if re.search(rf"(?i)buf[^0-9]*{strength}$", c.name)
             and not re.search("(?i)clk|dly", c.name)]
    return min(named, key=lambda c: c.area) if named else max(buffers, key=lambda c: c.area,
                                                              default=None)
