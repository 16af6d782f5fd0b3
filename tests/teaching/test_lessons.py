from docendo.teaching.game import play_matches
from tests.teaching.toys import Known, helped
from tests.toys import (
    ANN,
    BOB,
    BY_THE_BOOK,
    CAT,
    classroom,
    match,
    said,
)

THREE = [match(ANN, BOB), match(ANN, CAT), match(CAT, BOB)]


def test_lessons_are_written_by_agents_and_never_copied_from_the_source() -> None:
    room = classroom(helped)
    play_matches(room, 0, THREE, Known(), seed=1)
    assert not any(BY_THE_BOOK in said(r) for r in room.engine.requests)
