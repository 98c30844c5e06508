"""Structures as chapter 1 lays them out, and how a vector is read."""

import base64
import hashlib
import ipaddress
import re

BOX_LEN = 16_384
BOX_PLAINTEXT_LEN = 16_344
FRAME_HEADER_LEN = 512


class Wrong(Exception):
    """A vector, or a structure in one, is not what the specification says."""


def demand(holds, what):
    if not holds:
        raise Wrong(what)


def same(found, expected, what):
    demand(found == expected and type(found) is type(expected), what)


# ------------------------------------------------------------- reading vectors


class Fields:
    """An object of a vector. What was not asked for is too much: it would be
    bound by nothing."""

    def __init__(self, value):
        demand(isinstance(value, dict), "not an object")
        self.left = dict(value)

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is None:
            demand(not self.left, "an unknown field")

    def has(self, name):
        return name in self.left

    def any(self, name):
        demand(name in self.left, f"{name} is missing")
        return self.left.pop(name)

    def bytes(self, name, length=None):
        return unhex(self.any(name), name, length)

    def number(self, name, bits=64):
        return number(self.any(name), name, bits)

    def text(self, name):
        value = self.any(name)
        demand(isinstance(value, str), f"{name} is not a text")
        return value

    def list(self, name, length=None):
        value = self.any(name)
        demand(isinstance(value, list), f"{name} is not a list")
        demand(length is None or len(value) == length, f"{name} has another length")
        return value

    def fields(self, name):
        return Fields(self.any(name))

    def padded(self, name, length):
        """Bytes and the number of zeros behind them, which are all that there are."""
        with self.fields(name) as padded:
            front = padded.bytes("hex")
            zeros = padded.number("zeros", 32)
        demand(not front.endswith(b"\0"), f"{name} has zeros among its bytes")
        demand(len(front) + zeros == length, f"{name} has another length")
        return front + bytes(zeros)


def unhex(value, name, length=None):
    demand(isinstance(value, str), f"{name} is not in hexadecimal")
    content = bytes.fromhex(value)
    # Python takes capitals and white space too; a vector has one form.
    demand(content.hex() == value, f"{name} is not in hexadecimal")
    demand(length is None or len(content) == length, f"{name} has another length")
    return content


def number(value, name, bits=64):
    demand(type(value) is int and 0 <= value < 1 << bits, f"{name} is no such number")
    return value


# ------------------------------------- presentation language, README conventions


def uint(value, size):
    return value.to_bytes(size, "big")


def vector(content):
    """`opaque x<V>`: the shortest length in front (RFC 9420 section 2.1.2)."""
    length = len(content)
    if length < 1 << 6:
        return uint(length, 1) + content
    if length < 1 << 14:
        return uint(length | 1 << 14, 2) + content
    demand(length < 1 << 30, "a vector is too long")
    return uint(length | 2 << 30, 4) + content


def vectors(items):
    return vector(b"".join(items))


class Reader:
    """Takes a structure apart from the front."""

    def __init__(self, content):
        self.rest = content

    def take(self, length):
        demand(len(self.rest) >= length, "a structure ends too early")
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def vector(self):
        size = 1 << (self.rest[0] >> 6) if self.rest else 1
        demand(size < 8, "a length of a form that does not exist")
        length = self.uint(size) & (1 << 8 * size - 2) - 1
        demand(size == 1 or length >= 1 << {2: 6, 4: 14}[size], "a length in a longer form")
        return self.take(length)

    def items(self, read):
        """The elements of `T x<V>`, each taken by `read`."""
        inside, found = Reader(self.vector()), []
        while inside.rest:
            found.append(read(inside))
        return found

    def optional(self, read):
        present = self.uint(1)
        demand(present < 2, "neither present nor absent")
        return read(self) if present else None

    def version(self, expected=1):
        demand(self.uint(1) == expected, "version")

    def end(self):
        demand(not self.rest, "bytes are left over")

    def zeros(self):
        demand(not any(self.rest), "padding")


def whole(content, read):
    """What `read` makes of all of `content`."""
    reader = Reader(content)
    value = read(reader)
    reader.end()
    return value


# ------------------------------------------------------------- 1.7 addresses

SPECIAL = {
    "onion", "exit", "localhost", "local", "localdomain", "internal", "intranet", "lan",
    "home", "arpa", "test", "invalid",
}  # fmt: skip
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def port_of(text):
    demand(re.fullmatch(r"[1-9][0-9]{0,4}", text), "a port")
    demand(int(text) <= 0xFFFF, "a port")
    return int(text)


def onion_host(public_key):
    """The version 3 address of 5.1: key, checksum, version."""
    checksum = hashlib.sha3_256(b".onion checksum" + public_key + b"\x03").digest()[:2]
    return base64.b32encode(public_key + checksum + b"\x03").decode().lower() + ".onion"


