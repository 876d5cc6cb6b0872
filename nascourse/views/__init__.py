"""What is clicked in JupyterLab: a running search, a replay, and explorers of the benchmark.

All of it works with widgets in a notebook with a live kernel.  Elsewhere, or where the environment
variable ``NASCOURSE_WIDGETS`` is ``off``, the same calls show a progress bar, a figure or a table.
"""
