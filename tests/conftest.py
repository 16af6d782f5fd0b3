"""Toy models are too small to share among threads, which would mostly wait for each other. No test is timed."""

import os

from hypothesis import settings

from docendo.engines.local.process import prepare_process

os.environ.setdefault("OMP_NUM_THREADS", "1")
prepare_process()
settings.register_profile("docendo", deadline=None)
settings.load_profile("docendo")
