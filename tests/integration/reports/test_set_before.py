"""Typst keeps what it has set for the next reports: nothing of one may show in another."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.vocabulary import MediaReport
from reports.as_pdf import Attached, _files, to_pdf
from reports.document import to_document
from reports.paper import Paper
from reports.words import Words
from reports.words_de import GERMAN
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    failed_report,
    not_applicable_report,
    spliced_report,
    steady_report,
)

ROOT = Path(__file__).parents[3]
MAKERS: tuple[Callable[[], MediaReport], ...] = (
    spliced_report,
    failed_report,
    not_applicable_report,
)
CUSTOMERS = ("Example Newsroom", "Another Newsroom")


def sha256_of(
    report: MediaReport, customer: str, words: Words = ENGLISH, paper: Paper = Paper.A4
) -> str:
    document = to_document(report, CARD, replace(CONTEXT, customer=customer), words)
    return hashlib.sha256(to_pdf(document, words, paper)).hexdigest()


def all_sha256() -> list[str]:
    return [sha256_of(make(), customer) for make in MAKERS for customer in CUSTOMERS]


def wall_of(customer: str) -> str:
    document = to_document(steady_report(0.0), CARD, replace(CONTEXT, customer=customer))
    files = _files(document, ENGLISH, Paper.A4, Attached.of(document))
    return str(json.loads(files["page.json"])["wall"])


def in_a_new_process(expression: str) -> list[str]:
    program = f"import {Path(__file__).stem} as here; print({expression})"
    path = f"{ROOT}:{Path(__file__).parent}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_a_report_is_the_same_whatever_was_set_before_it() -> None:
    alone = in_a_new_process("*here.all_sha256()")
    for paper in Paper:
        sha256_of(spliced_report(), CUSTOMERS[1], GERMAN, paper)
    backwards = [sha256_of(make(), one) for make in MAKERS[::-1] for one in CUSTOMERS[::-1]]
    assert backwards[::-1] == alone
    assert all_sha256() == alone


def test_what_was_set_for_one_customer_fits_no_other() -> None:
    first, second = map(wall_of, CUSTOMERS)
    assert first == wall_of(CUSTOMERS[0])
    assert first != second


def test_nobody_outside_the_process_can_tell_a_wall() -> None:
    assert in_a_new_process(f"here.wall_of({CUSTOMERS[0]!r})") != [wall_of(CUSTOMERS[0])]
