"""One round of the benchmark: at one size the floor, the job and, where asked, the pandas script in turn."""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.measure import Cost, measure, warm

HERE = Path(__file__).resolve().parent
STAGES = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Round:
    """What one size cost. `stages` is what the job says of itself: seconds and peak_mb of each."""

    forms: int
    bytes: int
    floor: Cost
    job: Cost
    published: int
    stages: STAGES
    pandas: Cost | None

    @property
    def job_per_floor(self) -> float:
        return self.job.seconds / self.floor.seconds

    @property
    def job_per_floor_cpu(self) -> float:
        """The same of processor time, which other work on the machine disturbs least."""
        return self.job.cpu_seconds / self.floor.cpu_seconds

    @property
    def pandas_per_job(self) -> float | None:
        return self.pandas.seconds / self.job.seconds if self.pandas else None


def run_round(forms: int, folder: Path, *, with_pandas: bool) -> Round:
    """Measure one size; the generated files stay in the folder for the next time, what the processes wrote does not."""
    study = folder / "study"
    _generated(forms, folder, study)
    size = warm(study / "drops")
    before = _floor(study)
    job = _job(study)
    after = _floor(study)  # the smaller of two, against ourselves
    pandas = _copy("pandas_script", study) if with_pandas else None
    told = json.loads(job.stdout)
    floor = min(before, after, key=lambda cost: cost.seconds)
    return Round(forms, size, floor, job, told["forms"], told.get("stages", {}), pandas)


def _generated(forms: int, folder: Path, study: Path) -> None:
    """Write the files unless they are there, from the generator as it is now."""
    complete = folder / "complete"
    by = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("plan.py", "generate.py"))).hexdigest()
    if not complete.is_file() or complete.read_text() != by:
        folder.mkdir(parents=True, exist_ok=True)
        with _scratch(study) as draft:
            measure(_python("generate", str(forms), str(draft / "study")))
            shutil.rmtree(study, ignore_errors=True)
            (draft / "study").rename(study)
        complete.write_text(by)


def _floor(study: Path) -> Cost:
    return _copy("floor", study)


def _copy(module: str, study: Path) -> Cost:
    """What reads the study and writes elsewhere."""
    with _scratch(study) as scratch:
        return measure(_python(module, str(study), str(scratch)))


def _job(study: Path) -> Cost:
    """The nightly job on a study that has never run: the same files, seen from a folder of its own."""
    with _scratch(study) as fresh:
        shutil.copy(study / "study.yaml", fresh)
        (fresh / "drops").symlink_to(study / "drops")
        return measure([str(Path(sys.executable).with_name("alliance-etl")), "run", "--study", str(fresh), "--json"])


@contextmanager
def _scratch(study: Path) -> Iterator[Path]:
    """A folder on the same disk, empty at first and gone at the end, so that two benchmarks do not meet."""
    with tempfile.TemporaryDirectory(prefix="scratch_", dir=study.parent) as folder:
        yield Path(folder)


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"scripts.bench.{module}", *arguments]
