"""The one table of statuses: every word once, and everything that sorts or explains them follows it."""

from typing import get_args

import pytest

from srbench import records, statuses
from srbench.render.page.meanings import VERDICTS
from srbench.statuses import STATUSES, Status, advice


def test_the_table_has_every_status_once() -> None:
    assert [each.word for each in STATUSES] == list(get_args(Status))
    assert all(each.meaning.endswith(".") for each in STATUSES)


def test_kinds_sort_the_words() -> None:
    assert {"OOM", "CRASH", "TIMEOUT", "MISMATCH", "UNSUPPORTED"} == records.FAILURES
    assert {"DRIFTING", "THROTTLED", "CONTENDED", "SHORT", "RECOMPILED", "UNLOCKED"} == records.DISTURBED
    assert not records.FAILURES & records.DISTURBED


def test_the_page_explains_them_in_the_words_of_the_table() -> None:
    said = {term.word: term.meaning for term in VERDICTS}
    assert {each.word: each.meaning for each in STATUSES}.items() <= said.items()
    assert set(said) - set(get_args(Status)) == {"PUBLISHED"}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("TIMEOUT", "raise --timeout (now 4.5 s) or choose a smaller --gt"),
        ("OOM", "choose a smaller --gt, --lr or --batch"),
        ("VALID", ""),
        ("CRASH", ""),
    ],
)
def test_fixed_advice_is_the_tables(word: Status, said: str) -> None:
    assert advice(word, 4.5) == said
    assert statuses.DISTURBED is records.DISTURBED
