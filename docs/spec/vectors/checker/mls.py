"""As much of MLS (RFC 9420) as a first contact and an answer with new keys need:
a key package, joining by Welcome, the exporter, one application message."""

import hmac
from dataclasses import dataclass

from .codec import Reader, Wrong, demand, same, uint, vector, whole
from .crypto import (
    hkdf_expand,
    hkdf_extract,
    open_aead,
    open_hpke,
    remembered,
    sha256,
    verify_ed25519,
)

VERSION, SUITE = uint(1, 2), uint(0x004D, 2)
PRIVATE_MESSAGE, WELCOME = uint(2, 2), uint(3, 2)
FROM_KEY_PACKAGE, FROM_COMMIT = 1, 3
BASIC, EXTERNAL, MEMBER, APPLICATION = 1, 1, 1, 1
RATCHET_TREE = 2


def expand_label(secret, label, context, length):
    info = uint(length, 2) + vector(b"MLS 1.0 " + label.encode()) + vector(context)
    return hkdf_expand(secret, info, length)


def derive(secret, label):
    return expand_label(secret, label, b"", 32)


def verify(public, label, content, signature):
    signed = vector(b"MLS 1.0 " + label.encode()) + vector(content)
    verify_ed25519(public, signature, signed)


# --------------------------------------------------- leaves and key packages


@dataclass(frozen=True)
class Leaf:
    """A LeafNode (section 7.2)."""

    encoded: bytes
    encryption_key: bytes
    signature_key: bytes
    credential: bytes
    source: int
    signed: bytes
    signature: bytes

    def check(self, context=b""):
        verify(self.signature_key, "LeafNodeTBS", self.signed + context, self.signature)


def read_leaf(reader):
    before = reader.rest
    encryption_key, signature_key = reader.vector(), reader.vector()
    same(reader.uint(2), BASIC, "the kind of the credential")
    credential = reader.vector()
    # Versions, suites, extensions, proposals, credentials: HW-CONV-2.
    capabilities = [reader.vector() for _ in range(5)]
    same(capabilities, [VERSION, SUITE, b"", b"", uint(BASIC, 2)], "the capabilities")
    source = reader.uint(1)
    if source == FROM_KEY_PACKAGE:
        same(reader.take(16), bytes(8) + b"\xff" * 8, "the lifetime")
    else:
        same(source, FROM_COMMIT, "the source of the leaf")
        reader.vector()
    same(reader.vector(), b"", "the extensions of the leaf")
    signed = before[: len(before) - len(reader.rest)]
    signature = reader.vector()
    encoded = before[: len(before) - len(reader.rest)]
    return Leaf(encoded, encryption_key, signature_key, credential, source, signed, signature)


@remembered
def key_package(encoded):
    """The leaf and the init key of a key package whose signatures hold (10.1)."""
    reader = Reader(encoded)
    same(reader.take(4), VERSION + SUITE, "the suite of a key package")
    init_key = reader.vector()
    leaf = read_leaf(reader)
    same(reader.vector(), b"", "the extensions of a key package")
    signed = encoded[: len(encoded) - len(reader.rest)]
    verify(leaf.signature_key, "KeyPackageTBS", signed, reader.vector())
    reader.end()
    same(leaf.source, FROM_KEY_PACKAGE, "the source of the leaf")
    leaf.check()
    demand(init_key != leaf.encryption_key, "one key for two uses")
    return leaf, init_key


def reference(encoded):
    return sha256(vector(b"MLS 1.0 KeyPackage Reference") + vector(encoded))


# --------------------------------------------------------------- the Welcome


@dataclass(frozen=True)
class Joined:
    """Epoch 1 of a group of two, as the side that was added sees it."""

    group_id: bytes
    context: bytes
    founder: Leaf
    epoch_secret: bytes

    def export(self, label, context, length):
        """The MLS exporter (section 8.5)."""
        secret = expand_label(derive(self.epoch_secret, "exporter"), label, b"", 32)
        return expand_label(secret, "exported", sha256(context), length)

    @property
    def lane_root(self):
        """HW-SLOT-2."""
        return self.export("hushwing 1 lanes", b"", 32)

    @property
    def authenticator(self):
        return derive(self.epoch_secret, "authentication")


def read_psk_id(reader):
    same(reader.uint(1), EXTERNAL, "the kind of the PSK")
    psk_id, nonce = reader.vector(), reader.vector()
    same(len(nonce), 32, "the nonce of the PSK")
    return psk_id, nonce


def psk_secret(psk, psk_id, nonce):
    """Section 8.4, for one PSK."""
    label = uint(EXTERNAL, 1) + vector(psk_id) + vector(nonce) + uint(0, 2) + uint(1, 2)
    secret = expand_label(hkdf_extract(bytes(32), psk), "derived psk", label, 32)
    return hkdf_extract(secret, bytes(32))


