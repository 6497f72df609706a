# SPDX-License-Identifier: Apache-2.0
"""Read what the flow needs of a Liberty file: cells, their area, pins and functions."""
import itertools
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


def evaluate(function, values):
    """A Liberty function for a dictionary of pin values. Binding: ! and ', then ^, and, or."""
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
            return 1 - unary()
        if token == "(":
            value = disjunction()
            take()
        else:
            value = int(token) if token in "01" else values[token]
        while peek() == "'":
            take()
            value = 1 - value
        return value

    def exclusive():
        value = unary()
        while peek() == "^":
            take()
            value ^= unary()
        return value

    def conjunction():
        value = exclusive()
        while peek() and peek() not in ")+|":  # a blank between two names is an "and" too
            if peek() in "&*":
                take()
            value &= exclusive()
        return value

    def disjunction():
        value = conjunction()
        while peek() and peek() in "+|":
            take()
            value |= conjunction()
        return value

    return disjunction()


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

    def truth(self):
        """Truth table of the only output, None if there is none or it cannot be read."""
        if len(self.outputs) != 1 or self.is_ff or self.is_latch or not self.functions[0]:
            return None
        try:
            return tuple(
                evaluate(self.functions[0], dict(zip(self.inputs, bits)))
                for bits in itertools.product((0, 1), repeat=len(self.inputs)))
        except (KeyError, IndexError):
            return None


def cells(library):
    """{name: Cell} without those that the library says not to use."""
    result = {}
    for group in library.all("cell"):
        if group.attributes.get("dont_use", "false") == "true":
            continue
        pins = {pin.args[0]: pin for pin in group.all("pin")}
        ins = tuple(n for n, p in pins.items() if p.attributes.get("direction") == "input")
        outs = tuple(n for n, p in pins.items() if p.attributes.get("direction") == "output")
        result[group.args[0]] = Cell(
            group.args[0], float(group.attributes.get("area", 0)), ins, outs,
            tuple(pins[o].attributes.get("function", "") for o in outs),
            bool(group.all("ff")), bool(group.all("latch")))
    return result


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
