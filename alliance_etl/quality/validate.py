"""The process of its own: checks suites with Great Expectations. Suites come as JSON on stdin, what came of them goes
as JSON to stdout, in the same order.

Great Expectations is asked for counts only, so that no value leaves a frame.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
_KIND = re.compile(r"^([\w.]+(?:Error|Exception))\b", re.MULTILINE)


def main() -> None:
    suites = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    json.dump(list(_outcomes(suites)), answers)
    answers.close()


def _outcomes(suites: Sequence[Document]) -> Iterator[list[dict[str, Any]]]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("publication")
    for number, suite in enumerate(suites):
        asset = source.add_dataframe_asset(f"{suite['about']} {number}")
        batch = asset.add_batch_definition_whole_dataframe("all")
        expected = gx.ExpectationSuite(f"{suite['about']} {number}")
        for place, expectation in enumerate(suite["expectations"]):
            kind = getattr(gx.expectations, expectation["kind"])
            expected.add_expectation(kind(**expectation["arguments"], meta={"place": place}))
        definition = gx.ValidationDefinition(
            name=f"{suite['about']} {number}", data=batch, suite=context.suites.add(expected)
        )
        found = definition.run(
            batch_parameters={"dataframe": _frame(suite)},
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
        by_place = {_place(result): _told(result) for result in found.results}
        yield [by_place[place] for place in range(len(suite["expectations"]))]


def _place(result: Any) -> int:
    return int(result.expectation_config.meta["place"])


def _frame(suite: Document) -> Any:
    import pandas as pd
    import pyarrow.dataset as ds

    if not suite["paths"]:
        return pd.DataFrame(suite["rows"])
    wanted = sorted(
        {
            name
            for expectation in suite["expectations"]
            for name in [expectation["arguments"].get("column"), *expectation["arguments"].get("column_list", ())]
            if name
        }
    )
    where = None
    for column, operator, value in suite["where"]:
        field = ds.field(column)
        rule = field == value if operator == "=" else field > pd.Timestamp(value).to_pydatetime()
        where = rule if where is None else where & rule
    return ds.dataset(suite["paths"], format="parquet").to_table(columns=wanted, filter=where).to_pandas()


def _told(result: Any) -> dict[str, Any]:
    """Whether it holds, how many rows do not keep it, of how many; `error` is the kind of an exception, without its
    text, which might quote a value.
    """
    raised = list(_exceptions(result.exception_info or {}))
    found = result.result or {}
    return {
        "success": bool(result.success),
        "error": ", ".join(sorted(set(raised))) or None,
        "count": found.get("unexpected_count"),
        "of": found.get("element_count"),
        "observed": found.get("observed_value") if isinstance(found.get("observed_value"), int | float) else None,
    }


def _exceptions(info: Mapping[str, Any]) -> Iterator[str]:
    """The kinds of the exceptions that are told of, flat or for each metric."""
    if info.get("raised_exception") is True:
        kinds = _KIND.findall(str(info.get("exception_traceback") or ""))
        yield kinds[-1].rpartition(".")[2] if kinds else "an exception"
    for each in info.values():
        if isinstance(each, Mapping):
            yield from _exceptions(each)
