"""Right answers in other words than the solution's: each must be accepted.

`dressed` gives the solution's own results in other types and precisions; `RIGHT` has the same things
written in other ways, with a loop, with recursion, with NumPy or pandas.
"""

from __future__ import annotations

import bisect
import functools
import heapq
import itertools
import json
import math
import operator
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from nascourse import trials


def number_dresses(value) -> Iterator[tuple[str, object]]:
    yield "a float", float(value)
    yield "NumPy's float", np.float64(value)
    yield "float32", np.float32(value)
    yield "six digits", round(float(value), 6)
    yield "five digits", round(float(value), 5)
    yield "four digits", round(float(value), 4)
    yield "an array without axes", np.array(value)
    yield "a fraction", Fraction(float(value))


def list_dresses(values) -> Iterator[tuple[str, object]]:
    values = list(values)
    yield "a list", values
    yield "a tuple", tuple(values)
    yield "an array", np.array(values)
    yield "NumPy scalars", list(np.array(values))
    if values and not isinstance(values[0], (str, tuple)):
        yield "a series", pd.Series(values)
        yield "a series with labels", pd.Series(values, [f"row {n}" for n in range(len(values))])
        yield "float32", np.array(values, dtype=np.float32)
        yield "six digits", [round(float(value), 6) for value in values]
        yield "values of a dict", dict(enumerate(values)).values()
    elif values and isinstance(values[0], tuple):
        yield "lists in a list", [list(value) for value in values]


# What the exercises return: a number, a whole number, a list, or something that stays as it is.
KINDS = {
    "number": "00.2 01.3 02.2 04.1 04.4 05.1 06.1 08.1 10.1 12.1 13.1 13.2 14.1",
    "whole": "03.2 07.2 09.4",
    "list": "02.1 04.2 06.2 07.1 12.2",
    "names": "09.3",
}


def dressed(id: str, solution: Callable) -> Iterator[tuple[str, Callable]]:
    """The solution, with its results in other types and precisions."""
    kind = next((kind for kind, ids in KINDS.items() if id in ids.split()), "")
    if kind in ("number", "whole"):
        names = [name for name, _ in number_dresses(0.0)]
        if kind == "whole":
            names = [name for name in names if name not in ("six digits", "four digits")]
        for name in names:
            yield name, lambda *given, name=name: dict(number_dresses(solution(*given)))[name]
    if kind in ("list", "names"):
        for name in dict(list_dresses([("a", "b")] if id in ("04.2", "07.1") else [0.5])):
            yield (
                name,
                lambda *given, name=name: (
                    dict(list_dresses(result)).get(name, result)
                    if (result := solution(*given))
                    else result
                ),
            )


# ---- 00 and 01


def most_common(train, val):
    label = Counter(train.tolist()).most_common(1)[0][0]
    return sum(1 for each in val if each == label) / len(val)


def by_unique(train, val):
    labels, counts = np.unique(train, return_counts=True)
    return (val == labels[np.argmax(counts)]).mean()


def by_loop(train, val):
    best, most = None, -1
    for label in range(10):
        count = 0
        for each in train:
            if each == label:
                count += 1
        if count > most:
            best, most = label, count
    right = 0
    for each in val:
        right += int(each == best)
    return right / len(val)


def loop_keeps_best(propose, evaluate, budget):
    seen, best = [], None
    for _ in range(budget):
        network = propose(seen).copy()
        accuracy = evaluate(network)
        seen.append((network, accuracy))
        if best is None or accuracy > best[1]:
            best = (network, accuracy)
    return best


def loop_while(propose, evaluate, budget):
    seen = []
    while len(seen) < budget:
        network = {**propose(seen)}
        seen += [(network, evaluate(network))]
    seen.sort(key=lambda pair: pair[1], reverse=True)
    return seen[0]


def loop_argmax(propose, evaluate, budget):
    seen = []
    for _ in range(budget):
        network = propose(seen)
        seen.append((dict(network), evaluate(network)))
    return list(seen[int(np.argmax([accuracy for _, accuracy in seen]))])


def loop_of_lists(propose, evaluate, budget):
    networks, accuracies = [], []
    for _ in range(budget):
        network = dict(propose(list(zip(networks, accuracies))))
        networks.append(network)
        accuracies.append(evaluate(network))
    best = max(accuracies)
    return networks[accuracies.index(best)], np.float32(best)


def loop_recursive(propose, evaluate, budget, seen=None):
    seen = seen or []
    if budget == 0:
        return max(seen, key=lambda pair: pair[1])
    network = dict(propose(seen))
    return loop_recursive(propose, evaluate, budget - 1, [*seen, (network, evaluate(network))])