def endpoint(text):
    """The encoding of an address that is written in its canonical form."""
    host, _, port = text.rpartition(":")
    port = port_of(port)
    if host.endswith(".onion"):
        label = host.removesuffix(".onion")
        demand(re.fullmatch(r"[a-z2-7]{56}", label), "an onion address")
        public_key = base64.b32decode(label.upper())[:32]
        same(host, onion_host(public_key), "the checksum of an onion address")
        return b"\x01" + public_key + uint(port, 2)
    if host.startswith("127.") or host == "[::1]":
        demand(str(ipaddress.ip_address(host.strip("[]"))) == host.strip("[]"), "loopback")
        return b"\x03" + vector(text.encode())
    labels = host.split(".")
    top = labels[-1]
    demand(len(labels) > 1 and len(host) <= 253, "a host name")
    demand(all(LABEL.fullmatch(label) for label in labels), "a host name")
    demand(re.search("[a-z]", top) and not top.startswith("0x"), "a host name")
    demand(top not in SPECIAL, "a host name")
    return b"\x02" + vector(host.encode()) + uint(port, 2)


def read_relay(reader):
    """One `RelayAddress`; gives its encoding, after looking at what is in it."""
    marked = reader.uint(1)
    tag = marked & 0x7F
    if tag == 1:
        key, port = reader.take(32), reader.uint(2)
        demand(port > 0, "a port")
        found = b"\x01" + key + uint(port, 2)
    elif tag == 2:
        name, port = reader.vector().decode(), reader.uint(2)
        found = endpoint(f"{name}:{port}")
    else:
        demand(tag == 3, "a kind of address that does not exist")
        found = endpoint(reader.vector().decode())
    demand(found[0] == tag, "an address of another kind")
    access = 16 if marked & 0x80 else 0
    return bytes([marked]) + found[1:] + reader.take(32 + access)


def read_routes(reader):
    relays = reader.items(read_relay)
    demand(len(relays) <= 3 and len(set(relays)) == len(relays), "the relays")
    direct = reader.optional(read_relay)
    # Also no access key: the tag alone.
    demand(direct is None or direct[0] == 1, "the direct address")
    return vectors(relays) + (b"\0" if direct is None else b"\x01" + direct)


# ------------------------------------------------------------ 1.8 text forms


def text_form(scheme, payload):
    checksum = hashlib.sha256(scheme.encode() + b"\0" + payload).digest()[:4]
    return scheme + base64.b32encode(payload + checksum).decode().rstrip("=").lower()


def from_text(scheme, text):
    """The payload of the text that exactly this payload has."""
    demand(text.startswith(scheme), "the scheme")
    body = text.removeprefix(scheme)
    demand(re.fullmatch("[a-z2-7]+", body), "base32")
    payload = base64.b32decode(body.upper() + "=" * (-len(body) % 8))[:-4]
    same(text_form(scheme, payload), text, "the checksum of a text")
    return payload


def read_link(reader):
    """`InviteLink` behind its version: expiry, secret, hash, relays."""
    reader.version()
    expires, secret, digest = reader.uint(4), reader.take(32), reader.take(32)
    relays = reader.items(read_relay)
    demand(1 <= len(relays) <= 3 and len(set(relays)) == len(relays), "the relays")
    return expires, secret, digest, relays


# ---------------------------------------------------- 1.4, 1.5, 2.3 structures


def unpad(padded, read):
    """What `read` makes of the front of a padded plaintext, behind version 1."""
    same(len(padded), BOX_PLAINTEXT_LEN, "the length of a plaintext")
    reader = Reader(padded)
    reader.version()
    try:
        value = read(reader)
    except Wrong as error:
        raise Wrong("structure") from error
    reader.zeros()
    return value, padded[: BOX_PLAINTEXT_LEN - len(reader.rest)]


def two_vectors(reader):
    return reader.vector(), reader.vector()


def receipts(up_to, ranges, mark):
    below = up_to
    for first, last in ranges:
        demand(first >= below + 2 and last >= first, "receipts")
        below = last
    demand(len(ranges) <= 16, "receipts")
    listed = vectors(uint(first, 8) + uint(last, 8) for first, last in ranges)
    return uint(up_to, 8) + listed + uint(mark, 8)


def read_receipts(reader):
    up_to = reader.uint(8)
    ranges = reader.items(lambda inside: (inside.uint(8), inside.uint(8)))
    return up_to, ranges, reader.uint(8)


def read_card(content):
    """`ContactCard`: two keys, two signatures, name, routes."""

    def read(reader):
        lengths = (32, 1_952, 64, 3_309)
        parts = [reader.vector() for _ in lengths]
        same(tuple(map(len, parts)), lengths, "the lengths of a card")
        name = reader.vector()
        demand(len(name) <= 64, "a name")
        name.decode()
        read_routes(reader)
        return parts

    return whole(content, read)
