"""What sms-gateway has sealed, opened with the wave's key file, and what of it lies in the bytes of any file."""
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from gateway import ALPHABET


class WaveKey:
    """HKDF-SHA-256 and HMAC-SHA-256 as sms-gateway/keyring.c has them, apart from the program's own."""

    def __init__(self, gateway, wave="2027-1", administration="farsta"):
        self.file = gateway.keys / f"{administration}.{wave}.key"
        self.bytes = self.file.read_bytes()
        self.prk = hmac.new(b"sms-gateway", self.bytes, hashlib.sha256).digest()

    def derived(self, what):
        return hmac.new(self.prk, f"brukarenkat {what}".encode() + b"\x01", hashlib.sha256).digest()

    def hash(self, kind, text):
        return hmac.new(self.derived(kind), f"{kind}:{text}".encode(), hashlib.sha256).digest()

    def open(self, column, contact, sealed):
        return AESGCM(self.derived("contact")).decrypt(sealed[:12], sealed[12:], f"{column}:{contact}".encode())


def opened(gateway, wave="2027-1", administration="farsta"):
    """{contact: (phone, name, unit, code)}, every sealed value opened."""
    key = WaveKey(gateway, wave, administration)
    found = {}
    for contact, details, code in gateway.query(
            f"SELECT contact, details, code FROM contact WHERE wave = '{wave}'", administration):
        plain = key.open("details", contact, details)
        assert plain[0] == 1 and len(plain) % 64 == 0
        number = int.from_bytes(key.open("code", contact, code), "big") if code else None
        found[contact] = (*(t.decode() for t in plain[59:].split(b"\0")[:3]),
                          "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(16))) if code else None)
    return found


def needles(gateway, wave="2027-1", administration="farsta", contact=None):
    """What tells the wave's rows, or one person's, from all others: whole, and by the ends and middles that a page
    might keep."""
    only = f"wave = '{wave}'" + (f" AND contact = {contact}" if contact else "")
    found = {}
    for row in gateway.query(f"SELECT contact, person, phone, content, details, code FROM contact WHERE {only}",
                             administration):
        for name, blob in zip(["person", "phone", "content", "details", "code"], row[1:]):
            if blob:
                found[f"{name} {row[0]}"] = blob
                found.update({f"{name} {row[0]} at {at}": blob[at:at + 16] for at in range(0, len(blob) - 15, 16)})
    for message, ref in gateway.query(f"SELECT message, ref FROM message WHERE {only}", administration):
        found[f"ref {message}"] = ref
    return found


def remains(gateway, wanted):
    """Where any of it lies: in the state, the keys, the log."""
    files = [f for folder in (gateway.state, gateway.keys) for f in folder.rglob("*") if f.is_file()]
    left = []
    for file in [*files, *([gateway.log] if gateway.log.exists() else [])]:
        data = file.read_bytes()
        left += [(file.name, name) for name, needle in wanted.items() if needle in data]
    return left
