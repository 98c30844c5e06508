"""What each file of vectors must be. A check takes one case and returns nothing,
or raises; a value that no check looks at is an error of its own."""

from . import mls
from .codec import (
    BOX_LEN,
    BOX_PLAINTEXT_LEN,
    FRAME_HEADER_LEN,
    Fields,
    Reader,
    Wrong,
    demand,
    endpoint,
    from_text,
    number,
    onion_host,
    read_card,
    read_link,
    read_receipts,
    read_relay,
    read_routes,
    receipts,
    same,
    text_form,
    two_vectors,
    uint,
    unhex,
    unpad,
    vector,
    vectors,
    whole,
)
from .crypto import (
    argon2id,
    decapsulate,
    derive_key_pair,
    ed25519_public,
    encapsulate,
    expand,
    extract,
    fingerprint,
    kem_public,
    ml_dsa_65_public,
    open_box,
    open_hpke,
    seal,
    seal_box,
    sha256,
    transcript,
    unseal,
    verify_both,
)

# ------------------------------------------------------------------ derivation


def derivation(case):
    function, label = case.text("function"), case.text("label")
    output = case.bytes("output", 32)
    if function == "transcript":
        parts = [unhex(part, "a part") for part in case.list("parts")]
        found = transcript(label, *parts)
    elif function == "extract":
        found = extract(label, case.bytes("secret", 32))
    else:
        same(function, "expand", "a function that does not exist")
        found = expand(case.bytes("key", 32), label, case.bytes("context"))
    same(found, output, "the output")


# ----------------------------------------------------------------------- boxes

BOX_LABELS = {
    "bundle": "hushwing 1 bundle box",
    "request": "hushwing 1 request box",
    "conversation": "hushwing 1 box",
    "recovery": "hushwing 1 recovery box",
}


def boxes(case):
    kind, label = case.text("kind"), case.text("label")
    same(BOX_LABELS.get(kind), label, "the label of this kind of box")
    key, slot, nonce = case.bytes("key", 32), case.bytes("slot", 32), case.bytes("nonce", 24)
    sealed = case.bytes("box", BOX_LEN)
    opened = open_box(key, slot, label, sealed)
    plaintext = case.padded("plaintext", BOX_PLAINTEXT_LEN)
    same(opened, plaintext, "the plaintext")
    same(seal_box(key, slot, nonce, label, plaintext), sealed, "the box")
    content = case.any("content")
    if kind not in ("conversation", "request"):
        return same(content, None, "content that is not looked into")
    with Fields(content) as inside:
        try:
            (first, message), _ = unpad(plaintext, two_vectors)
        except Wrong as why:
            return same(inside.text("refused"), str(why), "why it is refused")
        name = "commit" if kind == "conversation" else "welcome"
        same(inside.bytes(name), first, name)
        same(inside.bytes("message"), message, "the message")


# ------------------------------------------------------------------------ rows


def rows(case):
    table, key, value = case.number("table", 8), case.bytes("key"), case.bytes("value")
    guarded = b"hushwing 1 row" + uint(table, 1) + uint(len(key), 8) + key + value
    same(case.bytes("row"), value + sha256(guarded)[:8], "the row")


# ------------------------------------------------------------------- addresses

SPKI_OF_ED25519 = bytes.fromhex("302a300506032b6570032100")


def addresses(case):
    where, pin = case.text("endpoint"), case.bytes("pin", 32)
    encoding = endpoint(where) + pin
    if case.has("access_key"):
        encoding = bytes([encoding[0] | 0x80]) + encoding[1:] + case.bytes("access_key", 16)
    same(case.bytes("encoding"), encoding, "the encoding")
    same(whole(encoding, read_relay), encoding, "what is read of it")
    same(case.text("text"), text_form("hushwing-relay:", b"\x01" + encoding), "the text")
    if where.partition(":")[0].endswith(".onion"):
        with case.fields("seeds") as seeds:
            onion, tls = seeds.bytes("onion", 32), seeds.bytes("tls", 32)
        same(where, onion_host(ed25519_public(onion)) + ":443", "the address of the key")
        same(pin, sha256(SPKI_OF_ED25519 + ed25519_public(tls)), "the pin of the key")


