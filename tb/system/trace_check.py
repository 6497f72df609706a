#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`octant sim --trace` on a real machine: a file comes out, it holds the instances and the cycles
that were asked for and nothing else, and what cannot be recorded is refused in words.

  trace_check.py path/to/octant path/to/hello.elf tiny
"""
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

OCTANT, PROGRAM, CONFIG = sys.argv[1:4]
NS_PER_CYCLE = 10


class Vcd:
    """Scopes (name -> kind), signals per scope, and the times at which anything is written."""

    def __init__(self, path):
        self.scopes, self.signals, self.times = {}, {}, []
        path_now = []
        for line in pathlib.Path(path).read_text().splitlines():
            word = line.split()
            if line.startswith("$scope"):
                path_now.append(word[2])
                self.scopes[".".join(path_now)] = word[1]
            elif line.startswith("$upscope"):
                path_now.pop()
            elif line.startswith("$var"):
                self.signals.setdefault(".".join(path_now), []).append(word[4])
            elif line.startswith("#"):
                self.times.append(int(line[1:]))

    def instances(self):
        """Instances below oct_top that have signals, their own or in structures."""
        found = set()
        for scope in self.signals:
            while self.scopes[scope] == "struct":
                scope = scope.rpartition(".")[0]
            found.add(scope.removeprefix("TOP.oct_top.") if scope != "TOP.oct_top" else "")
        return found


class Trace(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_octant(self, name, *options):
        """Exit code, text and the file's path."""
        path = pathlib.Path(self.folder.name) / name
        done = subprocess.run([OCTANT, "sim", PROGRAM, "--config", CONFIG, "--fast-load", "--trace",
                               str(path), *options], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300, check=False)
        return done.returncode, done.stdout.decode(), path

    def vcd(self, *options):
        code, text, path = self.run_octant("waves.vcd", "--from", "600", "--to", "700", *options)
        self.assertEqual(code, 0, text)
        self.assertEqual([p.name for p in path.parent.iterdir()], ["waves.vcd"])
        return Vcd(path)

    def test_everything_in_the_window(self):
        waves = self.vcd()
        for scope in ("TOP.oct_top", "TOP.oct_top.u_cluster", "TOP.oct_top.u_cluster.u_dma"):
            self.assertIn(scope, waves.scopes)
        self.assertIn("clk_i", waves.signals["TOP.oct_top"])
        self.assertGreater(sum(map(len, waves.signals.values())), 5000)
        self.assertGreaterEqual(min(waves.times), 600 * NS_PER_CYCLE)
        self.assertLessEqual(max(waves.times), 700 * NS_PER_CYCLE)
        self.assertGreaterEqual(len(set(waves.times)), 200)  # both edges of the clock

    def test_scope_and_what_is_below(self):
        waves = self.vcd("--scope", "u_cluster.u_dma")
        inside = waves.instances()
        self.assertIn("u_cluster.u_dma", inside)
        self.assertIn("u_cluster.u_dma.u_in", inside)
        outside = [i for i in inside if i != "u_cluster.u_dma"
                   and not i.startswith("u_cluster.u_dma.")]
        self.assertEqual(outside, [])

    def test_depth_counts_instances_not_structures(self):
        whole = self.vcd("--scope", "u_cluster.u_dma")
        one = self.vcd("--scope", "u_cluster.u_dma", "--depth", "1")
        self.assertEqual(one.instances(), {"u_cluster.u_dma"})
        here = "TOP.oct_top.u_cluster.u_dma"
        self.assertEqual(one.signals[here], whole.signals[here])
        self.assertIn(here + ".axi_rd_o.ar", one.signals)  # a structure is part of its instance
        members = self.vcd("--scope", "u_cluster.u_dma.axi_rd_o.ar")
        self.assertEqual(list(members.signals), [here + ".axi_rd_o.ar"])
        self.assertIn("addr", members.signals[here + ".axi_rd_o.ar"])
        two = self.vcd("--scope", "u_cluster.u_dma", "--depth", "2").instances()
        self.assertIn("u_cluster.u_dma.u_in", two)
        self.assertEqual({i for i in two if i.count(".") > 2}, set())
        self.assertEqual(self.vcd("--depth", "1").instances(), {""})

    def test_index_and_several_scopes(self):
        waves = self.vcd("--scope", "u_cluster.u_cores.gen_core[*].u_tile", "--scope",
                         "u_cluster.u_dma", "--depth", "1")
        tiles = {i for i in waves.instances() if i.endswith(".u_tile")}
        self.assertEqual(len(tiles), 3)  # tiny: two workers and the controller
        self.assertEqual(waves.instances() - tiles, {"u_cluster.u_dma"})

    def test_saif_counts_what_the_vcd_shows(self):
        """Times at 1 and changes of every bit of an instance, counted again in the VCD."""
        # Flip-flops without a reset start from random values: both runs need the same ones.
        seed = str(random.getrandbits(32))
        print("seed", seed)
        window = ["--from", "600", "--to", "700", "--scope", "u_cluster.u_dma", "--seed", seed]
        code, text, path = self.run_octant("waves.vcd", *window)
        self.assertEqual(code, 0, text)
        names, here, now, last, start = {}, [], 0, {}, None
        one, changes = {}, {}
        for line in path.read_text().splitlines():
            word = line.split()
            if line.startswith("$scope"):
                here.append(word[2])
            elif line.startswith("$upscope"):
                here.pop()
            elif line.startswith("$var"):
                names.setdefault(word[3], []).append("/".join(here) + "/" + "".join(word[4:-1]))
                last[word[3]] = None
            elif line.startswith("#"):
                now = int(line[1:])
                start = now if start is None else start
            elif line[:1] in "01b" and line:
                code_, bits = (word[1], word[0][1:]) if line[0] == "b" else (line[1:], line[0])
                old = last.get(code_)
                if old is not None:
                    bits = bits.rjust(len(old[0]), "0")
                    for i, (a, b) in enumerate(zip(old[0], bits)):
                        one[code_][i] += (now - old[1]) * (a == "1")
                        changes[code_][i] += a != b
                else:
                    one[code_], changes[code_] = [0] * len(bits), [0] * len(bits)
                last[code_] = (bits, now)
        code, text, path = self.run_octant("waves.saif", *window)
        self.assertEqual(code, 0, text)
        self.assertEqual([p.name for p in path.parent.iterdir() if "saif" in p.name], ["waves.saif"])
        saif, here = {}, []
        for line in path.read_text().replace("\\", "").splitlines():
            word = line.replace("(", " ").replace(")", " ").split()
            if word[:1] == ["INSTANCE"]:
                here.append(word[1])
            elif "(TC" in line:
                saif["/".join(here) + "/" + word[0]] = (int(word[4]), int(word[8]))
            elif line.strip() == ")" and line.startswith("  ") and not line.startswith(" " * (2 * len(here) + 2)):
                here.pop()
        compared = changed = 0
        for code_, old in last.items():
            if old is None or len(old[0]) != 1:
                continue
            for name in names[code_]:
                if "[" in name.rsplit("/", 1)[1]:
                    continue
                self.assertEqual(saif[name][1], changes[code_][0], name)
                self.assertLessEqual(abs(saif[name][0] - one[code_][0] - (700 * NS_PER_CYCLE - old[1])
                                         * (old[0] == "1")), NS_PER_CYCLE, name)
                compared += 1
                changed += changes[code_][0] > 0
        self.assertGreater(compared, 100)
        self.assertGreater(changed, 5)

    def test_fst(self):
        code, text, path = self.run_octant("waves.fst", "--from", "600", "--to", "700", "--scope",
                                           "u_cluster.u_dma")
        self.assertEqual(code, 0, text)
        self.assertGreater(path.stat().st_size, 500)
        self.assertEqual(path.read_bytes()[0], 0)  # FST_BL_HDR
        self.assertEqual([p.name for p in path.parent.iterdir()], ["waves.fst"])

    def refused(self, *options, words):
        code, text, path = self.run_octant("waves.vcd", *options)
        self.assertEqual(code, 2, text)
        self.assertEqual(len(text.strip().splitlines()), 1, text)
        for word in words:
            self.assertRegex(text, word)
        self.assertEqual(list(path.parent.iterdir()), [])

    def test_names_that_do_not_exist(self):
        self.refused("--scope", "nonsense",
                     words=["--scope nonsense: no such instance", "in oct_top there are: .*u_cluster"])
        self.refused("--scope", "u_cluster.u_dna", words=["in u_cluster there are:.* u_dma[,\n]"])
        self.refused("--scope", "u_cluster.u_cores.gen_core[9].u_tile",
                     words=[r"in u_cluster.u_cores there are:.*gen_core\[0\]"])
        self.refused("--scope", "u_cluster.u_dma", "--scope", "u_rest", words=["--scope u_rest: no"])
        self.refused("--from", "7", "--to", "7", words=["--to must be later than --from"])

    def test_a_window_that_is_never_reached(self):
        stale = pathlib.Path(self.folder.name) / "waves.vcd"
        stale.write_text("of an earlier run")
        code, text, path = self.run_octant("waves.vcd", "--from", "90000000")
        self.assertEqual(code, 0)
        self.assertRegex(text, "nothing recorded, the run ended before cycle 90000000")
        self.assertFalse(path.exists())

    def test_a_run_that_fails_leaves_its_waves(self):
        code, text, path = self.run_octant("waves.vcd", "--max-cycles", "400", "--depth", "1")
        self.assertEqual(code, 3, text)
        self.assertTrue(re.search("not finished after 400 cycles", text))
        self.assertGreater(len(Vcd(path).times), 400)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
