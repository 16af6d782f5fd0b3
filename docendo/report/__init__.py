"""What a run came to: for a terminal, as JSON, and as one HTML page."""

from docendo.report.page import html_page, write_page
from docendo.report.terminal import terminal_report
from docendo.report.totals import summary

__all__ = ["html_page", "summary", "terminal_report", "write_page"]
