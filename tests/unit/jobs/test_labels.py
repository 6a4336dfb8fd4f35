import pytest

from jobs.labels import MAX_LABEL_CHARS, MAX_LABELS, split_labels


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("", ()),
        ("court", ("court",)),
        ("court; priority  witness;court", ("court", "priority witness")),
        (" a, b \nc;; ", ("a, b", "c")),
    ],
)
def test_a_cell_holds_labels_in_order_and_each_once(cell: str, labels: tuple[str, ...]) -> None:
    assert split_labels(cell) == labels


def test_labels_are_few_and_short() -> None:
    labels = split_labels(";".join(f"{n}{'x' * 500}" for n in range(500)))
    assert len(labels) == MAX_LABELS
    assert max(map(len, labels)) == MAX_LABEL_CHARS
