"""The population behind an OpenAI-compatible HTTP API."""
