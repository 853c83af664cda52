"""libclang's C interface, as far as the front end uses it (``clang-c/Index.h``).

PyPI's ``clang.cindex`` makes several Python objects for each cursor and costs
more to import than a small header to read. Here are ctypes' bare functions.
"""

from __future__ import annotations

import ctypes
import glob
import importlib.util
import os
import re
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_longlong, c_uint, c_void_p
from functools import cache
from typing import Any

from uapigen.errors import SystemRefusalError

__all__ = [
    "Cursor",
    "FieldVisitor",
    "Location",
    "String",
    "Token",
    "Type",
    "Visitor",
    "library",
    "text",
]


class String(Structure):
    """``CXString``."""

    _fields_ = (("data", c_void_p), ("flags", c_uint))


class Cursor(Structure):
    """``CXCursor``; ``data[0]`` is the declaration's identity."""

    _fields_ = (("kind", c_int), ("xdata", c_int), ("data", c_void_p * 3))


class Type(Structure):
    """``CXType``; ``data[0]`` is the type's identity, qualifiers and spelling included."""

    _fields_ = (("kind", c_int), ("data", c_void_p * 2))


class Location(Structure):
    """``CXSourceLocation``."""

    _fields_ = (("data", c_void_p * 2), ("encoded", c_uint))


class Range(Structure):
    """``CXSourceRange``."""

    _fields_ = (("data", c_void_p * 2), ("begin", c_uint), ("end", c_uint))


class RangeList(Structure):
    """``CXSourceRangeList``."""

    _fields_ = (("count", c_uint), ("ranges", POINTER(Range)))


class Token(Structure):
    """``CXToken``."""

    _fields_ = (("numbers", c_uint * 4), ("data", c_void_p))


class UnsavedFile(Structure):
    """``CXUnsavedFile``."""

    _fields_ = (("name", c_char_p), ("contents", c_char_p), ("length", ctypes.c_ulong))


