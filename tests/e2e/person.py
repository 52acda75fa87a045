"""A member of staff with a browser and an app for one-time codes. Needs nothing but Python: deploy/demo uses it too."""
import base64
import hashlib
import hmac
import html
import http.client
import itertools
import re
import struct
import time
from urllib.parse import urlencode, urlsplit

PASSWORD = "sju sjösjuka sjömän"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
_sources = itertools.count()


def new_source():
    """An address to come from that nobody has come from."""
    number = next(_sources)
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def totp(secret, step):
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


class Connection(http.client.HTTPConnection):
    """Sends any path, however wrong."""

    def _validate_path(self, url):
        pass

    def _encode_request(self, request):
        return request.encode()


class Reply:
    def __init__(self, reply):
        self.status = reply.status
        self.headers = reply.headers
        self.data = reply.read()
        self.location = reply.headers.get("Location")
        self.cookies = dict(line.split(";")[0].split("=", 1) for line in reply.headers.get_all("Set-Cookie") or [])

    @property
    def text(self):
        return self.data.decode()


class Browser:
    """Keeps cookies, sends Origin with a form, follows no redirect by itself."""

    def __init__(self, url, agent=FIREFOX, source="127.0.0.1"):
        self.url = url
        self.host = urlsplit(url).netloc
        self.agent = agent
        self.source = source
        self.cookies = {}
        self.page = None

    def request(self, method, path, body=None, **headers):
        sent = {"User-Agent": self.agent, "Accept-Language": "sv"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if method == "POST":
            sent |= {"Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = Connection(self.host, timeout=120, source_address=(self.source, 0))
        try:
            connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            reply = Reply(connection.getresponse())
        finally:
            connection.close()
        for name, value in reply.cookies.items():
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        self.page = reply
        return reply

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def csrf(self):
        """As the last page that had one said it."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.page.text if self.page else "")
        if not found:
            found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/").text)
        return found[1] if found else None

    def post(self, path, fields=None, **headers):
        fields = dict(fields or {})
        if "csrf" not in fields:
            token = self.csrf()
            if token:
                fields["csrf"] = token
        return self.request("POST", path, urlencode({k: v for k, v in fields.items() if v is not None}), **headers)

    def upload(self, path, fields=None, file=None, **headers):
        """A form with a file, as browsers write it. file: its name and bytes; None: none was chosen."""
        fields = {"csrf": self.csrf()} | (fields or {})
        name, data = file or ("", b"")
        boundary = b"----geckoformboundary0123456789abcdef"
        part = b"--" + boundary + b'\r\nContent-Disposition: form-data; name="%s"'
        body = b"".join(part % key.encode() + b"\r\n\r\n" + value.encode() + b"\r\n"
                        for key, value in fields.items() if value is not None)
        body += part % b"file" + b'; filename="%s"\r\nContent-Type: application/octet-stream\r\n\r\n' % (
            name.replace('"', "%22").encode())
        headers = {"Content-Type": "multipart/form-data; boundary=" + boundary.decode()} | headers
        return self.request("POST", path, body + data + b"\r\n--" + boundary + b"--\r\n", **headers)


class Staff(Browser):
    """One account with password and app."""

    def __init__(self, url, name, now=time.time, **more):
        super().__init__(url, **more)
        self.name = name
        self.now = now
        self.password = PASSWORD
        self.secret = None
        self.recovery = []
        self.step = 0

    def choose(self, link):
        """The invitation's first page: a password. Keeps the key that comes back."""
        page = self.post(urlsplit(link).path, {"new": self.password, "again": self.password, "step": "password"})
        if page.status == 200:
            key = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
            self.secret = base64.b32decode(key)
        return page

    def show(self, link, code=None):
        """Its second: a code. Keeps the recovery codes that come back."""
        page = self.post(urlsplit(link).path, {"code": code or self.code(), "step": "code"})
        if page.status == 200:
            self.recovery = [html.unescape(code) for code in re.findall(r"<li><code>([^<]+)</code>", page.text)]
        return page

    def enrol(self, link):
        """Uses the invitation's link, as its pages ask for it."""
        page = self.choose(link)
        assert page.status == 200, page.text
        page = self.show(link)
        assert page.status == 200, page.text
        return self

    def code(self):
        """A code that was not used yet, and is good for as long as a sign-in may take on a busy machine. A step later
        than now's is allowed once; after that a recovery code does."""
        now = int(self.now()) // 30
        step = max(int(self.now() + 20) // 30 - 1, self.step + 1)
        if step > now + 1:
            return self.recovery.pop()
        self.step = step
        return totp(self.secret, step)

    def sign_in(self, next_path="/", **more):
        fields = {"name": self.name, "password": self.password, "next": next_path} | more
        if "code" not in fields:
            fields["code"] = self.code()
        return self.post("/staff/sign-in", fields)

    def confirm(self, **more):
        fields = {"confirm": "/", "confirm-way": "get"} | more
        if "code" not in fields:
            fields["code"] = self.code()
        return self.post("/staff/confirm", fields)

    def elsewhere(self, agent=FIREFOX, source=None):
        """The same person with another browser, in another place."""
        other = Staff(self.url, self.name, self.now, agent=agent, source=source or new_source())
        other.password, other.secret, other.recovery, other.step = self.password, self.secret, self.recovery, self.step
        return other

    @property
    def is_in(self):
        """Whether the start page opens; otherwise the way must lead to the sign-in."""
        page = self.get("/")
        assert (page.status, page.location) in [(200, None), (303, "/staff/sign-in")], (page.status, page.location)
        return page.status == 200
