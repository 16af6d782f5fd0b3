"""Toy models are too small to share among threads, which would mostly wait for each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
