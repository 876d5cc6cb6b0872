"""The command line: ``python -m nascourse doctor | project | progress | export | import | pack``."""

from __future__ import annotations

import argparse
import io
import sys
from typing import Any

from nascourse import CourseError
from nascourse._engine.files import not_written
from nascourse.cli import doctor, pack


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a fault that the doctor found, 2 a mistake in the input."""
    parser = argparse.ArgumentParser(
        prog="python -m nascourse", description="The course on Neural Architecture Search."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    commands.add_parser("doctor", help="say whether this machine can run the course")

    project = commands.add_parser(
        "project",
        help="search a network for digits or for pictures of yours, train it, and write a report",
        argument_default=argparse.SUPPRESS,  # what is not given keeps the default of run_project
    )
    project.add_argument("--trials", type=int, help="networks to try (default: 5)")
    project.add_argument(
        "--epochs",
        type=int,
        help="epochs of each trial, at most (default: 5, and more with few images)",
    )
    project.add_argument("--seed", type=int, help="repeats a search exactly (default: 1)")
    project.add_argument(
        "--data",
        dest="data_source",
        metavar="SOURCE",
        help="bundled, keras, a folder with a subfolder of pictures for each class, or the path of "
        "an .npz file (default: $NASCOURSE_MNIST, or bundled)",
    )
    project.add_argument(
        "--test-data",
        metavar="PATH",
        help="an .npz file whose x_test and y_test are the test set",
    )
    project.add_argument(
        "--size", type=int, help="side in pixels of the pictures of a folder (default: 32)"
    )
    project.add_argument(
        "--objective",
        help="what decides, such as val_loss, val_macro_f1 (default: val_accuracy)",
    )
    project.add_argument("--reason", help="why you choose the best, for the report")
    project.add_argument(
        "--out",
        metavar="DIR",
        default="runs/project",
        help="folder of results (default: %(default)s)",
    )
    project.add_argument(
        "--overwrite", action="store_true", help="replace another search in that folder"
    )

    solved = commands.add_parser("progress", help="show which exercises are solved")
    solved.add_argument(
        "files", metavar="FILE", nargs="*", help="progress files of a class, to sum them up"
    )

    packed = commands.add_parser("export", help="pack the search in a folder into one zip file")
    packed.add_argument("folder", metavar="DIR", help="the directory that run_search had")
    packed.add_argument("archive", metavar="ZIP", help="the file to write")
    unpacked = commands.add_parser("import", help="unpack such a file, after a check, to go on")
    unpacked.add_argument("archive", metavar="ZIP", help="the file that export wrote")
    unpacked.add_argument("folder", metavar="DIR", help="a new folder")

    kit = commands.add_parser("pack", help="fill a folder for a class without a network")
    kit.add_argument("folder", metavar="DIR", help="a new folder, for instance on a USB stick")
    for option, names in (("platform", pack.SYSTEMS), ("python", doctor.PYTHONS)):
        kit.add_argument(
            f"--{option}",
            nargs="+",
            default=[],
            help=f"one or more of {', '.join(names)} (default: this one)",
        )

    for stream in (sys.stdout, sys.stderr):  # a redirected one may lack letters of a name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = vars(parser.parse_args(arguments))
    command = options.pop("command")
    try:
        if command == "doctor":
            return doctor.main()
        if command == "progress":
            from nascourse.checks import progress

            return progress.main(**options)
        if command == "pack":
            systems, pythons = options["platform"], options["python"]
            print("Packed", pack.pack(options["folder"], systems=systems, pythons=pythons))
            return 0
        if not doctor.home_folder():  # Keras would make a folder "~", and Matplotlib give up
            sentence = "There is no home folder: 'python -m nascourse doctor' says more."
            print(sentence, file=sys.stderr)
            return 2
        if command == "project":
            return _project(options)
        from nascourse._engine import archive

        if command == "export":
            print("Packed", archive.export_search(options["folder"], options["archive"]))
        else:
            print("Unpacked", archive.import_search(options["archive"], options["folder"]))
        return 0
    except ImportError as error:
        print(f"{error}: run 'python -m nascourse doctor' for the way out.", file=sys.stderr)
    except CourseError as error:
        print(f"Error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        goes_on = ": the same command goes on where it stopped" if command == "project" else ""
        print(f"Interrupted{goes_on}.", file=sys.stderr)
        return 130
    return 2


def _project(options: dict[str, Any]) -> int:
    from nascourse.cli.project import run_project

    try:
        run_project(**options)
    except OSError as error:
        raise not_written(error, options["out"]) from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
