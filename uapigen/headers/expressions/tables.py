"""Makes ``tables.json``, the LALR(1) tables of ``grammar.lark``, with lark.

Importing lark and constructing a parser of this grammar takes 0.1 s, a quarter
of what a run for one header may take in all. So it is done when the grammar
changes: ``python -m uapigen.headers.expressions.tables``. A test holds the file against
the grammar.

The file holds ``terminals``, ``rules`` as [nonterminal, symbols, action or
null], ``actions`` (for each state: terminal -> a state to shift to, or -1 - the rule to
reduce by) and ``gotos`` (for each state: nonterminal -> state), ``start`` and ``accept``.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

__all__ = ["GRAMMAR", "TABLES", "tables"]

GRAMMAR = os.path.join(os.path.dirname(__file__), "grammar.lark")
TABLES = os.path.join(os.path.dirname(__file__), "tables.json")


def tables() -> str:
    """The tables of the grammar as JSON, always the same text for the same grammar."""
    from lark import Lark
    from lark.lexer import Lexer
    from lark.parsers.lalr_analysis import Shift

    class Outside(Lexer):
        """Tokens come from parser.py."""

        def __init__(self, *_: object) -> None: ...

        def lex(self, *_: object) -> Any:
            return iter(())

    with open(GRAMMAR, encoding="utf-8") as file:
        lark = Lark(file.read(), parser="lalr", lexer=Outside)
    table: Any = lark.parser.parser._parse_table
    numbers: dict[object, int] = {}
    waiting = [table.start_states["start"]]
    while waiting:  # lark's own order of states differs from run to run
        state = waiting.pop()
        if state not in numbers:
            numbers[state] = len(numbers)
            row = table.states[state]
            waiting += [row[symbol][1] for symbol in sorted(row) if row[symbol][0] is Shift]
    rules: list[list[object]] = []
    rule_numbers: dict[object, int] = {}
    for rule in sorted(lark.rules, key=lambda rule: (rule.origin.name, rule.order)):
        if rule.alias is None and len(rule.expansion) != 1:
            raise ValueError(f"grammar.lark: no action for {rule}")
        rule_numbers[rule] = len(rules)
        rules.append([rule.origin.name, len(rule.expansion), rule.alias])
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for row in map(table.states.get, numbers):
        actions.append({})
        gotos.append({})
        for symbol in sorted(row):
            action, target = row[symbol]
            if action is not Shift:
                actions[-1][symbol] = -1 - rule_numbers[target]
            elif symbol.isupper():
                actions[-1][symbol] = numbers[target]
            else:
                gotos[-1][symbol] = numbers[target]
    made = {
        "start": numbers[table.start_states["start"]],
        "accept": numbers[table.end_states["start"]],
        "rules": rules,
        "actions": actions,
        "gotos": gotos,
    }
    rows = [f'"{key}": {_rows(value)}' for key, value in made.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _rows(value: object) -> str:
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in value) + "\n]"


if __name__ == "__main__":
    with open(TABLES, "w", encoding="utf-8") as output:
        output.write(tables())
    sys.stderr.write(f"{TABLES}\n")
