"""The curves as Markdown, made of the result file's data alone. Standard library only."""
from tables import table


def number(value):
    """Three digits that say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def growth(told):
    """'flat', or what is wrong or unavoidable about it."""
    if not told["as_expected"]:
        return f"{told['verdict']}: {told['explained']}" if told["explained"] else f"**{told['verdict']}**"
    return told["verdict"] + (f": {told['why']}" if told["verdict"] != "flat" and told["why"] else "")


def line(told):
    points = told["points"]
    shown = ", ".join(f"{number(y)} ({x:,.0f})" for x, y in points)
    return [f"`{told['name']}`", told["title"], told["unit"], f"{shown} {told['axis']}", f"{told['exponent']:.2f}",
            f"{told['tail']:.2f}", growth(told)]


def lines(result):
    """The lines of the page."""
    facts = result["environment"]
    yield (f"Commit {facts['commit'][:9]}{' with changes' if facts['dirty'] else ''}, {facts['date']}; {facts['cores']} cores of "
           f"{facts['cpu']}, Linux {facts['kernel']}, {facts['compiler']}, {facts['build']}; load average "
           f"{facts['load_average_before'][0]:.2f} before. {result['seconds_taken']} s.")
    yield ("Cost against size, `cost (size)`: functions by micro-benchmarks, whole requests by CPU time of the gateway. "
           "*Exponent* fits cost ~ size^exponent to all points, *large end* to the last three, by which the verdict is "
           "given: up to 0.15 flat, 0.6 slowly, 1.15 linear; **bold** is more than the thing has to grow, and nobody knows why.")
    for mark in result["marks"]:
        yield f"**Not to be quoted**: {mark}."
    yield ""
    yield from table(("curve", "what", "unit", "points", "exponent", "large end", "verdict"),
                     (line(told) for told in result["curves"]))
    yield ""
    for failure in result["failures"]:
        yield f"Failed: {failure}."
        yield ""
