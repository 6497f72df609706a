#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn machine descriptions (rtl/config/*.yaml) into the sources that follow from them.

    scripts/gen_config.py            write every generated file
    scripts/gen_config.py --check    write nothing, fail if a committed file differs
    scripts/gen_config.py --out DIR  write below DIR instead of the repository
    scripts/gen_config.py FILE...    these descriptions instead of rtl/config/*.yaml

A description that makes no sense is refused with one line, `file: key: value X; allowed: ...`,
and exit status 2.
"""
import argparse
import difflib
import pathlib
import sys
from dataclasses import dataclass

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent


class ConfigError(Exception):
    """A mistake in a machine description, told in one line."""


@dataclass(frozen=True)
class Key:
    """One entry of a description: where it stands, what it is called, what it may be."""

    path: str  # section.key
    name: str  # constant made of it, "" if it only feeds derived ones
    low: int
    high: int
    power_of_two: bool
    text: str
    multiple_of: int = 1
    is_address: bool = False

    def allowed(self):
        fmt = hex if self.is_address else str
        kind = "a power of two" if self.power_of_two else "an integer"
        if self.multiple_of > 1:
            kind = f"a multiple of {fmt(self.multiple_of)}"
        return f"{kind} from {fmt(self.low)} to {fmt(self.high)}"

    def accepts(self, value):
        return (
            self.low <= value <= self.high
            and (not self.power_of_two or value & (value - 1) == 0)
            and value % self.multiple_of == 0
        )


def _key(path, name, low, high, text, **options):
    return Key(path, name, low, high, options.pop("power_of_two", False), text, **options)


KIB, MIB = 1024, 1024 * 1024
REG_BYTES, EU_BYTES = 64 * KIB, 4 * KIB
ADDRESS = dict(is_address=True, low=0, high=0xFFFF_FFFF)

KEYS = [
    _key("cluster.workers", "NumWorkers", 1, 15, "worker cores"),
    _key("cluster.hart_id_base", "HartIdBase", 0, 0xFFFF_FFE0, "hart id of worker 0"),
    _key("l1.base", "L1Base", text="first address of L1", multiple_of=MIB, **ADDRESS),
    _key("l1.kib", "", 16, 1024, "size of L1 in KiB", power_of_two=True),
    _key("l1.banks", "NumBanks", 16, 64, "banks of 64 bits in L1", power_of_two=True),
    _key("icache.bytes", "IcacheBytes", 1024, 65536, "shared instruction cache", power_of_two=True),
    _key("icache.ways", "IcacheWays", 1, 8, "ways of the instruction cache", power_of_two=True),
    _key("icache.l0_lines", "L0Lines", 1, 16, "lines buffered per core", power_of_two=True),
    _key("engine.macs", "EngineMacs", 256, 4096, "INT8 products per cycle", power_of_two=True),
    _key("engine.ports", "EnginePorts", 8, 64, "64-bit L1 ports of the engine", power_of_two=True),
    _key("dma.burst_beats", "DmaBurstBeats", 1, 64, "64-byte beats per AXI burst",
         power_of_two=True),
    _key("dma.outstanding", "DmaOutstanding", 1, 64, "bursts in flight per direction",
         power_of_two=True),
    _key("queues.units", "QueueUnits", 2, 64, "64-byte units on chip per work queue",
         power_of_two=True),
    _key("sync.semaphores", "NumSems", 8, 256, "hardware semaphores", power_of_two=True),
    _key("sync.parameter_registers", "NumPregs", 4, 32, "registers that descriptors may name",
         power_of_two=True),
    _key("sync.barriers", "NumBarriers", 1, 32, "barriers in the event unit"),
    _key("registers.base", "RegBase", text="control and status registers", multiple_of=REG_BYTES,
         **ADDRESS),
    _key("event_unit.base", "EuBase", text="event unit", multiple_of=EU_BYTES, **ADDRESS),
    _key("l2.base", "L2Base", text="first address of the outside memory", multiple_of=MIB,
         **ADDRESS),
    _key("l2.mib", "", 1, 1024, "size of the outside memory in MiB", power_of_two=True),
    _key("boot.address", "BootAddr", text="first instruction of every hart", multiple_of=64,
         **ADDRESS),
    _key("stacks.worker_bytes", "WorkerStackBytes", 256, 65536, "stack of a worker, in L1",
         multiple_of=16),
    _key("stacks.controller_bytes", "ControllerStackBytes", 1024, MIB,
         "stack of the controller, in L1", multiple_of=16),
    _key("axi.timeout_cycles", "AxiTimeout", 1000, 0x7FFF_FFFF,
         "reset value of the bus time-out register"),
]

# What follows from the keys: name, text.
DERIVED = {
    "NumCores": "workers and the controller",
    "L1Bytes": "size of L1",
    "BankWords": "64-bit words per bank",
    "L2Bytes": "size of the outside memory",
}


class _Loader(yaml.SafeLoader):
    """Refuses a key written twice, which YAML would let the last one win."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ConfigError(f"{key}: value written twice (line {line}); allowed: once")
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(path):
    """The description as {"section.key": value}; structure only, no limits yet."""
    try:
        tree = yaml.load(path.read_text(), Loader=_Loader)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"(file): value {reason}; allowed: YAML") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"(file): value {error}; allowed: a readable file") from None
    sections = {}
    for key in KEYS:
        section, name = key.path.split(".")
        sections.setdefault(section, []).append(name)
    if not isinstance(tree, dict):
        raise ConfigError(f"(file): value {tree!r}; allowed: sections {', '.join(sections)}")
    flat = {}
    for section, content in tree.items():
        if section not in sections:
            raise ConfigError(f"{section}: value unknown section; allowed: {', '.join(sections)}")
        if not isinstance(content, dict):
            raise ConfigError(
                f"{section}: value {content!r}; allowed: keys {', '.join(sections[section])}")
        for name, value in content.items():
            if name not in sections[section]:
                raise ConfigError(
                    f"{section}.{name}: value unknown key; allowed: {', '.join(sections[section])}")
            flat[f"{section}.{name}"] = value
    return flat


def _check_keys(flat):
    for key in KEYS:
        if key.path not in flat:
            raise ConfigError(f"{key.path}: value missing; allowed: {key.allowed()}")
        value = flat[key.path]
        if isinstance(value, bool) or not isinstance(value, int) or not key.accepts(value):
            shown = f"{value:#x}" if key.is_address and type(value) is int else repr(value)
            raise ConfigError(f"{key.path}: value {shown}; allowed: {key.allowed()}")


def _check_sense(flat):
    """What several keys together must satisfy."""

    def need(condition, path, allowed, shown=None):
        if not condition:
            raise ConfigError(f"{path}: value {shown or flat[path]}; allowed: {allowed}")

    l1_bytes = flat["l1.kib"] * KIB
    need(flat["engine.ports"] <= flat["l1.banks"], "engine.ports",
         f"at most l1.banks ({flat['l1.banks']})")
    words = l1_bytes // 8 // flat["l1.banks"]
    need(words >= 64, "l1.banks", f"at most {l1_bytes // 8 // 64}, for 64 words per bank")
    sets = flat["icache.bytes"] // 64 // flat["icache.ways"]
    need(sets >= 2, "icache.ways",
         f"at most {flat['icache.bytes'] // 128}, for two sets of 64-byte lines")
    stacks = flat["cluster.workers"] * flat["stacks.worker_bytes"]
    need(stacks <= l1_bytes // 2, "stacks.worker_bytes",
         f"at most {l1_bytes // 2 // flat['cluster.workers'] // 16 * 16}, for half of L1")
    room = l1_bytes // 2 - stacks
    need(flat["stacks.controller_bytes"] <= room, "stacks.controller_bytes",
         f"at most {room}, for half of L1 with the workers' stacks")
    beats = flat["dma.burst_beats"] * 64
    need(beats <= 4096, "dma.burst_beats", "at most 64, for 4 KiB per burst")

    regions = [
        ("l1.base", flat["l1.base"], l1_bytes),
        ("registers.base", flat["registers.base"], REG_BYTES),
        ("event_unit.base", flat["event_unit.base"], EU_BYTES),
        ("l2.base", flat["l2.base"], flat["l2.mib"] * MIB),
    ]
    for path, base, size in regions:
        need(base % size == 0, path, f"a multiple of its size {size:#x}", hex(base))
        need(base + size <= 1 << 32, path, "an end within 32 bits of address", hex(base))
    ordered = sorted(regions, key=lambda region: region[1])
    for (low_path, low, size), (path, base, _) in zip(ordered, ordered[1:]):
        need(low + size <= base, path,
             f"from {low + size:#x} on, behind the region of {low_path}", hex(base))
    l2_end = flat["l2.base"] + flat["l2.mib"] * MIB
    need(flat["l2.base"] <= flat["boot.address"] < l2_end, "boot.address",
         f"an address in L2, {flat['l2.base']:#x} to {l2_end - 1:#x}", hex(flat["boot.address"]))


def constants(flat):
    """All constants as [(name, value, text, is_address)], in the order of the description."""
    _check_keys(flat)
    _check_sense(flat)
    derived = {
        "NumCores": flat["cluster.workers"] + 1,
        "L1Bytes": flat["l1.kib"] * KIB,
        "BankWords": flat["l1.kib"] * KIB // 8 // flat["l1.banks"],
        "L2Bytes": flat["l2.mib"] * MIB,
    }
    after = {"cluster.workers": ["NumCores"], "l1.kib": ["L1Bytes"], "l1.banks": ["BankWords"],
             "l2.mib": ["L2Bytes"]}
    result = []
    for key in KEYS:
        if key.name:
            result.append((key.name, flat[key.path], key.text, key.is_address))
        for name in after.get(key.path, []):
            result.append((name, derived[name], DERIVED[name], name in ("L1Bytes", "L2Bytes")))
    return result


def macro_name(name):
    """NumWorkers -> OCT_NUM_WORKERS, L1Bytes -> OCT_L1_BYTES."""
    words = ""
    for i, letter in enumerate(name):
        if letter.isupper() and i > 0:
            words += "_"
        words += letter.upper()
    return "OCT_" + words


def _note(config, comment):
    return (f"{comment} SPDX-License-Identifier: Apache-2.0\n"
            f"{comment} Generated from rtl/config/{config}.yaml by scripts/gen_config.py; do not edit.\n")


def sv_package(config, values):
    lines = [_note(config, "//"), "package oct_config_pkg;\n"]
    for name, value, text, is_address in values:
        number = f"32'h{value >> 16:04x}_{value & 0xffff:04x}" if is_address else f"{value}"
        lines.append(f"  localparam int unsigned {name:<20} = {number};  // {text}\n")
    lines.append("endpackage\n")
    return "".join(lines)


def c_header(config, values):
    lines = [_note(config, "//"), "#ifndef OCT_CONFIG_H\n#define OCT_CONFIG_H\n\n",
             f'#define OCT_CONFIG_NAME "{config}"\n']
    for name, value, text, is_address in values:
        number = f"0x{value:08x}u" if is_address else f"{value}u"
        lines.append(f"#define {macro_name(name):<26} {number:<12} // {text}\n")
    lines.append("\n#endif\n")
    # The assembler reads this file as well and knows no suffix.
    return "".join(lines).replace("u ", "  ")


def cpp_header(config, values):
    lines = [_note(config, "//"), "#pragma once\n\n#include <cstdint>\n\n",
             "namespace oct::config {\n\n", f'inline constexpr char kName[] = "{config}";\n']
    for name, value, text, is_address in values:
        number = f"0x{value:08x}" if is_address else f"{value}"
        lines.append(f"inline constexpr std::uint32_t k{name} = {number};  // {text}\n")
    lines.append("\n}  // namespace oct::config\n")
    return "".join(lines)


def linker_script(config, values):
    v = {name: value for name, value, _, _ in values}
    stacks = v["NumWorkers"] * v["WorkerStackBytes"] + v["ControllerStackBytes"]
    note = _note(config, "*").replace("* ", "", 1).replace("\n* ", "\n   ").rstrip("\n")
    return f"""/* {note} */