def loop_with_infinity(propose, evaluate, budget):
    seen, best, most = [], None, -math.inf
    for _ in range(budget):
        network = dict(propose(seen))
        seen.append((network, evaluate(network)))
        if most < seen[-1][1]:
            best, most = seen[-1]
    return best, most


def shortfall_loop(table, choice, value):
    best = best_of_part = 0
    for _, row in table.iterrows():
        best = max(best, row["val_accuracy"])
        if not pd.isna(row[choice]) and row[choice] == value:
            best_of_part = max(best_of_part, row["val_accuracy"])
    return best - best_of_part


def shortfall_nan(table, choice, value):
    return max(table["val_accuracy"]) - table["val_accuracy"].where(table[choice] == value).max()


# ---- 02 and 03


def incumbents_recursive(accuracies, best=None):
    if not accuracies:
        return []
    best = accuracies[0] if best is None else max(best, accuracies[0])
    return [best, *incumbents_recursive(accuracies[1:], best)]


def incumbents_loop(accuracies):
    best, out = -1, []
    for accuracy in accuracies:
        best = max(accuracy, best)
        out.append(best)
    return out


def chance_loop(draws, share):
    miss = 1.0
    for _ in range(draws):
        miss *= 1 - share
    return 1 - miss


def chance_recursive(draws, share):
    return 0 if draws == 0 else share + (1 - share) * chance_recursive(draws - 1, share)


