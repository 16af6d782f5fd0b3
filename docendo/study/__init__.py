"""A comparison of ways to train at equal compute: regimes x arms x seeds, what was measured and what it says."""
