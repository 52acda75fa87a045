"""A strict OpenID Connect provider on loopback: it signs in whom it is told, and does wrong when told to.

    with FakeOidc() as fake:
        fake.add_client("survey", "hemligt", "http://127.0.0.1:8082/staff/oidc/back")
        fake.person["groups"] = ["lasare"]
        fake.how = "expired"

What a client does wrong is in `faults`. `how` is one of:

    right
    denied            the way back has an error
    wrong-code        … a code that was never given
    wrong-state       … the state of nobody
    no-iss, wrong-iss … no, or another, issuer (RFC 9207)
    discovery-issuer  the description is of another issuer
    plain-endpoint    … names a token endpoint that is not https
    no-token          the token endpoint gives no ID token
    issuer, issuer-slash, audience, audiences, nonce, no-nonce, expired, future, no-factors, one-factor, no-subject
                      that claim of the token is wrong: `nonce` is that of the sign-in before
    earlier-token     the whole token of the sign-in before
    not-anew          the person was not asked again, whatever the client wanted
    alg-none, hs256   the token is not signed, or with the public key (PEM) as secret
    old-key           signed with the key before the last rotate()
    other-key         signed with a key of nobody, under the right kid
    crit              the token's header has an extension
    PLACE:slow, PLACE:500, PLACE:not-json, PLACE:endless, PLACE:redirect, PLACE:reset
                      where PLACE is discovery, token or keys
"""
import base64
import hashlib
import hmac
import itertools
import json
import secrets
import sys
import threading
import time
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

WAY_OUT = {"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
           "code_challenge_method"}
EXCHANGE = {"grant_type", "client_id", "redirect_uri", "code", "code_verifier"}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_number(number, length):
    return base64url(number.to_bytes(length, "big"))


