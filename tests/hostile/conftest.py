from tests.serving.conftest import engine, server

__all__ = ["engine", "server"]
