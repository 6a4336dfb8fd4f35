"""Every error code of the code base has a sentence, and stands on the page that lists them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import VerityError
from reports.error_words_en import ERRORS, error_codes_page
from reports.words_en import ENGLISH

ROOT = Path(__file__).parents[3]
ROOMS = ("pipeline", "jobs", "storage", "reports", "workers")
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Calls that make an error, and which argument is the code: beside the error classes themselves.
OTHER_MAKERS = {"Failure": 0, "_row": 0}  # `_row`: the table of what media sites say

TREES = tuple(
    (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8")))
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
)


def error_classes() -> frozenset[str]:
    """Return the names of VerityError and of every class below it, wherever it stands."""
    names = {VerityError.__name__}
    while True:
        found = {
            node.name
            for _, tree in TREES
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            and names & {base.id for base in node.bases if isinstance(base, ast.Name)}
        }
        if found <= names:
            return frozenset(names)
        names |= found


def code_expressions() -> Iterator[tuple[str, ast.expr]]:
    """Yield every expression that becomes an error's code, with the file that it stands in."""
    makers = dict.fromkeys(error_classes(), 1) | OTHER_MAKERS
    for path, tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and "default_code" in target_names(
                node
            ):
                assert node.value is not None
                yield path, node.value
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = makers.get(node.func.id)
                if place is not None and len(node.args) > place:
                    yield path, node.args[place]
                if place is not None or node.func.id == "ItemEnd":
                    yield from ((path, word.value) for word in node.keywords if word.arg == "code")


def target_names(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def literals(node: ast.AST) -> set[str]:
    """Return the codes that stand in an expression as text."""
    found = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
    return {text for text in found if isinstance(text, str) and CODE.fullmatch(text)}


def codes_of(path: str, expression: ast.expr) -> set[str]:
    """Return the codes that an expression can be, following names to where they get their value."""
    if isinstance(expression, ast.Attribute):
        return set()  # another error's code, passed on
    if not isinstance(expression, ast.Name):
        return literals(expression)
    name, found = expression.id, set[str]()
    for where, tree in TREES:
        if where != path and not name.isupper():
            continue  # only constants travel between files
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and name in target_names(node):
                found |= literals(node.value) if node.value is not None else set()
            if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple):
                found |= column(path, node.target, node.iter, name)
    return found


def column(path: str, target: ast.Tuple, table: ast.expr, name: str) -> set[str]:
    """Return the codes that a loop over a table of tuples gives to one of its names."""
    places = [
        i for i, one in enumerate(target.elts) if isinstance(one, ast.Name) and one.id == name
    ]
    if not places or not isinstance(table, ast.Name):
        return set()
    tree = dict(TREES)[path]
    return {
        code
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and table.id in target_names(node)
        for row in (node.value.elts if isinstance(node.value, ast.Tuple) else [])
        if isinstance(row, ast.Tuple)
        for code in literals(row.elts[places[0]])
    }


EXPRESSIONS = tuple(code_expressions())
CODES = {code for path, expression in EXPRESSIONS for code in codes_of(path, expression)}


def test_every_code_that_is_raised_has_a_sentence_and_no_other_has() -> None:
    assert set(ERRORS) == CODES
    assert set(ENGLISH.errors) == set(ERRORS)


def test_no_code_comes_from_where_this_test_cannot_see() -> None:
    unseen = [
        (path, ast.unparse(expression))
        for path, expression in EXPRESSIONS
        if isinstance(expression, ast.Name) and not codes_of(path, expression)
    ]
    assert unseen == []


def test_every_error_says_what_happened_and_what_to_do() -> None:
    for code, words in ERRORS.items():
        assert words.meaning.endswith("."), code
        assert words.advice.endswith("."), code
        assert "|" not in words.meaning + words.advice, code


def test_the_page_of_error_codes_is_up_to_date() -> None:
    page = (ROOT / "docs" / "error-codes.md").read_text(encoding="utf-8")
    assert page == error_codes_page(), "python -m reports.error_words_en > docs/error-codes.md"
