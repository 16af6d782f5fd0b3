"""Tests of programs: assertions, read and taken apart."""
