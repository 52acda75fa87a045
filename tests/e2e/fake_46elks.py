"""A strict stand-in for 46elks' POST /a1/sms: whatever the real one would not take is a fault."""
import base64
import itertools
import re
import threading
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIELDS = {"from", "to", "message", "whendelivered", "dontlog"}
CODE = "[0-9A-HJKMNP-TV-Z]{16}"


class Fake46elks:
    def __init__(self, link, reports, user="u", password="hemligt", sender="Staden"):
        self.link, self.reports = link, reports
        self.user, self.password, self.sender = user, password, sender
        self.lock = threading.Lock()
        self.messages = []
        self.faults = []
        self.requests = 0
        self.released = threading.Event()
        self.answer = lambda number: "ok"
        self.allow_duplicates = False
        self.ids = itertools.count(1)
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                fake.handle(self)

            def do_GET(self):
                fake.fault(f"{self.command} {self.path}")
                self.send_error(405)

            do_PUT = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that is killed is no fault
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/a1/sms"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def handle(self, request):
        length = int(request.headers.get("Content-Length", "-1"))
        body = request.rfile.read(max(length, 0))
        if len(body) < length:
            return  # cut: never a message
        with self.lock:
            self.requests += 1
            number = self.requests
            how = self.answer(number)
        if how not in ("401", "402", "403", "429", "400") or self.check(request, body, False):
            if how not in ("401", "402", "403", "429", "400"):
                self.check(request, body, True)
        self.reply(request, how)

    def check(self, request, body, keep):
        wanted = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if request.path != "/a1/sms":
            self.fault(f"path {request.path}")
        if request.headers.get("Authorization") != wanted:
            self.fault("authorization")
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            self.fault(f"type {request.headers.get('Content-Type')}")
        if "Expect" in request.headers:
            self.fault("Expect")
        pairs = urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True,
                                       strict_parsing=True, encoding="utf-8", errors="strict")
        form = dict(pairs)
        if len(pairs) != len(form) or set(form) != FIELDS:
            self.fault(f"fields {sorted(name for name, _ in pairs)}")
            return False
        self.check_values(form)
        if keep:
            with self.lock:
                if not self.allow_duplicates and any(m["to"] == form["to"] for m in self.messages):
                    self.faults.append("the same recipient twice")
                self.messages.append(form)
        return True

    def check_values(self, form):
        if not re.fullmatch(r"\+467[02369][0-9]{7}", form["to"]):
            self.fault(f"to {form['to']}")
        if form["from"] != self.sender or not re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9]{3,11}", form["from"]):
            self.fault(f"from {form['from']}")
        if form["dontlog"] != "message":
            self.fault(f"dontlog {form['dontlog']}")
        if not re.fullmatch(re.escape(self.reports) + "/46elks/[0-9a-f]{32}/[0-9a-f]{32}", form["whendelivered"]):
            self.fault(f"whendelivered {form['whendelivered']}")
        words, _, last = form["message"].rpartition("\n")
        if not words.strip() or not re.fullmatch(re.escape(self.link) + "/" + CODE, last):
            self.fault(f"message {form['message']!r}")
        if form["message"].count("http") != 1 or "\n" in words:
            self.fault("not exactly one link, alone on the last line")

    def reply(self, request, how):
        if how == "hang":
            self.released.wait(60)
            request.close_connection = True
        elif how == "reset":
            request.close_connection = True
        elif how == "garbage":
            self.send(request, 200, b"\x00\xff<html>hej")
        elif how == "ok":
            self.send(request, 200, b'{"status":"created","id":"s%d","parts":1,"direction":"outgoing"}'
                      % next(self.ids))
        else:
            self.send(request, int(how), b"Nope")

    def send(self, request, status, body):
        try:
            request.send_response(status)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(body)))
            if status == 429:
                request.send_header("Retry-After", "1")
            request.end_headers()
            request.wfile.write(body)
        except OSError:
            pass

    def recipients(self):
        with self.lock:
            return Counter(m["to"] for m in self.messages)

    def codes(self):
        with self.lock:
            return [m["message"].rpartition("/")[2] for m in self.messages]
