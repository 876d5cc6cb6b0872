"""Plausible wrong answers to the exercises of unit 13, and words of the sentence that each gets."""

import math

import numpy as np


def order_of(predictions):
    return sorted(range(len(predictions)), key=lambda network: -predictions[network])


def loss(pick=max, order=order_of, extra=0, reference=max):
    """loss_of_shortlist with some part changed."""

    def loss_of_shortlist(predictions, accuracies, n):
        chosen = [accuracies[network] for network in order(predictions)[: max(n + extra, 1)]]
        return reference(accuracies) - pick(chosen)

    return loss_of_shortlist


def smallest_first(predictions):
    return sorted(range(len(predictions)), key=lambda network: predictions[network])


def last_of_equals(predictions):
    return smallest_first(predictions)[::-1]


def as_they_stand(predictions):
    return range(len(predictions))


def the_best_alone(predictions, accuracies, n):
    return max(accuracies[network] for network in order_of(predictions)[:n])


def prediction_for_accuracy(predictions, accuracies, n):
    return max(predictions) - the_best_alone(predictions, accuracies, n)


def nth(predictions, accuracies, n):
    return max(accuracies) - accuracies[order_of(predictions)[n - 1]]


def improvement(formula, at_zero="max(gain, 0)"):
    """expected_improvement with other formulas; cdf and pdf are those at z."""

    def expected_improvement(mean, deviation, best):
        names = {"mean": mean, "deviation": deviation, "best": best, "gain": mean - best}
        if deviation == 0:
            return eval(at_zero, {}, names | {"max": max})
        z = (mean - best) / deviation
        names |= {"z": z, "cdf": (1 + math.erf(z / 2**0.5)) / 2, "max": max, "erf": math.erf}
        return eval(formula, {}, names | {"pdf": math.exp(-z * z / 2) / (2 * math.pi) ** 0.5})

    return expected_improvement


def divides_by_zero(mean, deviation, best):
    ratio = (mean - best) / deviation
    share = (1 + math.erf(ratio / 2**0.5)) / 2
    return (mean - best) * share + deviation * math.exp(-ratio * ratio / 2) / (2 * math.pi) ** 0.5


def promote(places=lambda rung, promoted, eta: len(rung) // eta, *, left_first=False, again=False):
    """to_promote with some part changed."""

    def to_promote(rung, promoted, eta):
        ranking = sorted(rung, key=rung.get, reverse=True)
        n = places(rung, promoted, eta)
        if left_first:
            return [name for name in ranking if name not in promoted][:n]
        return [name for name in ranking[:n] if again or name not in promoted]

    return to_promote


def worst(rung, promoted, eta):
    return [name for name in sorted(rung, key=rung.get)[: len(rung) // eta] if name not in promoted]


def in_order_of_the_rung(rung, promoted, eta):
    return [name for name in rung if name in promote()(rung, promoted, eta)]


def already(rung, promoted, eta):
    ranking = sorted(rung, key=rung.get, reverse=True)
    return [name for name in ranking[: len(rung) // eta] if name in promoted]


WRONG = {
    "13.1": {
        "its accuracy": (the_best_alone, "how far is it below"),
        "smallest": (loss(order=smallest_first), "smallest predictions"),
        "mean": (loss(pick=np.mean), "takes the mean"),
        "worst": (loss(pick=min), "takes the worst"),
        "first": (loss(pick=lambda chosen: chosen[0]), "keeps the first"),
        "last": (loss(pick=lambda chosen: chosen[-1]), ""),
        "one less": (loss(extra=-1), "too few"),
        "one more": (loss(extra=1), "too many"),
        "equal ones": (loss(order=last_of_equals), "earlier one"),
        "mean of all": (loss(reference=np.mean), "mean of all networks"),
        "as they stand": (loss(order=as_they_stand), "as they stand"),
        "prediction": (prediction_for_accuracy, "compares a prediction"),
        "prints": (lambda *given: print(loss()(*given)), "return"),
    },
    "13.2": {
        "no density": (improvement("gain * cdf"), "second part is missing"),
        "no gain": (improvement("deviation * pdf"), "first part is missing"),
        "probability": (improvement("cdf"), "probability of an improvement"),
        "subtracted": (improvement("gain * cdf - deviation * pdf"), "is subtracted"),
        "density alone": (improvement("gain * cdf + pdf"), "not multiplied"),
        "changed places": (improvement("gain * pdf + deviation * cdf"), "changed places"),
        "upper bound": (improvement("mean + deviation"), "upper confidence bound"),
        "mean": (improvement("mean * cdf + deviation * pdf"), "in place of"),
        "no root": (improvement("gain * cdf + deviation * pdf * 6.283185307 ** 0.5"), "divisor"),
        "erf of z": (
            improvement("gain * (1 + erf(z)) / 2 + deviation * pdf"),
            "divided by the root of 2",
        ),
        "gain above 0": (improvement("max(gain, 0) * cdf + deviation * pdf"), "only where it is"),
        "deviation forgotten": (improvement("max(gain, 0)"), "deviation is forgotten"),
        "negative at 0": (improvement("gain * cdf + deviation * pdf", "gain"), "nothing is gained"),
        "zero at 0": (improvement("gain * cdf + deviation * pdf", "0"), "exceeds the best by"),
        "divides by zero": (divides_by_zero, "ZeroDivisionError"),
    },
    "13.3": {
        "again": (promote(again=True), "a second time"),
        "others move up": (promote(left_first=True), "leave their places"),
        "counts the others": (
            promote(lambda rung, promoted, eta: len(set(rung) - promoted) // eta),
            "all networks on the rung",
        ),
        "places taken": (
            promote(
                lambda rung, promoted, eta: max(len(rung) // eta - len(promoted), 0),
                left_first=True,
            ),
            "how many were promoted",
        ),
        "rounded up": (promote(lambda rung, promoted, eta: -(-len(rung) // eta)), "rounded down"),
        "at least one": (
            promote(lambda rung, promoted, eta: max(len(rung) // eta, 1)),
            "at least one",
        ),
        "worst": (worst, "are the worst"),
        "order of the rung": (in_order_of_the_rung, "order of the rung"),
        "one": (lambda *given: promote()(*given)[:1], "Only one"),
        "eta": (promote(lambda rung, promoted, eta: eta), "eta networks"),
        "all": (promote(lambda rung, promoted, eta: len(rung)), "only the best 1/eta"),
        "already": (already, "promoted already"),
        "a set": (lambda *given: set(promote()(*given)), "list of networks"),
        "how many": (lambda *given: len(promote()(*given)), "list of networks"),
    },
    "13.4": {
        "a": ("a", "should be said"),
        "c": ("c", "Others may do better"),
        "d": ("d", "interval around"),
    },
}
