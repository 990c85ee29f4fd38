"""House rules for modules, where ruff and import-linter have no rule of their own; each test names every culprit."""

import ast
import re

from tests.conventions.tree import LIBRARY, Module, modules

LONGEST = 400
CATCH_ALL = {"Exception", "BaseException"}
FRAMES = {"pl", "arrow", "fetch_arrow_table", "fetch_record_batch", "fetch_df"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}

THE_LIBRARY = modules(*LIBRARY)
EVERYTHING = modules(*LIBRARY, "tests", "scripts")


def is_command_line(module: Module) -> bool:
    return module.path.startswith("alliance_etl/cli/")


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up, as a transaction's rollback does."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def swallowed(handler: ast.ExceptHandler) -> set[str]:
    """The exceptions that go no further than this handler."""
    if raises_again(handler):
        return set()
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) if kind else "BaseException" for kind in kinds}


def imported(module: Module, *packages: str, even_late: bool) -> bool:
    return any(name.split(".")[0] in packages and (even_late or not late) for name, late in module.imports())


def test_no_module_catches_every_exception_since_a_bug_is_not_bad_data() -> None:
    culprits = [
        f"{module.path}:{node.lineno}"
        for module in THE_LIBRARY
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and swallowed(node) & CATCH_ALL
    ]

    assert culprits == []


def test_no_result_of_execute_becomes_a_frame_since_duckdb_2_has_that_of_a_relation_only() -> None:
    culprits = [
        f"{module.path}:{node.lineno}"
        for module in THE_LIBRARY
        for scope in ast.walk(module.tree)
        if isinstance(scope, ast.With | ast.FunctionDef)
        for node in ast.walk(scope)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FRAMES
        if is_executed(node.func.value, scope)
    ]

    assert sorted(set(culprits)) == []


def is_executed(value: ast.expr, scope: ast.AST) -> bool:
    """Whether a value is the result of a call of `execute`, at once or by a name that was given it."""
    if isinstance(value, ast.Name):
        given = [n.value for n in ast.walk(scope) if isinstance(n, ast.Assign) and names(n) == [value.id]]
        return any(is_executed(each, scope) for each in given if not isinstance(each, ast.Name))
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "execute"


def names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def test_a_module_says_in_its_docstring_what_belongs_there() -> None:
    assert [module.path for module in EVERYTHING if module.tree.body and not ast.get_docstring(module.tree)] == []


def test_a_module_is_short_enough_to_be_read() -> None:
    lengths = {module.path: module.source.count("\n") for module in EVERYTHING}

    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_a_module_is_named_for_what_is_in_it() -> None:
    assert [module.path for module in EVERYTHING if EMPTY_NAMES & set(re.split(r"[/._]", module.path))] == []


def test_nothing_but_the_command_line_prints() -> None:
    culprits = [
        f"{module.path}:{node.lineno}"
        for module in THE_LIBRARY
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and not is_command_line(module)
    ]

    assert culprits == []


def test_only_assets_import_dagster_and_the_command_line_late() -> None:
    below_assets = modules("alliance_etl", "schemas")

    assert [m.path for m in below_assets if imported(m, "dagster", even_late=not is_command_line(m))] == []


def test_assets_do_not_postpone_annotations_since_dagster_reads_them() -> None:
    assert [module.path for module in modules("assets") if imported(module, "__future__", even_late=True)] == []


def test_the_command_line_loads_the_deployment_only_after_it_is_found() -> None:
    command_line = modules("alliance_etl/cli")

    assert [module.path for module in command_line if imported(module, "assets", "schemas", even_late=False)] == []
