# SPDX-License-Identifier: Apache-2.0
"""Tables of results."""


def _kilo(value):
    return f"{value:.1f}"


def progress(result, fpga):
    """One line as soon as a block is done."""
    if "error" in result:
        return f"{result['block']}: FAILED: {result['error']}"
    how = "unchanged" if result["cached"] else f"{result['seconds']:.0f} s"
    if fpga:
        return f"{result['block']}: {result['lut']} LUT, {result['ff']} FF ({how})"
    worst = result["timing"].get("all", {}).get("ns")
    return f"{result['block']}: {_kilo(result['kge'])} kGE, {worst} ns ({how})"


def _format(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for n, row in enumerate(rows):
        lines.append("  ".join(
            cell.ljust(w) if i in (0, len(row) - 1) else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
        if n == 0:
            lines.append("  ".join("-" * w for w in widths))
    return "\n".join(lines)


def total_kge(result, results):
    """Area of a block with everything inside it."""
    return result["kge"] + sum(n * total_kge(results[box], results)
                               for box, n in result["boxes"].items())


def table(results, period):
    by_name = {r["block"]: r for r in results}
    groups = ("register to register", "input to register", "register to output", "input to output")
    rows = [["block", "kGE", "with boxes", "flip-flops", "memory KiB", "ns", "reg-reg", "in-reg",
             "reg-out", "in-out", "slack", "limit", "critical path"]]
    for r in results:
        timing = r["timing"]
        worst = timing.get("all", {})
        rows.append([
            r["block"], _kilo(r["kge"]), _kilo(total_kge(r, by_name)) if r["boxes"] else "",
            str(r["flip_flops"]), _kilo(r["memory_bits"] / 8192) if r["memory_bits"] else "",
            f"{worst['ns']:.2f}" if worst else "-",
            *(f"{timing[g]['ns']:.2f}" if g in timing else "-" for g in groups),
            f"{worst['slack']:+.2f}" if worst else "-",
            ("met" if worst["slack"] >= 0 else "NOT MET") if worst else "-",
            f"{worst['start']} -> {worst['end']}" if worst else ""])
        named = [g for g in timing if g not in ("all", *groups)]
        for name in named:
            path = timing[name]
            rows.append(["  " + name, *[""] * 4, f"{path['ns']:.2f}", *[""] * 4,
                         f"{path['slack']:+.2f}", "met" if path["slack"] >= 0 else "NOT MET",
                         f"{path['start']} -> {path['end']}"])
    latches = [r["block"] for r in results if r["latches"]]
    note = f"\nLATCHES in: {', '.join(latches)}" if latches else ""
    return (_format(rows) + f"\n\nLibrary {results[0]['library'] if results else '-'}, period "
            f"{period} ns; before layout: no wires, ideal clock, fan-out buffered." + note)


def fpga_table(results):
    kinds = ("lut", "ff", "dsp", "bram", "lutram")
    by_name = {r["block"]: r for r in results}

    def total(result, kind):
        return result[kind] + sum(n * total(by_name[box], kind) for box, n in result["boxes"].items())

    rows = [["block", "LUT", "FF", "DSP", "block RAM", "LUT RAM", "family"]]
    for r in results:
        rows.append([r["block"], *(str(r[k]) for k in kinds), r["family"]])
        if r["boxes"]:
            rows.append(["  with boxes", *(str(total(r, k)) for k in kinds), ""])
    return _format(rows)
