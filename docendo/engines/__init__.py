"""Engines: what samples and trains."""
