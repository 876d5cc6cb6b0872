"""Weight sharing: one training that judges every network of MNIST-NAS-Bench.

>>> from nascourse import data, trials
>>> from nascourse.methods import oneshot
>>> splits = data.load_mnist("bundled")
>>> supernet = oneshot.train_supernet(splits, seed=1)                         # doctest: +SKIP
>>> table = supernet.rank(splits)                                             # doctest: +SKIP
>>> winner = trials.best(table)                                               # doctest: +SKIP

A *supernet* holds one vector of weights for all networks of `nascourse.spaces.bench_space`.  The
*path* of a network says where in that vector each of its weights lies.  Weight sharing is no more
than that: where two paths hold the same index, two networks have the same weight.

>>> supernet = oneshot.Supernet()
>>> small = {"body/blocks": 1, "body/halving": "max", "body/skip": False, "conv/kind": "plain",
...          "conv/kernel": 3, "conv/filters_0": 2, "head": "quarters"}
>>> kernel, bias, dense, dense_bias = supernet.path(small)
>>> kernel.shape                       # a window of 3x3, one channel in, two filters
(3, 3, 1, 2)
>>> set(kernel.flat) <= set(supernet.path({**small, "conv/kernel": 5, "conv/filters_0": 16})[0].flat)
True

These are the rules of sharing:

- A network with fewer filters uses the first ones of the 16 (slimmable networks, Yu et al. 2019).
- A window of 3x3 is the middle of the 5x5 one (once-for-all networks, Cai et al. 2020).
- A block, and a head for feature maps of one size, are the same in all networks that have them.

Training is *single-path uniform sampling* (Guo et al. 2020): each batch draws one network, each of
its choices uniformly, and changes the weights on its path, no others.  Afterwards every network can
be judged with the weights that it *inherits*, without any training of its own.  `Supernet.inherit`
gives the standalone Keras network with these weights.
"""

from nascourse.methods.oneshot.supernet import EPOCHS, OF_ALL, Supernet, sample, train_supernet
