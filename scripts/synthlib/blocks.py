# SPDX-License-Identifier: Apache-2.0
"""What scripts/synth_blocks.yaml says, and which files a block needs."""
import pathlib
import re
from dataclasses import dataclass, field

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


class FlowError(Exception):
    """A mistake of the user or of a tool, told in one line."""


@dataclass(frozen=True)
class Block:
    name: str
    top: str
    booth: bool = True
    boxes: tuple = ()  # names of blocks inside it that are synthesised on their own
    inputs: dict = field(default_factory=dict)  # port pattern -> arrival, part of the period
    outputs: dict = field(default_factory=dict)  # port pattern -> left for others, part of it
    repair: bool = True
    default: bool = True  # synthesised when no block is named
    paths: dict = field(default_factory=dict)  # name -> {from, through, to: patterns of pins}


@dataclass(frozen=True)
class Plan:
    """The whole file."""

    blocks: dict
    period: float
    sram_access: float
    sram_setup: float


def _only(mapping, allowed, where):
    for key in mapping:
        if key not in allowed:
            raise FlowError(f"synth_blocks.yaml: {where}: unknown key {key}; allowed: "
                            + ", ".join(allowed))
    return mapping


def load(path=ROOT / "scripts/synth_blocks.yaml"):
    data = _only(yaml.safe_load(path.read_text()), ("defaults", "blocks"), "file")
    defaults = _only(data["defaults"],
                     ("period_ns", "inputs", "outputs", "sram_access_ns", "sram_setup_ns"), "defaults")
    blocks = {}
    for name, entry in data["blocks"].items():
        entry = _only(entry or {}, ("top", "booth", "boxes", "inputs", "outputs", "repair", "default",
                                    "paths"), name)
        for path, ends in entry.get("paths", {}).items():
            _only(ends, ("from", "through", "to"), f"{name}: {path}")
        blocks[name] = Block(
            name, entry.get("top", f"oct_{name}"), entry.get("booth", True),
            tuple(entry.get("boxes", ())),
            {"*": defaults["inputs"], **entry.get("inputs", {})},
            {"*": defaults["outputs"], **entry.get("outputs", {})},
            entry.get("repair", True), entry.get("default", True),
            entry.get("paths", {}))
    for block in blocks.values():
        for box in block.boxes:
            if box not in blocks:
                raise FlowError(f"synth_blocks.yaml: {block.name}: no block {box} to take as box")
    return Plan(blocks, defaults["period_ns"], defaults["sram_access_ns"],
                defaults["sram_setup_ns"])


def file_list(config, listing=ROOT / "rtl/rtl.f"):
    """Files of rtl.f for a machine description, relative to the repository, and tops made for timing."""
    files = []
    for line in listing.read_text().splitlines():
        if re.match(r"[a-z]", line):
            file = line if line.startswith("rtl/") else "rtl/" + line
            files.append(file.replace("generated/octant", f"generated/{config}"))
    tops = sorted((ROOT / "scripts/synthlib").glob("*.sv"))
    return files + [str(top.relative_to(ROOT)) for top in tops]


def files_of(top, files):
    """The files that `top` needs, in the order of the list: every name that a file mentions."""
    by_name = {pathlib.Path(f).stem: f for f in files}
    if top not in by_name:
        raise FlowError(f"{top}: rtl/rtl.f names no such file")
    wanted, todo = set(), [top]
    while todo:
        name = todo.pop()
        if name in wanted:
            continue
        wanted.add(name)
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", (ROOT / by_name[name]).read_text(), flags=re.S)
        todo += [word for word in set(re.findall(r"\boct_\w+", text)) if word in by_name]
    return [f for f in files if pathlib.Path(f).stem in wanted]