# ---------------------------------------------------------------------- frames

REQUESTS = {"PUT": 1, "GET": 2, "DROP": 3, "INFO": 4, "PUT with proof": 5}
ANSWERS = {
    "stored": 129, "same": 130, "taken": 131, "taken and dropped": 132, "full": 133,
    "found": 134, "nothing": 135, "dropped": 136, "info": 137, "refused": 138,
    "gate wanted": 139,
}  # fmt: skip
WITH_BOX = {"PUT", "PUT with proof", "taken", "found"}


def slots_of(fields):
    slots = [unhex(slot, "a slot", 32) for slot in fields.list("slots")]
    demand(1 <= len(slots) <= 8, "the number of slots")
    return vectors(slots)


def body_of(operation, fields):
    match operation:
        case "PUT":
            return fields.bytes("slot", 32) + uint(fields.number("ttl_s", 32), 4)
        case "PUT with proof":
            body = fields.bytes("slot", 32) + uint(fields.number("ttl_s", 32), 4)
            with fields.fields("proof") as proof:
                if proof.has("mac"):
                    return body + b"\x01" + proof.bytes("mac", 32)
                return body + b"\x02" + proof.bytes("nonce", 16) + proof.bytes("solution", 16)
        case "gate wanted":
            ways, level = fields.number("ways", 8), fields.number("work_level", 8)
            demand(1 <= ways <= 3 and level <= 24, "the terms of the gate")
            demand(ways & 2 or level == 0, "work that is not asked for")
            return uint(ways, 1) + uint(level, 1)
        case "GET":
            wait = fields.number("wait_s", 16)
            demand(wait <= 120, "the wait")
            return slots_of(fields) + uint(wait, 2)
        case "DROP":
            return slots_of(fields)
        case "found":
            index = fields.number("index", 8)
            demand(index < 8, "the index")
            return uint(index, 1)
        case "info":
            longest = uint(fields.number("max_ttl_s", 32), 4)
            longest += uint(fields.number("max_wait_s", 16), 2)
            return longest + uint(fields.number("accepting", 8), 1)
        case "refused":
            reason = fields.number("reason", 8)
            demand(1 <= reason <= 4, "the reason")
            return uint(reason, 1)
    return b""


def frames(case):
    operation = case.text("operation")
    code = (REQUESTS | ANSWERS).get(operation)
    demand(code is not None, "an operation that does not exist")
    with case.fields("fields") as fields:
        body = body_of(operation, fields)
    expected = b"\x01" + uint(code, 1) + uint(case.number("id", 32), 4) + body
    expected += bytes(FRAME_HEADER_LEN - len(expected))
    head, boxed = case.padded("head", FRAME_HEADER_LEN), case.padded("box", BOX_LEN)
    same(head, expected, "the head")
    demand(operation in WITH_BOX or not any(boxed), "a box in a frame without one")
    same(case.bytes("sha256", 32), sha256(head + boxed), "the digest of the frame")


# -------------------------------------------------------------------- envelopes


def pairs(fields, name, sizes):
    found = fields.list(name)
    demand(all(isinstance(pair, list) and len(pair) == 2 for pair in found), name)
    return [tuple(number(n, name, 8 * size) for n, size in zip(p, sizes)) for p in found]


def places(found, sizes):
    return vectors(b"".join(uint(n, size) for n, size in zip(pair, sizes)) for pair in found)


def envelopes(case):
    with case.fields("fields") as fields:
        encoding = b"".join(
            uint(fields.number(name), 8) for name in ("number", "clock", "sent_at_ms")
        )
        ranges = pairs(fields, "beyond", (8, 8))
        encoding += receipts(fields.number("up_to"), ranges, fields.number("mark"))
        ends = pairs(fields, "lane_ends", (8, 4))
        demand(len(ends) <= 8, "the ends of lanes")
        encoding += places(ends, (8, 4)) + vector(fields.bytes("epoch_authenticator", 32))
        kind = fields.number("kind", 8)
        encoding += uint(kind, 1)
        with fields.fields("body") as body:
            encoding += body_of_envelope(kind, body)
    same(case.bytes("encoding"), encoding, "the encoding")


