"""``python -m custprof.datasets [FOLDER]`` simulates the demo company again, byte for byte (into data/demo, or into another folder)."""

from __future__ import annotations

import sys

from custprof.datasets.company import simulate_company
from custprof.datasets.shipped import shipped

if __name__ == "__main__":
    simulate_company(2000, random_state=0, out=sys.argv[1] if len(sys.argv) > 1 else shipped("data") / "demo")
