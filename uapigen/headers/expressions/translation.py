"""From the tree of an expression to Python, with everything computed that is constant.

What Python computes with is ``emit/support/cvalues.py``, and so is what is
computed here: both have the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from uapigen.emit.support.cvalues import CValue, NumberType
from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.nodes import (
    Binary,
    Call,
    Cast,
    Character,
    Comma,
    Compatible,
    Conditional,
    Index,
    MemberOf,
    Name,
    Node,
    Number,
    Offset,
    Parameter,
    SizeOf,
    Specifier,
    String,
    TypeName,
    Unary,
)
from uapigen.headers.expressions.pointers import as_pointer, is_pointer, pointer_binary
from uapigen.headers.expressions.terms import (
    MODEL,
    UNARY,
    Address,
    Constant,
    Nothing,
    Object,
    Term,
    Text,
    TypeText,
    Words,
    checked,
    computed,
    folded,
    operand,
)
from uapigen.headers.expressions.tokens import character, number, string
from uapigen.headers.expressions.types import (
    VOID_TYPE,
    ArrayType,
    CType,
    OtherType,
    PointerType,
    RecordType,
    Types,
)

__all__ = ["SWAPS", "Translation"]

SWAPS = {f"{prefix}{8 * size}": size for prefix in ("__builtin_bswap", "__arch_swab")
         for size in (2, 4, 8)}  # fmt: skip
"""Functions that swap bytes, by their size; the kernel's own (asm/swab.h) are machine code."""


def _asks_for_constant(node: Node) -> bool:
    """Whether a condition is ``__builtin_constant_p``."""
    return (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and node.function.text == "__builtin_constant_p"
    )


