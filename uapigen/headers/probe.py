"""One translation unit in memory that asks clang what macros stand for.

After the header, each macro gets a declaration on a line of its own, so that
one that does not compile costs only itself and its diagnostic says whose it
is::

    #include <linux/fuse.h>
    __auto_type uapigen_0 = FUSE_ROOT_ID;
    typedef __typeof__(compat_u64) uapigen_1;

The initialiser carries no parentheses: ``#define PAIR 1, 2`` must not become the
comma operator. Its value is what ``clang_Cursor_Evaluate`` says, which ``cindex``
does not wrap; a string's comes from the literal itself, since the evaluation's
ends at the first NUL.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from uapigen.headers.clang_library import Cursor, Type, library, text
from uapigen.headers.clang_parse import Diagnostic, TranslationUnit, visit_children
from uapigen.ir.declarations import Value

__all__ = ["MARK", "NOWHERE", "Answer", "Probed", "probe"]

_PREFIX = "uapigen_"

_ERRORS = (
    # Undefined in C: clang and GCC answer differently.
    "shift-count-overflow",
    "shift-count-negative",
    # What a later header says of a macro is not what the macro's own header means.
    "macro-redefined",
    # Errors by clang's default, which -Wno-everything would silence.
    "implicit-function-declaration",
    "implicit-int",
    "int-conversion",
    "incompatible-function-pointer-types",
)
_ARGUMENTS = (
    "-Wno-everything",
    "-Wsystem-headers",  # macros of system headers are not excused
    *(f"-Werror={name}" for name in _ERRORS),
    "-ferror-limit=0",
    "-fbracket-depth=2000",  # to exceed it is fatal: for all macros behind
    # clang would go on with the name that it guesses was meant.
    "-fno-spell-checking",
)

MARK = 8191
"""Length of an array that nobody else declares."""
NOWHERE = "uapigen_depends_on_its_place"
"""Undeclared name that stands for what differs from place to place."""
_PLACES = tuple(
    f"#define {name} {NOWHERE}"
    for name in (
        "__LINE__", "__FILE__", "__BASE_FILE__", "__FILE_NAME__", "__INCLUDE_LEVEL__",
        "__COUNTER__", "__DATE__", "__TIME__", "__TIMESTAMP__", "__func__", "__FUNCTION__",
        "__PRETTY_FUNCTION__",
    )
)  # fmt: skip

# CXCursorKind
_VAR_DECL = 9
_TYPEDEF_DECL = 20
_DECL_REF_EXPR = 101
_CALL_EXPR = 103
_STRING_LITERAL = 109
_SAME_VALUE = frozenset({_VAR_DECL, 100, 111, 117})
"""What holds an expression and is it: the declaration, implicit conversions, parentheses, casts."""
_DECLARED = {8: "function", _VAR_DECL: "variable", 10: "parameter"}

# CXTypeKind of a canonical type
_C_TYPES = {
    3: "_Bool", 4: "char", 5: "unsigned char", 8: "unsigned short", 9: "unsigned int",
    10: "unsigned long", 11: "unsigned long long", 13: "char", 14: "signed char", 16: "short",
    17: "int", 18: "long", 19: "long long", 21: "float", 22: "double", 23: "long double",
    30: "__float128", 32: "_Float16",
}  # fmt: skip
_INT128 = frozenset({12, 20})
_POINTER, _FUNCTION = 101, 111

# CXEvalResultKind
_EVAL_INT, _EVAL_FLOAT = 1, 2

_TYPEOF = re.compile(r"^(?:__)?typeof(?:__)?\((.*)\)$", re.DOTALL)
_CONSTANCY = re.compile("constant|address|neither")

_STRING_TYPES = {
    "": "char *",
    "u8": "char *",
    "L": "wchar_t *",
    "u": "char16_t *",
    "U": "char32_t *",
}


class Answer(NamedTuple):
    """What clang says of one macro as an expression."""

    value: Value | None
    c_type: str
    """The expression's canonical type in C; empty where there is none."""
    problem: str
    """Why there is no value: clang's first error, or what the expression is."""