OUTPUT_ARCH(riscv)
ENTRY(_start)

MEMORY {{
  l2 (rwx) : ORIGIN = {v["L2Base"]:#010x}, LENGTH = {v["L2Bytes"]:#010x}
  l1 (rw)  : ORIGIN = {v["L1Base"]:#010x}, LENGTH = {v["L1Bytes"] - stacks:#010x}
}}

PHDRS {{
  code PT_LOAD FLAGS(5);
  data PT_LOAD FLAGS(6);
  tcdm PT_LOAD FLAGS(6);  /* no bytes in the file */
}}

/* Worker stacks fill the top of L1: worker i starts at __worker_stack_top - i * stride. */
__l1_base             = {v["L1Base"]:#010x};
__l1_end              = {v["L1Base"] + v["L1Bytes"]:#010x};
__worker_stack_top    = __l1_end;
__worker_stack_stride = {v["WorkerStackBytes"]};
__worker_stack_bottom = __worker_stack_top - {v["NumWorkers"]} * __worker_stack_stride;
/* The controller's lies below: in L2 every call would cost hundreds of cycles. */
__controller_stack_top    = __worker_stack_bottom;
__controller_stack_bottom = __controller_stack_top - {v["ControllerStackBytes"]};

SECTIONS {{
  . = {v["BootAddr"]:#010x};
  .text : {{
    KEEP(*(.text.start))
    *(.text .text.*)
    . = ALIGN(64);
  }} > l2 :code
  __text_end = .;

  .rodata : ALIGN(64) {{
    *(.rodata .rodata.*)
    *(.srodata .srodata.*)
  }} > l2 :code

  .data : ALIGN(64) {{
    __data_start = .;
    *(.data .data.*)
    __global_pointer$ = . + 0x800;
    *(.sdata .sdata.*)
    . = ALIGN(64);
    __data_end = .;
  }} > l2 :data

  .bss (NOLOAD) : ALIGN(64) {{
    __bss_start = .;
    *(.sbss .sbss.*)
    *(.bss .bss.*)
    *(COMMON)
    . = ALIGN(64);
    __bss_end = .;
  }} > l2 :data

  /* Large things the harness fills or reads: not cleared by the start-up code. */
  .l2 (NOLOAD) : ALIGN(64) {{
    *(.l2 .l2.*)
  }} > l2 :data

  __l2_used_end = .;

  /* Not loaded and not cleared: L1 starts with whatever it holds. */
  .l1 (NOLOAD) : ALIGN(64) {{
    __l1_start = .;
    *(.l1 .l1.*)
    . = ALIGN(64);
    __l1_free = .;
  }} > l1 :tcdm

  /DISCARD/ : {{
    *(.comment .note.* .eh_frame .eh_frame_hdr .riscv.attributes)
  }}
}}
"""


def markdown():
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->\n",
             "<!-- Generated by scripts/gen_config.py; do not edit. -->\n",
             "# Machine description\n\n",
             "Keys of `rtl/config/*.yaml` and the constants made of them: `oct_config_pkg` in RTL, "
             "`OCT_...` in C, `oct::config::k...` in C++.\n\n",
             "| key | constant | meaning | allowed |\n| --- | --- | --- | --- |\n"]
    for key in KEYS:
        name = f"`{key.name}`" if key.name else ""
        lines.append(f"| `{key.path}` | {name} | {key.text} | {key.allowed()} |\n")
    for name, text in DERIVED.items():
        lines.append(f"| derived | `{name}` | {text} | |\n")
    return "".join(lines)


def generate(path):
    """{relative path: text} for one description."""
    config = path.stem
    values = constants(load(path))
    return {
        f"rtl/pkg/generated/{config}/oct_config_pkg.sv": sv_package(config, values),
        f"sw/runtime/generated/{config}/oct_config.h": c_header(config, values),
        f"sw/runtime/generated/{config}/oct.ld": linker_script(config, values),
        f"tb/harness/generated/{config}/oct_config.hpp": cpp_header(config, values),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Generate sources from machine descriptions.")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT, help="folder to write below")
    args = parser.parse_args(arguments)
    files = {}
    for path in args.files or sorted((ROOT / "rtl/config").glob("*.yaml")):
        try:
            files.update(generate(path))
        except ConfigError as error:
            shown = path.resolve()
            shown = shown.relative_to(ROOT) if shown.is_relative_to(ROOT) else path
            print(f"{shown}: {error}", file=sys.stderr)
            return 2
    files["docs/reference/config.md"] = markdown()
    stale = 0
    for name, text in files.items():
        target = args.out / name
        if args.check:
            old = target.read_text() if target.exists() else ""
            if old != text:
                stale += 1
                sys.stdout.writelines(difflib.unified_diff(
                    old.splitlines(True), text.splitlines(True), name, "regenerated"))
        elif not target.exists() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    if stale:
        print(f"{stale} generated files differ; run scripts/gen_config.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
