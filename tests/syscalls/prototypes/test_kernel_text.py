"""A kernel's C files as tokens, with the conditions that they stand under."""

from __future__ import annotations

import pytest

from uapigen.syscalls.sources.kernel_text import holds, read_text


def conditions(text: str) -> dict[str, tuple[tuple[str, bool], ...]]:
    found = read_text(text)
    return dict(zip(found.tokens, found.conditions, strict=True))


def test_comments_are_no_tokens_and_lines_count_through_them() -> None:
    found = read_text('a /* b\n c */ d // e\n"/* f */" g\n')
    assert list(zip(found.tokens, found.lines, strict=True)) == [
        ("a", 1),
        ("d", 2),
        ('"/* f */"', 3),
        ("g", 3),
    ]


def test_branches_exclude_each_other() -> None:
    found = conditions("#ifdef A\na\n#elif defined(B)\nb\n#else\nc\n#endif\nd\n")
    assert found["a"] == (("defined(A)", True),)
    assert found["b"] == (("defined(A)", False), ("defined(B)", True))
    assert found["c"] == (("defined(A)", False), ("defined(B)", False))
    assert found["d"] == ()


def test_nested_conditions_all_count() -> None:
    found = conditions("#ifndef A\n#if X > 1 \\\n  && Y\na\n#endif\nb\n#endif\n")
    assert found["a"] == (("defined(A)", False), ("X > 1 && Y", True))
    assert found["b"] == (("defined(A)", False),)


def test_function_like_macros_are_kept_with_their_condition() -> None:
    found = read_text("#ifdef B\n#define PAIR(n) u32, n##_hi, \\\n u32, n##_lo\n#endif\n")
    (macro,) = found.macros["PAIR"]
    assert macro.params == ("n",)
    assert " ".join(macro.body) == "u32 , n ## _hi , u32 , n ## _lo"
    assert macro.condition == (("defined(B)", True),)
    assert found.tokens == []


KNOWN = {"YES": True, "NO": False}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("defined(YES)", True),
        ("defined NO", False),
        ("defined(WHO)", None),
        ("!defined(NO)", True),
        ("!defined(WHO)", None),
        ("defined(YES) && defined(NO)", False),
        ("defined(WHO) && defined(NO)", False),
        ("defined(WHO) && defined(YES)", None),
        ("defined(WHO) || defined(YES)", True),
        ("defined(WHO) || defined(NO)", None),
        ("(defined(NO) || defined(YES)) && defined(YES)", True),
        ("IS_ENABLED(YES)", True),
        ("YES > 1", None),
        ("(defined(YES)", None),
        ("defined(YES", None),
        ("", None),
    ],
)
def test_condition_has_three_answers(text: str, wanted: bool | None) -> None:
    assert holds(((text, True),), KNOWN) is wanted
    opposite = None if wanted is None else not wanted
    assert holds(((text, False),), KNOWN) is opposite


def test_one_false_condition_decides() -> None:
    unknown, false = ("defined(WHO)", True), ("defined(NO)", True)
    assert holds((unknown, false), KNOWN) is False
    assert holds((unknown, ("defined(YES)", True)), KNOWN) is None
    assert holds((), KNOWN) is True
