"""Where each objective of a unit's header is practised, word for word and in its order.

A place is the number of an exercise, such as 2.3, or the heading of a section of the unit, whose
cell to change practises it.
"""

PRACTISED = {
    "00": {
        "run a notebook": "How a notebook is run",
        "let the course examine your machine": "Can this machine run the course?",
        "look at the digits and train a first network": "A first network",
        "know the map of the course and how its exercises answer": "0.1",
    },
    "01": {
        "name the three parts of architecture search and tell them apart": "1.1",
        "write its loop in ten lines": "1.2",
        "search by hand and compare yourself with luck": "By hand against luck",
        "say what a network is judged by, in which unit": "What judges a network?",
        "answer two common misconceptions with numbers": "Two misconceptions",
    },
    "02": {
        "describe a search space as a function": "2.3",
        "run a random search over small convolutional networks": "The search",
        "read a trial table": "2.1",
        "say why random search is the baseline that every cleverer strategy has to beat": "2.4",
    },
    "03": {
        "say what the bricks of a convolutional network compute, and count by hand what each "
        "costs": "3.1",
        "tell parameters, FLOPs, latency and memory apart": "3.4",
        "count a search space with conditional hyperparameters": "3.2",
        "write a search space of your own and search it": "A space of your own",
        "show with data that the space decides what a search can find": (
            "How much does the space decide?"
        ),
    },
    "04": {
        "say how sure a validation accuracy is": "How sure is one number?",
        "measure with a rank correlation what a cheap judgment is worth": "4.1",
        "save three quarters of the training with successive halving": "Successive halving",
        "test a zero-cost proxy against counting parameters": "No training at all",
        "watch a search in TensorBoard": "Watching a search: TensorBoard",
    },
    "05": {
        "race search strategies on a table of measured networks": "5.2",
        "write regularized evolution in a few lines": "Regularized evolution",
        "read a median, a band and a probability with its interval": "5.3",
        "say what such a race proves, and what it does not": "5.4",
    },
    "06": {
        "say what the well-known AutoKeras snippet does step by step, and why it fails": (
            "The well-known snippet"
        ),
        "build a search space from AutoKeras blocks": "6.3",
        "follow its greedy strategy from trial to trial": "Greedy search, live",
        "compare it with random search fairly": "Does greedy pay?",
        "save and resume a search, and take it along": "6.4",
    },
    "07": {
        "say when one network dominates another, and read a Pareto front": "7.1",
        "tell how much of the true front a search finds": (
            "How much of the front does a search find?"
        ),
        "explain why a weighted sum of objectives misleads, and use a limit instead": "7.3",
        "convert a network for a small device and measure what quantization saves and costs": (
            "A decision"
        ),
    },
    "08": {
        "explain how networks share weights, and which weights a training step changes": (
            "One network a batch"
        ),
        "train a supernet": "A first ranking",
        "rank a whole space by inherited accuracies and say what the ranking is worth": (
            "Five supernets"
        ),
        "search with it, at an honest price": "8.3",
        "name where sharing misleads": "Where sharing misleads",
    },
    "09": {
        "turn a choice into numbers that a gradient can move": "9.1",
        "make both steps of DARTS by hand": "Two steps, two halves",
        "run it on digits and read its architecture weights": "The search",
        "measure what is lost when the mixture becomes a network": "From the mixture to a network",
        "recognize the collapse to skips": "The collapse to skips",
        "compare with random search at equal cost": "Against luck, at equal cost",
    },
    "10": {
        "say what depth, width and resolution cost, and why": "10.4",
        "explain EfficientNet's compound scaling, and check its published numbers with Keras's own "
        "networks": "10.1",
        "plan a larger network within a budget of FLOPs, and train it": (
            "An experiment of our own"
        ),
        "tell from repeated trainings whether one way of growing is better than another": (
            "An experiment of our own"
        ),
    },
    "11": {
        "carry a search from raw images to a network that you can hand over": (
            "Step 5: train it again"
        ),
        "decide, and say why": "Step 4: choose, and say why",
        "choose by validation, test once": "11.2",
        "write a report that others can judge": "11.4",
        "repeat it with images of your own": "Your own images: your folder here",
    },
    "12": {
        "train the trials of a search in parallel, on one machine or on many": (
            "Workers that really train"
        ),
        "say what parallel trials cost a strategy that learns": "What it costs a strategy",
        "say what happens to a search whose worker dies": "12.3",
        "plan a search for 100 machines before you rent them": "12.1",
    },
    "13": {
        "predict accuracies of networks from a few trainings": "What do fifty trainings say?",
        "judge a predictor by the ranks of networks that it has not seen": "13.1",
        "extrapolate learning curves": "From the beginning of a curve",
        "let a surrogate propose what to train next, and compare that search fairly": (
            "A surrogate that proposes"
        ),
        "say what a search gains when nobody waits": "13.3",
    },
    "14": {
        "judge a study of architecture search by a published checklist": "Is it good science?",
        "compare searches for two goals by attainment curves and hypervolume": "14.1",
        "tell what a change of the backend changes": "Two goals at once, with another library",
        "choose networks for several limits from one training": "One training, many limits",
        "grow a trained network without changing what it computes": "14.2",
        "read a claim about language models critically": "14.4",
    },
}
