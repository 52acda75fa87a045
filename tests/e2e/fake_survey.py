"""A strict stand-in for survey-server's internal listener. What breaks the agreement is a fault."""
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AREAS = [("ekonomiskt-bistand", "Ekonomiskt bistånd"), ("missbruk-beroende", "Missbruk och beroende"),
         ("socialpsykiatri", "Socialpsykiatri"), ("funktionsnedsattning", "Funktionsnedsättning"),
         ("barn-unga", "Barn och unga"), ("vald-nara-relation", "Våld i nära relation"),
         ("aldreomsorg", "Äldreomsorg")]
ADMINISTRATIONS = [("bromma", "Bromma"), ("farsta", "Farsta"), ("hagersten-alvsjo", "Hägersten-Älvsjö"),
                   ("sodermalm", "Södermalm")]
SEX = [("kvinna", "Kvinna"), ("man", "Man")]
AGE = [("13-17", "13–17 år"), ("18-64", "18–64 år"), ("65+", "65 år och äldre")]
TABLES = [["area"], ["area", "sex"], ["administration", "area"]]


def wave(name="2027-1", phase="open", opens="2020-01-01", closes="2099-12-31", exempt=(), counted=None, tables=TABLES):
    def values(pairs):
        return [{"code": code, "name": text} | ({"exempt": True} if code in exempt else {}) for code, text in pairs]
    return {"wave": name, "title": "Brukarenkät våren 2027", "phase": phase, "opens": opens, "closes": closes,
            "counted": counted, "tables": tables,
            "variables": [{"code": "administration", "name": "Förvaltning", "values": values(ADMINISTRATIONS)},
                          {"code": "area", "name": "Verksamhetsområde", "values": values(AREAS)},
                          {"code": "sex", "name": "Juridiskt kön", "values": values(SEX)},
                          {"code": "age", "name": "Åldersgrupp", "values": values(AGE)}]}


