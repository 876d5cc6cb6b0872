"""How fast is MNIST-NAS-Bench?  Processor time of loading it, of a query and of a race.

Bars: loads in 0.2 s (aim 0.1 s), 300,000 queries a second, four strategies x 200 seeds x 100 trials
in 15 s (aim 10 s).
"""

import time

from nascourse.benchmark import load_benchmark, simulate

QUERIES, SEEDS, BUDGET = 200_000, 200, 100
STRATEGIES = ("random", "greedy", "evolution", "local")

begin = time.process_time()
bench = load_benchmark()
print(f"load: {time.process_time() - begin:.3f} s, {len(bench)} of {bench.of} networks")

network = bench.networks.iloc[-1][list(bench.choices)].dropna().to_dict()
begin = time.process_time()
for _ in range(QUERIES):
    bench.query(network, epochs=4, seed=1)
print(f"queries: {QUERIES / (time.process_time() - begin):,.0f} a second")

if len(bench) < bench.of:
    print("race: not run, as it needs the whole table")
    raise SystemExit

simulate(STRATEGIES, budget=1, seeds=[0])  # TensorFlow loads, and is not what is measured
total = 0.0
for strategy in STRATEGIES:
    begin = time.process_time()
    table = simulate(strategy, budget=BUDGET, seeds=range(SEEDS), benchmark=bench)
    seconds = time.process_time() - begin
    total += seconds
    trials = len(table) / SEEDS
    print(f"{strategy:10s} {seconds:5.1f} s for {SEEDS} searches of {trials:.0f} trials")
print(f"race: {total:.1f} s for {len(STRATEGIES)} x {SEEDS} x {BUDGET}")