def cost_ceil(height, width, channels, filters, window, stride):
    rows, columns = -(-height // stride), -(-width // stride)
    weights = filters * channels * window**2
    return weights + filters, rows * columns * (2 * weights + filters)


def cost_numpy(height, width, channels, filters, window, stride):
    outputs = np.ceil(height / stride) * np.ceil(width / stride)
    inputs = np.prod([window, window, channels])
    return np.array([filters * (inputs + 1), outputs * filters * (2 * inputs + 1)])


def cost_loop(height, width, channels, filters, window, stride):
    flops = 0
    for _ in range(0, height, stride):
        for _ in range(0, width, stride):
            flops += filters * (2 * window * window * channels + 1)
    return [filters * window * window * channels + filters, flops]


def size_loop(depths, widths, shared):
    total = 0
    for depth in depths:
        ways = 1
        for _ in range(depth):
            ways *= widths
        for values in shared:
            ways *= values
        total += ways
    return total


def size_listed(depths, widths, shared):
    return len(
        [
            each
            for depth in depths
            for each in itertools.product(*[range(widths)] * depth, *(range(n) for n in shared))
        ]
    )


# ---- 04 and 05


def spearman_loop(a, b):
    def ranks(values):
        in_order = sorted(values)
        return [(2 * in_order.index(x) + 1 + in_order.count(x)) / 2 for x in values]

    x, y = np.array(ranks(a)), np.array(ranks(b))
    x, y = x - x.mean(), y - y.mean()
    return (x * y).sum() / math.sqrt((x**2).sum() * (y**2).sum())


def spearman_bisect(a, b):
    def ranks(values):
        s = sorted(values)
        return [(bisect.bisect_left(s, x) + bisect.bisect_right(s, x) + 1) / 2 for x in values]

    return statistics.correlation(ranks(a), ranks(b))


def plan_recursive(n_networks, stops, factor, before=0):
    if not stops:
        return []
    rest = plan_recursive(max(n_networks // factor, 1), stops[1:], factor, stops[0])
    return [(n_networks, stops[0] - before), *rest]


def plan_zip(n_networks, stops, factor):
    networks = [max(1, n_networks // factor**turn) for turn in range(len(stops))]
    return list(zip(networks, np.diff([0, *stops])))


def plan_or(n_networks, stops, factor):
    out = []
    for place, stop in enumerate(stops):
        out += [[n_networks, stop - (stops[place - 1] if place else 0)]]
        n_networks = int(n_networks / factor) or 1
    return out


def regret_loop(val, test, epochs):
    best = 0
    for network in range(len(val)):
        if val[network, epochs - 1] > val[best, epochs - 1]:
            best = network
    return max(test) - test[best]


def superiority_loop(a, b):
    points = 0
    for x in a:
        for y in b:
            if x > y:
                points += 1
            elif x == y:
                points += 1 / 2
    return points / (len(a) * len(b))


def superiority_numpy(a, b):
    a, b = np.array(a)[:, None], np.array(b)
    return (a > b).mean() + (a == b).mean() / 2


# ---- 06 and 07


def odds_startswith(names, name):
    nodes = {""}
    for each in names:
        parts = each.split("/")
        nodes |= {"/".join(parts[: n + 1]) for n in range(len(parts))}

    def below(node, each):
        return node in ("", each) or each.startswith(node + "/")

    weights = {node: 1 / sum(below(node, each) for each in names) for node in nodes}
    return sum(w for node, w in weights.items() if below(node, name)) / sum(weights.values())


def odds_recursive(names, name):
    def walk(paths, way):
        total = 1 / len(paths)
        own = total if way is not None else 0
        groups = defaultdict(list)
        for path in paths:
            if path:
                groups[path[0]].append(path[1:])
        for part, rest in groups.items():
            on_way = way[1:] if way and way[0] == part else None
            t, o = walk(rest, on_way)
            total, own = total + t, own + o
        return total, own

    total, own = walk([each.split("/") for each in names], name.split("/"))
    return own / total


def wasted_lists(trials):
    seen, out = [], []
    for number, trial in enumerate(trials):
        network = []
        for block in range(trial["num_blocks"]):
            network.append([])
            for layer in range(trial["num_layers"]):
                network[-1].append(trial["filters_" + str(block) + "_" + str(layer)])
        if network in seen:
            out.append(number + 1)
        else:
            seen.append(network)
    return out


def wasted_frozen(trials):
    def network(trial):
        kept = {"num_blocks": trial["num_blocks"], "num_layers": trial["num_layers"]}
        for name, value in trial.items():
            if name.startswith("filters"):
                _, block, layer = name.split("_")
                if int(block) < trial["num_blocks"] and int(layer) < trial["num_layers"]:
                    kept[name] = value
        return frozenset(kept.items())

    marks = [network(trial) for trial in trials]
    return [n for n, mark in enumerate(marks, start=1) if marks.index(mark) + 1 < n]


def front_all_pairs(points):
    out = []
    for cost, accuracy in set(points):
        for c, a in points:
            if (c < cost and a >= accuracy) or (c <= cost and a > accuracy):
                break
        else:
            out.append((cost, accuracy))
    out.sort()
    return out


def front_cumulated(points):
    table = pd.DataFrame(points, columns=["cost", "accuracy"])
    table = table.sort_values(["cost", "accuracy"], ascending=[True, False])
    before = table["accuracy"].cummax().shift(fill_value=-1.0)
    return list(table[table["accuracy"] > before].itertuples(index=False, name=None))


def best_loop(table, max_params, max_ms):
    best = None
    for label, row in table.iterrows():
        if row.n_params > max_params or row.latency_ms > max_ms:
            continue
        key = (row.val_accuracy, -row.n_params)
        if best is None or key > best[0]:
            best = (key, label)
    return best[1]


def best_query(table, max_params, max_ms):
    fits = table.query("n_params <= @max_params and latency_ms <= @max_ms")
    fits = fits[fits.val_accuracy == fits.val_accuracy.max()]
    return int(fits.n_params.idxmin())


def best_lexsort(table, max_params, max_ms):
    fits = table[table.n_params.le(max_params) & table.latency_ms.le(max_ms)]
    return fits.index[np.lexsort((fits["n_params"], -fits["val_accuracy"]))[0]]


# ---- 08 and 09


def kendall_loop(a, b):
    score = 0
    for i in range(len(a)):
        for j in range(i):
            product = (a[i] - a[j]) * (b[i] - b[j])
            score += (product > 0) - (product < 0)
    return score / (len(a) * (len(a) - 1) / 2)


def kendall_numpy(a, b):
    a, b = np.array(a), np.array(b)
    signs = np.sign(a[:, None] - a) * np.sign(b[:, None] - b)
    return signs.sum() / (len(a) * (len(a) - 1))


def inherit_loop(bank, size, channels, filters):
    out = np.zeros((size, size, channels, filters))
    first = bank.shape[0] // 2 - size // 2
    for row in range(size):
        for column in range(size):
            out[row, column] = bank[first + row, first + column, :channels, :filters]
    return out


def inherit_copy_first(bank, size, channels, filters):
    at = int((bank.shape[0] - size) / 2)
    return np.array(bank)[at : at + size, at : at + size, :channels, :filters]


def search_loop(inherited, train, n, supernet_seconds):
    best, most, bill = None, -1, supernet_seconds
    for network in sorted(range(len(inherited)), key=lambda each: -inherited[each])[:n]:
        accuracy, seconds = train(network)
        bill += seconds
        if accuracy > most:
            best, most = network, accuracy
    return best, bill


def search_numpy(inherited, train, n, supernet_seconds):
    listed = np.argsort(-inherited)[:n]
    outcomes = np.array([train(network) for network in listed])
    return np.array([listed[outcomes[:, 0].argmax()], supernet_seconds + outcomes[:, 1].sum()])


def search_heap(inherited, train, n, supernet_seconds):
    listed = heapq.nlargest(n, range(len(inherited)), key=lambda each: inherited[each])
    trained = [(*train(each), each) for each in listed]
    return [max(trained)[2], sum((seconds for _, seconds, _ in trained), supernet_seconds)]


def search_table(inherited, train, n, supernet_seconds):
    listed = pd.Series(inherited).nlargest(n).index
    table = pd.DataFrame([train(network) for network in listed], index=listed)
    return table[0].idxmax(), supernet_seconds + table[1].sum()


def mix_loop(alpha, outputs):
    largest = max(alpha)
    powers = [math.exp(each - largest) for each in alpha]
    total = 0
    for power, output in zip(powers, outputs):
        total = total + power / sum(powers) * np.array(output)
    return total


def mix_einsum(alpha, outputs):
    return np.einsum("i,i...->...", special.softmax(alpha), np.array(outputs))


def cut_loop(alpha, operations):
    cell = []
    for row in alpha:
        best = None
        for name, weight in zip(operations, row):
            if name != "none" and (best is None or weight > best[1]):
                best = (name, weight)
        cell.append(best[0])
    return cell


def cut_frame(alpha, operations):
    return list(pd.DataFrame(alpha, columns=operations).drop(columns="none").idxmax(axis=1))


def stop_while(cells):
    epoch = 0
    while epoch < len(cells) and cells[epoch].count("skip") < 2:
        epoch += 1
    return epoch


def stop_recursive(cells, epoch=0):
    if not cells or sum(name == "skip" for name in cells[0]) >= 2:
        return epoch
    return stop_recursive(cells[1:], epoch + 1)


# ---- 10 and 12


def phi_numpy(base, budget, alpha, beta, gamma):
    step = np.float32(alpha * beta**2 * gamma**2)
    return np.log(np.float32(budget / base)) / np.log(step)


def phi_differences(base, budget, alpha, beta, gamma):
    step = math.log(alpha) + 2 * math.log(beta) + 2 * math.log(gamma)
    return (math.log(budget) - math.log(base)) / step


def stage_floor(filters, blocks, width, depth):
    new = 8 * math.floor(filters * width / 8 + 0.5)
    return [new + 8 if new < 0.9 * filters * width else new, int(np.ceil(blocks * depth))]


def stage_nearest(filters, blocks, width, depth):
    wanted = filters * width
    lower = int(wanted) // 8 * 8
    new = lower if wanted - lower < lower + 8 - wanted else lower + 8
    if wanted - new > wanted / 10:
        new += 8
    return np.int64(new), -int(-blocks * depth // 1)


def cost_by_unit(networks):
    return sorted(networks, key=lambda n: networks[n][0] * (2 if networks[n][1] == "MACs" else 1))


def cost_frame(networks):
    table = pd.DataFrame(networks, index=["number", "unit"]).T
    macs = table["number"].astype(float) / table["unit"].map({"MACs": 1, "FLOPs": 2})
    return macs.sort_values().index


def clock_while(trials, workers, seconds, overhead, start):
    time = start
    while trials > 0:
        trials -= workers
        time += seconds + overhead
    return time


def ends_heap(durations, workers):
    free, out = [0.0] * workers, []
    for duration in durations:
        end = heapq.heappop(free) + duration
        heapq.heappush(free, end)
        out.append(end)
    return out


def ends_argmin(durations, workers):
    free, out = np.zeros(workers), np.zeros(len(durations))
    for trial, duration in enumerate(durations):
        worker = free.argmin()
        free[worker] += duration
        out[trial] = free[worker]
    return out


def ends_sorted(durations, workers):
    running, out = deque([0] * workers), []
    for duration in durations:
        running = deque(sorted(running))
        out.append(running.popleft() + duration)
        running.append(out[-1])
    return tuple(out)


def send_sets(log, budget):
    done = {trial for event, trial in log if event == "done"}
    under_way = set()
    for event, trial in log:
        if event == "sent":
            under_way.add(trial)
        elif event == "lost":
            under_way.discard(trial)
    return sorted(set(range(1, budget + 1)) - done - under_way)


def send_counts(log, budget):
    last = {trial: event for event, trial in log}
    done = [trial for event, trial in log if event == "done"]
    wanted = [t for t in range(1, budget + 1) if t not in done and last.get(t, "") != "sent"]
    return np.array(wanted)


def loss_argsort(predictions, accuracies, n):
    order = np.argsort(-np.array(predictions), kind="stable")
    accuracies = np.array(accuracies, dtype="float32")
    return accuracies.max() - accuracies[order[:n]].max()


def loss_loop(predictions, accuracies, n):
    left, kept = list(zip(predictions, accuracies)), 0
    for _ in range(n):
        place = max(range(len(left)), key=lambda number: left[number][0])
        kept = max(kept, left.pop(place)[1])
    return max(accuracies) - kept


def improvement_scipy(mean, deviation, best):
    if not deviation:
        return max(0.0, mean - best)
    z = (mean - best) / deviation
    return (mean - best) * stats.norm.cdf(z) + deviation * stats.norm.pdf(z)


def promote_pandas(rung, promoted, eta):
    best = pd.Series(rung, dtype=float).nlargest(len(rung) // eta)
    return best.index[~best.index.isin(list(promoted))]


def promote_pairs(rung, promoted, eta):
    pairs = sorted(((-accuracy, name) for name, accuracy in rung.items()))
    return tuple(name for _, name in pairs[: len(pairs) // eta] if not {name} & promoted)


def attained_pandas(fronts, limit):
    rows = [(n, *pair) for n, front in enumerate(fronts) for pair in front]
    table = pd.DataFrame(rows, columns=["search", "size", "accuracy"])
    best = table[table["size"] <= limit].groupby("search")["accuracy"].max()
    return best.reindex(range(len(fronts)), fill_value=0).median()


def kernel_loop(size, channels):
    kernel = [
        [[[0.0] * channels for _ in range(channels)] for _ in range(size)] for _ in range(size)
    ]
    for channel in range(channels):
        kernel[size // 2][size // 2][channel][channel] = 1.0
    return kernel


def kernel_pad(size, channels):
    edge = (size - 1) // 2
    return np.pad(
        np.eye(channels, dtype="float32")[None, None], ((edge, edge),) * 2 + ((0, 0),) * 2
    )


def variants_recursive(gains, costs, limit):
    def best(block, left):
        if left < 0:
            return None
        if block == len(gains):
            return 0, ()
        rest = ((n, best(block + 1, left - cost)) for n, cost in enumerate(costs[block]))
        return max(
            ((gains[block][n] + found[0], (n, *found[1])) for n, found in rest if found),
            default=None,
        )

    found = best(0, limit)
    return found[1] if found else ()


def variants_array(gains, costs, limit):
    def total(table, choice):
        return sum(row[n] for row, n in zip(table, choice))

    choices = itertools.product(*(range(len(row)) for row in gains))
    kept = [choice for choice in choices if total(costs, choice) <= limit]
    return np.array(max(kept, key=lambda choice: total(gains, choice), default=()))


RIGHT: dict[str, dict[str, object]] = {
    "00.2": {
        "Counter": most_common,
        "np.unique": by_unique,
        "loops": by_loop,
        "statistics": lambda train, val: float(np.mean(val == statistics.mode(train.tolist()))),
        "scipy": lambda train, val: np.mean(np.asarray(val) == stats.mode(train).mode),
        "pandas": lambda train, val: (pd.Series(val) == pd.Series(train).mode()[0]).mean(),
        "max of a set": lambda t, v: list(v).count(max(set(t), key=list(t).count)) / len(v),
        "sum": lambda t, v: sum(v == np.argmax(np.bincount(t, minlength=10))) / v.size,
    },
    "01.2": {
        "keeps the best": loop_keeps_best,
        "while and sorted": loop_while,
        "argmax": loop_argmax,
        "two lists": loop_of_lists,
        "recursive": loop_recursive,
        "infinity": loop_with_infinity,
    },
    "01.3": {
        "a loop": shortfall_loop,
        "where": shortfall_nan,
        "loc": lambda t, c, v: t.val_accuracy.max() - t.loc[t[c] == v, "val_accuracy"].max(),
        "groupby": lambda t, c, v: (
            t["val_accuracy"].max() - t.groupby(c)["val_accuracy"].max().loc[v]
        ),
        "eq": lambda t, c, v: max(t["val_accuracy"]) - max(t[t[c].eq(v)]["val_accuracy"]),
        "query": lambda t, c, v: (
            t.val_accuracy.max() - t.query(f"`{c}` == @v")["val_accuracy"].max()
        ),
        "sorted": lambda t, c, v: (
            t["val_accuracy"].sort_values().iloc[-1]
            - t[t[c] == v]["val_accuracy"].sort_values().iloc[-1]
        ),
        "NumPy": lambda t, c, v: (
            t["val_accuracy"].to_numpy().max()
            - t["val_accuracy"].to_numpy()[(t[c] == v).fillna(False).to_numpy(bool)].max()
        ),
    },
    "02.1": {
        "accumulate": np.maximum.accumulate,
        "itertools": lambda accuracies: list(itertools.accumulate(accuracies, max)),
        "slices": lambda a: [max(a[: n + 1]) for n in range(len(a))],
        "recursive": incumbents_recursive,
        "a loop": incumbents_loop,
        "pandas": lambda a: pd.Series(a, dtype=float).cummax(),
        "pandas, a list": lambda a: pd.Series(a, dtype=float).cummax().tolist(),
        "a tuple": lambda a: tuple(itertools.accumulate(a, lambda x, y: max(y, x))),
    },
    "02.2": {
        "a loop": chance_loop,
        "recursive": chance_recursive,
        "scipy": lambda draws, share: 1 - stats.binom.pmf(0, draws, share),
        "survival": lambda draws, share: stats.binom.sf(0, draws, share),
        "added up": lambda n, p: sum(
            math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(1, n + 1)
        ),
        "geometric": lambda n, p: sum(p * (1 - p) ** k for k in range(n)),
        "np.power": lambda n, p: 1.0 - np.power(1.0 - p, n),
        "prod": lambda n, p: 1 - np.prod([1 - p for _ in range(n)]),
    },
    "03.1": {"ceil": cost_ceil, "NumPy": cost_numpy, "loops": cost_loop},
    "03.2": {
        "loops": size_loop,
        "listed": size_listed,
        "np.prod": lambda d, w, s: sum(w**each for each in d) * np.prod(s),
        "reduce": lambda d, w, s: functools.reduce(operator.mul, s, sum(w**each for each in d)),
        "arrays": lambda d, w, s: np.sum(np.array(w) ** np.array(d)) * math.prod(s),
    },
    "04.1": {
        "a loop": spearman_loop,
        "bisect": spearman_bisect,
        "scipy": lambda a, b: stats.spearmanr(a, b).statistic,
        "scipy's name": lambda a, b: stats.spearmanr(a, b).correlation,
        "scipy's pair": lambda a, b: stats.spearmanr(a, b)[0],
        "pandas": lambda a, b: pd.Series(a).corr(pd.Series(b), method="spearman"),
        "ranks of pandas": lambda a, b: pd.Series(a).rank().corr(pd.Series(b).rank()),
        "rankdata": lambda a, b: np.corrcoef(stats.rankdata(a), stats.rankdata(b))[1, 0],
        "ranks downward": lambda a, b: stats.pearsonr(
            stats.rankdata(np.negative(a)), stats.rankdata(np.negative(b))
        )[0],
    },
    "04.2": {"recursive": plan_recursive, "zip": plan_zip, "or": plan_or},
    "04.4": {
        "a loop": regret_loop,
        "np.max": lambda val, test, n: np.max(test) - test[np.argmax(val[:, n - 1])],
        "a list": lambda val, test, n: (
            max(test) - test[list(val[:, n - 1]).index(max(val[:, n - 1]))]
        ),
        "transposed": lambda val, test, n: test.max() - test[val.T[n - 1].argmax()],
        "sorted": lambda v, t, n: np.sort(t)[-1] - t[np.argsort(v[:, n - 1])[-1]],
        "a table": lambda v, t, n: t.max() - t[pd.DataFrame(v)[n - 1].idxmax()],
        "max of": lambda v, t, n: (t - t[max(range(len(v)), key=lambda i: v[i][n - 1])]).max(),
    },
    "05.1": {
        "loops": superiority_loop,
        "NumPy": superiority_numpy,
        "product": lambda a, b: np.mean(
            [1 if x > y else 0.5 if x == y else 0 for x, y in itertools.product(a, b)]
        ),
        "Mann-Whitney": lambda a, b: stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)),
        "heaviside": lambda a, b: np.heaviside(np.subtract.outer(a, b), 0.5).mean(),
        "signs": lambda a, b: (np.sign(np.subtract.outer(a, b)).mean() + 1) / 2,
        "fractions": lambda a, b: (
            sum(Fraction((x > y) * 2 + (x == y), 2) for x in a for y in b) / (len(a) * len(b))
        ),
    },
    "06.1": {"startswith": odds_startswith, "recursive": odds_recursive},
    "06.2": {
        "lists": wasted_lists,
        "frozen sets": wasted_frozen,
        "a set of numbers": lambda trials: set(wasted_lists(trials)),
    },
    "07.1": {
        "all pairs": front_all_pairs,
        "pandas": front_cumulated,
        "by accuracy": lambda points: sorted(
            {
                p
                for p in points
                if p == min((q for q in points if q[1] >= p[1]), key=lambda q: (q[0], -q[1]))
            }
        ),
        "lists": lambda points: [list(point) for point in front_all_pairs(points)],
        "an array": lambda points: np.array(front_all_pairs(points)),
    },
    "07.2": {
        "a loop": best_loop,
        "query": best_query,
        "sorted twice": lambda t, p, ms: (
            t[(t.n_params <= p) & (t.latency_ms <= ms)]
            .sort_values("n_params")
            .sort_values("val_accuracy", ascending=False, kind="stable")
            .index[0]
        ),
        "lexsort": best_lexsort,
        "max of index": lambda t, p, ms: max(
            (i for i in t.index if t.n_params[i] <= p and t.latency_ms[i] <= ms),
            key=lambda i: (t.val_accuracy[i], -t.n_params[i]),
        ),
    },
    "08.1": {
        "loops": kendall_loop,
        "NumPy": kendall_numpy,
        "both orders": lambda a, b: np.mean(
            [
                np.sign((x - u) * (y - v))
                for (i, (x, y)), (j, (u, v)) in itertools.permutations(enumerate(zip(a, b)), 2)
            ]
        ),
        "counts": lambda a, b: (
            sum(
                (a[i] < a[j] and b[i] < b[j])
                + (a[i] > a[j] and b[i] > b[j])
                - (a[i] < a[j] and b[i] > b[j])
                - (a[i] > a[j] and b[i] < b[j])
                for i in range(len(a))
                for j in range(i + 1, len(a))
            )
            / math.comb(len(a), 2)
        ),
    },
    "08.2": {
        "loops": inherit_loop,
        "copies first": inherit_copy_first,
        "negative ends": lambda bank, size, c, f: np.copy(
            bank[(m := (len(bank) - size) // 2) : len(bank) - m, m : len(bank) - m, :c, :f]
        ),
        "float32": lambda *given: inherit_copy_first(*given).astype(np.float32),
        "take": lambda bank, size, c, f: bank[
            np.ix_(
                range((len(bank) - size) // 2, (len(bank) + size) // 2),
                range((len(bank) - size) // 2, (len(bank) + size) // 2),
                range(c),
                range(f),
            )
        ],
    },
    "08.3": {
        "a loop": search_loop,
        "NumPy": search_numpy,
        "a heap": search_heap,
        "a table": search_table,
    },
    "09.1": {
        "a loop": mix_loop,
        "einsum": mix_einsum,
        "scipy": lambda alpha, outputs: np.tensordot(special.softmax(alpha), outputs, 1),
        "moved axis": lambda alpha, outputs: (
            np.moveaxis(np.array(outputs), 0, -1) @ special.softmax(alpha)
        ),
        "float32": lambda a, o: mix_einsum(a, o).astype(np.float32),
        "a list": lambda a, o: mix_einsum(a, o).tolist(),
        "average": lambda a, o: np.average(o, axis=0, weights=np.exp(np.array(a) - max(a))),
        "six digits": lambda a, o: mix_einsum(a, o).round(6),
    },
    "09.3": {
        "loops": cut_loop,
        "a table": cut_frame,
        "infinity": lambda alpha, ops: [
            ops[int(np.argmax([-np.inf if n == "none" else w for n, w in zip(ops, row)]))]
            for row in alpha
        ],
        "pairs": lambda alpha, ops: [
            max((w, n) for w, n in zip(row, ops) if n != "none")[1] for row in alpha
        ],
        "list methods": lambda alpha, ops: [
            ops[row.index(max(w for w, n in zip(row, ops) if n != "none"))]
            if row.count(max(w for w, n in zip(row, ops) if n != "none")) == 1
            else max((w, n) for w, n in zip(row, ops) if n != "none")[1]
            for row in alpha
        ],
        "a dict": lambda alpha, ops: [
            max({n: w for n, w in zip(ops, row) if n != "none"}.items(), key=lambda p: p[1])[0]
            for row in alpha
        ],
    },
    "09.4": {
        "while": stop_while,
        "recursive": stop_recursive,
        "next": lambda cells: next(
            (n for n, cell in enumerate(cells) if cell.count("skip") > 1), len(cells)
        ),
        "takewhile": lambda cells: len(
            list(itertools.takewhile(lambda cell: Counter(cell)["skip"] < 2, cells))
        ),
        "NumPy": lambda cells: int(
            np.argmax([*(sum(np.array(c) == "skip") >= 2 for c in cells), True])
        ),
    },
    "10.1": {
        "float32": phi_numpy,
        "differences": phi_differences,
        "base": lambda base, budget, a, b, c: math.log(budget / base, a * b * b * c * c),
        "log2": lambda base, budget, a, b, c: np.log2(budget / base) / np.log2(a * b**2 * c**2),
        "log10": lambda base, budget, a, b, c: (
            math.log10(budget / base) / math.log10(a * (b * c) ** 2)
        ),
        "six digits": lambda *given: round(phi_differences(*given), 6),
    },
    "10.2": {
        "floor": stage_floor,
        "nearest": stage_nearest,
        "an array": lambda *given: np.array(stage_floor(*given)),
    },
    "10.3": {
        "by unit": cost_by_unit,
        "pandas": cost_frame,
        "a tuple": lambda networks: tuple(cost_by_unit(networks)),
        "pairs": lambda networks: [
            name
            for _, name in sorted(
                (n if unit == "FLOPs" else n + n, name) for name, (n, unit) in networks.items()
            )
        ],
    },
    "12.1": {
        "while": clock_while,
        "ceil": lambda n, w, s, o, start: np.ceil(n / w) * (s + o) + start,
        "without ceil": lambda n, w, s, o, start: start - (-n // w) * (s + o),
        "one more": lambda n, w, s, o, start: start + ((n - 1) // w + 1) * (s + o),
        "a range": lambda n, w, s, o, start: start + len(range(0, n, w)) * (s + o),
    },
    "12.2": {"a heap": ends_heap, "argmin": ends_argmin, "sorted": ends_sorted},
    "12.3": {"sets": send_sets, "an array": send_counts},
    "13.1": {"argsort": loss_argsort, "a loop": loss_loop},
    "13.2": {"scipy": improvement_scipy},
    "13.3": {"pandas": promote_pandas, "pairs": promote_pairs},
    "14.1": {
        "pandas": attained_pandas,
        "sorted": lambda fronts, limit: statistics.median(
            max((a if n <= limit else 0) for n, a in [*front, (0, 0)]) for front in fronts
        ),
    },
    "14.2": {"a loop": kernel_loop, "padded": kernel_pad},
    "14.3": {"recursion": variants_recursive, "an array": variants_array},
}


# ---- the decisions of the project, which are values and no functions


def _report() -> dict[str, Any]:
    """The recorded facts, in which all ten digits are equally frequent in training."""
    path = files("nascourse") / "recordings" / "project_report.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _choice(trial: object, **changes: object) -> dict[str, object]:
    reason = "It is the best of all trials of this search."
    given = {"table": trials.recorded("random_cnn"), "n_images": 800, "trial": trial}
    return {**given, "reason": reason, **changes}


def smaller_by_best(table, n_images):
    from nascourse.evaluation import accuracy_interval  # loads TensorFlow

    low, _ = accuracy_interval(trials.best(table)["val_accuracy"], n_images)
    return table[table["val_accuracy"] >= low].sort_values("n_params")["trial"].iloc[0]


_BEST = trials.best(trials.recorded("random_cnn"))["trial"]
_LOSSES = trials.recorded("random_cnn").assign(val_loss=lambda table: 1 - table["val_accuracy"])
_LOSSES.attrs["objective"] = ("val_loss", "min")

DECISIONS: dict[str, dict[str, object]] = {
    "11.2": {"trials.best": smaller_by_best},
    "11.4": {
        "as recorded": _report(),
        "four digits": {**_report(), "majority_accuracy": 0.098},
        "a fraction": {**_report(), "majority_accuracy": Fraction(980, 10_000)},
    },
    "11.7": {
        "NumPy's integers": dict.fromkeys(("max_trials", "epochs", "seed"), np.int64(5)),
        "seed 0": {"max_trials": 2, "epochs": 50, "seed": 0},
    },
    "11.8": {
        "a float": _choice(float(_BEST)),
        "the lowest loss": _choice(trials.best(_LOSSES)["trial"], table=_LOSSES),
    },
}
