"""Write the generated parts of docs/reference/metrics.md from the tables of metrics and of statuses.

python scripts/explain_metrics.py
"""

from parts import ROOT, with_part
from srbench.board.metric import Exact, Metric, OfRuntime
from srbench.board.metrics import METRICS, QUALITY
from srbench.render.formats import markdown_table
from srbench.render.text import escape_markdown
from srbench.statuses import STATUSES

PAGE = ROOT / "docs" / "reference" / "metrics.md"


def with_parts(text: str) -> str:
    """The page with its generated parts made anew."""
    return with_part(with_part(text, "metrics", metrics_part()), "statuses", statuses_part())


def metrics_part() -> str:
    """A row for each metric."""
    cells = [["Metric", "Meaning", "Unit", "Better", "Of", "Typed as", "CSV", "Shown in", "Gate"]]
    cells += [_metric(metric, metric.key, "tables" if metric.in_tables else "figures, CSV") for metric in METRICS]
    cells += [_metric(metric, f"{metric.key}_<set>", "tables") for metric in QUALITY.values()]
    return markdown_table(cells, range(len(cells[0])))


def _metric(metric: Metric, key: str, shown: str) -> list[str]:
    better = {"low": "lower", "high": "higher"}[metric.good] if metric.good else ""
    typed = ", ".join(f"`{name}`" for name in metric.names or (metric.name,))
    meaning = escape_markdown(metric.meaning)
    return [metric.title, meaning, metric.unit, better, metric.of, typed, f"`{key}`", shown, _gate(metric)]


def _gate(metric: Metric) -> str:
    if isinstance(metric.gate, OfRuntime):
        return "interval of the runtimes' ratio" + (", turned over" if metric.good == "high" else "")
    if isinstance(metric.gate, Exact):
        return f"exact {metric.gate.unit}, less the counter's error" if metric.gate.unit else "exact"
    return ""


def statuses_part() -> str:
    """A row for each status."""
    what = {"sound": "", "disturbed": "shown, not ranked", "failed": "failed, exit 1"}
    cells = [["Word", "Given when", "The row is", "What to do"]]
    for each in STATUSES:
        advice = escape_markdown(each.advice) if each.advice or each.word == "VALID" else "its row says"
        cells.append([each.word, escape_markdown(each.meaning), what[each.kind], advice])
    return markdown_table(cells, range(4))


def main() -> None:
    """Rewrite the page's parts."""
    PAGE.write_text(with_parts(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
