"""Seconds for 1,000 problems of every family and level; the slowest comes last.  python benchmarks/problems.py"""

import time

from docendo.build import PROCEDURAL

if __name__ == "__main__":
    found = []
    for domain, source in PROCEDURAL.items():
        for family, levels in source.levels.items():
            for level in levels:
                start = time.perf_counter()
                source.draw(family, level, 1000, 0, "train")
                found.append((time.perf_counter() - start, f"{domain}/{family} level {level}"))
    for seconds, name in sorted(found):
        print(f"{seconds:6.3f} s  {name}")
