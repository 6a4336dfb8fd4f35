"""Reads a form of many files as it comes: each goes to the object store, none to this machine's disk.

Source of the format: RFC 7578; python-multipart cuts the body into its parts.
"""

from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from console.api.receiving import PartWriter, Receiving, Sender
from jobs.uploads import upload_source
from pipeline.errors import InputError, LimitExceededError, VerityError
from storage.upload_rows import UploadFacts

FORM_TYPE = "multipart/form-data"
FILE_FIELD = "file"
MOST_FILES = 1000
MOST_FIELD_BYTES = 1 << 19  # of all fields that are no files: links, a name
MOST_HEAD_BYTES = 8192  # of one part


@dataclass(slots=True)
class _Part:
    """The part of the form that is being read."""

    head: dict[str, str] = field(default_factory=dict)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    name: str = ""
    writer: PartWriter | None = None  # of a file
    value: bytearray = field(default_factory=bytearray)  # of anything else


class FileForm:
    """One form; blocking, so not for the event loop."""

    def __init__(
        self, receiving: Receiving, sender: Sender, content_type: str, most_bytes: int
    ) -> None:
        """Expect a form.

        Args:
            receiving: where its files go.
            sender: whose they are.
            content_type: of the request, with the boundary.
            most_bytes: of the whole form; nobody says how large its files are.

        Raises:
            InputError: it is no form (`form_expected`).
        """
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != FORM_TYPE.encode() or not boundary:
            raise InputError(
                f"Send the files as a form ({FORM_TYPE}), each in a field `{FILE_FIELD}`.",
                "form_expected",
            )
        self.fields: dict[str, list[str]] = {}
        self.uploads: list[UploadFacts] = []
        self._begun: list[UploadFacts] = []
        self._receiving = receiving
        self._sender = sender
        self._most_bytes = min(most_bytes, receiving.limits.most_bytes)
        self._part = _Part()
        self._n_head_bytes = 0
        self._n_field_bytes = 0
        self._is_over = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    @property
    def sources(self) -> list[str]:
        """Return how a job names the files, in the order of the form."""
        return [upload_source(upload.upload_id) for upload in self.uploads]

    def write(self, chunk: bytes) -> None:
        """Take more of the body.

        Raises:
            InputError: it is no form, or broken off.
            LimitExceededError: too many files, or too long fields.
        """
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise InputError(f"The form cannot be read: {error}.", "form_broken") from error

    def close(self) -> None:
        """Take the form for whole.

        Raises:
            InputError: its end is missing.
        """
        if not self._is_over:
            raise InputError("The form breaks off before its end: send it again.", "form_broken")

    def drop(self) -> None:
        """Remove what came: there will be no job of it."""
        for upload in self._begun:
            try:
                self._receiving.remove(upload.account_id, upload.upload_id)
            except VerityError:  # it goes by its age
                return

    def _on_part_begin(self) -> None:
        self._part = _Part()
        self._n_head_bytes = 0

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_head(end - start)
        self._part.header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_head(end - start)
        self._part.header_value += data[start:end]

    def _on_header_end(self) -> None:
        part = self._part
        name = bytes(part.header_name).decode("latin-1").lower()
        part.head[name] = bytes(part.header_value).decode("latin-1")
        part.header_name, part.header_value = bytearray(), bytearray()

    def _on_headers_finished(self) -> None:
        part = self._part
        _, options = parse_options_header(part.head.get("content-disposition", ""))
        part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        if part.name != FILE_FIELD:
            raise InputError(f"A file's field is `{FILE_FIELD}`.", "form_expected")
        if len(self._begun) >= MOST_FILES:
            raise LimitExceededError(
                f"The form has more than {MOST_FILES} files: send several.", "too_large"
            )
        name = options[b"filename"].decode("utf-8", "replace")
        upload = self._receiving.begin(self._sender, name, self._most_bytes)
        self._begun.append(upload)
        part.writer = PartWriter(self._receiving, upload, is_checked=False)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.writer is not None:
            part.writer.write(data[start:end])
            return
        self._n_field_bytes += end - start
        if self._n_field_bytes > MOST_FIELD_BYTES:
            raise LimitExceededError("The form's fields are too long.", "too_large")
        part.value += data[start:end]

    def _on_part_end(self) -> None:
        part = self._part
        if part.writer is not None:
            self.uploads.append(part.writer.close(is_all=True))
        else:
            said = bytes(part.value).decode("utf-8", "replace")
            self.fields.setdefault(part.name, []).append(said)

    def _on_end(self) -> None:
        self._is_over = True

    def _count_head(self, n_bytes: int) -> None:
        self._n_head_bytes += n_bytes
        if self._n_head_bytes > MOST_HEAD_BYTES:
            raise InputError("A part of the form has a head that is too long.", "form_broken")
