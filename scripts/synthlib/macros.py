# SPDX-License-Identifier: Apache-2.0
"""Memories as black boxes: a Verilog stub and a Liberty cell with plain access and set-up times."""
from .elaborate import SRAMS


def ports(macro):
    """[(name, width, is_input)] of a memory macro."""
    width, address = macro["width"], max(1, (macro["words"] - 1).bit_length())
    if macro["kind"] == SRAMS[0]:
        return [("clk_i", 1, True), ("req_i", 1, True), ("we_i", 1, True),
                ("addr_i", address, True), ("be_i", width // 8, True), ("wdata_i", width, True),
                ("rdata_o", width, False)]
    return [("clk_i", 1, True), ("rd_req_i", 1, True), ("rd_addr_i", address, True),
            ("rd_data_o", width, False), ("wr_req_i", 1, True), ("wr_addr_i", address, True),
            ("wr_be_i", width // 8, True), ("wr_data_i", width, True)]


def stub(name, macro):
    declared = ", ".join(
        f"{'input' if is_input else 'output'} " + (f"[{w - 1}:0] " if w > 1 else "") + port
        for port, w, is_input in ports(macro))
    return f"(* blackbox *) module {name}({declared}); endmodule\n"


def _pin(port, is_input, access, setup, indent):
    pad = " " * indent
    values = "values(\"{:g}\");".format
    if is_input and port == "clk_i":
        return f"{pad}direction : input; clock : true; capacitance : 0.005;\n"
    if is_input:
        return (f"{pad}direction : input; capacitance : 0.005;\n"
                f"{pad}timing() {{ related_pin : \"clk_i\"; timing_type : setup_rising;\n"
                f"{pad}  rise_constraint(scalar) {{ {values(setup)} }}\n"
                f"{pad}  fall_constraint(scalar) {{ {values(setup)} }} }}\n")
    return (f"{pad}direction : output; max_capacitance : 10;\n"
            f"{pad}timing() {{ related_pin : \"clk_i\"; timing_type : rising_edge;\n"
            f"{pad}  cell_rise(scalar) {{ {values(access)} }} cell_fall(scalar) {{ {values(access)} }}\n"
            f"{pad}  rise_transition(scalar) {{ {values(0.1)} }}"
            f" fall_transition(scalar) {{ {values(0.1)} }} }}\n")


def liberty(macros, access, setup):
    """A library of all macros. Times in ns."""
    widths = sorted({w for m in macros.values() for _, w, _ in ports(m) if w > 1})
    text = ("library (oct_macros) {\n  delay_model : table_lookup;\n  time_unit : \"1ns\";\n"
            "  voltage_unit : \"1V\";\n  current_unit : \"1mA\";\n  pulling_resistance_unit : \"1kohm\";\n"
            "  leakage_power_unit : \"1nW\";\n  capacitive_load_unit (1, pf);\n")
    for threshold in ("input_threshold_pct", "output_threshold_pct"):
        text += f"  {threshold}_rise : 50; {threshold}_fall : 50;\n"
    text += ("  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;\n"
             "  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;\n")
    for w in widths:
        text += (f"  type (bus{w}) {{ base_type : array; data_type : bit; bit_width : {w};"
                 f" bit_from : {w - 1}; bit_to : 0; downto : true; }}\n")
    for name, macro in sorted(macros.items()):
        text += f"  cell ({name}) {{\n    area : 0;\n"
        for port, w, is_input in ports(macro):
            if w > 1:
                text += f"    bus ({port}) {{ bus_type : bus{w};\n"
            else:
                text += f"    pin ({port}) {{\n"
            text += _pin(port, is_input, access, setup, 6) + "    }\n"
        text += "  }\n"
    return text + "}\n"
