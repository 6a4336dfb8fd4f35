"""Templates to answers: words in the reader's language, the page's token, nothing unescaped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError

from console.api.principals import Principal, Visitor
from console.pages.finding import clock
from console.pages.words import DEFAULT, language_of, languages, page_words
from pipeline.errors import VerityError
from reports.languages import words_of

LANGUAGE_COOKIE = "verity_language"
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _signed(number: float | None) -> str:
    return "" if number is None else f"{number:+.2f}".replace("-", "−")


def _grouped(number: float) -> str:
    """Return a whole number with its thousands apart, which no language reads as a fraction."""
    return f"{number:,.0f}".replace(",", "\u202f")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\u202f%"


_TEMPLATES.filters["grouped"] = _grouped
_TEMPLATES.filters["percent"] = _percent


def _size(n_bytes: int) -> str:
    size = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


_TEMPLATES.filters["size"] = _size
_TEMPLATES.filters["moment"] = _moment
_TEMPLATES.filters["signed"] = _signed
_TEMPLATES.filters["clock"] = clock


@dataclass(frozen=True, slots=True)
class Page:
    """Who reads a page, in which language."""

    request: Request
    asking: Principal | None
    language: str

    @property
    def words(self) -> Mapping[str, str]:
        """Return the page's words by their keys."""
        return page_words(self.language)

    def show(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return a template as an answer; its values are escaped where they are put in."""
        return self.part(self.text(template, **values), status)

    def part(self, text: str, status: int = 200) -> HTMLResponse:
        """Return a text that a template made as an answer."""
        return HTMLResponse(text, status, headers={"cache-control": "no-store", "vary": "cookie"})

    def text(self, template: str, **values: object) -> str:
        """Return a template with its values put in."""
        return _TEMPLATES.get_template(template).render(
            w=self.words,
            asking=self.asking,
            rights=self.asking.rights if self.asking else frozenset(),
            csrf=self.asking.csrf if self.asking else "",
            language=self.language,
            languages=languages(),
            path=self.request.url.path,
            here=page_to_return_to(self.request),
            meaning=self.meaning,
            **values,
        )

    def meaning(self, code: str) -> str:
        """Return what an error code means, in the reader's language."""
        words = words_of(self.language)
        return words.errors.get(code, words.unknown_error.format(code=code))

    def said(self, error: VerityError | ValidationError | RequestValidationError) -> str:
        """Return what happened, in the reader's language as far as there are words for it."""
        if not isinstance(error, VerityError):
            first = error.errors()[0]
            return self.words["error.field"].format(field=first["loc"][-1], why=first["msg"])
        known = words_of(self.language).errors.get(error.code)
        if known is None or self.language == DEFAULT:
            return error.message
        return f"{known} ({error.message})"


def page_to_return_to(request: Request) -> str:
    """Return the page that somebody sees: that which led to a form's answer, as nothing else can be read again."""
    if request.method == "GET":
        query = request.url.query
        return f"{request.url.path}?{query}" if query else request.url.path
    return page_before(request)


def page_before(request: Request) -> str:
    """Return the page of ours that led here, or the first one."""
    before = urlsplit(request.headers.get("referer", ""))
    is_ours = before.netloc == request.headers.get("host") and before.path.startswith("/")
    return before.path if is_ours else "/"


def page_of(request: Request, asking: Visitor) -> Page:
    """Return the page of whoever reads."""
    return bare_page(request, asking)


def bare_page(request: Request, asking: Principal | None) -> Page:
    """Return a page where dependencies cannot be had, such as for an error."""
    wanted = request.cookies.get(LANGUAGE_COOKIE, "")
    language = language_of(wanted, request.headers.get("accept-language", ""))
    return Page(request, asking, language)


PageHere = Annotated[Page, Depends(page_of)]