class FakeSurvey:
    def __init__(self, port=0):
        self.waves = [wave()]
        self.key = None
        self.lock = threading.Lock()
        self.batches = {}   # (wave, batch) -> body as bytes
        self.puts = []      # (wave, batch, status)
        self.withdrawn = [] # (wave, batch, status)
        self.order = []     # of both, as they were stored: ("put" or "withdrawn", batch)
        self.persons = None # how many persons the gateway has: (wave, administration) -> number
        self.faults = []
        self.spent = set()
        self.declined, self.wrong = [], []
        self.revoked = set()
        self.mode = None    # None, "503", "409", "hang", "drop" (stores, then closes without a word)
        self.refuse = ()    # administrations whose batches get 503
        self.released = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                fake.handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that is killed is no fault
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def fault(self, text):
        self.faults.append(text)

    def handle(self, request):
        length = int(request.headers.get("Content-Length", "0"))
        body = request.rfile.read(length)
        if len(body) < length:
            return
        with self.lock:
            if request.headers.get("Authorization") != f"Bearer {self.key}":
                self.fault("bearer")
                return self.send(request, 401, {"error": "key"})
            status, reply = self.answer(request, body)
        if status is None:
            request.close_connection = True
            if reply == "hang":
                self.released.wait(60)
            return None
        return self.send(request, status, reply)

    def answer(self, request, body):
        path = request.path
        if request.command == "GET" and path == "/v1/waves":
            return 200, {"waves": self.waves}
        found = re.fullmatch(r"/v1/waves/([a-z0-9-]+)/batches/([a-z0-9-]{1,64})", path)
        if request.command == "PUT" and found:
            return self.put(request, found[1], found[2], body)
        if request.command == "DELETE" and found:
            return self.withdraw(found[1], found[2])
        found = re.fullmatch(r"/v1/waves/([a-z0-9-]+)/(open|declined|revocations)", path)
        if found and (request.command, found[2]) == ("POST", "open"):
            return self.open(found[1], json.loads(body))
        if found and (request.command, found[2]) == ("POST", "revocations"):
            return self.revoke(found[1], json.loads(body))
        if found and (request.command, found[2]) == ("GET", "declined"):
            return 200, {"declined": sorted(self.declined), "wrong_person": sorted(self.wrong)}
        self.fault(f"{request.command} {path}")
        return 404, {"error": "path"}

    def put(self, request, name, batch, body):
        if self.mode in ("503", "409"):
            self.puts.append((name, batch, int(self.mode)))
            return int(self.mode), {"error": "påhittat fel"}
        if batch.rpartition("-")[0] in self.refuse:
            self.puts.append((name, batch, 503))
            return 503, {"error": "påhittat fel"}
        if self.mode == "hang":
            return None, "hang"
        if request.headers.get("Content-Type") != "application/json":
            self.fault("type")
        wave_now = next((w for w in self.waves if w["wave"] == name), None)
        if not wave_now:
            return 404, {"error": "wave"}
        self.check(wave_now, batch, json.loads(body))
        old = self.batches.get((name, batch))
        status = 201 if old is None else 200 if old == body else 409
        self.batches.setdefault((name, batch), body)
        self.puts.append((name, batch, status))
        if status == 409:
            self.fault("the batch came again with other content")
            return 409, {"error": "other content"}
        self.order.append(("put", batch))
        self.check_once(name, json.loads(body)["administration"])
        if self.mode == "drop":
            return None, "drop"
        return status, {"registered": len(json.loads(body)["invitations"])}

    def withdraw(self, name, batch):
        if self.mode in ("503", "409"):
            self.withdrawn.append((name, batch, int(self.mode)))
            return int(self.mode), {"error": "påhittat fel"}
        if self.mode == "hang":
            return None, "hang"
        wave_now = next((w for w in self.waves if w["wave"] == name), None)
        if not wave_now:
            return 404, {"error": "wave"}
        body = self.batches.get((name, batch))
        lines = json.loads(body)["invitations"] if body else []
        used = self.spent | set(self.declined) | set(self.wrong)
        status = 409 if wave_now["phase"] not in ("planned", "open") or used & {line[:32] for line in lines} else 200
        self.withdrawn.append((name, batch, status))
        if status == 409:
            return 409, {"error": "an invitation of the batch is spent or revoked"}
        self.batches.pop((name, batch), None)
        self.order.append(("withdrawn", batch))
        if self.mode == "drop":
            return None, "drop"
        return 200, {"withdrawn": len(lines)}

    def revoke(self, name, data):
        if self.mode in ("503", "409"):
            return 503, {"error": "påhittat fel"}
        if set(data) != {"ids"} or not set(data["ids"]) <= set(self.ids(name)):
            return 404, {"error": "an id is not one of the wave's; none was revoked"}
        self.revoked |= set(data["ids"])
        return 200, {"received": len(data["ids"])}

    def check_once(self, name, administration):
        """Who the invitations are for nobody can see here. There are never more of them than persons."""
        ids = [line[:32] for (w, b), body in self.batches.items() if w == name
               and b.rpartition("-")[0] == administration for line in json.loads(body)["invitations"]]
        if len(set(ids)) != len(ids):
            self.fault("an invitation stands in two batches")
        if self.persons and len(set(ids) - self.revoked) > self.persons(name, administration):
            self.fault(f"{len(ids)} invitations for {self.persons(name, administration)} persons of {administration}")

    def check(self, wave_now, batch, data):
        if set(data) != {"administration", "strata", "left_out", "invitations"}:
            self.fault(f"keys {sorted(data)}")
        if not batch.startswith(data["administration"] + "-"):
            self.fault(f"batch {batch}")
        areas = [v["code"] for v in wave_now["variables"][1]["values"] if not v.get("exempt")]
        for stratum in data["strata"]:
            if set(stratum) != {"stratum", "area", "plan", "frame", "drawn"} or stratum["area"] not in areas \
                    or stratum["plan"] not in ("sms", "telephone") or stratum["frame"] != stratum["drawn"] or stratum["frame"] < 1:
                self.fault(f"stratum {stratum}")
        lines = data["invitations"]
        if len(lines) > 10000 or sorted(set(lines)) != lines:
            self.fault("invitations are not sorted and unlike, or too many")
        if not all(re.fullmatch("[0-9a-f]{128}", line) for line in lines):
            self.fault("an invitation is not 128 digits")
        if sum(s["drawn"] for s in data["strata"]) != len(lines):
            self.fault("the strata do not add up")
        if len({s["stratum"] for s in data["strata"]}) != len(data["strata"]):
            self.fault("a stratum twice")
        if not all(re.fullmatch("[a-z-]+", reason) and count > 0 for reason, count in data["left_out"].items()):
            self.fault(f"left_out {data['left_out']}")

    def open(self, name, data):
        if set(data) != {"batch"} or (name, data["batch"]) not in self.batches:
            return 404, {"error": "batch"}
        gone = self.spent | set(self.declined) | set(self.wrong) | self.revoked
        lines = json.loads(self.batches[(name, data["batch"])])["invitations"]
        return 200, {"open": sorted(line[:32] for line in lines if line[:32] not in gone)}

    def send(self, request, status, reply):
        body = json.dumps(reply).encode()
        try:
            request.send_response(status)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except OSError:
            pass

    def ids(self, name="2027-1"):
        """All registered ids, with how often each stands in all batches."""
        return [line[:32] for (w, _), body in self.batches.items() if w == name
                for line in json.loads(body)["invitations"]]

    def batch(self, batch, name="2027-1"):
        return json.loads(self.batches[(name, batch)])

    def strata(self, administration="farsta", name="2027-1"):
        """Persons by (area, plan), over all batches of the administration."""
        persons = {}
        for (w, b), body in self.batches.items():
            for s in json.loads(body)["strata"] if (w, b.rpartition("-")[0]) == (name, administration) else []:
                key = s["area"], s["plan"]
                persons[key] = persons.get(key, 0) + s["drawn"]
        return persons
