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

import functools
import re
from collections.abc import Iterable, Sequence
from ctypes import c_double, c_int, c_longlong, c_uint, c_ulonglong, c_void_p
from dataclasses import dataclass
from typing import Any, NamedTuple

from clang import cindex

from uapigen.errors import InputError
from uapigen.ir.declarations import Value

__all__ = ["Answer", "Diagnostic", "Probed", "include_line", "probe"]

MAIN = "uapigen-macros.c"
_PREFIX = "uapigen_"

_ARGUMENTS = (
    "-w",
    # Errors only, but those of system headers' macros too.
    "-Wsystem-headers",
    # Undefined in C: clang and GCC answer differently.
    "-Werror=shift-count-overflow",
    "-Werror=shift-count-negative",
    "-Werror=macro-redefined",
    "-ferror-limit=0",
    # clang would go on with the name that it guesses was meant.
    "-fno-spell-checking",
)

_SKIP_FUNCTION_BODIES = 0x40
_KEEP_GOING = 0x200

# CXCursorKind
_VAR_DECL = 9
_TYPEDEF_DECL = 20
_DECL_REF_EXPR = 101
_CALL_EXPR = 103
_STRING_LITERAL = 109
_TRANSPARENT = frozenset({100, 111, 117})  # implicit conversions, parentheses, C casts

_DECLARED = {8: "function", _VAR_DECL: "variable", 10: "parameter"}

# CXTypeKind of a canonical type
_C_TYPES = {
    3: "_Bool", 4: "char", 5: "unsigned char", 8: "unsigned short", 9: "unsigned int",
    10: "unsigned long", 11: "unsigned long long", 13: "char", 14: "signed char", 16: "short",
    17: "int", 18: "long", 19: "long long", 21: "float", 22: "double", 23: "long double",
    30: "__float128", 32: "_Float16",
}  # fmt: skip
_INT128 = frozenset({12, 20})
_POINTER = 101

# CXEvalResultKind
_EVAL_INT, _EVAL_FLOAT = 1, 2

_ERROR = 3
_CONSTANCY = re.compile("constant|address")

_STRING_TYPES = {
    "": "char *",
    "u8": "char *",
    "L": "wchar_t *",
    "u": "char16_t *",
    "U": "char32_t *",
}


class Diagnostic(NamedTuple):
    """An error that clang reports in a file other than the probe itself."""

    file: str
    line: int
    text: str


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


def include_line(name: str) -> str:
    """The directive that includes a header, given as C includes it or as a path."""
    if "\n" in name or '"' in name:
        raise InputError(name, "", "a header's name holds a quotation mark or a line break")
    return f'#include "{name}"' if name.startswith(("/", "./", "../")) else f"#include <{name}>"


def probe(
    preamble: Sequence[str],
    values: Sequence[tuple[str, str]],
    types: Sequence[str],
    arguments: Sequence[str],
) -> Probed:
    """Ask for macros' values and types.

    ``preamble`` is what precedes the declarations, line by line; ``values`` pairs
    a macro's name with the expression to evaluate for it, ``types`` names macros
    that may be types. Raises InputError where clang refuses to make a
    translation unit at all.
    """
    lines = list(preamble)
    first_value = len(lines) + 1
    lines += [f"__auto_type {_PREFIX}{i} = {text};" for i, (_, text) in enumerate(values)]
    first_type = len(lines) + 1
    lines += [
        f"typedef __typeof__({name}) {_PREFIX}{i};" for i, name in enumerate(types, len(values))
    ]
    unit = _parse("\n".join([*lines, ""]), arguments)

    errors: dict[int, str] = {}
    foreign = []
    for line, diagnostic in _errors(unit):
        if line < first_value:
            foreign.append(diagnostic)
        else:
            errors.setdefault(line, diagnostic.text)

    declarations = _declarations(unit)
    answers = {}
    for i, (name, _) in enumerate(values):
        problem = errors.get(first_value + i)
        cursor = declarations.get(i)
        if problem is None and cursor is not None:
            answers[name] = _evaluate(cursor)
        else:
            answers[name] = _explain(problem or "not an expression", cursor)
    spellings = {}
    for i, name in enumerate(types):
        cursor = declarations.get(len(values) + i)
        if cursor is not None and first_type + i not in errors:
            spellings[name] = _typeof_operand(cursor)
    return Probed(answers, spellings, foreign)


# Parsing


@functools.cache
def _lib() -> Any:
    """libclang with the functions that ``cindex`` does not declare."""
    lib = cindex.conf.lib
    lib.clang_Cursor_Evaluate.argtypes = [cindex.Cursor]
    lib.clang_Cursor_Evaluate.restype = c_void_p
    for name, restype in (
        ("getKind", c_int),
        ("getAsLongLong", c_longlong),
        ("getAsUnsigned", c_ulonglong),
        ("isUnsignedInt", c_uint),
        ("getAsDouble", c_double),
        ("dispose", None),
    ):
        function = getattr(lib, f"clang_EvalResult_{name}")
        function.argtypes = [c_void_p]
        function.restype = restype
    return lib


@functools.cache
def _index() -> Any:
    return cindex.Index.create()