Visitor = CFUNCTYPE(c_int, Cursor, Cursor, c_void_p)
FieldVisitor = CFUNCTYPE(c_int, Cursor, c_void_p)

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "clang_createIndex": (c_void_p, (c_int, c_int)),
    "clang_disposeIndex": (None, (c_void_p,)),
    "clang_parseTranslationUnit2": (
        c_int,
        (
            c_void_p,
            c_char_p,
            POINTER(c_char_p),
            c_int,
            POINTER(UnsavedFile),
            c_uint,
            c_uint,
            POINTER(c_void_p),
        ),
    ),
    "clang_disposeTranslationUnit": (None, (c_void_p,)),
    "clang_getTranslationUnitCursor": (Cursor, (c_void_p,)),
    "clang_getNumDiagnostics": (c_uint, (c_void_p,)),
    "clang_getDiagnostic": (c_void_p, (c_void_p, c_uint)),
    "clang_disposeDiagnostic": (None, (c_void_p,)),
    "clang_getDiagnosticSeverity": (c_int, (c_void_p,)),
    "clang_getDiagnosticSpelling": (String, (c_void_p,)),
    "clang_getDiagnosticLocation": (Location, (c_void_p,)),
    "clang_getFileLocation": (
        None,
        (Location, POINTER(c_void_p), POINTER(c_uint), POINTER(c_uint), POINTER(c_uint)),
    ),
    "clang_getFileName": (String, (c_void_p,)),
    "clang_getFile": (c_void_p, (c_void_p, c_char_p)),
    "clang_getSkippedRanges": (POINTER(RangeList), (c_void_p, c_void_p)),
    "clang_disposeSourceRangeList": (None, (POINTER(RangeList),)),
    "clang_tokenize": (None, (c_void_p, Range, POINTER(POINTER(Token)), POINTER(c_uint))),
    "clang_getTokenSpelling": (String, (c_void_p, Token)),
    "clang_disposeTokens": (None, (c_void_p, POINTER(Token), c_uint)),
    "clang_getIncludedFile": (c_void_p, (Cursor,)),
    "clang_isCursorDefinition": (c_uint, (Cursor,)),
    "clang_getCString": (c_char_p, (String,)),
    "clang_disposeString": (None, (String,)),
    "clang_getClangVersion": (String, ()),
    "clang_visitChildren": (c_uint, (Cursor, Visitor, c_void_p)),
    "clang_Type_visitFields": (c_uint, (Type, FieldVisitor, c_void_p)),
    "clang_getCursorLocation": (Location, (Cursor,)),
    "clang_getCursorSpelling": (String, (Cursor,)),
    "clang_getCursorType": (Type, (Cursor,)),
    "clang_getCursorLinkage": (c_int, (Cursor,)),
    "clang_getCursorExtent": (Range, (Cursor,)),
    "clang_getRangeEnd": (Location, (Range,)),
    "clang_getRangeStart": (Location, (Range,)),
    "clang_getCanonicalCursor": (Cursor, (Cursor,)),
    "clang_getCursorDefinition": (Cursor, (Cursor,)),
    "clang_getTypeDeclaration": (Cursor, (Type,)),
    "clang_getTypeSpelling": (String, (Type,)),
    "clang_getCanonicalType": (Type, (Type,)),
    "clang_getPointeeType": (Type, (Type,)),
    "clang_getArrayElementType": (Type, (Type,)),
    "clang_getElementType": (Type, (Type,)),
    "clang_getNumElements": (c_longlong, (Type,)),
    "clang_getArraySize": (c_longlong, (Type,)),
    "clang_getResultType": (Type, (Type,)),
    "clang_getNumArgTypes": (c_int, (Type,)),
    "clang_getArgType": (Type, (Type, c_uint)),
    "clang_isFunctionTypeVariadic": (c_uint, (Type,)),
    "clang_isConstQualifiedType": (c_uint, (Type,)),
    "clang_isVolatileQualifiedType": (c_uint, (Type,)),
    "clang_isRestrictQualifiedType": (c_uint, (Type,)),
    "clang_Type_getNamedType": (Type, (Type,)),
    "clang_Type_getValueType": (Type, (Type,)),
    "clang_Type_getModifiedType": (Type, (Type,)),
    "clang_Type_getSizeOf": (c_longlong, (Type,)),
    "clang_Type_getAlignOf": (c_longlong, (Type,)),
    "clang_getTypedefDeclUnderlyingType": (Type, (Cursor,)),
    "clang_getEnumDeclIntegerType": (Type, (Cursor,)),
    "clang_getEnumConstantDeclValue": (c_longlong, (Cursor,)),
    "clang_getEnumConstantDeclUnsignedValue": (ctypes.c_ulonglong, (Cursor,)),
    "clang_Cursor_getOffsetOfField": (c_longlong, (Cursor,)),
    "clang_getFieldDeclBitWidth": (c_int, (Cursor,)),
    "clang_Cursor_getNumArguments": (c_int, (Cursor,)),
    "clang_Cursor_getArgument": (Cursor, (Cursor, c_uint)),
    "clang_Cursor_isFunctionInlined": (c_uint, (Cursor,)),
    "clang_Cursor_isMacroFunctionLike": (c_uint, (Cursor,)),
    "clang_getCursorReferenced": (Cursor, (Cursor,)),
    "clang_Cursor_Evaluate": (c_void_p, (Cursor,)),
    "clang_EvalResult_getKind": (c_int, (c_void_p,)),
    "clang_EvalResult_isUnsignedInt": (c_uint, (c_void_p,)),
    "clang_EvalResult_getAsLongLong": (c_longlong, (c_void_p,)),
    "clang_EvalResult_getAsUnsigned": (ctypes.c_ulonglong, (c_void_p,)),
    "clang_EvalResult_getAsDouble": (ctypes.c_double, (c_void_p,)),
    "clang_EvalResult_dispose": (None, (c_void_p,)),
}


@cache
def library() -> ctypes.CDLL:
    """libclang, with the types of the functions used.

    PyPI's comes first, then the system's newest. Raises
    :class:`SystemRefusalError` where there is none that loads.
    """
    problems = []
    for path in _candidates():
        try:
            found = ctypes.CDLL(path)
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(found, name)
                function.restype = result
                function.argtypes = arguments
        except (OSError, AttributeError) as error:
            problems.append(f"{path}: {error}")
        else:
            return found
    reason = "; ".join(problems) or "not installed"
    raise SystemRefusalError(
        f"libclang: {reason} (`pip install libclang`, or --frontend pycparser)"
    )


def _candidates() -> Iterator[str]:
    """Where libclang may be, the best first."""
    package = importlib.util.find_spec("clang")
    for directory in (package.submodule_search_locations or ()) if package else ():
        path = os.path.join(directory, "native", "libclang.so")
        if os.path.exists(path):
            yield path
    installed = glob.glob("/usr/lib/llvm-*/lib/libclang.so.1")
    installed += glob.glob("/usr/lib*/libclang.so.*[0-9]")
    yield from sorted(installed, key=_version, reverse=True)


def _version(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path)]


def text(string: String) -> str:
    """The text of a ``CXString``, which is disposed of."""
    lib = library()
    found: bytes | None = lib.clang_getCString(string)
    lib.clang_disposeString(string)
    return (found or b"").decode("utf-8", "surrogateescape")
