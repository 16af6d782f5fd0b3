"""``python -m docendo``."""

from docendo.cli import main

main()
