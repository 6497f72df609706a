#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""report.html of a run in a headless browser: no error in the console, every picture drawn.

usage: browser_test.py OCTANT [--screenshot FILE.png]

The page is shown with a probe in front (which keeps errors) and one behind (which measures the
pictures). The same checks must notice a page that is damaged on purpose.
"""
import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
DIGITS = "sw/models/digits"
PICTURES = ["Where the cycles went", "Roofline", "L1 over time", "Accuracy against float"]
ERRORS = """<script>window.errors = [];
window.addEventListener("error", e => errors.push(String(e.message)));
console.error = (...words) => errors.push(words.join(" "));</script>"""
MEASURE = """<script>
const pictures = [...document.querySelectorAll("section")].map(s => {
  const svg = s.querySelector("svg"), box = svg && svg.getBoundingClientRect();
  const marks = svg ? [...svg.querySelectorAll("rect, circle, polyline")].filter(m => {
    const b = m.getBoundingClientRect(); return b.width > 0 && b.height > 0; }).length : 0;
  return {title: s.querySelector("h2").textContent, width: box ? box.width : 0,
          height: box ? box.height : 0, marks};
});
const told = document.createElement("pre");
told.id = "probe";
told.textContent = JSON.stringify({errors, pictures, rows: document.querySelectorAll("tbody tr").length});
document.body.append(told);
</script>"""


def browser():
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    sys.exit("browser_test.py: no Chromium here; `make setup` installs chromium-headless-shell")


def show(page, *options):
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               "--hide-scrollbars", "--virtual-time-budget=5000", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode()


def problems(text, folder):
    """What a reader of the page would miss; none if all is well."""
    probed = text.replace("<head>", "<head>" + ERRORS, 1).replace("</body>", MEASURE + "</body>", 1)
    assert probed.count("<script>") == text.count("<script>") + 2, "the page has no head or body"
    page = folder / "probed.html"
    page.write_text(probed)
    dom = show(page, "--dump-dom")
    told = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.S)
    if not told:
        return ["the page's scripts did not come to their end"]
    said = json.loads(html.unescape(told.group(1)))
    found = [f"console: {e}" for e in said["errors"]]
    drawn = {p["title"]: p for p in said["pictures"]}
    for title in PICTURES:
        p = drawn.get(title)
        if not p or p["width"] < 100 or p["height"] < 20 or p["marks"] < 1:
            found.append(f"'{title}' is not drawn: {p}")
    if said["rows"] < 5:
        found.append(f"{said['rows']} rows in all tables")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("octant")
    parser.add_argument("--screenshot")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([pathlib.Path(args.octant).resolve(), "run", f"{DIGITS}/digits.onnx", "--inputs",
                        f"{DIGITS}/images.npz", "--calibrate", f"{DIGITS}/calibration.npz", "--report", folder],
                       check=True, cwd=ROOT)
        text = (folder / "report.html").read_text()
        found = problems(text, folder)
        if args.screenshot:
            show(folder / "report.html", "--window-size=1100,1900", f"--screenshot={args.screenshot}")
        assert not found, "report.html: " + "; ".join(found)
        for what, damaged in {
                "a script that fails": text.replace("function roofline(r) {", "function roofline(r) { nothing();"),
                "a picture that is left out": text.replace("occupancy(r), ", ""),
        }.items():
            assert damaged != text, f"{what}: the page no longer has the place"
            assert problems(damaged, folder), f"not noticed: {what}"
    print(f"report.html: {len(PICTURES)} pictures drawn, no error in the console")


if __name__ == "__main__":
    main()
