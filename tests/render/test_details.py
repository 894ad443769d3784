"""What lies behind a runtime and a peak."""

from srbench.records import Latency, Memory
from srbench.render.details import samples_text
from tests.builders import MIB, make_case, make_latency, make_record, make_visit


def row_of(text: str, name: str, table: int) -> list[str]:
    return [line.split() for line in text.splitlines() if line.startswith(name)][table]


def test_processes_spread_and_percentiles() -> None:
    # Quartiles of 1..101 ms are 26, 51 and 76 ms: 50 / 51 = 98.0 %; of 101 samples p90 is 91 ms, p95 needs 130.
    record = make_record(latency=make_latency(range(1, 102)))
    cells = row_of(samples_text([record]), "bsrn x4", 0)
    assert cells[2:] == ["900.0", "51.0", "98.0", "91.0", "-", "-", "-"]


def test_few_samples_have_neither() -> None:
    record = make_record(latency=make_latency([100, 110], [120, 140]))
    text = samples_text([record])
    assert row_of(text, "bsrn x4", 0)[2:] == ["900.0", "105.0", "130.0", "-", "-", "-", "-", "-"]
    assert "fewer samples than bound it (64, 130, 662)" in text


def test_page_faults_of_all_processes() -> None:
    visits = (make_visit(1, 1, faults=(10, 20)), make_visit(1, faults=(1200,), round=1))
    record = make_record(latency=Latency(visits=visits))
    assert row_of(samples_text([record]), "bsrn x4", 0)[-1] == "410"


def test_parts_of_the_memory() -> None:
    sizes = {"weights_bytes": 2 * MIB, "input_bytes": MIB, "peak_bytes": 10 * MIB, "cold_bytes": 12 * MIB}
    record = make_record(memory=Memory(**sizes, process_bytes=None, method="test"))
    assert row_of(samples_text([record]), "bsrn x4", 1)[2:] == ["2.0", "1.0", "7.0", "12.0", "-"]


def test_of_shapes_alone_there_is_nothing() -> None:
    assert samples_text([make_record(make_case(device="none"), latency=None, memory=None)]) == ""