@dataclass
class Probed:
    """What a probe found out."""

    answers: dict[str, Answer]
    """Of each macro asked for as a value."""
    types: dict[str, str]
    """C spelling of each macro asked for as a type that is one."""
    errors: list[Diagnostic]
    """In included files: what they declare may not be what they say."""


def probe(
    header: str,
    before: Sequence[str],
    behind: Sequence[str],
    values: Sequence[tuple[str, str]],
    types: Sequence[tuple[str, str]],
    arguments: Sequence[str],
) -> Probed:
    """Ask for macros' values and types.

    ``before`` are headers included before the header, ``behind`` lines that follow it. ``values``
    pairs a macro's name with the expression to evaluate for it, ``types`` with the
    declarator of a type, in which ``%s`` stands for its name; of a function type with
    one parameter, ``T *(*)[MARK]``, it is ``T`` that is asked for.

    Raises InputError where clang refuses to make a translation unit at all.
    """
    lines = [
        *behind,
        *_PLACES,
        *(f"__auto_type {_PREFIX}{i} = {text};" for i, (_, text) in enumerate(values)),
        *(f"typedef {text % f'{_PREFIX}{i}'};" for i, (_, text) in enumerate(types, len(values))),
    ]
    first = len(before) + len(behind) + len(_PLACES) + 2
    after = "".join(f"{line}\n" for line in lines)
    # -w would silence even what is made an error.
    arguments = [*(argument for argument in arguments if argument != "-w"), *_ARGUMENTS]
    with TranslationUnit(header, arguments, before, after=after, macros=False) as unit:
        problems: dict[int, str] = {}
        errors = []
        for diagnostic in unit.diagnostics:
            if diagnostic.file or diagnostic.line < first:
                errors.append(diagnostic)
            else:
                problems.setdefault(diagnostic.line - first, diagnostic.text)
        declarations = _declarations(unit)
        answers = {}
        for i, (name, _) in enumerate(values):
            cursor, problem = declarations.get(i), problems.get(i)
            if cursor is not None and problem is None:
                answers[name] = _evaluate(cursor)
            else:
                answers[name] = _explain(problem or "not an expression", cursor)
        spellings = {
            name: spelling
            for i, (name, _) in enumerate(types, len(values))
            if i in declarations and i not in problems
            if (spelling := _declared_type(declarations[i]))
        }
    return Probed(answers, spellings, errors)


def _declarations(unit: TranslationUnit) -> dict[int, Cursor]:
    """The probe's own declarations, by number."""
    found = {}
    spelling = library().clang_getCursorSpelling

    def keep(cursor: Cursor) -> None:
        if cursor.kind in (_VAR_DECL, _TYPEDEF_DECL):
            name = text(spelling(cursor))
            if name.startswith(_PREFIX):
                found[int(name[len(_PREFIX) :])] = cursor

    unit.visit(keep)
    return found


# What an expression is


def _evaluate(cursor: Cursor) -> Answer:
    lib = library()
    c_type = lib.clang_getCanonicalType(lib.clang_getCursorType(cursor))
    if c_type.kind == _POINTER:
        return _pointer(cursor, c_type)
    if c_type.kind in _INT128:
        return Answer(None, "__int128", "a value of 128 bits")
    result = lib.clang_Cursor_Evaluate(cursor)
    if result:
        try:
            kind = lib.clang_EvalResult_getKind(result)
            if kind == _EVAL_INT:
                value: int = (
                    lib.clang_EvalResult_getAsUnsigned(result)
                    if lib.clang_EvalResult_isUnsignedInt(result)
                    else lib.clang_EvalResult_getAsLongLong(result)
                )
                return Answer(value, _C_TYPES.get(c_type.kind) or _spelling(c_type), "")
            if kind == _EVAL_FLOAT:
                number: float = lib.clang_EvalResult_getAsDouble(result)
                return Answer(number, _C_TYPES[c_type.kind], "")
        finally:
            lib.clang_EvalResult_dispose(result)
    return _explain(f"neither a number nor a string but a {_spelling(c_type)}", cursor)


def _spelling(c_type: Type) -> str:
    return text(library().clang_getTypeSpelling(c_type))


