# SPDX-License-Identifier: Apache-2.0
"""What scripts/gen_config.py accepts, writes and refuses."""
import contextlib
import io
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import gen_config  # noqa: E402

OCTANT = (ROOT / "rtl/config/octant.yaml").read_text()


def run(text):
    """Exit status, standard error and the files written for a description."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "some.yaml"
        path.write_text(text)
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            status = gen_config.main([str(path), "--out", folder])
        files = {str(p.relative_to(folder)): p.read_text()
                 for p in pathlib.Path(folder).rglob("*") if p.is_file() and p != path}
        return status, errors.getvalue(), files


def edit(pattern, replacement, text=OCTANT):
    result, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1, pattern
    return result


class Accepts(unittest.TestCase):
    def test_every_committed_description(self):
        for path in (ROOT / "rtl/config").glob("*.yaml"):
            status, errors, files = run(path.read_text())
            self.assertEqual((status, errors), (0, ""), path)
            self.assertEqual(len(files), 5)

    def test_constants_reach_every_language(self):
        _, _, files = run(edit("workers: 8", "workers: 6"))
        some = {name.split("/")[-1]: text for name, text in files.items()}
        self.assertRegex(some["oct_config_pkg.sv"], r"int unsigned NumWorkers +=\s+6;")
        self.assertRegex(some["oct_config_pkg.sv"], r"int unsigned NumCores +=\s+7;")
        self.assertRegex(some["oct_config_pkg.sv"], r"int unsigned BankWords +=\s+512;")
        self.assertRegex(some["oct_config.h"], r"#define OCT_NUM_CORES +7\b")
        self.assertRegex(some["oct_config.h"], r"#define OCT_L2_BASE +0x80000000\b")
        self.assertIn("kNumCores = 7;", some["oct_config.hpp"])
        self.assertIn("__worker_stack_bottom = __worker_stack_top - 6 *", some["oct.ld"])


class Refuses(unittest.TestCase):
    # (what to change in octant.yaml, into what, what the message must contain)
    CASES = [
        ("workers: 8", "workers: 0", r"cluster\.workers: value 0; allowed: an integer from 1 to 15"),
        ("workers: 8", "workers: 16", r"cluster\.workers: value 16;"),
        ("workers: 8", "workers: eight", r"cluster\.workers: value 'eight';"),
        ("workers: 8", "workers: 8.0", r"cluster\.workers: value 8\.0;"),
        ("workers: 8", "workers: true", r"cluster\.workers: value True;"),
        ("workers: 8", "workers:", r"cluster\.workers: value None;"),
        ("workers: 8", "worker: 8", r"cluster\.worker: value unknown key; allowed: workers"),
        ("  workers: 8\n", "", r"cluster\.workers: value missing;"),
        ("workers: 8", "workers: 8\n  workers: 8", r"workers: value written twice"),
        ("cluster:\n", "clutser:\n", r"clutser: value unknown section; allowed: cluster, l1"),
        (r"axi:\n.*\n", "axi: 5\n", r"axi: value 5; allowed: keys timeout_cycles"),
        ("banks: 32", "banks: 24", r"l1\.banks: value 24; allowed: a power of two"),
        ("banks: 32", "banks: 128", r"l1\.banks: value 128;"),
        ("kib: 128", "kib: 100", r"l1\.kib: value 100; allowed: a power of two"),
        ("kib: 128\n  banks: 32", "kib: 16\n  banks: 64", r"l1\.banks: value 64; allowed: at most 32"),
        ("ports: 16", "ports: 64", r"engine\.ports: value 64; allowed: at most l1\.banks \(32\)"),
        ("macs: 1024", "macs: 1000", r"engine\.macs: value 1000;"),
        ("burst_beats: 16", "burst_beats: 128", r"dma\.burst_beats: value 128;"),
        ("ways: 4", "ways: 3", r"icache\.ways: value 3;"),
        ("base: 0x10000000", "base: 0x10010000", r"l1\.base: value 0x10010000; allowed: a multiple"),
        ("base: 0x20000000", "base: 0x10000000", r"registers\.base: value 0x10000000; allowed: from 0x\w+ on, behind"),
        ("base: 0x80000000", "base: 0x81000000", r"l2\.base: value 0x81000000; allowed: a multiple of"),
        ("address: 0x80000000", "address: 0x70000000", r"boot\.address: value 0x70000000; allowed: an"),
        ("address: 0x80000000", "address: 0x80000004", r"boot\.address: value 0x80000004; allowed: a m"),
        ("address: 0x80000000", "address: -64", r"boot\.address: value -0x40;"),
        ("worker_bytes: 1024", "worker_bytes: 1000", r"stacks\.worker_bytes: value 1000;"),
        ("worker_bytes: 1024", "worker_bytes: 65536", r"stacks\.worker_bytes: value 65536; allowed: at"),
        ("timeout_cycles: 100000", "timeout_cycles: 1", r"axi\.timeout_cycles: value 1;"),
        ("(?s).*", "", r"\(file\): value None; allowed: sections cluster"),
        ("(?s).*", "a: [", r"\(file\): value .*; allowed: YAML"),
        ("(?s).*", "- 1", r"\(file\): value \[1\]; allowed: sections"),
    ]

    def test_each_mistake_in_one_line(self):
        for pattern, replacement, message in self.CASES:
            with self.subTest(pattern=pattern, replacement=replacement):
                status, errors, files = run(edit(pattern, replacement))
                self.assertEqual(status, 2)
                self.assertEqual(errors.count("\n"), 1, errors)
                self.assertRegex(errors, r"^.*some\.yaml: " + message)
                self.assertEqual(files, {})

    def test_missing_file(self):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            status = gen_config.main(["no/such.yaml"])
        self.assertEqual(status, 2)
        self.assertIn("no/such.yaml: (file): value", errors.getvalue())


class Check(unittest.TestCase):
    def test_a_stale_file_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(gen_config.main(["--out", folder]), 0)
            self.assertEqual(gen_config.main(["--check", "--out", folder]), 0)
            stale = pathlib.Path(folder) / "sw/runtime/generated/tiny/oct.ld"
            stale.write_text(stale.read_text().replace("ENTRY", "ENTRI"))
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                self.assertEqual(gen_config.main(["--check", "--out", folder]), 1)
            self.assertIn("-ENTRI(_start)", output.getvalue())
            self.assertIn("1 generated files differ", output.getvalue())


if __name__ == "__main__":
    unittest.main()