def body_of_envelope(kind, body):
    match kind:
        case 1 | 5:
            return b""
        case 2:
            return vector(body.bytes("content"))
        case 3:
            return vector(body.bytes("card"))
        case 4:
            return uint(body.number("clock"), 8) + vector(body.bytes("content"))
        case 6:
            return vector(body.bytes("routes"))
        case 7:
            found = pairs(body, "places", (8, 4))
            demand(len(found) <= 16, "the places")
            return places(found, (8, 4))
    raise Wrong("a kind of body that does not exist")


# ---------------------------------------------------------------------- content


def cbor(value):
    """Of what HW-CONV-12 and HW-READ-1 use, with the shortest lengths."""

    def head(kind, argument):
        for form, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if argument < 24:
                return uint(kind << 5 | argument, 1)
            if argument < 1 << 8 * size:
                return uint(kind << 5 | form, 1) + uint(argument, size)
        raise Wrong("a number is too large")

    match value:
        case None:
            return b"\xf6"
        case int():
            return head(0, value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case ("tag", tag, inside):
            return head(6, tag) + cbor(inside)
    same(value, {}, "a value without an encoding")
    return head(5, 0)


def content(case):
    says, salt, encoded = case.text("says"), case.bytes("salt", 16), case.bytes("content")
    if says == "text":
        text = case.text("text").encode()
        demand(len(text) <= 8_192, "the text")
        part = [1, "", 1, "text/plain;charset=utf-8", text]
        found = transcript("hushwing 1 message id", encoded)[:16]
        same(case.bytes("id", 16), found, "the id")
    else:
        same(says, "read", "what it says")
        read = [unhex(id_, "an id", 16) for id_ in case.list("read")]
        demand(len(read) <= 256, "the ids")
        report = [("tag", 62, case.number("at_ms")), [[id_, 2] for id_ in read]]
        part = [0, "", 1, "application/mimi-message-status", cbor(report)]
    same(encoded, cbor([salt, None, b"", None, None, {}, part]), "the content")


# ---------------------------------------------------- identity, safety number


def proof(role, of, mls_key, invite):
    return transcript("hushwing 1 proof", uint(role, 1), of, mls_key, invite)


def publics_of(seeds):
    seeds = seeds.bytes("ed25519_seed", 32), seeds.bytes("ml_dsa_65_seed", 32)
    return ed25519_public(seeds[0]), ml_dsa_65_public(seeds[1])


def identity(case):
    publics = publics_of(case)
    of = fingerprint(*publics)
    same(case.bytes("fingerprint", 32), of, "the fingerprint")
    shown = case.bytes("ed25519_public", 32), case.bytes("ml_dsa_65_public", 1_952)
    same(shown, publics, "the keys of the seeds")
    signatures = case.bytes("ed25519_signature", 64), case.bytes("ml_dsa_65_signature", 3_309)
    role = case.number("role", 8)
    demand(role in (1, 2), "the role")
    message = proof(role, of, case.bytes("mls_key", 32), case.bytes("invite_id", 32))
    verify_both(publics, signatures, message, "hushwing 1 proof")
    routes = case.bytes("routes")
    same(whole(routes, read_routes), routes, "the routes")
    parts = [*publics, *signatures, case.text("name").encode()]
    card = case.bytes("card")
    same(card, b"".join(map(vector, parts)) + routes, "the card")
    same(tuple(read_card(card)), (*publics, *signatures), "what is read of the card")


def digits_of(safety_number):
    """HW-ID-4: what people read out, at 19 MiB and 2 passes a guess."""
    spoken = argon2id(safety_number, b"hushwing 1 spoken safety number", 19 * 1024, 2, 16)
    digits = f"{int.from_bytes(spoken, 'big'):040}"
    return " ".join(digits[at : at + 5] for at in range(0, 40, 5))


def safety_number(inviter, redeemer, binding):
    return transcript("hushwing 1 safety number", inviter, redeemer, binding)


def safety(case):
    parts = [case.bytes(name, 32) for name in ("inviter", "redeemer", "binding")]
    found = safety_number(*parts)
    same(case.bytes("number", 32), found, "the number")
    same(case.text("digits"), digits_of(found), "the digits")


# ------------------------------------------------------------------------- KEM


def kem(case):
    function, private = case.text("function"), case.bytes("private_key", 32)
    if function == "HPKE":
        parts = [case.bytes(name) for name in ("kem_output", "info", "aad", "ciphertext")]
        return same(case.bytes("plaintext"), open_hpke(private, *parts), "the plaintext")
    public = case.bytes("public_key", 1_216)
    if function == "derive key pair":
        return same((private, public), derive_key_pair(case.bytes("ikm", 32)), "the keys")
    same(function, "encapsulate", "a function that does not exist")
    same(public, kem_public(private), "the public key")
    ciphertext, shared = case.bytes("ciphertext", 1_120), case.bytes("shared_secret", 32)
    same(decapsulate(private, ciphertext), shared, "the shared secret")
    made = encapsulate(public, case.bytes("randomness", 64))
    same(made, (ciphertext, shared), "the encapsulation")


# ----------------------------------------------------------------------- lanes


def lane(root, leaf):
    """Link, slot and key of each index of a lane."""
    link = expand(root, "hushwing 1 lane", uint(leaf, 4))
    while True:
        yield link, expand(link, "hushwing 1 lane slot"), expand(link, "hushwing 1 lane key")
        link = expand(link, "hushwing 1 lane next")


def first_slots(root):
    return [next(lane(root, leaf))[1] for leaf in (0, 1)]


def lanes(case):
    chain = lane(case.bytes("root", 32), case.number("leaf", 32))
    indices = [number(index, "an index", 32) for index in case.list("indices")]
    at, found = -1, None
    for index, shown in zip(indices, case.list("links", len(indices))):
        demand(at < index < 10_000, "the order of the indices")
        with Fields(shown) as shown:
            while at < index:
                at, found = at + 1, next(chain)
            shown = tuple(shown.bytes(name, 32) for name in ("link", "slot", "key"))
        same(shown, found, "the lane")
    demand(at > 0, "a lane of one link shows nothing")


# --------------------------------------------------------------- first contact


class Invite:
    """What comes from the secret of a link: HW-INV-2."""

    def __init__(self, secret):
        root = extract("hushwing 1 invite", secret)
        self.id = expand(root, "hushwing 1 invite id")
        self.bundle_slot = expand(root, "hushwing 1 invite bundle slot")
        self.bundle_key = expand(root, "hushwing 1 invite bundle key")
        indices = [uint(i, 1) for i in (0, 1)]
        self.request_slots = [expand(root, "hushwing 1 invite request slot", i) for i in indices]
        self.request_keys = [expand(root, "hushwing 1 invite request key", i) for i in indices]
        self.psk = expand(root, "hushwing 1 invite psk")


def list_of(case, name, length, size):
    return [unhex(item, name, size) for item in case.list(name, length)]


def first_contact(case):
    part = case.text("part")
    if part == "link":
        return link(case)
    same(part, "whole", "a part that does not exist")
    encoded_link = from_text("hushwing:", case.text("link"))
    _, secret, bundle_hash, _ = whole(encoded_link, read_link)
    invite = Invite(secret)

    # Boxes: slots, keys, padding.
    same(case.bytes("bundle_slot", 32), invite.bundle_slot, "the slot of the bundle")
    sealed = case.bytes("bundle_box", BOX_LEN)
    opened = open_box(invite.bundle_key, invite.bundle_slot, BOX_LABELS["bundle"], sealed)
    (package, inviters_card), bundle = unpad(opened, two_vectors)
    same(case.bytes("bundle"), bundle, "the bundle")
    same(sha256(bundle), bundle_hash, "the hash of the bundle")
    same(list_of(case, "request_slots", 2, 32), invite.request_slots, "the request slots")
    sealed = list_of(case, "request_boxes", 2, BOX_LEN)
    opened = [
        open_box(key, slot, BOX_LABELS["request"], one)
        for key, slot, one in zip(invite.request_keys, invite.request_slots, sealed)
    ]
    same(opened[0], opened[1], "the request at both slots")
    (welcome, message), request = unpad(opened[0], two_vectors)
    same(case.bytes("request"), request, "the request")

    # Hashes over what was sent.
    psk_id = transcript("hushwing 1 invite psk id", encoded_link, bundle)
    same(case.bytes("psk_id", 32), psk_id, "T1")
    binding = transcript("hushwing 1 first contact", encoded_link, bundle, request)
    same(case.bytes("binding", 32), binding, "T2")

    # The inviter, and the group that it joins.
    leaf, init_key = mls.key_package(package)
    with case.fields("inviter") as seeds:
        init_private, init_public = derive_key_pair(seeds.bytes("init_ikm", 32))
        same(init_public, init_key, "the init key of the inviter")
        inviter = person(seeds, leaf, inviters_card, 1, invite.id)
    joined = mls.join(welcome, package, init_private, psk_id, invite.psk)
    same(case.bytes("group_id", 32), joined.group_id, "the id of the group")
    same(case.bytes("epoch_authenticator", 32), joined.authenticator, "the authenticator")
    same(case.bytes("lane_root", 32), joined.lane_root, "the lane root")
    slots = list_of(case, "first_slots", 2, 32)
    same(slots, first_slots(joined.lane_root), "the first slots")

    # The redeemer, in the request's message.
    envelope = mls.first_message(joined, message)
    same(case.bytes("envelope"), envelope, "the envelope")
    card = card_in(envelope, joined.authenticator)
    with case.fields("redeemer") as seeds:
        redeemer = person(seeds, joined.founder, card, 2, invite.id)
    found = safety_number(inviter, redeemer, binding)
    same(case.bytes("safety_number", 32), found, "the safety number")


def person(seeds, leaf, card, role, invite):
    """The fingerprint of who stands behind a leaf, as its card proves: HW-ID-3."""
    *publics, ed25519, ml_dsa_65 = read_card(card)
    same(tuple(publics), publics_of(seeds), "the keys of the seeds")
    same(ed25519_public(seeds.bytes("leaf_seed", 32)), leaf.signature_key, "the leaf's key")
    of = fingerprint(*publics)
    same(leaf.credential, of, "the credential")
    message = proof(role, of, leaf.signature_key, invite)
    verify_both(tuple(publics), (ed25519, ml_dsa_65), message, "hushwing 1 proof")
    return of


def card_in(envelope, authenticator):
    """The card in the first envelope, which HW-INV-9 leaves little choice."""
    reader = Reader(envelope)
    same((reader.uint(8), reader.uint(8)), (1, 1), "the number and the clock")
    reader.uint(8)
    same(read_receipts(reader), (0, [], 0), "the receipts")
    same(reader.vector(), b"", "the ends of lanes")
    same(reader.vector(), authenticator, "the epoch authenticator")
    same(reader.uint(1), 3, "the kind of the body")
    card = reader.vector()
    reader.end()
    return card


def link(case):
    secret = case.bytes("secret", 32)
    invite = Invite(secret)
    relays = [unhex(relay, "a relay") for relay in case.list("relays")]
    head = uint(case.number("expires_at_min", 32), 4) + secret
    encoding = b"\x01" + head + case.bytes("bundle_hash", 32) + vectors(relays)
    same(case.bytes("encoding"), encoding, "the encoding")
    same(case.text("text"), text_form("hushwing:", encoding), "the text")
    same(whole(encoding, read_link)[3], relays, "the relays")
    for name in ("id", "bundle_slot", "bundle_key", "psk"):
        same(case.bytes(name, 32), getattr(invite, name), name)
    for name in ("request_slots", "request_keys"):
        same(list_of(case, name, 2, 32), getattr(invite, name), name)


# -------------------------------------------------------------------- recovery


class Outside:
    """Places outside of the lanes: HW-REC-1, HW-REC-4, HW-ROUTE-3."""

    def __init__(self, root):
        self.root = root

    def place(self, writer, index):
        at = uint(writer, 4) + uint(index, 4)
        return (
            expand(self.root, "hushwing 1 recovery slot", at),
            expand(self.root, "hushwing 1 recovery key", at),
        )

    def answer(self, request):
        return (
            expand(self.root, "hushwing 1 repair answer slot", request),
            expand(self.root, "hushwing 1 repair answer key", request),
        )

    def psk(self, request):
        """The id and the value of the external PSK of the answer."""
        psk_id = transcript("hushwing 1 repair psk id", request)
        return psk_id, expand(self.root, "hushwing 1 repair psk", request)

    def record_key(self, writer):
        return expand(self.root, "hushwing 1 route record key", uint(writer, 4) + bytes(4))


def recovery(case):
    part = case.text("part")
    outside = Outside(case.bytes("root", 32))
    if part == "places":
        return recovery_places(case, outside)
    plaintext = case.bytes("plaintext")
    writer = case.number("writer", 32)
    demand(writer in (0, 1), "the writer")
    if part == "route record":
        opened = route_record(case, outside, writer)
    elif part == "answer":
        asked = case.bytes("request_plaintext")
        request = sha256(asked)
        opened = box_outside(case, *outside.answer(request))
    else:
        opened = box_outside(case, *outside.place(writer, case.number("index", 32)))
    same(opened, plaintext, "the plaintext")
    with case.fields("message") as fields:
        kind = fields.number("kind", 8)
        kinds = {"request": 2, "answer": 3, "succession": 4}
        same(kinds.get(part, 1), kind, "the kind of the message")
        message, welcome = said_outside(fields, kind)
    if part == "succession":
        succeeded(case, writer, message, plaintext)
        return
    key_of = signed_outside(case, writer, message, plaintext)
    if part == "request":
        package = Reader(message[1:]).vector()
        same(mls.key_package(package)[0].credential, key_of, "the credential")
    if part == "answer":
        same(message[2:34], request, "the request that is answered")
        answered(case, asked, outside.psk(request), welcome, key_of)
    demand(part in ("offered routes", "route record", "request", "answer"), "the part")


def recovery_places(case, outside):
    lane_root = case.bytes("lane_root", 32)
    same(outside.root, extract("hushwing 1 recovery", lane_root), "the root")
    for place in case.list("places", 4):
        with Fields(place) as place:
            at = place.number("writer", 32), place.number("index", 32)
            demand(at[0] in (0, 1) and at[1] <= 1 << 24, "a place")
            shown = place.bytes("slot", 32), place.bytes("key", 32)
        same(shown, outside.place(*at), "the place")
    request = case.bytes("request", 32)
    answer = case.bytes("answer_slot", 32), case.bytes("answer_key", 32)
    same(answer, outside.answer(request), "the place of the answer")
    psk = case.bytes("psk_id", 32), case.bytes("psk", 32)
    same(psk, outside.psk(request), "the PSK of the answer")
    keys = list_of(case, "record_keys", 2, 32)
    same(keys, [outside.record_key(writer) for writer in (0, 1)], "the keys of records")


def box_outside(case, slot, key):
    same(case.bytes("slot", 32), slot, "the slot")
    opened = open_box(key, slot, BOX_LABELS["recovery"], case.bytes("box", BOX_LEN))
    return unpad(opened, read_signed)[1]


def route_record(case, outside, writer):
    payload = from_text("hushwing-routes:", case.text("text"))
    same(payload[:1], b"\x01", "version")
    nonce, label = case.bytes("nonce", 24), b"hushwing 1 route record key"
    key = outside.record_key(writer)
    plaintext = unseal(key, label, payload[1:])
    same(seal(key, nonce, label, plaintext), payload[1:], "the record")
    return plaintext


def read_update(reader):
    return uint(reader.uint(8), 8) + read_routes(reader)


def read_signed(reader):
    """A `RecoveryPlaintext` behind its version."""
    kind = reader.uint(1)
    if kind == 1:
        read_update(reader)
    elif kind in (2, 4):
        if kind == 4:
            for size in (32, 1_952, 64, 3_309):
                same(len(reader.vector()), size, "the size of a part of a hand-over")
        reader.vector()
        reader.uint(4)
        read_receipts(reader)
        reader.take(4 + 4 + 4 + 8)
        read_receipts(reader)
        reader.vector()
        reader.uint(1)
        read_update(reader)
    else:
        same(kind, 3, "a kind of message that does not exist")
        same(len(reader.vector()), 32, "the hash of the request")
        reader.vector()
        reader.uint(4)
        reader.uint(4)
        read_receipts(reader)
        reader.take(4 + 4)
    same(len(reader.vector()), 64, "the Ed25519 signature")
    same(len(reader.vector()), 3_309, "the ML-DSA-65 signature")


def update_of(fields):
    with fields.fields("update") as update:
        routes = update.bytes("routes")
        same(whole(routes, read_routes), routes, "the routes")
        return uint(update.number("serial"), 8) + routes


def received_of(fields, name="received"):
    with fields.fields(name) as received:
        ranges = pairs(received, "beyond", (8, 8))
        return receipts(received.number("up_to"), ranges, received.number("mark"))


def below(fields, name):
    found = fields.number(name, 32)
    places = ("read_next", "write_next")
    demand(found <= 1 << (24 if name in places else 31), f"{name}: HW-REC-5")
    return uint(found, 4)


# The parts of a hand-over, and their bytes.
HAND_OVER = (
    ("ed25519_public", 32),
    ("ml_dsa_65_public", 1_952),
    ("ed25519_signature", 64),
    ("ml_dsa_65_signature", 3_309),
)


def said_outside(fields, kind):
    """The encoding of a `RecoveryMessage`, and the Welcome of an answer."""
    if kind == 1:
        return b"\x01" + update_of(fields), None
    if kind in (2, 4):
        message = uint(kind, 1)
        if kind == 4:
            with fields.fields("hand_over") as record:
                for part, size in HAND_OVER:
                    message += vector(record.bytes(part, size))
        message += vector(fields.bytes("key_package"))
        message += below(fields, "generation") + received_of(fields)
        message += below(fields, "received_in")
        message += below(fields, "read_next") + below(fields, "write_next")
        message += uint(fields.number("sent"), 8) + received_of(fields, "acknowledged")
        marks, need = pairs(fields, "open", (8, 8)), fields.number("need", 8)
        demand(len(marks) <= 64 and need in (1, 2), "the state in a request")
        demand(kind == 2 or (marks, need) == ([], 1), "the state in a succession")
        return message + places(marks, (8, 8)) + uint(need, 1) + update_of(fields), None
    welcome = fields.bytes("welcome")
    message = b"\x03" + vector(fields.bytes("request", 32)) + vector(welcome)
    generations = below(fields, "generation"), below(fields, "old_generation")
    demand(generations[1] < generations[0], "the generations")
    message += b"".join(generations) + received_of(fields)
    return message + below(fields, "write_next") + below(fields, "read_next"), welcome


def succeeded(case, writer, message, plaintext):
    """A hand-over: the identity signs it, and the one after it the whole message."""
    reader = Reader(message[1:])
    publics = reader.vector(), reader.vector()
    signatures = reader.vector(), reader.vector()
    credential = mls.key_package(reader.vector())[0].credential
    binding = case.bytes("binding", 32)
    next_of = signed_outside(case, writer, message, plaintext, "next", binding)
    same(fingerprint(*publics), next_of, "whom it hands over to")
    same(credential, next_of, "the credential")
    with case.fields("identity") as seeds:
        before = publics_of(seeds)
        of = fingerprint(*before)
        same(seeds.bytes("fingerprint", 32), of, "the fingerprint")
    digest = transcript("hushwing 1 hand-over", uint(writer, 4), binding, of, next_of)
    verify_both(before, signatures, digest, "hushwing 1 hand-over")
    number = safety_number(case.bytes("inviter", 32), next_of, binding)
    same(case.text("digits"), digits_of(number), "the safety number of afterwards")


def signed_outside(case, writer, message, plaintext, name="identity", binding=None):
    """Checks both signatures over a message; the fingerprint of who signed."""
    binding = binding or case.bytes("binding", 32)
    digest = transcript("hushwing 1 recovery message", uint(writer, 4), binding, message)
    with case.fields(name) as seeds:
        publics = publics_of(seeds)
        of = fingerprint(*publics)
        same(seeds.bytes("fingerprint", 32), of, "the fingerprint")
    head = b"\x01" + message
    same(plaintext[: len(head)], head, "the message in the plaintext")
    signatures = whole(plaintext[len(head) :], two_vectors)
    verify_both(publics, signatures, digest, "hushwing 1 recovery")
    return of


def answered(case, asked, psk, welcome, founder):
    """The group of an answer: who asked joins it at leaf 1."""
    reader = Reader(asked)
    reader.version()
    same(reader.uint(1), 2, "what is answered")
    package = reader.vector()
    private, public = derive_key_pair(case.bytes("init_ikm", 32))
    same(public, mls.key_package(package)[1], "the init key of who asked")
    joined = mls.join(welcome, package, private, *psk)
    same(joined.founder.credential, founder, "who founded the group")
    same(case.bytes("epoch_authenticator", 32), joined.authenticator, "the authenticator")
    same(case.bytes("lane_root", 32), joined.lane_root, "the lane root")
    slots = list_of(case, "first_slots", 2, 32)
    same(slots, first_slots(joined.lane_root), "the first slots")


# ---------------------------------------------------------------------- subjects

# Each file: what it shows, how many cases it has, how one is checked.
SUBJECTS = {
    "derivation": ([], 10, derivation),
    "boxes": (["HW-BOX-1", "HW-BOX-4", "HW-BOX-6"], 9, boxes),
    "rows": (["HW-ENG-4"], 4, rows),
    "addresses": (["HW-ID-5", "HW-NET-1", "HW-TLS-1"], 5, addresses),
    "frames": (["HW-GATE-1", "HW-RELAY-1"], 23, frames),
    "envelopes": (["HW-CONV-1"], 7, envelopes),
    "content": (["HW-CONV-12", "HW-CONV-13", "HW-READ-1"], 5, content),
    "identity": (["HW-ID-1", "HW-ID-2", "HW-ID-3"], 2, identity),
    "safety": (["HW-ID-4"], 2, safety),
    "kem": (["HW-CONV-2", "HW-KEM-1"], 5, kem),
    "lanes": (["HW-SLOT-3"], 3, lanes),
    "first-contact": (
        [
            "HW-ID-2", "HW-ID-3", "HW-ID-4", "HW-INV-1", "HW-INV-2", "HW-INV-3", "HW-INV-5",
            "HW-INV-6", "HW-INV-9", "HW-SLOT-2",
        ],
        3,
        first_contact,
    ),
    "recovery": (
        [
            "HW-REC-1", "HW-REC-2", "HW-REC-3", "HW-REC-4", "HW-ROT-1", "HW-ROUTE-1",
            "HW-ROUTE-3", "HW-ROUTE-4",
        ],
        6,
        recovery,
    ),
}  # fmt: skip


def check_case(subject, case):
    with Fields(case) as fields:
        SUBJECTS[subject][2](fields)


def check_frame_of_file(subject, file):
    """All of a file but its cases."""
    requirements, count, _ = SUBJECTS[subject]
    with Fields(file) as fields:
        same(fields.number("version"), 1, "the version of the layout")
        same(fields.text("subject"), subject, "the subject")
        same(fields.list("requirements"), requirements, "the requirements")
        return fields.list("cases", count)