def _pointer(cursor: Cursor, pointer: Type) -> Answer:
    """A string, or another address."""
    expression: Cursor | None = cursor
    while expression is not None and expression.kind != _STRING_LITERAL:
        inside: list[Cursor] = []
        if expression.kind in _SAME_VALUE:
            visit_children(expression, inside.append)
        expression = inside[-1] if inside else None  # a cast names its type before
    if expression is not None:
        prefix, value = _literal(text(library().clang_getCursorSpelling(expression)))
        problem = "a string of code units that are no characters" if value is None else ""
        return Answer(value, _STRING_TYPES[prefix], problem)
    return _explain("an address", cursor, _spelling(pointer))


def _explain(problem: str, cursor: Cursor | None, c_type: str = "") -> Answer:
    """An answer without value; what the initialiser names tells more than clang's text."""
    if cursor is None or not _CONSTANCY.search(problem):
        return Answer(None, c_type, problem)
    return Answer(None, c_type, _not_constant(cursor) or problem)


def _not_constant(cursor: Cursor) -> str:
    """The first thing within an expression that is not known at compile time."""
    lib = library()
    if cursor.kind == _CALL_EXPR:
        name = text(lib.clang_getCursorSpelling(cursor))
        return f"calls {name}()" if name else "calls a function"
    if cursor.kind == _DECL_REF_EXPR:
        noun = _DECLARED.get(lib.clang_getCursorReferenced(cursor).kind)
        if noun:
            return f"names the {noun} {text(lib.clang_getCursorSpelling(cursor))}"
    inside: list[Cursor] = []
    visit_children(cursor, inside.append)
    return next(filter(None, map(_not_constant, inside)), "")


def _declared_type(cursor: Cursor) -> str:
    """C spelling of a typedef's type; empty for a function without the parameter asked for."""
    lib = library()
    c_type = lib.clang_getTypedefDeclUnderlyingType(cursor)
    if c_type.kind != _FUNCTION:
        return _without_typeof(c_type)
    array = lib.clang_getPointeeType(lib.clang_getArgType(c_type, 0))
    if lib.clang_getArraySize(array) != MARK:
        return ""
    pointer = _without_typeof(lib.clang_getArrayElementType(array))
    return _TYPEOF.sub(r"\1", pointer[:-1].rstrip()) if pointer.endswith("*") else ""


def _without_typeof(c_type: Type) -> str:
    spelling = _spelling(c_type)
    if "typeof (" in spelling:  # with a blank, it is the type of an expression
        spelling = _spelling(library().clang_getCanonicalType(c_type))
    return _TYPEOF.sub(r"\1", spelling)


# String literals, in the form in which clang prints them

_LITERAL = re.compile(r'(u8|[LuU]?)"(.*)"', re.DOTALL)
_PIECE = re.compile(
    r'\\x([0-9a-fA-F]+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([0-7]{1,3})|\\(.)|("")|([^\\"]+)',
    re.DOTALL,
)
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}


def _literal(text: str) -> tuple[str, str | bytes | None]:
    """Prefix and value of a literal that ``clang_getCursorSpelling`` gave.

    clang joins adjacent literals, and escapes all that is not printable ASCII:
    code units, which are a narrow string's bytes. None where a unit is no character.
    """
    matched = _LITERAL.fullmatch(text)
    assert matched, text
    prefix, body = matched.groups()
    units: list[int] = []
    for hexadecimal, short, long, octal, escaped, _gap, plain in _PIECE.findall(body):
        if plain:
            units.extend(map(ord, plain))
        elif octal:
            units.append(int(octal, 8))
        elif escaped:
            units.append(_ESCAPES.get(escaped, ord(escaped)))
        elif digits := hexadecimal or short or long:
            units.append(int(digits, 16))
    if prefix in ("", "u8"):
        data = bytes(units)
        try:
            return prefix, data.decode()
        except UnicodeDecodeError:
            return prefix, data
    if max(units, default=0) > sys.maxunicode:
        return prefix, None
    characters = "".join(map(chr, units))
    if prefix == "u":
        # clang shows a pair of surrogates as what it stands for, but no other two code units.
        encoded = characters.encode("utf-16-le", "surrogatepass")
        characters = encoded.decode("utf-16-le", "surrogatepass")
    return prefix, characters
