"""The doctor's report as plain text for a terminal."""

from textwrap import wrap

from srbench.doctor.report import Finding, Level, Report, Section, all_findings

WIDTH = 100
_MARKS: dict[Level, str] = {"fact": "", "ok": "ok", "note": "note", "unknown": "?", "unfit": "UNFIT"}
#: Width of marks, and of the space before and after them.
_MARK = 5
_INDENT = " " * (2 + _MARK + 2)


def section(found: Section) -> str:
    """A title and its findings, one a line; longer ones go on below themselves."""
    return "\n".join([found.title, *(_finding(finding) for finding in found.findings)])


def _finding(finding: Finding) -> str:
    lines = _paragraph(finding.sentence, _hang(finding))
    if finding.advice:
        lines += [f"-> {line}" if i == 0 else f"   {line}" for i, line in enumerate(_paragraph(finding.advice, 0, 3))]
    first, *rest = lines
    mark = f"  {_MARKS[finding.level]:<{_MARK}}  "
    return "\n".join([mark + first, *(_INDENT + line for line in rest)])


def _hang(finding: Finding) -> int:
    """A fact goes on below its own words, not below its subject."""
    subject, colon, rest = finding.sentence.partition(":")
    return len(subject) + 1 + len(rest) - len(rest.lstrip()) if finding.level == "fact" and colon else 0


def _paragraph(text: str, hang: int, less: int = 0) -> list[str]:
    # Line breaks only between words: a command or a version must stay one piece for copying.
    width = WIDTH - len(_INDENT) - less
    lines = wrap(text[hang:], width - hang, break_long_words=False, break_on_hyphens=False) or [""]
    return [text[:hang] + lines[0], *(" " * hang + line for line in lines[1:])]


def verdict(report: Report) -> str:
    """The last line: whether the machine is fit, and why not."""
    if reasons := report.unfit:
        return f"unfit: {'; '.join(finding.sentence for finding in reasons)}"
    notes = sum(finding.level == "note" for finding in all_findings(report.sections))
    rest = {0: "", 1: "; one note above"}.get(notes, f"; {notes} notes above")
    least = f": differences of {report.floor.floor:.1%} and more can be told" if report.floor else ""
    return f"fit for measuring on {report.device}{least}{rest}"