class Translation:
    """Translates the expressions of one unit.

    ``bound`` says what the names of the parameters stand for, ``call`` what a
    function of the header gives; it raises :class:`NotAnExpression` for one that it lacks.
    """

    def __init__(
        self,
        types: Types,
        bound: Mapping[str, Term],
        call: Callable[[str, Sequence[Term]], Term],
    ) -> None:
        self.types, self.model, self.bound, self._called = types, types.model, bound, call

    def term(self, node: Node) -> Term:
        """What an expression is; raises :class:`NotAnExpression`."""
        return _TERMS[type(node)](self, node)

    # Leaves

    def _number(self, node: Number) -> Term:
        value, suffix, *decimal = number(node.text)
        if isinstance(value, float):
            if suffix == "l":
                raise NotAnExpression("computes with a long double")
            kind = self.model.numbers["float" if suffix == "f" else "double"]
            return Constant(kind(value))
        literal = CValue(self._literal_type(value, suffix, decimal[0]), value)
        return Constant(literal, "" if decimal[0] or value < 8 else _spelled(node.text))

    def _literal_type(self, value: int, suffix: str, decimal: bool) -> NumberType:
        """The type of an integer literal (C11 6.4.4.1)."""
        longs = suffix.count("l")
        names = ["int", "long", "longlong"][longs:]
        for name in names:
            kinds = [self.model.numbers[name], self.model.numbers[f"u{name}"]]
            if "u" in suffix:
                kinds = kinds[1:]
            elif decimal:
                kinds = kinds[:1]
            for kind in kinds:
                if kind.wrapped(value) == value:
                    return kind
        raise NotAnExpression(f"holds {value}, which fits into no type")

    def _character(self, node: Character) -> Term:
        data = character(node.text)
        if len(data) == 1:
            return Constant(self.model.character(data))
        return Constant(self.model.int(int.from_bytes(data, "big")))

    def _string(self, node: String) -> Term:
        return Words(b"".join(map(string, node.literals)))

    def _name(self, node: Name) -> Term:
        found = self.bound.get(node.text)
        if found is not None:
            return found
        value = self.types.enumerator(node.text)
        if value is None:
            raise NotAnExpression(f"uses {node.text}, which is not defined")
        return Constant(value)

    def _parameter(self, node: Parameter) -> Term:
        return self.bound[node.name]

    # Operators

    def _unary(self, node: Unary) -> Term:
        if node.operator == "*":
            inner = self.term(node.operand)
            if isinstance(inner, Text) and inner.raw:
                return Text(f"{MODEL}.object({inner.text})", raw=True)
            return self._dereferenced(self.pointer(inner))
        if node.operator == "&":
            return self._address_of(self.term(node.operand))
        inner = self.rvalue(self.term(node.operand))
        if isinstance(inner, Constant):
            return computed(self.model.unary, node.operator, inner.value)
        if isinstance(inner, Address) and node.operator == "!":
            return Constant(self.model.int(not inner.value))
        if isinstance(inner, Text) and inner.pointer is not None and node.operator != "!":
            raise NotAnExpression(f"applies {node.operator} to a pointer")
        text, level = operand(inner)
        if node.operator == "!":
            return Text(f"{MODEL}.truth(not {text})")
        return Text(f"{node.operator}{text if level >= UNARY else f'({text})'}", UNARY)

    def _binary(self, node: Binary) -> Term:
        if node.operator in ("&&", "||"):
            return self._logical(node)
        left = self.rvalue(self.term(node.left))
        right = self.rvalue(self.term(node.right))
        if is_pointer(left) or is_pointer(right):
            return pointer_binary(self.types, node.operator, left, right, self.converted)
        return folded(self.model, node.operator, left, right)

    def _logical(self, node: Binary) -> Term:
        left, right = self.rvalue(self.term(node.left)), self.rvalue(self.term(node.right))
        decides = node.operator == "||"
        truth = self._known_truth(left)
        if truth is not None and truth != decides:
            truth = self._known_truth(right)
        if truth is not None:
            return Constant(self.model.int(truth))
        word = "and" if node.operator == "&&" else "or"
        return Text(f"{MODEL}.truth({operand(left)[0]} {word} {operand(right)[0]})")

    def _known_truth(self, term: Term) -> bool | None:
        if isinstance(term, Constant):
            return bool(checked(term.value).value)
        return bool(term.value) if isinstance(term, Address) else None

    def _conditional(self, node: Conditional) -> Term:
        condition = self.rvalue(self.term(node.condition))
        chosen = condition if node.chosen is None else self.rvalue(self.term(node.chosen))
        try:
            other = self.rvalue(self.term(node.other))
        except NotAnExpression:
            # Two ways to the same value: the one for what is no constant may be statements.
            if not _asks_for_constant(node.condition):
                raise
            return chosen
        known = self._known_truth(condition)
        if isinstance(chosen, Nothing) and isinstance(other, Nothing):
            return Nothing()
        if is_pointer(chosen) or is_pointer(other):
            raise NotAnExpression("chooses between pointers")
        if isinstance(chosen, Words) and known is not None:
            return chosen if known else other
        if known is not None and isinstance(chosen, Constant) and isinstance(other, Constant):
            kind = self.model.common(chosen.value.type, other.value.type)
            return Constant(kind((chosen if known else other).value))
        parts = [operand(term)[0] for term in (condition, chosen, other)]
        return Text(f"{MODEL}.choose({', '.join(parts)})")

    def _comma(self, node: Comma) -> Term:
        # What comes out of here computes, and changes nothing: the left side has no effect.
        self.term(node.left)
        return self.rvalue(self.term(node.right))

    def _cast(self, node: Cast) -> Term:
        kind = self.type(node.type)
        inner = self.term(node.operand)
        if kind is VOID_TYPE:
            return Nothing()
        return self.converted(kind, inner)

    def converted(self, kind: CType | TypeText, inner: Term) -> Term:
        """A term as another type, which may be known only when the function is called."""
        inner = self.rvalue(inner)
        text = inner.text if isinstance(inner, Text) else ""
        if isinstance(kind, TypeText):
            return Text(f"{MODEL}.type({kind.text})({text or operand(inner)[0]})")
        if isinstance(kind, PointerType):
            return as_pointer(self.types, kind, inner)
        if not isinstance(kind, NumberType):
            raise NotAnExpression(f"casts to {_spelling(kind)}")
        if isinstance(inner, Address):
            address = CValue(self.model.size_t, inner.value)
            return Constant(kind(address))
        if isinstance(inner, Constant):
            return Constant(kind(checked(inner.value)))
        return Text(f"{MODEL}.{kind.attribute}({text or operand(inner)[0]})")

    # Types

    def type(self, name: TypeName) -> CType | TypeText:
        """What a type's name stands for; a :class:`TypeText` where a parameter decides."""
        kind: CType | TypeText = self._specified(name.specifiers)
        for layer in reversed(name.layers):
            if isinstance(kind, TypeText):
                if layer.kind == "*":
                    kind = PointerType(OtherType("a type that is a parameter"))
                    continue
                raise NotAnExpression(f"derives a type from its parameter {kind.text}")
            if layer.kind == "*":
                kind = PointerType(kind)
            elif layer.kind == "()":
                kind = OtherType("a function")
            else:
                nelems = Constant(self.model.int(0))
                if layer.nelems is not None:
                    nelems = self.constant(self.term(layer.nelems))
                kind = ArrayType(kind, int(nelems.value.plain()))
        return kind

    def _specified(self, specifiers: tuple[Specifier, ...]) -> CType | TypeText:
        words = [s.name for s in specifiers if s.kind == "word"]
        others = [s for s in specifiers if s.kind != "word"]
        if not others:
            found = self.types.base(words)
            if found is None:
                raise NotAnExpression(f"uses the type {' '.join(words)}, which C lacks")
            return found
        if len(others) > 1 or self.types.base([*words, "int"]) is not self.model.int:
            raise NotAnExpression("names a type in a way that C does not know")
        kind, name, inner = others[0]
        if kind == "typedef":
            return self.types.typedef(name)
        if kind == "param":
            bound = self.bound[name]
            assert isinstance(bound, Text)
            return TypeText(bound.text)
        if kind != "typeof":
            return self.types.tag(kind, name)
        assert inner is not None
        return self.type(inner) if isinstance(inner, TypeName) else self._type_of(inner)

    def _type_of(self, node: Node) -> CType | TypeText:
        term = self.term(node)
        if isinstance(term, Text):
            if term.pointer is not None:
                return term.pointer
            return TypeText(term.text)
        if isinstance(term, Constant):
            return term.value.type
        if isinstance(term, (Address, Object)):
            return term.type
        if isinstance(term, Words):
            return ArrayType(self.model.char, len(term.data) + 1)
        return VOID_TYPE

    def _size(self, node: SizeOf) -> Term:
        if isinstance(node.operand, TypeName) and node.operator == "sizeof":
            layers = node.operand.layers
            if layers and layers[0].nelems is not None:
                return self._size_of_array(node.operand, layers[0].nelems)
        named = isinstance(node.operand, TypeName)
        kind = self.type(node.operand) if named else self._type_of(node.operand)  # type: ignore[arg-type]
        if isinstance(kind, TypeText):
            if node.operator != "sizeof":
                raise NotAnExpression("takes the alignment of a parameter")
            return Text(f"{MODEL}.sizeof({kind.text})")
        if node.operator == "sizeof":
            return Constant(CValue(self.model.size_t, self.types.size(kind)))
        align = self.types.align(kind)
        if node.operator != "_Alignof" and isinstance(kind, NumberType) and align != kind.size:
            raise NotAnExpression(f"takes the preferred alignment of {kind.name}")
        return Constant(CValue(self.model.size_t, align))

    def _size_of_array(self, name: TypeName, nelems: Node) -> Term:
        """``sizeof(char[n])``, where ``n`` may be known only when the function is called."""
        size_t = self.model.size_t
        count = self.converted(size_t, self.term(nelems))
        element = self._size(SizeOf("sizeof", name._replace(layers=name.layers[1:])))
        if isinstance(element, Constant) and element.value.value == 1:
            return count
        return folded(self.model, "*", count, element)

    def _offset(self, node: Offset) -> Term:
        kind = self.type(node.type)
        if isinstance(kind, TypeText):
            if not all(isinstance(step, str) for step in node.path):
                raise NotAnExpression("takes the offset of an element of a parameter's member")
            path = ", ".join(repr(step) for step in node.path)
            return Text(f"{MODEL}.offsetof({kind.text}, {path})")
        found = Object(kind, 0)
        for step in node.path:
            if isinstance(step, str):
                found = self._field(found, step)
            else:
                if not isinstance(found.type, ArrayType):
                    raise NotAnExpression("takes an element of what is no array")
                at = self.constant(self.term(step)).value.plain()
                element = found.type.element
                found = Object(element, found.address + at * self.types.size(element))
        return Constant(CValue(self.model.size_t, found.address))

    def _compatible(self, node: Compatible) -> Term:
        left, right = self.type(node.left), self.type(node.right)
        if isinstance(left, TypeText) or isinstance(right, TypeText):
            raise NotAnExpression("compares a type that is a parameter")
        return Constant(self.model.int(left == right))

    # Objects and pointers

    def _member(self, node: MemberOf) -> Term:
        inner = self.term(node.operand)
        if isinstance(inner, Text):
            if not inner.raw:
                raise NotAnExpression("reads memory through a pointer")
            return Text(f"{MODEL}.member({inner.text}, {node.name!r})", raw=True)
        if node.arrow:
            inner = self._dereferenced(self.pointer(inner))
        if not isinstance(inner, Object):
            raise NotAnExpression(f"takes the member {node.name} of what is no struct")
        return self._field(inner, node.name)

    def _field(self, record: Object, name: str) -> Object:
        if not isinstance(record.type, RecordType):
            raise NotAnExpression(f"takes the member {name} of what is no struct")
        field = self.types.field(record.type, name)
        if field.bit_width:
            raise NotAnExpression(f"takes the place of the bitfield {name}")
        return Object(field.type, record.address + field.byte_offset)

    def _index(self, node: Index) -> Term:
        inner = self.term(node.operand)
        if isinstance(inner, Text) and inner.raw:
            index = self.rvalue(self.term(node.at))
            return Text(f"{MODEL}.index({inner.text}, {operand(index)[0]})", raw=True)
        index = self.rvalue(self.term(node.at))
        return self._dereferenced(
            pointer_binary(self.types, "+", self.pointer(inner), index, self.converted)
        )

    def _dereferenced(self, pointer: Term) -> Term:
        if not isinstance(pointer, Address):
            raise NotAnExpression("reads memory through a pointer")
        return Object(pointer.type.target, pointer.value)

    def _address_of(self, term: Term) -> Term:
        if isinstance(term, Object):
            return Address(PointerType(term.type), term.address)
        if isinstance(term, Text) and term.raw:
            raise NotAnExpression(f"takes the address of {term.text}")
        raise NotAnExpression("takes the address of a value")

    def rvalue(self, term: Term) -> Term:
        """A term where its value is wanted: an array is a pointer to its first element."""
        if isinstance(term, Object):
            if isinstance(term.type, ArrayType):
                return Address(PointerType(term.type.element), term.address)
            raise NotAnExpression("reads memory through a pointer")
        return term

    def pointer(self, term: Term) -> Term:
        """A term that must be a pointer."""
        term = self.rvalue(term)
        if not is_pointer(term):
            raise NotAnExpression("reads memory through a pointer")
        return term

    # Calls

    def _call(self, node: Call) -> Term:
        if not isinstance(node.function, Name):
            raise NotAnExpression("calls a function through a pointer")
        name, arguments = node.function.text, node.arguments
        if name == "__builtin_constant_p" and len(arguments) == 1:
            # It chooses between two ways to the same value.
            return Constant(self.model.int(1))
        if name == "__builtin_expect" and len(arguments) == 2:
            return self.converted(self.model.long, self.term(arguments[0]))
        if name == "__builtin_choose_expr" and len(arguments) == 3:
            condition = self.constant(self.term(arguments[0]))
            return self.term(arguments[1 if condition.value else 2])
        if name in SWAPS and len(arguments) == 1:
            kind = self.model.of_size(SWAPS[name], False)
            inner = self.converted(kind, self.term(arguments[0]))
            if isinstance(inner, Constant):
                data = int(inner.value.plain()).to_bytes(kind.size, "little")
                return Constant(kind(int.from_bytes(data, "big")))
            return Text(f"{MODEL}.swapped({operand(inner)[0]})")
        return self._called(name, [self.term(argument) for argument in arguments])

    # Results

    def constant(self, term: Term) -> Constant:
        """A term that must be a constant number."""
        term = self.rvalue(term)
        if isinstance(term, Constant):
            checked(term.value)
            return term
        if isinstance(term, Address):
            raise NotAnExpression("is a pointer")
        raise NotAnExpression("is no constant")


def _spelled(text: str) -> str:
    """An integer literal without its suffix, in Python."""
    digits = text.rstrip("uUlL")
    if digits[:1] == "0" and digits.isdigit():
        return f"0o{digits.lstrip('0')}"
    return digits.replace("X", "x").replace("B", "b")


def _spelling(kind: CType) -> str:
    if isinstance(kind, ArrayType):
        return "an array"
    return "a pointer" if isinstance(kind, PointerType) else kind.spelling  # type: ignore[union-attr]


_TERMS: dict[type, Callable[[Translation, Any], Term]] = {
    Number: Translation._number,
    Character: Translation._character,
    String: Translation._string,
    Name: Translation._name,
    Parameter: Translation._parameter,
    Unary: Translation._unary,
    Binary: Translation._binary,
    Comma: Translation._comma,
    Conditional: Translation._conditional,
    Cast: Translation._cast,
    SizeOf: Translation._size,
    Offset: Translation._offset,
    Compatible: Translation._compatible,
    Index: Translation._index,
    Call: Translation._call,
    MemberOf: Translation._member,
}
