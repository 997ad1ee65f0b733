"""A slow, obvious parser of the strict JSON subset: the other side of a differential test.

Recursive descent over RFC 8259's grammar, one character at a time; it raises `Refused` with the
reason. Nothing in it is shared with the package's own parser.
"""

from __future__ import annotations

DIGITS = "0123456789"
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Refused(Exception):
    pass


class Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> None:
        if not self.text.startswith(expected, self.at):
            raise Refused("grammar")
        self.at += len(expected)

    def space(self) -> None:
        while self.peek() and self.peek() in " \t\n\r":
            self.at += 1

    def value(self, depth: int) -> object:
        self.space()
        first = self.peek()
        if first in ("{", "["):
            if depth >= 32:
                raise Refused("depth")
            result = self.members(depth) if first == "{" else self.items(depth)
        elif first == '"':
            result = self.string()
        elif first == "t":
            self.take("true")
            result = True
        elif first == "f":
            self.take("false")
            result = False
        elif first == "n":
            self.take("null")
            result = None
        else:
            result = self.integer()
        self.space()
        return result

    def members(self, depth: int) -> object:
        self.take("{")
        members: dict[str, object] = {}
        self.space()
        while self.peek() != "}":
            if members:
                self.take(",")
            self.space()
            name = self.string()
            if name in members:
                raise Refused("duplicate")
            if any(ord(character) > 127 for character in name):
                raise Refused("name")
            self.space()
            self.take(":")
            members[name] = self.value(depth + 1)
        self.take("}")
        return members

    def items(self, depth: int) -> object:
        self.take("[")
        items: list[object] = []
        self.space()
        while self.peek() != "]":
            if items:
                self.take(",")
            items.append(self.value(depth + 1))
        self.take("]")
        return items

    def integer(self) -> int:
        start = self.at
        if self.peek() == "-":
            self.at += 1
        first = self.at
        while self.peek() and self.peek() in DIGITS:
            self.at += 1
        digits = self.text[first : self.at]
        if not digits or (digits[0] == "0" and len(digits) > 1):
            raise Refused("grammar")
        if self.peek() and self.peek() in ".eE":
            raise Refused("float")
        if len(digits) > 16 or int(digits) > 2**53 - 1:
            raise Refused("range")
        return int(self.text[start : self.at])

    def unit(self) -> int:
        digits = self.text[self.at : self.at + 4]
        if len(digits) != 4 or any(digit not in DIGITS + "abcdefABCDEF" for digit in digits):
            raise Refused("grammar")
        self.at += 4
        return int(digits, 16)

    def string(self) -> str:
        self.take('"')
        out = ""
        while self.peek() != '"':
            character = self.peek()
            if character == "" or ord(character) < 32:
                raise Refused("grammar")
            self.at += 1
            if character == "\\":
                out += self.escape()
            else:
                out += character
        self.take('"')
        return out

    def escape(self) -> str:
        kind = self.peek()
        self.at += 1
        if kind in ESCAPES and kind:
            return ESCAPES[kind]
        if kind != "u":
            raise Refused("grammar")
        unit = self.unit()
        if 0xD800 <= unit < 0xDC00:
            self.take("\\u")
            low = self.unit()
            if not 0xDC00 <= low < 0xE000:
                raise Refused("surrogate")
            return chr(0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00)
        if 0xDC00 <= unit < 0xE000:
            raise Refused("surrogate")
        if unit == 0:
            raise Refused("nul")
        return chr(unit)


def parse(raw: bytes) -> dict[str, object]:
    if len(raw) > 65536:
        raise Refused("size")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("utf-8") from None
    reader = Reader(text)
    value = reader.value(0)
    if reader.at != len(text):
        raise Refused("grammar")
    if not isinstance(value, dict):
        raise Refused("object")
    return value
