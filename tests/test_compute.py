from docendo.compute import Ledger, within
from docendo.records import Usage
from tests.toys import ANN, BOB

WORK = [
    Usage(BOB, "lesson", 10, 1e6),
    Usage(ANN, "policy", 5, 3e6),
    Usage(BOB, "lesson", 7, 2e6),
    Usage(ANN, "evaluation", 100, 8e6),
    Usage(BOB, "discarded", 17, 0.0),
]


def test_the_ledger_sums_by_agent_and_purpose() -> None:
    ledger = Ledger()
    ledger.book(WORK)
    assert ledger.rows() == [
        Usage(ANN, "evaluation", 100, 8e6),
        Usage(ANN, "policy", 5, 3e6),
        Usage(BOB, "discarded", 17, 0.0),
        Usage(BOB, "lesson", 17, 3e6),
    ]


def test_adding_usage_returns_only_what_is_new() -> None:
    ledger = Ledger()
    ledger.book(WORK)
    assert ledger.book([Usage(BOB, "lesson", 1, 1e6), Usage(BOB, "lesson", 2, 1e6)]) == [
        Usage(BOB, "lesson", 3, 2e6)
    ]
    assert Usage(BOB, "lesson", 20, 5e6) in ledger.rows()
    assert ledger.book([]) == []


def test_evaluation_is_counted_separately() -> None:
    ledger = Ledger()
    ledger.book(WORK)
    assert ledger.flops() == 6e6
    assert ledger.flops(without=()) == 14e6
    assert Ledger().flops() == 0


def test_the_step_that_crosses_the_budget_is_kept_and_the_next_one_never_starts() -> None:
    ledger, started = Ledger(), list[int]()

    def rounds():
        for index in range(10):
            started.append(index)
            ledger.book([Usage(ANN, "lesson", 1, 4e6)])
            yield index

    assert list(within(10e6, ledger.flops, rounds())) == [0, 1, 2]
    assert started == [0, 1, 2]


def test_a_budget_that_is_met_exactly_is_spent() -> None:
    spent = [0.0]

    def steps():
        for index in range(10):
            spent[0] += 2.0
            yield index

    assert list(within(4.0, lambda: spent[0], steps())) == [0, 1]


def test_a_stage_may_end_before_its_budget() -> None:
    assert list(within(1.0, lambda: 0.0, range(3))) == [0, 1, 2]
