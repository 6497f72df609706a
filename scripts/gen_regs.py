#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn rtl/periph/oct_regs.rdl into RTL, C header and reference page, with PeakRDL.

    scripts/gen_regs.py            write every generated file
    scripts/gen_regs.py --check    write nothing, fail if a committed file differs
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

from systemrdl import RDLCompiler
from systemrdl.node import FieldNode, MemNode, RegNode

ROOT = pathlib.Path(__file__).resolve().parent.parent
RDL = ROOT / "rtl/periph/oct_regs.rdl"
RTL = "rtl/periph/generated"
HEADER = "sw/runtime/generated/oct_regs.h"
PAGE = "docs/reference/registers.md"
NOTE = "Generated from rtl/periph/oct_regs.rdl by scripts/gen_regs.py; do not edit."


def regblock(folder):
    """The two SystemVerilog files, as PeakRDL writes them under our licence line."""
    peakrdl = pathlib.Path(sys.executable).with_name("peakrdl")
    subprocess.run(
        [peakrdl, "regblock", str(RDL), "-o", str(folder), "--cpuif", "passthrough",
         "--module-name", "oct_regs", "--package-name", "oct_regs_pkg", "--addr-width", "16",
         "--default-reset", "arst_n", "--err-if-bad-addr", "--err-if-bad-rw"],
        check=True)
    files = {}
    for name in ("oct_regs_pkg.sv", "oct_regs.sv"):
        text = re.sub(r"[ \t]+$", "", (folder / name).read_text(), flags=re.M)
        files[f"{RTL}/{name}"] = f"// SPDX-License-Identifier: Apache-2.0\n// {NOTE}\n{text}"
    return files


def registers(node, path=()):
    """(path, offset, dimensions [(count, stride)], node) of every register and memory, in order."""
    for child in node.children(unroll=False):
        if isinstance(child, FieldNode):
            continue
        dims = []
        if child.is_array:
            dims = [(child.array_dimensions[0], child.array_stride)]
        here = path + ((child.inst_name, child.raw_address_offset, dims),)
        if isinstance(child, (RegNode, MemNode)):
            yield here, child
        else:
            yield from registers(child, here)


def flatten(here):
    name = "_".join(p[0] for p in here).replace("QUEUES_", "").replace("TIMER_", "").replace("PERF_", "")
    return name, sum(p[1] for p in here), [d for p in here for d in p[2]]


def access(node):
    if isinstance(node, MemNode):
        return "rw"
    return "".join(("r" if node.has_sw_readable else "", "w" if node.has_sw_writable else ""))


def header(top):
    lines = ["/* SPDX-License-Identifier: Apache-2.0", f"   {NOTE}",
             "   Offsets from OCT_REG_BASE; field masks. For C and assembler. */",
             "#ifndef OCT_REGS_H", "#define OCT_REGS_H", ""]
    for here, node in registers(top):
        name, offset, dims = flatten(here)
        if dims:
            variables = "ij"[:len(dims)]
            terms = "".join(f" + 0x{stride:x} * ({v})" for v, (_, stride) in zip(variables, dims))
            lines.append(f"#define OCT_REG_{name}({', '.join(variables)}) (0x{offset:04x}{terms})")
        else:
            lines.append(f"#define OCT_REG_{name} 0x{offset:04x}")
        if isinstance(node, MemNode):
            continue
        fields = list(node.fields())
        if len(fields) > 1:
            for field in fields:
                mask = ((1 << field.width) - 1) << field.low
                full = f"OCT_{name}_{field.inst_name.upper()}"
                lines.append(f"#define {full} 0x{mask:08x}")
                if field.width > 1:
                    lines.append(f"#define {full}_SHIFT {field.low}")
    return "\n".join(lines + ["", "#endif", ""])


def page(top):
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", f"<!-- {NOTE} -->", "# Registers", "",
             "Offsets from the register region (`0x2000_0000` for cores, `0x00_0000` on the AXI4-Lite port). "
             "Whole words only; what is not listed answers with an error.", "",
             "| offset | register | access | reset | what |", "| --- | --- | --- | --- | --- |"]
    for here, node in registers(top):
        name, offset, dims = flatten(here)
        place = f"0x{offset:04x}" + "".join(
            f" + 0x{stride:x} {v}" for v, (_, stride) in zip("ij", dims))
        if dims:
            name += "".join(f"[{v} < {count}]" for v, (count, _) in zip("ij", dims))
        text = node.get_property("name")
        if node.get_property("desc"):
            text += ". " + node.get_property("desc")
        reset = ""
        if isinstance(node, RegNode):
            fields = list(node.fields())
            value = sum((f.get_property("reset") or 0) << f.low for f in fields)
            # What hardware may write has the value that its description tells.
            if (any(f.get_property("reset") is not None for f in fields)
                    and not any(f.get_property("we") for f in fields)):
                reset = f"0x{value:x}"
            if len(fields) > 1:
                parts = []
                for f in fields:
                    bits = f"[{f.low}]" if f.width == 1 else f"[{f.high}:{f.low}]"
                    desc = f.get_property("desc")
                    parts.append(f"`{bits}` {f.inst_name}" + (f": {desc}" if desc else ""))
                text += "<br>" + "<br>".join(parts)
        lines.append(f"| {place} | `{name}` | {access(node)} | {reset} | {text} |")
    return "\n".join(lines + [""])


def generate():
    compiler = RDLCompiler()
    compiler.compile_file(str(RDL))
    top = compiler.elaborate().top
    with tempfile.TemporaryDirectory() as folder:
        files = regblock(pathlib.Path(folder))
    files[HEADER] = header(top)
    files[PAGE] = page(top)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    args = parser.parse_args()
    stale = []
    for name, text in generate().items():
        path = ROOT / name
        if args.check:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in stale:
        print(f"{name}: differs from what {RDL.name} says; run scripts/gen_regs.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
