"""Seconds for 1,000 problems of every family and level; the slowest comes last.  python benchmarks/problems.py

Without the words of `docendo.problems.procedures`, some of which have fewer at their lowest level.
"""

import time

from docendo.problems.procedures import PROCEDURES
from docendo.problems.registry import built_in_domains

if __name__ == "__main__":
    found = []
    for domain in (d for d in built_in_domains() if d not in PROCEDURES):
        source = built_in_domains()[domain]
        for family, levels in source.levels.items():
            for level in levels:
                start = time.perf_counter()
                source.draw(family, level, 1000, 0, "train")
                found.append(
                    (time.perf_counter() - start, f"{domain}/{family} level {level}")
                )
    for seconds, name in sorted(found):
        print(f"{seconds:6.3f} s  {name}")