class Key:
    def __init__(self, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        self.private = (rsa.generate_private_key(65537, 2048) if algorithm == "RS256"
                        else ec.generate_private_key(ec.SECP256R1()))

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        words = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "RS256":
            return words | {"kty": "RSA", "n": base64url_number(numbers.n, 256), "e": "AQAB"}
        return words | {"kty": "EC", "crv": "P-256", "x": base64url_number(numbers.x, 32),
                        "y": base64url_number(numbers.y, 32)}

    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        if self.algorithm == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Refused(Exception):
    """What the client did wrong, and the error's code that it is told."""

    def __init__(self, error, fault):
        super().__init__(fault)
        self.error = error


class FakeOidc:
    def __init__(self, algorithm="RS256"):
        self.algorithm = algorithm
        self.person = {"sub": "u-1", "name": "Anna Ek", "preferred_username": "anna.ek", "groups": [],
                       "acr": "loa3", "amr": ["pwd", "otp"]}
        self.signed_in = int(time.time()) - 1200  # at the provider, before anything here
        self.how = "right"
        self.lock = threading.Lock()
        self.clients = {}
        self.codes = {}
        self.nonces = []
        self.tokens = []
        self.faults = []
        self.requests = Counter()
        self.released = threading.Event()
        self.numbers = itertools.count(1)
        self.keys = [Key(algorithm, f"k{next(self.numbers)}")]
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.handle(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = self.note_error
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.issuer = self.base + "/realm"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def note_error(self, *_):
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # a client that leaves is no fault
            self.faults.append(repr(error))

    def add_client(self, client, secret, redirect):
        """secret: None for a public client."""
        self.clients[client] = (secret, redirect)

    def rotate(self):
        """Signs with a new key from now on; the old one is in the key set no more."""
        self.keys.append(Key(self.algorithm, f"k{next(self.numbers)}"))

    def handle(self, request):
        path, _, query = request.path.partition("?")
        places = {"/realm/.well-known/openid-configuration": ("GET", "discovery", self.discovery),
                  "/realm/authorize": ("GET", "authorize", self.authorize),
                  "/realm/token": ("POST", "token", self.token),
                  "/realm/keys": ("GET", "keys", self.key_set)}
        method, place, answer = places.get(path, ("", "nowhere", None))
        length = int(request.headers.get("Content-Length", "0"))
        body = request.rfile.read(length)
        with self.lock:
            self.requests[place] += 1
            if request.command != method:
                self.faults.append(f"{request.command} {path}")
        if request.command != method:
            self.send(request, 404, {"error": "not_found"})
        elif self.how.startswith(place + ":"):
            self.break_down(request, self.how.partition(":")[2])
        else:
            try:
                with self.lock:
                    answer(request, query, body)
            except Refused as refused:
                self.faults.append(str(refused))
                self.send(request, 401 if refused.error == "invalid_client" else 400, {"error": refused.error})

    def break_down(self, request, how):
        if how == "slow":
            self.released.wait(60)
        elif how == "500":
            self.send(request, 500, {"error": "server_error"})
        elif how == "not-json":
            self.send(request, 200, b"<html>hej")
        elif how == "redirect":
            self.send(request, 302, b"", Location=f"{self.base}{request.path}?again")
        elif how == "endless":
            request.send_response(200)
            request.send_header("Content-Type", "application/json")
            request.send_header("Connection", "close")
            request.end_headers()
            while not self.released.is_set():
                request.wfile.write(b" " * 65536)  # ends when the client hangs up
        elif how != "reset":
            raise ValueError(how)
        request.close_connection = True

    def send(self, request, status, body, **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Cache-Control": "no-store"} | headers).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def fields(self, text, wanted, optional=frozenset()):
        try:
            pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
        except ValueError as error:
            raise Refused("invalid_request", f"fields that can't be read: {error}") from error
        fields = dict(pairs)
        if len(pairs) != len(fields) or not wanted <= set(fields) <= wanted | optional:
            raise Refused("invalid_request", f"fields {sorted(name for name, _ in pairs)}")
        return fields

    def expect(self, right, fault, error="invalid_request"):
        if not right:
            raise Refused(error, fault)

    def discovery(self, request, _query, _body):
        issuer = self.issuer + ("/x" if self.how == "discovery-issuer" else "")
        token = "http://idp.example" if self.how == "plain-endpoint" else self.issuer
        self.send(request, 200, {
            "issuer": issuer, "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": token + "/token", "jwks_uri": self.issuer + "/keys",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True})

    def key_set(self, request, _query, _body):
        self.send(request, 200, {"keys": [self.keys[-1].jwk()]})

    def authorize(self, request, query, _body):
        f = self.fields(query, WAY_OUT, {"prompt", "max_age", "acr_values"})
        secret_and_redirect = self.clients.get(f["client_id"])
        self.expect(secret_and_redirect, f"client {f['client_id']}")
        self.expect(f["redirect_uri"] == secret_and_redirect[1], f"redirect_uri {f['redirect_uri']}")
        self.expect(f["response_type"] == "code", f"response_type {f['response_type']}")
        self.expect("openid" in f["scope"].split(" "), f"scope {f['scope']}")
        self.expect(len(f["state"]) >= 43 and len(f["nonce"]) >= 43 and f["state"] != f["nonce"],
                    "state or nonce has fewer than 256 bits")
        self.expect(f["code_challenge_method"] == "S256" and len(f["code_challenge"]) == 43, "PKCE")
        self.expect(f.get("prompt", "login") == "login" and f.get("max_age", "0") == "0", "prompt or max_age")
        self.expect(f["nonce"] not in self.nonces, "the same nonce again")
        if "prompt" in f and self.how != "not-anew":
            self.signed_in = int(time.time())
        code = secrets.token_urlsafe(32)
        self.codes[code] = f | {"auth_time": self.signed_in, "earlier_nonce": "".join(self.nonces[-1:])}
        self.nonces.append(f["nonce"])
        back = {"code": code, "state": f["state"], "iss": self.issuer}
        if self.how == "denied":
            back = {"error": "access_denied", "state": f["state"], "iss": self.issuer}
        elif self.how == "wrong-code":
            back["code"] = secrets.token_urlsafe(32)
        elif self.how == "wrong-state":
            back["state"] = secrets.token_urlsafe(32)
        elif self.how == "wrong-iss":
            back["iss"] = self.issuer + "/"
        elif self.how == "no-iss":
            del back["iss"]
        self.send(request, 303, b"", Location=f"{f['redirect_uri']}?{urllib.parse.urlencode(back)}")

    def authenticate(self, request, client):
        """RFC 6749, 2.3.1; returns nothing when it is right."""
        secret = self.clients.get(client, (None, None))[0]
        given = request.headers.get("Authorization")
        if secret is None:
            self.expect(given is None, "a public client with a password", "invalid_client")
            return
        kind, _, pair = (given or "").partition(" ")
        self.expect(kind == "Basic", f"authorization {kind}", "invalid_client")
        name, _, password = base64.b64decode(pair, validate=True).decode("ascii").partition(":")
        self.expect(urllib.parse.unquote_plus(name) == client and urllib.parse.unquote_plus(password) == secret,
                    "client or secret", "invalid_client")

    def token(self, request, query, body):
        self.expect(not query and request.headers.get("Content-Type") == "application/x-www-form-urlencoded",
                    "the token request is no form")
        f = self.fields(body.decode("ascii"), EXCHANGE)
        self.authenticate(request, f["client_id"])
        if self.how == "wrong-code" and f["code"] not in self.codes:
            self.send(request, 400, {"error": "invalid_grant"})  # as was to be
            return
        way = self.codes.pop(f["code"], None)
        self.expect(way, "a code that was not given or is used", "invalid_grant")
        self.expect(f["grant_type"] == "authorization_code", f"grant_type {f['grant_type']}")
        self.expect(f["client_id"] == way["client_id"] and f["redirect_uri"] == way["redirect_uri"],
                    "another client's code", "invalid_grant")
        verifier = f["code_verifier"]
        self.expect(43 <= len(verifier) <= 128 and
                    base64url(hashlib.sha256(verifier.encode()).digest()) == way["code_challenge"],
                    "code_verifier", "invalid_grant")
        self.tokens.append(self.id_token(way))
        reply = {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer", "expires_in": 60,
                 "id_token": self.tokens[-2 if self.how == "earlier-token" else -1]}
        if self.how == "no-token":
            del reply["id_token"]
        self.send(request, 200, reply)

    def claims(self, way):
        now = int(time.time())
        claims = self.person | {"iss": self.issuer, "aud": way["client_id"], "nonce": way["nonce"], "iat": now,
                                "exp": now + 300, "auth_time": way["auth_time"]}
        changes = {
            "issuer": {"iss": self.base}, "issuer-slash": {"iss": self.issuer + "/"},
            "audience": {"aud": "another"}, "audiences": {"aud": [way["client_id"], "another"]},
            "nonce": {"nonce": way["earlier_nonce"]}, "no-nonce": {"nonce": None},
            "expired": {"iat": now - 600, "exp": now - 300}, "future": {"iat": now + 300, "exp": now + 600},
            "no-factors": {"acr": None, "amr": None}, "one-factor": {"acr": "loa1", "amr": ["pwd"]},
            "no-subject": {"sub": None}}
        claims |= changes.get(self.how, {})
        return {name: value for name, value in claims.items() if value is not None}

    def id_token(self, way):
        key = self.keys[-2 if self.how == "old-key" else -1]
        header = {"typ": "JWT", "alg": self.algorithm, "kid": key.kid}
        header |= {"alg-none": {"alg": "none"}, "hs256": {"alg": "HS256"}, "crit": {"crit": ["b64"], "b64": True}
                   }.get(self.how, {})
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, self.claims(way)))
        if self.how == "alg-none":
            signature = b""
        elif self.how == "hs256":
            signature = hmac.digest(key.pem(), signed.encode(), "sha256")
        elif self.how == "other-key":
            signature = Key(self.algorithm, key.kid).sign(signed.encode())
        else:
            signature = key.sign(signed.encode())
        return f"{signed}.{base64url(signature)}"
