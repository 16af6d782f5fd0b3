"""What a run came to: for a terminal, as JSON, and as one HTML page."""

from docendo.report.facts.summary import summary
from docendo.report.run_page import html_page, write_page
from docendo.report.terminal import terminal_report

__all__ = ["html_page", "summary", "terminal_report", "write_page"]
