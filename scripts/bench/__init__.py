"""The benchmark: what a night costs, as ratios to a raw copy of its files and to the script that most studies have.

`make bench`, or `python -m scripts.bench --forms 1000000`. Generated files are kept under bench/, which git ignores.
"""
