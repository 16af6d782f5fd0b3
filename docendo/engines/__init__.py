"""Engines: what samples and trains.

Set before PyTorch starts. It keeps what it prepared for each shape of a product, with room to work in; by default a
thousand shapes for each thread. Shapes of answers hardly ever come again, and within hours that was gigabytes. What
oneDNN translates for a shape is a third of a megabyte, and it keeps a thousand too. With 256 a batch of 64 rows finds
all that it needs again while it shrinks.
Threads sleep while they wait for each other. By default they spin, and where another program wants one of the cores
every small operation waits for a whole time slice: a tenth of the speed.
"""

import os

from docendo.engines.local.memory import keep_memory

os.environ.setdefault("LRU_CACHE_CAPACITY", "32")
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
keep_memory()
