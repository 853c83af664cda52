"""Two prototypes: parameters by name and place, and what is returned."""

from __future__ import annotations

from uapigen.compare.findings import Change, Fact
from uapigen.compare.types import Shapes, type_change
from uapigen.ir.types import FuncProto, Param

__all__ = ["parameter_changes"]


def parameter_changes(
    old: Shapes,
    before: FuncProto | None,
    new: Shapes,
    after: FuncProto | None,
    subject: str,
    prefix: str = "",
) -> list[Change]:
    """What differs between two prototypes; ``prefix`` goes before the places.

    Parameters correspond by name, those left over by their order. A place is a
    parameter's name, or its number from 1 on where it has none; "return" for the result.
    """
    if before is None or after is None:
        return []
    changes: list[Change] = []

    def note(kind: str, place: str, a: Fact | None, b: Fact | None) -> None:
        changes.append(Change(kind, subject, prefix + place, a, b))

    if what := type_change(old, before.returns, new, after.returns):
        a, b = old.facts.spell(before.returns), new.facts.spell(after.returns)
        note(f"return-{what}", "return", Fact(a), Fact(b))
    pairs = _paired(old, before.params, new, after.params)
    both = [(i, j) for i, j in pairs if i is not None and j is not None]
    reordered = [j for _, j in sorted(both)] != sorted(j for _, j in both)
    if reordered:
        names = [", ".join(param.name for param in proto.params) for proto in (before, after)]
        note("parameters-reordered", "", Fact(names[0]), Fact(names[1]))
    for i, j in pairs:
        if i is None:
            assert j is not None
            note("parameter-added", _place(after.params, j), None, _fact(new, after.params, j))
        elif j is None:
            note("parameter-removed", _place(before.params, i), _fact(old, before.params, i), None)
        else:
            a_fact, b_fact = _fact(old, before.params, i), _fact(new, after.params, j)
            place = _place(after.params, j)
            if what := type_change(old, before.params[i].type, new, after.params[j].type):
                note(f"parameter-{what}", place, a_fact, b_fact)
            elif before.params[i].name != after.params[j].name:
                note("parameter-renamed", place, a_fact, b_fact)
    if before.variadic != after.variadic:
        said = [Fact("..." if proto.variadic else "no ...") for proto in (before, after)]
        note("variadic-changed", "...", *said)
    return changes


def _paired(
    old: Shapes, before: tuple[Param, ...], new: Shapes, after: tuple[Param, ...]
) -> list[tuple[int | None, int | None]]:
    """Numbers of parameters that correspond, and those of one side only."""
    if len(before) == len(after) and all(
        old.meaning(p.type) == new.meaning(q.type) for p, q in zip(before, after, strict=True)
    ):
        return [(i, i) for i in range(len(before))]  # at most renamed
    by_name = {param.name: i for i, param in enumerate(before) if param.name}
    pairs: list[tuple[int | None, int | None]] = []
    taken: set[int] = set()
    left: list[int] = []
    for j, param in enumerate(after):
        i = by_name.get(param.name)
        if i is None or i in taken:
            left.append(j)
        else:
            taken.add(i)
            pairs.append((i, j))
    rest = [i for i in range(len(before)) if i not in taken]
    alike = [
        (i, j)
        for i, j in zip(rest, left, strict=False)
        if len(before) == len(after) or old.meaning(before[i].type) == new.meaning(after[j].type)
    ]
    pairs += alike
    pairs += [(i, None) for i in rest if i not in {i for i, _ in alike}]
    pairs += [(None, j) for j in left if j not in {j for _, j in alike}]
    return sorted(pairs, key=lambda pair: pair[1] if pair[1] is not None else pair[0] or 0)


def _place(params: tuple[Param, ...], number: int) -> str:
    return params[number].name or str(number + 1)


def _fact(shapes: Shapes, params: tuple[Param, ...], number: int) -> Fact:
    param = params[number]
    return Fact(shapes.facts.spell(param.type, param.name), value=number + 1)
