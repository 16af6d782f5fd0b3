"""Every registered part exists where the registry says, with settings of its own."""

import pytest

from docendo.parts import PartConfig, load_part_class
from docendo.registry import PARTS

REGISTERED = [(kind, name) for kind in PARTS for name in PARTS[kind]]


@pytest.mark.parametrize(("kind", "name"), REGISTERED)
def test_a_registered_part_has_a_config_with_a_docstring(kind: str, name: str) -> None:
    part_class = load_part_class(kind, name)
    assert issubclass(part_class, PartConfig)
    assert part_class.__doc__
    assert part_class.build is not PartConfig.build
