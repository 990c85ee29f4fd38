"""The script that most studies have: read, melt to long, merge the key, reverse, group, write.

`python -m scripts.bench.pandas_script STUDY OUT`. It checks little, knows no correction and keeps no history; it is
here to be compared with, and is written as such scripts are, column by column on whole frames.
"""

import sys
from pathlib import Path

import pandas as pd

FORM = ["site", "instrument", "participant", "session", "date", "therapist"]


def read(study: Path, note: pd.Series) -> pd.DataFrame:
    """One file, wide, with the study's own column names."""
    wide = pd.read_csv(study / note["file"], sep=note["sep"], decimal=note["decimal"], dtype={note["participant"]: str})
    wide = wide.rename(columns={note[name]: name for name in ("participant", "session", "date", "therapist")})
    wide["date"] = pd.to_datetime(wide["date"], format=note["date_format"])
    items = [column for column in wide.columns if column not in FORM]
    wide = wide.rename(columns={column: number for number, column in enumerate(items, 1)})
    return wide.assign(site=note["site"], instrument=note["instrument"])


def score(wide: pd.DataFrame, key: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers in long form, and the mean of every complete scale of every form."""
    wide = wide[wide["participant"].notna()]
    long = wide.melt(id_vars=FORM, var_name="item", value_name="value")
    long["item"] = long["item"].astype("int64")
    keyed = long.merge(key, on=["instrument", "item"])
    keyed.loc[~keyed["value"].between(keyed["low"], keyed["high"]), "value"] = float("nan")
    keyed["keyed"] = keyed["value"].where(~keyed["reversed"], keyed["low"] + keyed["high"] - keyed["value"])
    grouped = keyed.groupby([*FORM, "scale"])["keyed"].agg(["mean", "count", "size"]).reset_index()
    grouped["score"] = grouped["mean"].where(grouped["count"] == grouped["size"])
    return long, grouped.drop(columns="mean").rename(columns={"count": "n_answered", "size": "n_items"})


def main(study: Path, out: Path) -> int:
    """Write answers_<instrument>.parquet and scores.csv; return the number of scores."""
    out.mkdir(parents=True, exist_ok=True)
    notes, key = pd.read_csv(study / "files.csv"), pd.read_csv(study / "key.csv")
    scores = []
    for instrument, files in notes.groupby("instrument"):
        wide = pd.concat([read(study, note) for _, note in files.iterrows()])
        long, scored = score(wide, key)
        long.to_parquet(out / f"answers_{instrument}.parquet")
        scores.append(scored)
    everything = pd.concat(scores)
    everything.to_csv(out / "scores.csv", index=False)
    return len(everything)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2])))
