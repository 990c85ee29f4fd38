"""What holds for every test: the same examples each time, and nothing of the person's own environment."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # shared machines are slow at times
    derandomize=True,  # a red test is red for everybody
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")


def pytest_configure() -> None:
    """Set once for this process, so that the processes that tests start inherit it."""
    for name in ("ALLIANCE_STUDY", "ALLIANCE_ETL_KEY", "DAGSTER_HOME", "FORCE_COLOR"):
        os.environ.pop(name, None)
    os.environ.update(DAGSTER_DISABLE_TELEMETRY="yes", NO_COLOR="1", COLUMNS="200", TZ="UTC")