@remembered
def join(welcome, package, init_private, psk_id, psk):
    """Joins by this Welcome, and by nothing that HW-INV-6 refuses."""
    reader = Reader(welcome)
    same(reader.take(4), VERSION + WELCOME, "the framing of a Welcome")
    same(reader.take(2), SUITE, "the suite of a Welcome")

    def read_secrets(inside):
        return inside.vector(), inside.vector(), inside.vector()

    secrets = reader.items(read_secrets)
    sealed_info = reader.vector()
    reader.end()
    same(len(secrets), 1, "secrets for one")
    (member, kem_output, ciphertext) = secrets[0]
    same(member, reference(package), "for whom the Welcome is")
    info = vector(b"MLS 1.0 Welcome") + vector(sealed_info)
    secrets = Reader(open_hpke(init_private, kem_output, info, b"", ciphertext))
    joiner = secrets.vector()
    secrets.optional(Reader.vector)
    psks = secrets.items(read_psk_id)
    secrets.end()
    demand(len(psks) == 1 and psks[0][0] == psk_id, "another PSK")
    member_secret = hkdf_extract(joiner, psk_secret(psk, *psks[0]))
    welcome_secret = derive(member_secret, "welcome")
    key = expand_label(welcome_secret, "key", b"", 32)
    nonce = expand_label(welcome_secret, "nonce", b"", 12)
    return group(open_aead(key, nonce, b"", sealed_info), package, member_secret)


def group(group_info, package, member_secret):
    """The group that a GroupInfo describes (section 12.4.3)."""
    reader = Reader(group_info)
    same(reader.take(4), VERSION + SUITE, "the suite of the group")
    group_id, epoch = reader.vector(), reader.uint(8)
    same(epoch, 1, "the epoch")
    _tree_hash, confirmed = reader.vector(), reader.vector()
    same(reader.vector(), b"", "the extensions of the group")
    context = group_info[: len(group_info) - len(reader.rest)]
    extensions = reader.items(lambda inside: (inside.uint(2), inside.vector()))
    tag = reader.vector()
    same(reader.uint(4), 0, "the signer")
    signed = group_info[: len(group_info) - len(reader.rest)]
    signature = reader.vector()
    reader.end()
    demand(len(extensions) == 1 and extensions[0][0] == RATCHET_TREE, "the ratchet tree")
    founder, added = members(extensions[0][1])
    verify(founder.signature_key, "GroupInfoTBS", signed, signature)
    if founder.source == FROM_COMMIT:
        founder.check(vector(group_id) + uint(0, 4))
    same(added.encoded, key_package(package)[0].encoded, "who was added")
    epoch_secret = expand_label(member_secret, "epoch", context, 32)
    expected = hmac.digest(derive(epoch_secret, "confirm"), confirmed, "sha256")
    same(tag, expected, "the confirmation tag")
    same(len(group_id), 32, "the id of the group")
    return Joined(group_id, context, founder, epoch_secret)


def members(tree):
    """The two leaves of a tree of two, whose root may be blank (section 12.4.3.3)."""

    def read_node(reader):
        kind = reader.uint(1)
        if kind == 1:
            return read_leaf(reader)
        same(kind, 2, "a kind of node")
        return [reader.vector() for _ in range(3)]

    nodes = whole(tree, lambda reader: reader.items(lambda inside: inside.optional(read_node)))
    demand(len(nodes) == 3, "the size of the tree")
    demand(isinstance(nodes[0], Leaf) and isinstance(nodes[2], Leaf), "the leaves")
    return nodes[0], nodes[2]


# ---------------------------------------------------- one application message


@remembered
def first_message(joined, encoded):
    """The content of generation 0 of leaf 0, by its PrivateMessage (section 6.3)."""
    reader = Reader(encoded)
    same(reader.take(4), VERSION + PRIVATE_MESSAGE, "the framing of a message")
    header = vector(joined.group_id) + uint(1, 8) + uint(APPLICATION, 1)
    same(reader.take(len(header)), header, "the header of a message")
    same(reader.vector(), b"", "the authenticated data")
    sealed_sender, ciphertext = reader.vector(), reader.vector()
    reader.end()

    secret = derive(joined.epoch_secret, "sender data")
    sample = ciphertext[:32]
    key = expand_label(secret, "key", sample, 32)
    nonce = expand_label(secret, "nonce", sample, 12)
    sender = open_aead(key, nonce, header, sealed_sender)
    same(sender[:8], bytes(8), "the sender and its generation")
    guard = sender[8:]
    same(len(guard), 4, "the reuse guard")

    # A tree of two: leaf 0 is the left child of the root.
    secret = derive(joined.epoch_secret, "encryption")
    leaf = expand_label(secret, "tree", b"left", 32)
    ratchet = expand_label(leaf, "application", b"", 32)
    key = expand_label(ratchet, "key", bytes(4), 32)
    nonce = expand_label(ratchet, "nonce", bytes(4), 12)
    nonce = bytes(a ^ b for a, b in zip(nonce, guard + bytes(8)))
    opened = Reader(open_aead(key, nonce, header + vector(b""), ciphertext))
    content, signature = opened.vector(), opened.vector()
    if opened.rest:
        raise Wrong("padding inside of MLS")
    signed = VERSION + PRIVATE_MESSAGE + vector(joined.group_id) + uint(1, 8)
    signed += uint(MEMBER, 1) + uint(0, 4) + vector(b"") + uint(APPLICATION, 1)
    signed += vector(content) + joined.context
    verify(joined.founder.signature_key, "FramedContentTBS", signed, signature)
    return content
