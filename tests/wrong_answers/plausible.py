"""More wrong answers that a learner might give; each must be refused, whatever the sentence."""

import itertools
import math
import random
from collections import Counter

import numpy as np
import pandas as pd
from scipy import stats

# ---- 00 to 02


def first_of_equals_in_val(train, val):
    return Counter(val.tolist()).most_common(1)[0][1] / len(train)


def rarest(train, val):
    labels, counts = np.unique(train, return_counts=True)
    return np.mean(val == labels[counts.argmin()])


def place_for_label(train, val):
    _, counts = np.unique(train, return_counts=True)
    return np.mean(val == counts.argmax())


def a_search(start=None, better=lambda new, old: new > old, told=list, remember=dict, last=None):
    """A search of which some part is changed."""

    def search(propose, evaluate, budget):
        seen, best = [], start
        for _ in range(budget):
            network = remember(propose(told(seen)))
            accuracy = evaluate(network)
            seen.append((network, accuracy))
            if best is None or better(accuracy, best[1]):
                best = (network, accuracy)
        return best if last is None else last(seen, best)

    return search


def copies_too_late(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((network, evaluate(network)))
    network, accuracy = max(seen, key=lambda pair: pair[1])
    return dict(network), accuracy


def copies_the_best_alone(propose, evaluate, budget):
    seen, best = [], ({}, -1)
    for _ in range(budget):
        network = propose(seen)
        seen.append((network, evaluate(network)))
        if seen[-1][1] > best[1]:
            best = (dict(network), seen[-1][1])
    return best


def tells_the_best(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = dict(propose(sorted(seen, key=lambda pair: pair[1])))
        seen.append((network, evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def tells_accuracies(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = dict(propose([accuracy for _, accuracy in seen]))
        seen.append((network, evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def tells_late(propose, evaluate, budget):
    seen, before = [], []
    for _ in range(budget):
        network = dict(propose(before))
        before = list(seen)
        seen.append((network, evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def skips_repeats(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = dict(propose(seen))
        old = [accuracy for other, accuracy in seen if other == network]
        seen.append((network, old[0] if old else evaluate(network)))
    return max(seen, key=lambda pair: pair[1])


def proposes_all_first(propose, evaluate, budget):
    networks = [dict(propose([])) for _ in range(budget)]
    return max(((one, evaluate(one)) for one in networks), key=lambda pair: pair[1])


def stops_early(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = dict(propose(seen))
        seen.append((network, evaluate(network)))
        if len(seen) > 1 and seen[-1][1] < seen[-2][1]:
            break
    return max(seen, key=lambda pair: pair[1])


def a_dict_of_results(propose, evaluate, budget):
    seen, results = [], {}
    for _ in range(budget):
        network = dict(propose(seen))
        accuracy = evaluate(network)
        seen.append((network, accuracy))
        results[accuracy] = network  # the later of equals
    return results[max(results)], max(results)


def positional(table, choice, value):
    rows = np.flatnonzero((table[choice] == value).fillna(False))
    return table["val_accuracy"].max() - max(table["val_accuracy"].get(int(r), 0) for r in rows)


def from_half(accuracies):
    return list(itertools.accumulate(accuracies, max, initial=0.5))[1:]


def with_start(accuracies):
    return list(itertools.accumulate(accuracies, max, initial=0))


def rising_only(accuracies):
    return [a for n, a in enumerate(accuracies) if n == 0 or a > max(accuracies[:n])]


def simulated(draws, share):
    return np.mean([any(random.random() < share for _ in range(draws)) for _ in range(2000)])


# ---- 03 to 05


def cost(params="f * (w * w * c + 1)", flops="r * q * f * (2 * w * w * c + 1)"):
    def conv_cost(height, width, channels, filters, window, stride):
        names = {"h": height, "b": width, "c": channels, "f": filters, "w": window, "s": stride}
        names |= {"r": math.ceil(height / stride), "q": math.ceil(width / stride)}
        names |= {"ceil": math.ceil, "round": round, "floor": math.floor}
        return eval(params, {}, names), eval(flops, {}, names)

    return conv_cost


def ranked(rank):
    def spearman(a, b):
        return np.corrcoef([rank(x, a) for x in a], [rank(x, b) for x in b])[0, 1]

    return spearman


def ranks_of_places(a, b):
    order = [sorted(range(len(x)), key=lambda place: x[place]) for x in (a, b)]
    return np.corrcoef(*order)[0, 1]


def a_plan(cut="max(1, n // factor)", epochs="stop - before", end="False", after=""):
    def plan(n_networks, stops, factor):
        out, before, first = [], 0, n_networks
        n = n_networks
        for place, stop in enumerate(stops):
            names = {"n": n, "factor": factor, "stop": stop, "before": before, "first": first}
            names |= {"max": max, "min": min, "ceil": math.ceil, "round": round, "int": int}
            names |= {"place": place, "stops": stops, "len": len}
            if eval(end, {}, names):
                break
            out.append((n, eval(epochs, {}, names)))
            n, before = eval(cut, {}, names), stop
        return out

    return plan


def a_regret(column="epochs - 1", chosen="argmax", result="test.max() - test[at]"):
    def regret(val, test, epochs):
        at = getattr(val[:, eval(column, {}, {"epochs": epochs, "val": val})], chosen)()
        return eval(result, {}, {"test": test, "val": val, "at": at, "epochs": epochs, "np": np})

    return regret


def pairs(points, divide=lambda a, b: len(a) * len(b)):
    return lambda a, b: sum(points(x, y) for x in a for y in b) / divide(a, b)


# ---- 06 to 09


def odds(names, name, begins, parts=lambda each: each.split("/")):
    nodes = {"/".join(parts(each)[:n]) for each in names for n in range(len(parts(each)) + 1)}
    weights = {node: 1 / sum(begins(each, node) for each in names) for node in nodes}
    return sum(w for node, w in weights.items() if begins(name, node)) / sum(weights.values())


def by_text(names, name):
    return odds(names, name, lambda each, node: each.startswith(node))


def by_letters(names, name):
    return odds(names, name, lambda each, node: each.startswith(node), parts=list)


def by_containing(names, name):
    return odds(names, name, lambda each, node: not node or node in each)


def by_parts(names, name):
    return odds(
        names, name, lambda each, node: not node or set(node.split("/")) <= set(each.split("/"))
    )


def wasted(mark, first=1):
    def numbers(trials):
        marks = [mark(trial) for trial in trials]
        return [n for n, each in enumerate(marks, first) if each in marks[: n - first]]

    return numbers


def built(trial, turn=list):
    return [
        turn(trial[f"filters_{b}_{layer}"] for layer in range(trial["num_layers"]))
        for b in range(trial["num_blocks"])
    ]


def in_key_order(trial):
    blocks, layers = trial["num_blocks"], trial["num_layers"]
    kept = [(k, v) for k, v in trial.items() if not k.startswith("filters")]
    for key, value in trial.items():
        if key.startswith("filters"):
            _, block, layer = key.split("_")
            if int(block) < blocks and int(layer) < layers:
                kept.append((key, value))
    return str(kept)


def hull(points):
    points = sorted(set(points), key=lambda p: (p[0], -p[1]))
    out = []
    for p in points:
        while len(out) > 1 and (out[-1][1] - out[-2][1]) * (p[0] - out[-2][0]) <= (
            p[1] - out[-2][1]
        ) * (out[-1][0] - out[-2][0]):
            out.pop()
        if not out or p[1] > out[-1][1]:
            out.append(p)
    return out


def walk(order, keep, unique=True):
    def front(points):
        out = []
        for p in sorted(set(points) if unique else points, key=order):
            if not out or keep(p, out[-1]):
                out.append(p)
        return out

    return front


def one_of_equal_costs(points):
    return walk(lambda p: p[0], lambda p, q: p[1] > q[1])(dict(points).items())


def one_of_equal_accuracies(points):
    by_accuracy = {accuracy: cost for cost, accuracy in points}
    return walk(lambda p: (p[0], -p[1]), lambda p, q: p[1] > q[1])(
        [(cost, accuracy) for accuracy, cost in by_accuracy.items()]
    )


def ship(fits="(t.n_params <= p) & (t.latency_ms <= ms)", by="val_accuracy", then="n_params"):
    def best(table, max_params, max_ms):
        rows = table[eval(fits, {}, {"t": table, "p": max_params, "ms": max_ms})]
        return rows.sort_values([by, then], ascending=[False, True]).index[0]

    return best


def score(rule, divide=lambda n: n * (n - 1) / 2, among=itertools.combinations):
    def kendall(a, b):
        each = [rule(x[0] - y[0], x[1] - y[1]) for x, y in among(zip(a, b), 2)]
        return sum(each) / divide(len(a))

    return kendall


def cut(rows="m:m + s", columns="m:m + s", end=":c, :f", then=".copy()"):
    def inherit(bank, size, channels, filters):
        names = {"bank": bank, "s": size, "c": channels, "f": filters, "n": len(bank), "np": np}
        names["m"] = (len(bank) - size) // 2
        return eval(f"bank[{rows}, {columns}, {end}]{then}", {}, names)

    return inherit


def a_shortlist(order="np.argsort(inherited)[::-1][:n]", best="max", bill="supernet + sum(spent)"):
    def search(inherited, train, n, supernet_seconds):
        names = {"np": np, "inherited": inherited, "n": n, "len": len}
        listed = [int(each) for each in eval(order, {}, names)]
        results = [train(each) for each in listed]
        accuracies, spent = [r[0] for r in results], [r[1] for r in results]
        at = accuracies.index({"max": max, "min": min}[best](accuracies))
        names |= {"supernet": supernet_seconds, "spent": spent, "sum": sum, "max": max}
        names |= {"accuracies": accuracies, "at": at}
        return listed[at], eval(bill, {}, names)

    return search


def mixed(shares, outputs=lambda o: o, axis=0):
    def mix(alpha, out):
        share = np.asarray(shares(np.asarray(alpha, dtype=float)))
        out = np.asarray(outputs(np.asarray(out, dtype=float)))
        return (share.reshape(-1, *[1] * (out.ndim - 1)) * out).sum(axis=axis)

    return mix


def softmax(alpha):
    powers = np.exp(alpha - alpha.max())
    return powers / powers.sum()


def cell(pick):
    return lambda alpha, operations: [pick(list(row), list(operations)) for row in alpha]


def without_last(row, ops):
    return ops[int(np.argmax(row[:-1]))]


def without_first(row, ops):
    return ops[1 + int(np.argmax(row[1:]))]


def removes_the_highest(row, ops):
    at = int(np.argmax(row))
    if ops[at] == "none":
        row.pop(at)
        return ops[int(np.argmax(row))]
    return ops[at]


def skip_instead(row, ops):
    name = ops[int(np.argmax(row))]
    return "skip" if name == "none" else name


def as_zero(row, ops):
    return ops[max(range(len(row)), key=lambda n: 0 if ops[n] == "none" else row[n])]


def contains(row, ops):
    return ops[max((n for n in range(len(ops)) if "none" not in ops[n]), key=lambda n: row[n])]


def stops(rule, found=lambda n, cells: n, never=len):
    def stop(cells):
        return next((found(n, cells) for n, c in enumerate(cells) if rule(c)), never(cells))

    return stop


# ---- 10 and 12


def phi(text):
    def phi_for(base, budget, alpha, beta, gamma):
        names = {"base": base, "budget": budget, "a": alpha, "b": beta, "g": gamma}
        names |= {"log": math.log, "log2": math.log2, "log10": math.log10, "sqrt": math.sqrt}
        return eval(text, {}, names | {"round": round, "int": int, "abs": abs, "max": max})

    return phi_for


def stage(filters, blocks="ceil(n)"):
    def scaled(given, repeats, width, depth):
        names = {"w": given * width, "n": repeats * depth, "ceil": math.ceil, "round": round}
        names |= {"max": max, "int": int, "floor": math.floor, "given": given, "r": repeats}
        names["near"] = int((given * width + 4) // 8) * 8
        return eval(filters, {}, names), eval(blocks, {}, names)

    return scaled


NEAR = "near + 8 * (near < 0.9 * w)"


def by_key(key, reverse=False):
    return lambda networks: sorted(networks, key=lambda n: key(*networks[n]), reverse=reverse)


def clock(text):
    def wall_clock(trials, workers, seconds, overhead, start):
        names = {"n": trials, "w": workers, "s": seconds, "o": overhead, "t": start}
        return eval(text, {}, names | {"ceil": math.ceil, "max": max, "min": min, "round": round})

    return wall_clock


def worker(choose):
    def finished(durations, workers):
        free, out = [0] * workers, []
        for trial, duration in enumerate(durations):
            at = choose(free, trial)
            free[at] += duration
            out.append(free[at])
        return out

    return finished


def waits_for_all(durations, workers):
    free, out = [0] * workers, []
    for trial, duration in enumerate(durations):
        start = max(free) if trial % workers == 0 else free[trial % workers]
        free[trial % workers] = start + duration
        out.append(start + duration)
    return out


def send(rule, numbers=lambda budget: range(1, budget + 1)):
    def to_send(log, budget):
        return [t for t in numbers(budget) if rule([e for e, other in log if other == t])]

    return to_send


def done_or_sent(log, budget):
    gone = set()
    for event, trial in log:
        if event in ("sent", "done"):
            gone.add(trial)
        else:
            gone.discard(trial)
    return [trial for trial in range(1, budget + 1) if trial not in gone]


def up_to_the_log(log, budget):
    last = {}
    for event, trial in log:
        if last.get(trial) != "done":
            last[trial] = event
    return sorted(trial for trial in last if last[trial] == "lost")


def removes_once(log, budget):
    waiting = list(range(1, budget + 1))
    for event, trial in log:
        if event == "lost":
            waiting.append(trial)
        elif trial in waiting:
            waiting.remove(trial)
    return sorted(waiting)


# ---- 13


def shortlist(
    best=max,
    key=lambda predictions, network: -predictions[network],
    reference=max,
    most=lambda n: n,
    result=lambda best, found: best - found,
):
    """loss_of_shortlist with some part changed."""

    def loss_of_shortlist(predictions, accuracies, n):
        order = sorted(range(len(predictions)), key=lambda network: key(predictions, network))
        found = best([accuracies[network] for network in order[: most(n)]])
        return result(reference(accuracies), found)

    return loss_of_shortlist


def promise(formula, at_zero=lambda gain: max(gain, 0), scale=lambda deviation: deviation):
    """expected_improvement of the gain, the deviation, the best, the share and the density."""

    def expected_improvement(mean, deviation, best):
        deviation = scale(deviation)
        if deviation == 0:
            return at_zero(mean - best)
        z = (mean - best) / deviation
        return formula(mean - best, deviation, best, stats.norm.cdf(z), stats.norm.pdf(z))

    return expected_improvement


def promotes(places, reverse=True, skip=lambda name, done: name in done):
    """to_promote with some part changed."""

    def to_promote(rung, promoted, eta):
        ranking = sorted(rung, key=rung.get, reverse=reverse)
        return [name for name in ranking[: places(rung, promoted, eta)] if not skip(name, promoted)]

    return to_promote


# ---- 14


def attain(
    over,
    limit=lambda n, limit: n <= limit,
    best=lambda pairs: max(accuracy for _, accuracy in pairs),
    empty=0,
):
    """attained with some part changed."""

    def attained(fronts, most):
        kept = [[pair for pair in front if limit(pair[0], most)] for front in fronts]
        return over([best(pairs) if pairs else empty for pairs in kept])

    return attained


def one_at(size, channels, place):
    kernel = np.zeros((size, size, channels, channels))
    kernel[place, place] = np.eye(channels)
    return kernel


def choose(rank, empty=True):
    """choose_variants by a rank of its own, which says first whether the limit is kept."""

    def choose_variants(gains, costs, limit):
        def ranked(choice):
            sums = (sum(row[n] for row, n in zip(table, choice)) for table in (gains, costs))
            return rank(*sums, limit)

        best = max(itertools.product(*(range(len(row)) for row in gains)), key=ranked)
        return [*best] if ranked(best)[0] or not empty else []

    return choose_variants


WRONG: dict[str, list] = {
    "00.2": [
        first_of_equals_in_val,
        rarest,
        place_for_label,
        lambda t, v: np.mean(v == round(np.median(t))),
        lambda t, v: np.mean(v == t[0]),
        lambda t, v: np.mean(v == t[-1]),
        lambda t, v: np.mean(v == t.min()),
        lambda t, v: np.bincount(t).max() / len(t),
        lambda t, v: np.bincount(t).max() / len(v),
        lambda t, v: round(float(np.mean(v == np.bincount(t).argmax())), 2),
        lambda t, v: np.mean(v[: len(t)] == np.bincount(t).argmax()),
        lambda t, v: np.mean(np.isin(v, t)),
        lambda t, v: np.mean(v == np.bincount(np.r_[t, v]).argmax()),
        lambda t, v: np.mean(v == np.bincount(v).argmax()),
        lambda t, v: np.mean(v == np.bincount(t)[1:].argmax()),
        lambda t, v: np.mean(v == np.bincount(t).argmax()) or 0.1,
        lambda t, v: np.bincount(t).argmax(),
    ],
    "01.2": [
        copies_too_late,
        copies_the_best_alone,
        tells_the_best,
        tells_accuracies,
        tells_late,
        skips_repeats,
        proposes_all_first,
        stops_early,
        a_dict_of_results,
        a_search(start=({}, 0)),
        a_search(start=({}, 0.5)),
        a_search(better=lambda new, old: new >= old),
        a_search(better=lambda new, old: new < old),
        a_search(told=lambda seen: seen[-1:]),
        a_search(told=lambda seen: seen[:1]),
        a_search(told=lambda seen: seen[::-1]),
        a_search(told=tuple),
        a_search(told=lambda seen: [list(pair)[::-1] for pair in seen]),
        a_search(told=lambda seen: [*seen, ({}, 0)]),
        a_search(last=lambda seen, best: best[0]),
        a_search(last=lambda seen, best: best[1]),
        a_search(last=lambda seen, best: seen),
        a_search(last=lambda seen, best: (best[0], round(best[1]))),
        a_search(last=lambda seen, best: (seen[0][0], best[1])),
        a_search(last=lambda seen, best: (seen[-1][0], best[1])),
        a_search(last=lambda seen, best: (best[1], best[0])),
        a_search(last=lambda seen, best: max(seen, key=lambda pair: str(pair[0]))),
        a_search(last=lambda seen, best: {"network": best[0], "accuracy": best[1]}),
    ],
    "01.3": [
        positional,
        lambda t, c, v: t["val_accuracy"].max() - t[t["conv/kernel"] == v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] == 3]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] != v]["val_accuracy"].max(),
        lambda t, c, v: t[t[c] != v]["val_accuracy"].max() - t[t[c] == v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] == v]["val_accuracy"].iloc[0],
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] == v]["val_accuracy"].iloc[-1],
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] == v]["test_accuracy"].max(),
        lambda t, c, v: t["test_accuracy"].max() - t[t[c] == v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].iloc[0] - t[t[c] == v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].mean() - t[t[c] == v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] == v]["val_accuracy"].median(),
        lambda t, c, v: round(t["val_accuracy"].max() - t[t[c] == v]["val_accuracy"].max(), 2),
        lambda t, c, v: 1 - t[t[c] == v]["val_accuracy"].max() / t["val_accuracy"].max(),
        lambda t, c, v: t.iloc[:, 1].max() - t[t[c] == v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t[t[c] >= v]["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t.query(f"{c} == {v!r}")["val_accuracy"].max(),
        lambda t, c, v: t["val_accuracy"].max() - t[t[c].astype(str) == v]["val_accuracy"].max(),
    ],
    "02.1": [
        from_half,
        with_start,
        rising_only,
        lambda a: [max(a[:n], default=0) for n in range(len(a))],
        lambda a: [max(a[n:]) for n in range(len(a))],
        lambda a: [max(a[: n + 2]) for n in range(len(a))],
        lambda a: [max(a[: n + 1]) for n in range(len(a) - 1)],
        lambda a: [round(max(a[: n + 1]), 2) for n in range(len(a))],
        lambda a: [100 * max(a[: n + 1]) for n in range(len(a))],
        lambda a: sorted(a, reverse=True),
        lambda a: list(np.cumsum(a)),
        lambda a: list(np.cumprod(a)),
        lambda a: [max(a[max(0, n - 2) : n + 1]) for n in range(len(a))],
        lambda a: [int(np.argmax(a[: n + 1])) + 1 for n in range(len(a))],
        lambda a: {n: max(a[: n + 1]) for n in range(len(a))},
        lambda a: [max(a[: n + 1]) for n in range(len(a))][::-1],
        lambda a: [(n, max(a[: n + 1])) for n in range(len(a))],
        lambda a: [max(a[: n + 1]) for n in range(len(a))] or [0],
        lambda a: [max(a[: n + 1]) for n in range(len(a))] or None,
        lambda a: [a[0], *(max(x, y) for x, y in itertools.pairwise(a))] if a else [],
        lambda a: set(itertools.accumulate(a, max)),
        lambda a: str(list(itertools.accumulate(a, max))),
        lambda a: itertools.accumulate(a, max),
    ],
    "02.2": [
        simulated,
        lambda n, p: 1 - (1 - p) * n,
        lambda n, p: 1 - (1 - p**n),
        lambda n, p: (1 - p**n) ** n,
        lambda n, p: 1 - math.exp(-n * p),
        lambda n, p: p * (1 - p) ** max(n - 1, 0),
        lambda n, p: min(1, n * p),
        lambda n, p: 1 - (1 - p) ** (n + 1),
        lambda n, p: 1 - (1 - 0.05) ** n,
        lambda n, p: 1 - (1 - p) ** 20,
        lambda n, p: round(1 - (1 - p) ** n, 2),
        lambda n, p: 1 - (1 - p / 100) ** n,
        lambda n, p: 1 - p ** (1 - n) if p else 0,
        lambda n, p: 1 - n ** (1 - p),
        lambda n, p: f"{1 - (1 - p) ** n:.2f}",
        lambda n, p: (1 - (1 - p) ** n, (1 - p) ** n),
        lambda n, p: n > 0 and p > 0,
        lambda n, p: sum(p**k for k in range(1, n + 1)),
        lambda n, p: n * p - (n * p) ** 2 / 2,
        lambda n, p: 1 - (1 - p) ** n if n else 1,
    ],
    "03.1": [
        cost("f * w * w * c"),
        cost("f * (w * w * c) + 1"),
        cost("f * (w * w + 1) * c"),
        cost("f * (w * w * c + c)"),
        cost("c * (w * w * f + 1)"),
        cost("w * w * c + f"),
        cost("f * (w * c + 1)"),
        cost("f * (w * w * c + 1) * s"),
        cost("h * b * c * f + f"),
        cost(flops="r * q * f * (w * w * c + 1)"),
        cost(flops="r * q * f * (2 * w * w * c + 2)"),
        cost(flops="r * q * f * (2 * w * w * c - 1)"),
        cost(flops="2 * r * q * f * w * w * c"),
        cost(flops="r * r * f * (2 * w * w * c + 1)"),
        cost(flops="q * q * f * (2 * w * w * c + 1)"),
        cost(flops="(h // s) * (b // s) * f * (2 * w * w * c + 1)"),
        cost(flops="round(h / s) * round(b / s) * f * (2 * w * w * c + 1)"),
        cost(flops="h / s * b / s * f * (2 * w * w * c + 1)"),
        cost(flops="ceil(h * b / s / s) * f * (2 * w * w * c + 1)"),
        cost(flops="((h - w) // s + 1) * ((b - w) // s + 1) * f * (2 * w * w * c + 1)"),
        cost(flops="h * b * f * (2 * w * w * c + 1)"),
        cost(flops="ceil(h / s) * b * f * (2 * w * w * c + 1)"),
        cost(flops="r * q * f * (2 * w * w * c) + f"),
        cost(flops="r * q * (f * 2 * w * w * c + 1)"),
        cost(flops="r * q * f * (2 * w * w + 1) * c"),
        cost(flops="ceil(h / s + 1) * ceil(b / s + 1) * f * (2 * w * w * c + 1)"),
        lambda *given: dict(zip(("params", "flops"), cost()(*given))),
        lambda *given: sum(cost()(*given)),
        lambda *given: tuple(str(n) for n in cost()(*given)),
    ],
    "03.2": [
        lambda d, w, s: sum(w**n for n in range(1, max(d) + 1)) * math.prod(s),
        lambda d, w, s: sum(w**n for n in range(min(d), max(d) + 1)) * math.prod(s),
        lambda d, w, s: sum(w**n for n in d) * math.prod(s or [0]),
        lambda d, w, s: sum(w**n for n in d) * (math.prod(s) if len(s) > 1 else 1),
        lambda d, w, s: sum(w**n for n in d) * len(s),
        lambda d, w, s: sum(w**n for n in d) * max(s, default=1),
        lambda d, w, s: sum(w**n for n in d) * 2 ** len(s),
        lambda d, w, s: sum(w**n for n in d) * s[-1] if s else sum(w**n for n in d),
        lambda d, w, s: sum(w**n * math.prod(s) for n in d[:-1]),
        lambda d, w, s: sum(w**n for n in d) + sum(s),
        lambda d, w, s: math.prod(w**n for n in d) * math.prod(s),
        lambda d, w, s: sum(math.comb(w + n - 1, n) for n in d) * math.prod(s),
        lambda d, w, s: sum(math.perm(w, n) for n in d) * math.prod(s),
        lambda d, w, s: sum(w**n for n in d) * math.prod(s) + len(d),
        lambda d, w, s: sum(w**n for n in d) * math.prod(s) + 1,
        lambda d, w, s: sum(w**n for n in d) ** max(1, len(s)),
        lambda d, w, s: len(d) * w * math.prod(s),
        lambda d, w, s: w ** sum(d) * math.prod(s),
        lambda d, w, s: w ** d[-1] * math.prod(s),
        lambda d, w, s: w ** d[0] * math.prod(s),
        lambda d, w, s: sum(w**n for n in range(len(d))) * math.prod(s),
        lambda d, w, s: sum(w ** (n + 1) for n in range(len(d))) * math.prod(s),
        lambda d, w, s: [w**n * math.prod(s) for n in d],
        lambda d, w, s: f"{sum(w**n for n in d) * math.prod(s):,}",
    ],
    "04.1": [
        ranked(lambda x, v: sorted(v).index(x) + 1),
        ranked(lambda x, v: sorted(v, reverse=True).index(x) + 1),
        ranked(lambda x, v: sum(y <= x for y in v)),
        ranked(lambda x, v: sorted(set(v)).index(x)),
        ranked(lambda x, v: sum(y < x for y in v) + sum(y == x for y in v)),
        ranked(lambda x, v: sum(y < x for y in v)),
        ranked(lambda x, v: sum(y < x for y in v) + (v.count(x) > 1) / 2),
        ranked(lambda x, v: v.index(x) + 1),
        ranked(lambda x, v: x / max(v) if max(v) else x),
        ranks_of_places,
        lambda a, b: np.cov(stats.rankdata(a), stats.rankdata(b))[0, 1],
        lambda a, b: np.corrcoef(stats.rankdata(a), stats.rankdata(b))[0, 0],
        lambda a, b: abs(stats.spearmanr(a, b).statistic),
        lambda a, b: stats.spearmanr(a, b).statistic ** 2,
        lambda a, b: stats.spearmanr(a, b).pvalue,
        lambda a, b: round(stats.spearmanr(a, b).statistic, 2),
        lambda a, b: stats.spearmanr(sorted(a), sorted(b)).statistic,
        lambda a, b: stats.spearmanr(a, sorted(b)).statistic,
        lambda a, b: np.mean(stats.rankdata(a) == stats.rankdata(b)),
        lambda a, b: 1 - 6 * sum((stats.rankdata(a) - stats.rankdata(b)) ** 2) / len(a) ** 3,
        lambda a, b: stats.pearsonr(stats.rankdata(a), b)[0],
        lambda a, b: stats.weightedtau(a, b).statistic,
        lambda a, b: np.corrcoef(stats.rankdata(a), stats.rankdata(b)),
    ],
    "04.2": [
        a_plan(cut="max(1, round(n / factor))"),
        a_plan(cut="max(2, n // factor)"),
        a_plan(cut="max(1, int(n / factor + 0.5))"),
        a_plan(cut="max(1, first // (factor * (place + 1)))"),
        a_plan(cut="max(1, n // 3)"),
        a_plan(cut="max(1, n - n // factor)"),
        a_plan(cut="max(1, (n - 1) // factor)"),
        a_plan(cut="max(1, n // factor + 1)"),
        a_plan(cut="max(0, n // factor)"),
        a_plan(cut="n // factor or n"),
        a_plan(cut="max(factor, n // factor)"),
        a_plan(cut="n // factor if n > factor else n"),
        a_plan(cut="n // factor if n >= 2 * factor else 1", epochs="stop"),
        a_plan(epochs="stop - before if before else stop - 1"),
        a_plan(epochs="stop - stops[0]"),
        a_plan(epochs="stops[0] * factor ** place"),
        a_plan(epochs="max(stop - before, 2)"),
        a_plan(epochs="n * (stop - before)"),
        a_plan(end="n == 1 and place > 0"),
        a_plan(end="place == 3"),
        a_plan(end="place == len(stops) - 1 and place > 0"),
        lambda *given: a_plan()(*given)[::-1],
        lambda *given: dict(a_plan()(*given)),
        lambda *given: [n for n, _ in a_plan()(*given)],
        lambda *given: [(float(n), str(e)) for n, e in a_plan()(*given)],
        lambda *given: iter(a_plan()(*given)),
    ],
    "04.4": [
        a_regret("epochs"),
        a_regret("epochs - 2"),
        a_regret("0"),
        a_regret("-1"),
        a_regret("-epochs"),
        a_regret(chosen="argmin"),
        a_regret(result="test[at]"),
        a_regret(result="test.max() - test[at] + 0.01"),
        a_regret(result="test.mean() - test[at]"),
        a_regret(result="np.median(test) - test[at]"),
        a_regret(result="(test.max() - test[at]) / test.max()"),
        a_regret(result="round(test.max() - test[at], 2)"),
        a_regret(result="test.max() - val[at, epochs - 1]"),
        a_regret(result="val[:, epochs - 1].max() - test[at]"),
        a_regret(result="val[:, -1].max() - val[at, -1]"),
        a_regret(result="test[-1] - test[at]"),
        a_regret(result="abs(test[0] - test[at])"),
        a_regret(result="max(test.max() - test[at], 0.01)"),
        a_regret(result="at"),
        lambda v, t, n: t.max() - t[v[:, :n].max(axis=1).argmax()],
        lambda v, t, n: t.max() - t[v[:, :n].mean(axis=1).argmax()],
        lambda v, t, n: t.max() - t[v.max(axis=1).argmax()],
        lambda v, t, n: t.max() - t[np.argsort(v[:, n - 1])[0]],
        lambda v, t, n: t.max() - t[v[:, n - 1].argmax() - 1],
        lambda v, t, n: t.max() - np.sort(t)[v[:, n - 1].argmax()],
    ],
    "05.1": [
        pairs(lambda x, y: x > y),
        pairs(lambda x, y: x >= y),
        pairs(lambda x, y: x > y or 0.5),
        pairs(lambda x, y: (x > y) - 0.5 * (x == y)),
        pairs(lambda x, y: (x > y) + 0.5 * (x == y), lambda a, b: len(a) + len(b)),
        pairs(lambda x, y: (x > y) + 0.5 * (x == y), lambda a, b: len(a) ** 2),
        pairs(lambda x, y: (x > y) + 0.5 * (x == y), lambda a, b: len(b) ** 2),
        pairs(lambda x, y: (x > y) + 0.5 * (x == y), lambda a, b: len(b)),
        pairs(lambda x, y: (x > y) + 0.5 * (x == y), lambda a, b: len(a) * len(b) - 1),
        pairs(lambda x, y: (x > y) - (x < y)),
        pairs(lambda x, y: 0.5 if x == y else x < y),
        pairs(lambda x, y: x - y),
        lambda a, b: pairs(lambda x, y: (x > y) + 0.5 * (x == y))(set(a), set(b)),
        lambda a, b: pairs(lambda x, y: (x > y) + 0.5 * (x == y))(a, a + b),
        lambda a, b: pairs(lambda x, y: (x > y) + 0.5 * (x == y))(a[1:], b) if a[1:] else 0.5,
        lambda a, b: pairs(lambda x, y: (x > y) + 0.5 * (x == y))(a, sorted(b)[:-1] or b),
        lambda a, b: round(pairs(lambda x, y: (x > y) + 0.5 * (x == y))(a, b), 1),
        lambda a, b: float(np.median(a) > np.median(b)),
        lambda a, b: np.mean(np.array(a) > np.mean(b)),
        lambda a, b: np.mean([x > max(b) for x in a]),
        lambda a, b: np.mean([x > y for x, y in zip(sorted(a), sorted(b))]),
        lambda a, b: stats.mannwhitneyu(a, b).pvalue,
        lambda a, b: stats.mannwhitneyu(a, b).statistic,
        lambda a, b: sum(a) / (sum(a) + sum(b)),
    ],
    "06.1": [
        by_text,
        by_letters,
        by_containing,
        by_parts,
        lambda names, name: odds(
            names, name, lambda e, n: e.split("/")[: n.count("/") + 1] == n.split("/")
        ),
        lambda names, name: odds(
            [n.split("/")[0] for n in names], name.split("/")[0], lambda e, n: e.startswith(n)
        ),
        lambda names, name: 1 / (1 + len({n.split("/")[0] for n in names}) + len(names)),
        lambda names, name: round(2 * by_text(names, name) / 2, 1),
        lambda names, name: 1 / len(name.split("/")),
        lambda names, name: len(name.split("/")) / sum(len(n.split("/")) for n in names),
        lambda names, name: 0.348,
        lambda names, name: by_text(names, names[0]),
        lambda names, name: {n: by_text(names, n) for n in names},
    ],
    "06.2": [
        wasted(lambda t: (t["num_blocks"], *built(t, sorted))),
        wasted(lambda t: sorted(map(tuple, built(t)))),
        wasted(lambda t: sum(sum(b) for b in built(t))),
        wasted(lambda t: [*itertools.chain(*built(t))]),
        wasted(lambda t: built(t)[0]),
        wasted(lambda t: built(t)[-1]),
        wasted(lambda t: [b[0] for b in built(t)]),
        wasted(lambda t: [set(b) for b in built(t)]),
        wasted(lambda t: t["filters_0_0"]),
        wasted(lambda t: {k: v for k, v in t.items() if k.startswith("filters")}),
        wasted(lambda t: sorted(t.values())),
        wasted(lambda t: tuple(t.items())),
        wasted(in_key_order),
        wasted(built, first=0),
        wasted(built, first=2),
        lambda ts: [n for n in range(2, len(ts) + 1) if built(ts[n - 1]) == built(ts[0])],
        lambda ts: [n for n in range(2, len(ts) + 1) if built(ts[n - 1]) == built(ts[n - 2])],
        lambda ts: len(wasted(built)(ts)),
        lambda ts: [ts[n - 1] for n in wasted(built)(ts)],
        lambda ts: [n in wasted(built)(ts) for n in range(1, len(ts) + 1)],
        lambda ts: wasted(built)(ts)[:1],
        lambda ts: wasted(built)(ts)[::-1],
        lambda ts: [(1, n) for n in wasted(built)(ts)],
        lambda ts: [str(n) for n in wasted(built)(ts)] or [2],
    ],
    "07.1": [
        hull,
        one_of_equal_costs,
        one_of_equal_accuracies,
        walk(lambda p: (p[0], -p[1]), lambda p, q: p[1] >= q[1]),
        walk(lambda p: (p[0], -p[1]), lambda p, q: p[1] >= q[1], unique=False),
        walk(lambda p: (p[0], p[1]), lambda p, q: p[1] > q[1]),
        walk(lambda p: p[0], lambda p, q: p[1] > q[1], unique=False),
        walk(lambda p: p[1], lambda p, q: p[0] > q[0]),
        walk(lambda p: -p[1], lambda p, q: p[0] < q[0]),
        walk(lambda p: (-p[1], p[0]), lambda p, q: p[0] < q[0]),
        walk(lambda p: (p[0], -p[1]), lambda p, q: p[0] > q[0]),
        lambda points: [p for p in sorted(points) if points.count(p) == 1 and p in hull(points)],
        lambda points: sorted(
            p for p in points if not any(q[0] < p[0] and q[1] > p[1] for q in points)
        ),
        lambda points: sorted(
            {p for p in points if not any(q[0] < p[0] and q[1] >= p[1] for q in points)}
        ),
        lambda points: sorted(
            {p for p in points if not any(q[0] <= p[0] and q[1] > p[1] for q in points)}
        ),
        lambda points: sorted(
            {p for p in points if not any(q[0] <= p[0] and q[1] >= p[1] for q in points)}
        ),
        lambda points: sorted(points)[:1] + sorted(points)[-1:],
        lambda points: sorted(points, key=lambda p: p[1] / (p[0] or 1))[-3:],
        lambda points: [int(c) for c, _ in hull(points)],
        lambda points: hull(points)[::-1],
        lambda points: dict(hull(points)),
        lambda points: [(a, c) for c, a in hull(points)],
        lambda points: [points.index(p) for p in hull(points)],
    ],
    "07.2": [
        ship("(t.n_params < p) & (t.latency_ms <= ms)"),
        ship("(t.n_params <= p) & (t.latency_ms < ms)"),
        ship("(t.n_params <= p) | (t.latency_ms <= ms)"),
        ship("(t.n_params <= ms) & (t.latency_ms <= p)"),
        ship("t.n_params <= p"),
        ship("t.latency_ms <= ms"),
        ship("(t.n_params >= p) & (t.latency_ms >= ms)"),
        ship("(t.n_params == t.n_params) & (t.latency_ms <= ms)"),
        ship(by="test_accuracy"),
        ship(by="n_params", then="val_accuracy"),
        ship(then="latency_ms"),
        ship(then="test_accuracy"),
        lambda t, p, ms: t[(t.n_params <= p) & (t.latency_ms <= ms)]["val_accuracy"].idxmax(),
        lambda t, p, ms: (
            t[(t.n_params <= p) & (t.latency_ms <= ms)]["val_accuracy"].iloc[::-1].idxmax()
        ),
        lambda t, p, ms: t[(t.n_params <= p) & (t.latency_ms <= ms)]["val_accuracy"].argmax(),
        lambda t, p, ms: t[(t.n_params <= p) & (t.latency_ms <= ms)].index[0],
        lambda t, p, ms: t[(t.n_params <= p) & (t.latency_ms <= ms)].index[-1],
        lambda t, p, ms: t[(t.n_params <= p) & (t.latency_ms <= ms)].index.max(),
        lambda t, p, ms: (
            t[(t.n_params <= p) & (t.latency_ms <= ms)]
            .sort_values(["val_accuracy", "n_params"])
            .index[-1]
        ),
        lambda t, p, ms: (
            t[(t.n_params <= p) & (t.latency_ms <= ms)]
            .sort_values(["val_accuracy", "n_params"])
            .index[0]
        ),
        lambda t, p, ms: t.reset_index().sort_values("val_accuracy").index[-1],
        lambda t, p, ms: (
            t[(t.n_params <= p) & (t.latency_ms <= ms)]
            .reset_index(drop=True)["val_accuracy"]
            .idxmax()
        ),
        lambda t, p, ms: (t.val_accuracy / t.n_params)[
            (t.n_params <= p) & (t.latency_ms <= ms)
        ].idxmax(),
        lambda t, p, ms: str(ship()(t, p, ms)),
        lambda t, p, ms: [ship()(t, p, ms)],
        lambda t, p, ms: t.loc[ship()(t, p, ms), "val_accuracy"],
    ],
    "08.1": [
        score(lambda x, y: 1 if x * y > 0 else -1),
        score(lambda x, y: 1 if x * y >= 0 else -1),
        score(lambda x, y: 1 if x * y > 0 else 0),
        score(lambda x, y: x * y),
        score(lambda x, y: 1 if x == y == 0 else np.sign(x * y)),
        score(lambda x, y: 0.5 if x * y == 0 else np.sign(x * y)),
        score(lambda x, y: -0.5 if x * y == 0 else np.sign(x * y)),
        score(lambda x, y: np.sign(x * y), lambda n: n),
        score(lambda x, y: np.sign(x * y), lambda n: n * n),
        score(lambda x, y: np.sign(x * y), lambda n: n * (n - 1)),
        score(lambda x, y: np.sign(x * y), lambda n: n * (n + 1) / 2),
        score(lambda x, y: 1),
        score(lambda x, y: np.sign(x) + np.sign(y)),
        score(lambda x, y: np.sign(x) == np.sign(y)),
        score(lambda x, y: 1 if np.sign(x) == np.sign(y) else -1),
        lambda a, b: round(score(lambda x, y: np.sign(x * y))(a, b), 2),
        lambda a, b: abs(score(lambda x, y: np.sign(x * y))(a, b)),
        lambda a, b: np.mean(np.sign(np.diff(a)) * np.sign(np.diff(b))),
        lambda a, b: score(lambda x, y: np.sign(x * y))(sorted(a), sorted(b)),
        lambda a, b: stats.kendalltau(a, b, variant="c").statistic,
        lambda a, b: stats.kendalltau(a, b).pvalue,
        lambda a, b: pd.Series(a).corr(pd.Series(b), method="kendall"),
        lambda a, b: np.corrcoef(a, b)[0, 1],
    ],
    "08.2": [
        cut("m - 1:m + s - 1"),
        cut("m:m + s", "m + 1:m + s + 1"),
        cut("m:-m", "m:-m"),
        cut("m:s", "m:s"),
        cut("m:m + s + 1", "m:m + s + 1"),
        cut(":s", ":s"),
        cut("n - s:", "n - s:"),
        cut("n // 2:n // 2 + s", "n // 2:n // 2 + s"),
        cut("::2", "::2"),
        cut(end=":f, :c"),
        cut(end="-c:, :f"),
        cut(end=":c, -f:"),
        cut(end=":c, ::2"),
        cut(end=":c, :"),
        cut(end=":, :f"),
        cut(end=":c - 1, :f"),
        cut(end="1:c + 1, :f"),
        cut(end=":c, 1:f + 1"),
        cut(then=""),
        cut(then=".tolist()"),
        cut(then=".ravel()"),
        cut(then=".T"),
        cut(then=".copy() * 2"),
        cut(then=".transpose(1, 0, 2, 3).copy()"),
        cut(then=".astype(int)"),
        cut(then=".round(0)"),
        cut(then="[::-1].copy()"),
        cut(then="[:, ::-1].copy()"),
    ],
    "08.3": [
        a_shortlist("np.argsort(inherited)[:n]"),
        a_shortlist("np.argsort(inherited)[::-1]"),
        a_shortlist("np.argsort(inherited)[::-1][:n + 1]"),
        a_shortlist("np.argsort(inherited)[-n - 1:-1]"),
        a_shortlist("np.argsort(inherited)[::-1][1:n + 1]"),
        a_shortlist("np.argsort(-inherited)[-n:]"),
        a_shortlist("range(n)"),
        a_shortlist("range(len(inherited) - n, len(inherited))"),
        a_shortlist(best="min"),
        a_shortlist(bill="sum(spent)"),
        a_shortlist(bill="supernet"),
        a_shortlist(bill="supernet + spent[0]"),
        a_shortlist(bill="supernet + spent[-1]"),
        a_shortlist(bill="supernet + spent[at]"),
        a_shortlist(bill="supernet + max(spent)"),
        a_shortlist(bill="supernet + sum(spent) / n"),
        a_shortlist(bill="supernet * n + sum(spent)"),
        a_shortlist(bill="supernet + n"),
        a_shortlist(bill="supernet + sum(spent[1:])"),
        a_shortlist(bill="supernet + sum(accuracies)"),
        a_shortlist(bill="(supernet + sum(spent)) / 60"),
        a_shortlist(bill="round(supernet + sum(spent))"),
        lambda *given: a_shortlist()(*given)[::-1],
        lambda *given: a_shortlist()(*given)[0],
        lambda i, train, n, s: (int(np.argmax(i)), a_shortlist()(i, train, n, s)[1]),
    ],
    "09.1": [
        mixed(lambda a: a),
        mixed(lambda a: a / a.sum()),
        mixed(lambda a: np.abs(a) / np.abs(a).sum()),
        mixed(lambda a: np.exp(a)),
        mixed(lambda a: np.exp(a) / np.exp(a).sum()),
        mixed(lambda a: np.exp(a - a.max())),
        mixed(lambda a: np.exp(a - a.max()) / np.exp(a - a.max()).max()),
        mixed(lambda a: np.exp(a / a.max()) / np.exp(a / a.max()).sum()),
        mixed(lambda a: np.exp(np.clip(a, -5, 5)) / np.exp(np.clip(a, -5, 5)).sum()),
        mixed(lambda a: 2 ** (a - a.max()) / (2 ** (a - a.max())).sum()),
        mixed(lambda a: 1 / (1 + np.exp(-np.clip(a, -700, 700)))),
        mixed(lambda a: np.ones(len(a)) / len(a)),
        mixed(lambda a: (a == a.max()).astype(float)),
        mixed(lambda a: softmax(-a)),
        mixed(lambda a: softmax(a)[::-1]),
        mixed(lambda a: np.sort(softmax(a))),
        mixed(lambda a: softmax(a) / len(a)),
        mixed(lambda a: softmax(a).round(1)),
        mixed(lambda a: softmax(a.astype(int))),
        mixed(softmax, axis=-1),
        mixed(softmax, axis=None),
        mixed(softmax, outputs=lambda o: o / o.sum()),
        mixed(softmax, outputs=np.abs),
        lambda a, o: softmax(a) @ o,
        lambda a, o: np.dot(softmax(np.asarray(a, float)), np.asarray(o)),
        lambda a, o: (np.asarray(o).T * softmax(np.asarray(a, float))).T,
        lambda a, o: [s * x for s, x in zip(softmax(np.asarray(a, float)), np.asarray(o))],
    ],
    "09.3": [
        cell(without_last),
        cell(without_first),
        cell(removes_the_highest),
        cell(skip_instead),
        cell(as_zero),
        cell(contains),
        cell(lambda row, ops: ops[row.index(sorted(row)[-2])]),
        cell(lambda row, ops: ops[int(np.argmax(np.abs(row)))]),
        cell(lambda row, ops: max(ops)),
        cell(lambda row, ops: [n for n in ops if n != "none"][-1]),
        cell(lambda row, ops: min(n for n in ops if n != "none")),
        cell(lambda row, ops: ops.index("none")),
        cell(lambda row, ops: (ops[int(np.argmax(row))], max(row))),
        cell(lambda row, ops: max(w for w, n in zip(row, ops) if n != "none")),
        cell(lambda row, ops: max(zip(row, ops))[1]),
        cell(lambda row, ops: ops[int(np.argmax([w for w, n in zip(row, ops) if n != "none"]))]),
        lambda alpha, ops: cell(lambda r, o: cut_right(r, o))(alpha, ops)[:-1],
        lambda alpha, ops: sorted(cell(lambda r, o: cut_right(r, o))(alpha, ops)),
        lambda alpha, ops: cell(lambda r, o: cut_right(r, o))(alpha, ops)[::-1],
        lambda alpha, ops: set(cell(lambda r, o: cut_right(r, o))(alpha, ops)),
        lambda alpha, ops: [cell(lambda r, o: cut_right(r, o))(alpha, ops)],
        lambda alpha, ops: cell(lambda r, o: cut_right(r, o))(np.array(alpha).T, ops),
        lambda alpha, ops: [cut_right(list(np.mean(alpha, axis=0)), ops)] * len(alpha),
        lambda alpha, ops: [ops[i] for i in alpha[:, [o != "none" for o in ops]].argmax(axis=1)],
    ],
    "09.4": [
        stops(lambda c: c.count("skip") > 2),
        stops(lambda c: c.count("skip") >= 1),
        stops(lambda c: c.count("skip") == 2),
        stops(lambda c: c.count("skip") >= 3),
        stops(lambda c: "skip" in c),
        stops(lambda c: set(c) == {"skip"}),
        stops(lambda c: c[:2] == ["skip", "skip"]),
        stops(lambda c: any(x == y == "skip" for x, y in itertools.pairwise(c))),
        stops(lambda c: "".join(c).count("skip") >= 2),
        stops(lambda c: c.count("skip") >= len(c) / 2),
        stops(lambda c: c.count("skip") >= 2, lambda n, cells: n + 1),
        stops(lambda c: c.count("skip") >= 2, lambda n, cells: n - 1),
        stops(lambda c: c.count("skip") >= 2, lambda n, cells: max(n, 1)),
        stops(lambda c: c.count("skip") >= 2, lambda n, cells: max(n - 1, 0)),
        stops(lambda c: c.count("skip") >= 2, lambda n, cells: cells[n]),
        stops(lambda c: c.count("skip") >= 2, never=lambda cells: len(cells) - 1),
        stops(lambda c: c.count("skip") >= 2, never=lambda cells: 0),
        stops(lambda c: c.count("skip") >= 2, never=lambda cells: len(cells) + 1),
        stops(lambda c: c.count("skip") >= 2, never=lambda cells: -1),
        stops(lambda c: c.count("skip") >= 2, never=lambda cells: None),
        lambda cells: sum(c.count("skip") < 2 for c in cells),
        lambda cells: len(cells) - sum(c.count("skip") >= 2 for c in cells),
        lambda cells: max([n for n, c in enumerate(cells, 1) if c.count("skip") < 2], default=0),
        lambda cells: min(len(cells), sum(c.count("skip") for c in cells)),
        lambda cells: str(stops(lambda c: c.count("skip") >= 2)(cells)),
    ],
    "10.1": [
        phi("log(budget / base) / log(a * b * g)"),
        phi("log(budget / base) / log(a * b * g**2)"),
        phi("log(budget / base) / log(a * b**2 * g)"),
        phi("log(budget / base) / log(a**2 * b**2 * g**2)"),
        phi("log(budget / base) / log(a**2 * b * g)"),
        phi("log(budget / base) / log(b**2 * g**2)"),
        phi("log(budget / base) / log(a + b**2 + g**2)"),
        phi("log(budget / base) / log(a * 2 * b * 2 * g)"),
        phi("log(budget / base) / log(2)"),
        phi("log(budget / base) / log(1.92)"),
        phi("log2(budget / base)"),
        phi("log(budget / base)"),
        phi("log10(budget / base) / log2(a * b**2 * g**2)"),
        phi("budget / base / (a * b**2 * g**2)"),
        phi("log(base / budget) / log(a * b**2 * g**2)"),
        phi("log(budget) / log(base) / log(a * b**2 * g**2)"),
        phi("log(budget - base) / log(a * b**2 * g**2) if budget > base else 0"),
        phi("log(budget / base / (a * b**2 * g**2))"),
        phi("(budget / base) ** (1 / (a * b**2 * g**2))"),
        phi("sqrt(budget / base)"),
        phi("abs(log(budget / base) / log(a * b**2 * g**2))"),
        phi("max(0, log(budget / base) / log(a * b**2 * g**2))"),
        phi("int(log(budget / base) / log(a * b**2 * g**2))"),
        phi("round(log(budget / base) / log(a * b**2 * g**2), 1)"),
        phi("log(budget / base) / log(a * b**2 * g**2) + 1"),
        phi("log(budget / base) / (log(a) + log(b) + log(g))"),
        phi("log(budget / base) / log(1.2 * 1.1**2 * 1.15**2)"),
    ],
    "10.2": [
        stage("round(w / 8) * 8 + 8 * (round(w / 8) * 8 < 0.9 * w)"),
        stage("near"),
        stage("near + 8 * (near < w)"),
        stage("near + 8 * (near < 0.9 * given)"),
        stage("near + 8 * (near > 1.1 * w)"),
        stage("near + 8 * (near < 0.95 * w)"),
        stage("near + 8 * (near < 0.8 * w)"),
        stage("near + 8 * (near < 0.9 * near)"),
        stage("near + 8 * (w - near > 0.1)"),
        stage("near + 8 * (near + 8 < 0.9 * w)"),
        stage("max(8, near)"),
        stage("int(w // 8) * 8"),
        stage("ceil(w / 8) * 8"),
        stage("int((w + 3) // 8) * 8"),
        stage("int((w + 5) // 8) * 8"),
        stage("int((w + 7) // 8) * 8"),
        stage("round(w)"),
        stage("int(w)"),
        stage(NEAR, "round(n)"),
        stage(NEAR, "floor(n)"),
        stage(NEAR, "int(n) + 1"),
        stage(NEAR, "max(r, ceil(n))"),
        stage(NEAR, "r"),
        stage(NEAR, "n"),
        stage(NEAR, "max(2, ceil(n))"),
        stage("near + 8 if near < 0.9 * w else given"),
        lambda f, b, w, d: stage(NEAR)(f, b, d, w),
        lambda f, b, w, d: stage(NEAR)(b, f, w, d)[::-1],
        lambda f, b, w, d: stage(NEAR)(f, b, w, d)[::-1],
    ],
    "10.3": [
        by_key(lambda n, unit: n),
        by_key(lambda n, unit: n / 2 if unit == "MACs" else n),
        by_key(lambda n, unit: n * 2 if unit == "FLOPs" else n),
        by_key(lambda n, unit: n * 2),
        by_key(lambda n, unit: n + 2 if unit == "MACs" else n),
        by_key(lambda n, unit: n**2 if unit == "MACs" else n),
        by_key(lambda n, unit: n * 3 if unit == "MACs" else n),
        by_key(lambda n, unit: n * 1000 if unit == "MACs" else n),
        by_key(lambda n, unit: 2 * n + 1 if unit == "MACs" else n),
        by_key(lambda n, unit: int(n) * 2 if unit == "MACs" else int(n)),
        by_key(lambda n, unit: (unit, n)),
        by_key(lambda n, unit: str(n * 2 if unit == "MACs" else n)),
        by_key(lambda n, unit: n * 2 if unit == "MACs" else n, reverse=True),
        lambda networks: [v for _, v in sorted((networks[n][0], n) for n in networks)],
        lambda networks: list(networks),
        lambda networks: sorted(networks),
        lambda networks: [n for n in networks if networks[n][1] == "FLOPs"],
        lambda networks: sorted(networks.values()),
        lambda networks: {n: networks[n] for n in sorted(networks)},
        lambda networks: min(networks, key=lambda n: networks[n][0]),
        lambda networks: ["Z", "Y", "X"],
    ],
    "12.1": [
        clock("t + n / w * (s + o)"),
        clock("t + n // w * (s + o)"),
        clock("t + round(n / w) * (s + o)"),
        clock("t + (n // w + 1) * (s + o)"),
        clock("t + ceil(n / w) * s + o"),
        clock("t + ceil(n / w) * s"),
        clock("ceil(n / w) * (s + o)"),
        clock("ceil(n / w) * (s + o + t)"),
        clock("t * w + ceil(n / w) * (s + o)"),
        clock("t + ceil(n / w) * (s + o * w)"),
        clock("t + ceil(n / w) * s + n * o"),
        clock("t + n * (s + o)"),
        clock("t + ceil(w / n) * (s + o)"),
        clock("t + ceil(n * (s + o) / w)"),
        clock("(t + n * (s + o)) / w"),
        clock("t + max(1, n // w) * (s + o)"),
        clock("t + ceil(n / w) * (s + o) if n > w else t + s"),
        clock("t + ceil(n / w) * (s + o) if n > w else 0"),
        clock("t + ceil(n / min(w, 4)) * (s + o)"),
        clock("t + ceil(n / w) * (s + o) + o"),
        clock("t + ceil(n / w) * (s + o) - o"),
        clock("t + ceil(n / w) * (s - o)"),
        clock("t + (ceil(n / w) - 1) * (s + o)"),
        clock("t + (ceil(n / w) - 1) * (s + o) + s"),
        clock("round(t + ceil(n / w) * (s + o))"),
        clock("ceil(t + ceil(n / w) * (s + o))"),
        clock("(t + ceil(n / w) * (s + o)) / 60"),
        clock("t + ceil(n / w) * max(s, o)"),
    ],
    "12.2": [
        waits_for_all,
        worker(lambda free, trial: trial % len(free)),
        worker(lambda free, trial: free.index(max(free))),
        worker(lambda free, trial: 0),
        worker(lambda free, trial: -1),
        worker(lambda free, trial: trial if trial < len(free) else 0),
        worker(lambda free, trial: trial if trial < len(free) else free.index(max(free))),
        worker(lambda free, trial: free.index(min(free[:2]))),
        worker(lambda free, trial: free.index(sorted(free)[min(1, len(free) - 1)])),
        lambda d, w: worker(lambda f, t: f.index(min(f)))(sorted(d), w),
        lambda d, w: worker(lambda f, t: f.index(min(f)))(sorted(d)[::-1], w),
        lambda d, w: sorted(worker(lambda f, t: f.index(min(f)))(d, w)),
        lambda d, w: worker(lambda f, t: f.index(min(f)))(d, w)[::-1],
        lambda d, w: worker(lambda f, t: f.index(min(f)))(d, w + 1),
        lambda d, w: worker(lambda f, t: f.index(min(f)))(d, max(1, w - 1)),
        lambda d, w: worker(lambda f, t: f.index(min(f)))(d, 2),
        lambda d, w: [x - y for x, y in zip(worker(lambda f, t: f.index(min(f)))(d, w), d)],
        lambda d, w: max(worker(lambda f, t: f.index(min(f)))(d, w)),
        lambda d, w: list(np.cumsum(d)),
        lambda d, w: list(np.cumsum(d) / w),
        lambda d, w: list(d),
        lambda d, w: [round(x) for x in worker(lambda f, t: f.index(min(f)))(d, w)],
        lambda d, w: list(enumerate(worker(lambda f, t: f.index(min(f)))(d, w))),
        lambda d, w: set(worker(lambda f, t: f.index(min(f)))(d, w)),
        lambda d, w: worker(lambda f, t: f.index(min(f)))(d, min(w, len(d) - 1) or 1),
        lambda d, w: list(itertools.accumulate(worker(lambda f, t: f.index(min(f)))(d, w), max)),
    ],
    "12.3": [
        done_or_sent,
        up_to_the_log,
        removes_once,
        send(lambda e: "done" not in e),
        send(lambda e: "lost" in e),
        send(lambda e: not e),
        send(lambda e: not e or e[-1] == "lost"),
        send(lambda e: e[-1:] == ["lost"] and "done" not in e),
        send(lambda e: "done" not in e and e.count("lost") >= e.count("sent") - 1),
        send(lambda e: "done" not in e and "lost" in e or not e),
        send(lambda e: "done" not in e and "sent" not in e),
        send(lambda e: "done" not in e and (not e or e[0] == "lost")),
        send(lambda e: "done" not in e and e.count("sent") <= 1 and e[-1:] != ["sent"]),
        send(lambda e: e[-1:] not in (["sent"], ["done"])),
        send(lambda e: "done" not in e and e[-1:] != ["sent"], lambda b: range(b)),
        send(lambda e: "done" not in e and e[-1:] != ["sent"], lambda b: range(1, b)),
        send(lambda e: "done" not in e and e[-1:] != ["sent"], lambda b: range(1, b + 2)),
        send(lambda e: "done" not in e and e[-1:] != ["sent"], lambda b: range(2, b + 1)),
        send(lambda e: "done" not in e and e[-1:] != ["sent"], lambda b: range(b, 0, -1)),
        lambda log, b: [
            t for t in range(1, b + 1) if ("done", t) not in log and ("sent", t) not in log
        ],
        lambda log, b: [t for e, t in log if e == "lost"],
        lambda log, b: sorted(
            {t for e, t in log if e == "lost"} - {t for e, t in log if e == "done"}
        ),
        lambda log, b: sorted(t for t in range(1, b + 1) if t not in {t for _, t in log}),
        lambda log, b: [
            t for t in range(1, b + 1) if log.count(("sent", t)) == log.count(("lost", t))
        ],
        lambda log, b: {t for t in range(1, b + 1) if ("done", t) not in log},
        lambda log, b: [2, 4, 5],
    ],
    "13.1": [
        shortlist(best=np.median),
        shortlist(best=sum),
        shortlist(key=lambda p, n: p[n]),
        shortlist(key=lambda p, n: -abs(p[n])),
        shortlist(key=lambda p, n: (-p[n], -n)),
        shortlist(key=lambda p, n: n),
        shortlist(reference=lambda a: 1),
        shortlist(reference=np.median),
        shortlist(reference=lambda a: a[0]),
        shortlist(most=lambda n: 1),
        shortlist(most=lambda n: 2),
        shortlist(most=lambda n: n + 1),
        shortlist(result=lambda best, found: found - best),
        shortlist(result=lambda best, found: 100 * (best - found)),
        shortlist(result=lambda best, found: (best - found) / best),
        shortlist(result=lambda best, found: round(best - found, 2)),
        shortlist(result=lambda best, found: best),
    ],
    "13.2": [
        promise(lambda g, s, b, c, d: max(g, 0) + s),
        promise(lambda g, s, b, c, d: g * c + s**2 * d),
        promise(lambda g, s, b, c, d: g * (1 - c) + s * d),
        promise(lambda g, s, b, c, d: max(g * c + s * d, 0.01)),
        promise(lambda g, s, b, c, d: g + s * d),
        promise(lambda g, s, b, c, d: c + s * d),
        promise(lambda g, s, b, c, d: -g * c + s * d),
        promise(lambda g, s, b, c, d: g * c + s * d / 2),
        promise(lambda g, s, b, c, d: s),
        promise(lambda g, s, b, c, d: g * c + s * d, at_zero=lambda g: abs(g)),
        promise(lambda g, s, b, c, d: g * c + s * d, at_zero=lambda g: min(g, 0)),
        promise(lambda g, s, b, c, d: round(g * c + s * d, 2)),
        promise(lambda g, s, b, c, d: g * c + s * d, scale=lambda s: s + 0.01),
    ],
    "13.3": [
        promotes(lambda rung, done, eta: len(rung) / eta),
        promotes(lambda rung, done, eta: round(len(rung) / eta)),
        promotes(lambda rung, done, eta: len(rung) // 3),
        promotes(lambda rung, done, eta: (len(rung) + 1) // eta),
        promotes(lambda rung, done, eta: (len(rung) - 1) // eta),
        promotes(lambda rung, done, eta: len(rung) // eta + 1),
        promotes(lambda rung, done, eta: len(rung) // eta - 1),
        promotes(lambda rung, done, eta: len(rung) // eta, reverse=False),
        promotes(
            lambda rung, done, eta: len(rung) // eta, skip=lambda name, done: name not in done
        ),
        promotes(lambda rung, done, eta: len(rung) // eta, skip=lambda name, done: False),
        lambda rung, done, eta: [n for n, a in rung.items() if a > 0.9 and n not in done],
        lambda rung, done, eta: sorted(rung)[: len(rung) // eta],
        lambda rung, done, eta: [rung[n] for n in rung if n not in done][: len(rung) // eta],
        lambda rung, done, eta: ["d"],
    ],
    "14.1": [
        attain(lambda best: sum(best) / len(best)),
        attain(lambda best: sorted(best)[len(best) // 2]),
        attain(lambda best: sorted(best)[(len(best) - 1) // 2]),
        attain(lambda best: np.percentile(best, 75)),
        attain(lambda best: np.median([a for a in best if a] or [0])),
        attain(lambda best: round(float(np.median(best)), 1)),
        attain(lambda best: np.median(best[1:] or best)),
        attain(np.median, empty=float("nan")),
        attain(np.median, limit=lambda n, limit: n < limit),
        attain(np.median, limit=lambda n, limit: n == limit),
        attain(np.median, best=lambda pairs: max(pairs)[1]),
        attain(np.median, best=lambda pairs: min(pairs)[1]),
        attain(np.median, best=lambda pairs: pairs[0][1]),
        attain(np.median, best=lambda pairs: np.mean([a for _, a in pairs])),
        attain(np.median, best=lambda pairs: max(n for n, _ in pairs)),
        attain(list),
    ],
    "14.2": [
        lambda size, channels: np.eye(channels),
        lambda size, channels: np.ones((size, size, channels, channels)),
        lambda size, channels: np.eye(size)[:, :, None, None] * np.eye(channels),
        lambda size, channels: one_at(size, channels, size // 2 - 1),
        lambda size, channels: one_at(size, channels, (size + 1) // 2 % size),
        lambda size, channels: one_at(size, channels, 1 % size),
        lambda size, channels: one_at(size, channels, size // 2) / size,
        lambda size, channels: -one_at(size, channels, size // 2),
        lambda size, channels: 0.99 * one_at(size, channels, size // 2),
        lambda size, channels: one_at(size, channels, size // 2).sum(axis=3),
        lambda size, channels: one_at(size, channels, size // 2).cumsum(axis=3),
        lambda size, channels: np.roll(one_at(size, channels, size // 2), 1, axis=3),
        lambda size, channels: one_at(size, channels, size // 2).transpose(2, 3, 0, 1),
    ],
    "14.3": [
        choose(lambda gain, cost, limit: (cost <= limit, gain), empty=False),
        choose(lambda gain, cost, limit: (cost <= limit, gain - cost)),
        choose(lambda gain, cost, limit: (cost <= limit, gain / max(cost, 1))),
        choose(lambda gain, cost, limit: (cost <= limit, -cost)),
        choose(lambda gain, cost, limit: (cost <= limit, cost)),
        choose(lambda gain, cost, limit: (cost < limit, gain)),
        choose(lambda gain, cost, limit: (cost <= limit + 1, gain)),
        choose(lambda gain, cost, limit: (cost <= 100, gain)),
        choose(lambda gain, cost, limit: (gain <= limit, cost)),
        lambda gains, costs, limit: [int(np.argmax(row)) for row in gains],
        lambda gains, costs, limit: [int(np.argmin(row)) for row in costs],
        lambda gains, costs, limit: [0] * len(gains),
        lambda gains, costs, limit: sum(map(max, gains)),
    ],
}


def cut_right(row, ops):
    return ops[max((n for n in range(len(ops)) if ops[n] != "none"), key=lambda n: row[n])]