def _parse(text: str, arguments: Sequence[str]) -> Any:
    try:
        return cindex.TranslationUnit.from_source(
            MAIN,
            [*arguments, *_ARGUMENTS],
            unsaved_files=[(MAIN, text)],
            options=_SKIP_FUNCTION_BODIES | _KEEP_GOING,
            index=_index(),
        )
    except cindex.TranslationUnitLoadError as error:
        raise InputError(MAIN, "", f"clang cannot parse it: {error}") from error


def _errors(unit: Any) -> Iterable[tuple[int, Diagnostic]]:
    """Each error with its line in the probe; 0 for one in an included file."""
    for diagnostic in unit.diagnostics:
        if diagnostic.severity >= _ERROR:
            location = diagnostic.location
            file = location.file.name if location.file else ""
            line = location.line if file == MAIN else 0
            yield line, Diagnostic(file, location.line, diagnostic.spelling)


def _declarations(unit: Any) -> dict[int, Any]:
    """The probe's own declarations, by number."""
    found = {}
    spelling = cindex.conf.lib.clang_getCursorSpelling
    for cursor in unit.cursor.get_children():
        if cursor._kind_id in (_VAR_DECL, _TYPEDEF_DECL):
            name = spelling(cursor)
            if name.startswith(_PREFIX):
                found[int(name[len(_PREFIX) :])] = cursor
    return found


# What an expression is


def _evaluate(cursor: Any) -> Answer:
    lib = _lib()
    kind = lib.clang_getCanonicalType(lib.clang_getCursorType(cursor))
    kind_id = kind._kind_id
    if kind_id == _POINTER:
        return _pointer(cursor, kind)
    if kind_id in _INT128:
        return Answer(None, "__int128", "a value of 128 bits")
    result = lib.clang_Cursor_Evaluate(cursor)
    if result:
        try:
            evaluated = lib.clang_EvalResult_getKind(result)
            if evaluated == _EVAL_INT:
                unsigned = lib.clang_EvalResult_isUnsignedInt(result)
                value: int = (
                    lib.clang_EvalResult_getAsUnsigned(result)
                    if unsigned
                    else lib.clang_EvalResult_getAsLongLong(result)
                )
                return Answer(value, _C_TYPES.get(kind_id) or kind.spelling, "")
            if evaluated == _EVAL_FLOAT:
                number: float = lib.clang_EvalResult_getAsDouble(result)
                return Answer(number, _C_TYPES[kind_id], "")
        finally:
            lib.clang_EvalResult_dispose(result)
    return _explain(f"not a constant but a {kind.spelling}", cursor)


def _pointer(cursor: Any, pointer: Any) -> Answer:
    """A string, or another address."""
    expression = cursor
    while expression is not None and expression._kind_id != _STRING_LITERAL:
        inside = list(expression.get_children())
        expression = inside[-1] if inside and _leads_to_literal(expression) else None
    if expression is not None:
        prefix, value = _literal(expression.spelling)
        return Answer(value, _STRING_TYPES[prefix], "")
    return _explain("an address", cursor, pointer.spelling)


def _leads_to_literal(cursor: Any) -> bool:
    """Whether a cursor is the declaration, or says the same as the expression in it."""
    return cursor._kind_id == _VAR_DECL or cursor._kind_id in _TRANSPARENT


def _explain(problem: str, cursor: Any, c_type: str = "") -> Answer:
    """An answer without value; what the initialiser names tells more than clang's text."""
    if cursor is None or not _CONSTANCY.search(problem):
        return Answer(None, c_type, problem)
    for child in cursor.walk_preorder():
        if child._kind_id == _CALL_EXPR:
            name = child.spelling
            return Answer(None, c_type, f"calls {name}()" if name else "calls a function")
        if child._kind_id == _DECL_REF_EXPR:
            declared = child.referenced
            noun = _DECLARED.get(declared._kind_id) if declared is not None else None
            if noun:
                return Answer(None, c_type, f"names the {noun} {child.spelling}")
    return Answer(None, c_type, problem)


def _typeof_operand(cursor: Any) -> str:
    spelling: str = cursor.underlying_typedef_type.spelling
    matched = re.fullmatch(r"(?:__)?typeof(?:__)? ?\((.*)\)", spelling, re.DOTALL)
    return matched[1] if matched else spelling


# String literals, in the form in which clang prints them

_LITERAL = re.compile(r'(u8|[LuU]?)"(.*)"', re.DOTALL)
_PIECE = re.compile(
    r'\\x([0-9a-fA-F]+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([0-7]{1,3})|\\(.)|("")|([^\\"]+)',
    re.DOTALL,
)
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}


def _literal(text: str) -> tuple[str, str | bytes]:
    """Prefix and value of a literal that ``clang_getCursorSpelling`` gave.

    clang joins adjacent literals, and escapes all that is not printable ASCII:
    code units, which are a narrow string's bytes.
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
    if prefix == "u":
        joined = b"".join(unit.to_bytes(2, "little") for unit in units)
        return prefix, joined.decode("utf-16-le", "surrogatepass")
    return prefix, "".join(map(chr, units))
