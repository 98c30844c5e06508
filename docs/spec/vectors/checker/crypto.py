"""The cryptography of the specification, from OpenSSL (`cryptography`), libsodium
(`PyNaCl`), Python's own hashes, and `kyber-py` where randomness is chosen."""

import hashlib
import hmac
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from kyber_py.ml_kem import ML_KEM_768
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from .codec import BOX_LEN, Wrong, demand, same, uint

# The same keys are asked for again and again while a vector is altered.
remembered = lru_cache(maxsize=1_024)


# --------------------------------------------- conventions of the specification


def sha256(content):
    return hashlib.sha256(content).digest()


def hkdf_extract(salt, secret):
    return hmac.digest(salt, secret, "sha256")


def hkdf_expand(key, info, length):
    output, block, count = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(key, block + info + uint(count, 1), "sha256")
        output, count = output + block, count + 1
    return output[:length]


def extract(label, secret):
    return hkdf_extract(label.encode(), secret)


def expand(key, label, context=b""):
    return hkdf_expand(key, label.encode() + context, 32)


def argon2id(secret, salt, memory_kib, passes, length):
    """RFC 9106, version 0x13, one lane."""
    settings = {"iterations": passes, "lanes": 1, "memory_cost": memory_kib}
    return Argon2id(salt=salt, length=length, **settings).derive(secret)


def transcript(label, *parts):
    digest = hashlib.sha256()
    for part in (label.encode(), *parts):
        digest.update(uint(len(part), 8) + part)
    return digest.digest()


# ------------------------------------------------------------------ 1.3 boxes


def seal(key, nonce, data, plaintext):
    """Nonce, ciphertext, tag."""
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, data, nonce, key)


def unseal(key, data, sealed):
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[24:], data, sealed[:24], key)
    except CryptoError as error:
        raise Wrong("does not authenticate") from error


def seal_box(key, slot, nonce, label, plaintext):
    return seal(key, nonce, slot + label.encode(), plaintext)


def open_box(key, slot, label, sealed):
    same(len(sealed), BOX_LEN, "the length of a box")
    return unseal(key, slot + label.encode(), sealed)


# ------------------------------------------------------------- 2.1 identities


@remembered
def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


@remembered
def ml_dsa_65_public(seed):
    return MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()


def fingerprint(ed25519, ml_dsa_65):
    return transcript("hushwing 1 identity", ed25519, ml_dsa_65)


def verify_ed25519(public, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature as error:
        raise Wrong("Ed25519") from error


@remembered
def verify_both(publics, signatures, message, context):
    """The hybrid signature of HW-ID-3 and HW-REC-2: either half alone is nothing."""
    verify_ed25519(publics[0], signatures[0], message)
    try:
        key = MLDSA65PublicKey.from_public_bytes(publics[1])
        key.verify(signatures[1], message, context.encode())
    except InvalidSignature as error:
        raise Wrong("ML-DSA-65") from error


# ------------------------------------------------------------------- 3.1.1 KEM

X_WING_LABEL = bytes.fromhex("5c2e2f2f5e5c")
KEM_ID, KDF_ID, AEAD_ID = 0x647A, 0x0001, 0x0003


def expand_private(private):
    """The keys that the 32 bytes of a private key stand for."""
    expanded = hashlib.shake_256(private).digest(96)
    return (
        MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        X25519PrivateKey.from_private_bytes(expanded[64:]),
    )


@remembered
def kem_public(private):
    ml_kem, x25519 = expand_private(private)
    return ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def derive_key_pair(ikm):
    private = hashlib.shake_256(ikm).digest(32)
    return private, kem_public(private)


def combine(of_ml_kem, of_x25519, ciphertext, public):
    joined = of_ml_kem + of_x25519 + ciphertext + public + X_WING_LABEL
    return hashlib.sha3_256(joined).digest()


def encapsulate(public, randomness):
    scalar = bytearray(randomness[32:])
    scalar[0], scalar[31] = scalar[0] & 0xF8, scalar[31] & 0x7F | 0x40
    same(bytes(scalar), randomness[32:], "the scalar is not as it is used")
    ephemeral = X25519PrivateKey.from_private_bytes(bytes(scalar))
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public[1_184:]))
    # The name says internal because randomness must not be chosen, except here.
    of_ml_kem, ciphertext = ML_KEM_768._encaps_internal(public[:1_184], randomness[:32])
    ephemeral = ephemeral.public_key().public_bytes_raw()
    return (
        ciphertext + ephemeral,
        combine(of_ml_kem, shared, ephemeral, public[1_184:]),
    )


def decapsulate(private, ciphertext):
    same(len(ciphertext), 1_120, "the length of a ciphertext")
    ml_kem, x25519 = expand_private(private)
    ephemeral = ciphertext[1_088:]
    return combine(
        ml_kem.decapsulate(ciphertext[:1_088]),
        x25519.exchange(X25519PublicKey.from_public_bytes(ephemeral)),
        ephemeral,
        x25519.public_key().public_bytes_raw(),
    )


@remembered
def open_hpke(private, kem_output, info, data, ciphertext):
    """HPKE, base mode, one message (RFC 9180 sections 5.1 and 6.1)."""
    suite = b"HPKE" + uint(KEM_ID, 2) + uint(KDF_ID, 2) + uint(AEAD_ID, 2)

    def labeled_extract(salt, label, secret):
        return hkdf_extract(salt, b"HPKE-v1" + suite + label + secret)

    def labeled_expand(key, label, context, length):
        labeled = uint(length, 2) + b"HPKE-v1" + suite + label + context
        return hkdf_expand(key, labeled, length)

    shared = decapsulate(private, kem_output)
    context = b"\0" + labeled_extract(b"", b"psk_id_hash", b"")
    context += labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", b"")
    key = labeled_expand(secret, b"key", context, 32)
    nonce = labeled_expand(secret, b"base_nonce", context, 12)
    plaintext = open_aead(key, nonce, data, ciphertext)
    if not data:
        same(open_hpke_of_openssl(private, kem_output, info, ciphertext), plaintext, "HPKE")
    return plaintext


def open_hpke_of_openssl(private, kem_output, info, ciphertext):
    """The same by an implementation that is not ours at all."""
    key = hpke.MLKEM768X25519PrivateKey(*expand_private(private))
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    return suite.decrypt(kem_output + ciphertext, key, info)


def open_aead(key, nonce, data, ciphertext):
    demand(len(ciphertext) >= 16, "a ciphertext is too short")
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, data)
    except InvalidTag as error:
        raise Wrong("does not authenticate") from error
