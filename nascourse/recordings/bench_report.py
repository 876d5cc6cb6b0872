"""What the tables of MNIST-NAS-Bench say: differences, noise and its parts, known weaknesses."""

from __future__ import annotations


def report(options: argparse.Namespace) -> None:
    """Print how well the networks can be told apart, and where the noise comes from."""
    run = json.loads((options.out / "run.json").read_text("utf-8"))
    networks, epochs = networks_table(options.out), epochs_table(options.out)
    all_runs = epochs[epochs["seed"] < RUNS]
    last = all_runs[all_runs["epoch"] == EPOCHS]
    counts = {"small_right": "small_validation", "val_right": "validation", "test_right": "test"}
    for name, images in counts.items():
        by_run = last.pivot(index="network", columns="seed", values=name) / run[f"{images}_images"]
        mean, noise = by_run.mean(axis=1), np.sqrt(by_run.var(axis=1).mean())
        quantiles = mean.quantile([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]).round(4).tolist()
        print(f"{name}: {len(mean)} networks, quantiles {quantiles}")
        print(f"  deviation across networks {mean.std():.4f}, of one network's runs {noise:.4f}")
    networks["accuracy"] = networks["network"].map(mean)
    for name in ("n_params", "flops", *PROXIES):
        tau = networks[name].corr(networks["accuracy"], method="spearman")
        print(f"  rank correlation of {name} with test accuracy {tau:+.3f}")
    heads = all_runs.merge(networks[["network", "head"]], on="network")
    at = heads.groupby(["head", "epoch"])["val_right"].mean().unstack() / run["validation_images"]
    print(f"validation accuracy by head and epoch:\n{at[[1, 3, 6, 9, EPOCHS]].round(4)}")
    crossed = crossed_table(options.out)
    if len(crossed):
        for name, images in counts.items():
            parts = noise_parts(crossed, name)
            shown = {k: round(v**0.5 / run[f"{images}_images"], 5) for k, v in parts.items()}
            print(f"{name}, deviations of {crossed['network'].nunique()} crossed networks: {shown}")


def noise_parts(crossed: pd.DataFrame, value: str) -> dict[str, float]:
    """The variances that make up the noise of a run, estimated by an analysis of variance.

    Orders of images are the same for all networks, initial weights are each network's own.  An
    estimate below 0 is given as 0.

    Returns
    -------
    Variances of ``value``: of an order's effect on all networks alike (``common_order``), of its
    effect on one network (``order``), of the initial weights (``initial``), and of what the two do
    together and nothing else explains (``rest``).
    """
    table = crossed.pivot(index=["network", "initial"], columns="order", values=value)
    n, n_orders = crossed["network"].nunique(), table.shape[1]
    a = table.to_numpy(float).reshape(n, -1, n_orders)  # networks, initial weights, orders
    n_initial = a.shape[1]
    of_network = a.mean(axis=(1, 2), keepdims=True)
    of_initial = a.mean(axis=2, keepdims=True) - of_network
    of_order = a.mean(axis=1, keepdims=True) - of_network
    common = of_order.mean(axis=0, keepdims=True)
    rest = a - of_network - of_initial - of_order

    def mean_square(effect: np.ndarray, times: int, freedom: int) -> float:
        return times * (effect**2).sum() / freedom

    ms_rest = mean_square(rest, 1, n * (n_initial - 1) * (n_orders - 1))
    ms_initial = mean_square(of_initial, n_orders, n * (n_initial - 1))
    ms_order = mean_square(of_order - common, n_initial, (n - 1) * (n_orders - 1))
    ms_common = mean_square(common, n * n_initial, n_orders - 1)
    parts = {
        "common_order": (ms_common - ms_order) / (n * n_initial),
        "order": (ms_order - ms_rest) / n_initial,
        "initial": (ms_initial - ms_rest) / n_orders,
        "rest": ms_rest,
    }
    return {name: max(0.0, float(part)) for name, part in parts.items()}
