"""What the samples of a row come to: medians, spreads, ratios. Standard library only."""
import statistics

import watch

SUBJECT, RELAY = "sluice", "relay"


def of(result, generators):
    """The row as plain data, for the JSON file and the tables."""
    row = result.row
    contestants = {}
    for name in (n for n in row.names if n in result.samples):
        measured = [figures for figures in result.samples[name] if figures]
        if not measured:
            continue
        keys = {key for figures in measured for key in figures}
        values = {key: [figures[key] for figures in measured if key in figures] for key in keys}
        contestants[name] = {"median": {key: statistics.median(values[key]) for key in sorted(keys)},
                             "spread": [min(values[row.figure]), max(values[row.figure])] if row.figure in values else None,
                             "samples": result.samples[name]}
    best = best_peer(row, contestants)
    for name, told in contestants.items():
        told["to_best_peer"] = ratio(result, name, best)
        told["to_relay"] = ratio(result, name, RELAY if row.figure == "cpu_us" and RELAY in contestants else None)
    able = generators.of(row.traffic) if row.traffic else None
    others, stolen = (max((s[i] for s in result.stretches), default=0) for i in (0, 1))
    return {"title": row.title, "note": row.note, "figure": row.figure,
            "generator": able.name if able else None, "best_peer": best, "contestants": contestants,
            "failures": result.failures, "share_of_others": others, "share_stolen": stolen,
            "disturbed": watch.disturbed((others, stolen))}


def best_peer(row, contestants):
    able = {name: told["median"][row.figure] for name, told in contestants.items()
            if name in row.peers and row.figure in told["median"]}
    choose = max if row.more_is_better else min
    return choose(able, key=able.get) if able else None


def ratio(result, name, other):
    """Median and spread of the ratios within each round, or None: what disturbs a round, disturbs both sides of it."""
    pairs = zip(result.samples[name], result.samples.get(other, []))
    key = result.row.figure
    ratios = [mine[key] / theirs[key] for mine, theirs in pairs if mine and theirs and theirs.get(key) and key in mine]
    return {"median": statistics.median(ratios), "spread": [min(ratios), max(ratios)]} if ratios else None
