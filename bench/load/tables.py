"""The report as Markdown, made of the result file's data alone. Standard library only."""
import rows

SHOWN = {"nginx": "nginx", "haproxy": "HAProxy", "relay": "relay", "nghttpx": "nghttpx", "envoy": "Envoy",
         "sluice": "Sluice", "direct": "direct"}


def show(name):
    """'haproxy x2' is 'HAProxy x2'."""
    kind, _, more = name.partition(" ")
    return SHOWN.get(kind, kind) + (f" {more}" if more else "")


def table(heads, lines):
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join(["---"] * len(heads)) + " |"
    for cells in lines:
        yield "| " + " | ".join(cells) + " |"


def row_section(row, told):
    """Lines of one row: title, table, what failed, note."""
    yield f"### {told['title']}"
    yield ""
    contestants = told["contestants"]
    columns = [c for c in row.columns if any(c.key in t["median"] for t in contestants.values())]
    ratios = [(head, key) for head, key in (("/ best peer", "to_best_peer"), ("/ relay", "to_relay"))
              if len(contestants) > 1 and any(t[key] for t in contestants.values())]
    if contestants:
        spread = any(t["spread"] and len(t["samples"]) > 1 for t in contestants.values())
        heads = [f"`{row.name}`", *(c.head for c in columns), *(["spread"] if spread else []), *(h for h, _ in ratios)]
        form = next((c.form for c in columns if c.key == row.figure), "{:.1f}")
        yield from table(heads, (cells(name, t, columns, form if spread else None, ratios)
                                 for name, t in contestants.items()))
        yield ""
    for name, words in told["failures"].items():
        yield f"Failed, {show(name)}: {'; '.join(words)}"
        yield ""
    if told["disturbed"]:
        yield (f"**Disturbed**: others used up to {told['share_of_others']:.0%} of a core, the hypervisor took "
               f"{told['share_stolen']:.0%}.")
        yield ""
    made_by = f"Load made by {told['generator']}." if told["generator"] not in (None, "sluice-bench") else ""
    if told["note"] or made_by:
        yield " ".join(filter(None, (told["note"], made_by)))
        yield ""


def cells(name, told, columns, spread_form, ratios):
    bold = "**{}**" if name == "sluice" else "{}"
    found = [bold.format(show(name))]
    for column in columns:
        found.append(column.form.format(told["median"][column.key]) if column.key in told["median"] else "")
    if spread_form:
        found.append("–".join(spread_form.format(value) for value in told["spread"]) if told["spread"] else "")
    for _, key in ratios:
        found.append(bold.format(in_words(told[key])) if told[key] else "")
    return found


def in_words(ratio):
    """0.94 (0.92–0.97)."""
    low, high = ratio["spread"]
    return f"{ratio['median']:.2f}" + (f" ({low:.2f}–{high:.2f})" if f"{low:.2f}" != f"{high:.2f}" else "")


def preamble(result):
    facts, settings = result["environment"], result["settings"]
    versions = facts["versions"]
    yield (f"Commit {facts['commit'][:9]}{' with changes' if facts['dirty'] else ''}, {facts['date']}. {facts['cores']} cores of "
           f"{facts['cpu']}, {facts['memory_gib']} GiB, Linux {facts['kernel']}, governor {facts['governor']}; load average "
           f"{facts['load_average_before'][0]:.2f} before, {facts['load_average_after'][0]:.2f} after. {facts['compiler']}, "
           f"{facts['build']}: `{facts['flags']}`.")
    yield ("Peers: " + ", ".join(f"{show(n)} {versions[n]}" for n in ("nginx", "haproxy", "nghttpx", "envoy")) +
           f"; h2load {versions['h2load']}.")
    yield (f"{result['rounds_done']} rounds of {settings['seconds']:g} s a measurement, interleaved; every figure is the "
           "median of the rounds, every ratio the median of the ratios within a round, spreads are smallest and largest. "
           "The proxy alone on core 0, generator and models on core 1. CPU is user and system time of the proxy.")
    for note in result["notes"]:
        yield f"Note: {' '.join(note.split())}."
    if result["marks"]:
        yield "**Not to be quoted**: " + "; ".join(result["marks"]) + "."
    yield ""


def report(result):
    """The lines of the generated part of the results page."""
    yield from preamble(result)
    yield "## Goals"
    yield ""
    yield from table(("workload", "goal", "Sluice", "peers, same run", "met"),
                     ((g["workload"], g["goal"], g["figure"], g["peers"], g["met"]) for g in result["goals"]))
    yield ""
    yield "## Rows"
    yield ""
    for name, told in result["rows"].items():
        yield from row_section(rows.KINDS[name], told)
