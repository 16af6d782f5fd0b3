"""Engines: what samples and trains.

Set before PyTorch starts its threads: they sleep while they wait for each other. By default they spin, and where
another program wants one of the cores every small operation waits for a whole time slice: a tenth of the speed.
"""

import os

from docendo.engines.memory import keep_memory

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
keep_memory()
