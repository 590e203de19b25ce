"""`sluice explain` and the live gateway decide alike: random rule sets, random requests over real connections to a real
process with two workers and real models. For every request three tellers must agree on rule and destination: the access
log, the answer that the client got, and `sluice explain --batch` on the same files, which is given the draw of the log.

200,000 requests with HTTP/1.1 on both sides, SLUICE_DIFFERENTIAL=N for another number; fewer in the other pairings.
"""
import concurrent.futures
import json
import multiprocessing
import os
import random
import socket
import subprocess
import unittest

import random_rules
import rig
import shared
import tls_rig

COUNT = int(os.environ.get("SLUICE_DIFFERENTIAL", 200_000 if rig.PAIRING == "1-1" and not rig.SANITIZED else 6_000))
ROUNDS = 10
SEED = int(os.environ.get("SLUICE_SEED", 20260211))
VERSIONS = ["v0", "v1", "v2"]
SENDERS = 2      # processes
CONNECTIONS = 8  # of each
PIPELINE = 32    # requests on a connection before their answers are read
FIELDS = ("virtual_service", "rule_index", "route_name", "rule_match", "subset", "upstream_cluster", "experiment", "arm",
          "bucket")


def head_of(number, request):
    """The bytes of a request; its number travels as User-Agent into the log."""
    lines = [f"{request['method']} {request['target']} HTTP/1.1", f"Host: {request['authority']}", f"User-Agent: {number}"]
    lines += [f"{name}: {value}" for name, value in request["headers"]]
    if request["method"] in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: 0")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def field(head, name):
    """The value of a field of a raw head, or None."""
    at = head.find(b"\r\n" + name + b": ")
    if at < 0:
        return None
    begin = at + len(name) + 4
    end = head.find(b"\r\n", begin)
    return head[begin:end if end >= 0 else len(head)].decode("latin-1")


class Pipe:
    """A connection with several requests under way."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 30)
        self.buffer = b""

    def read_answer(self, method):
        """(status, version of the model, body, location)."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self.more()
        head, self.buffer = self.buffer[:end], self.buffer[end + 4:]
        status = int(head[9:12])
        size = 0 if method == "HEAD" else int(field(head, b"content-length") or 0)
        while len(self.buffer) < size:
            self.more()
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return (status, field(head, b"x-model-version"), body[:64].decode("latin-1"), field(head, b"location"))

    def more(self):
        data = self.socket.recv(262144)
        if not data:
            raise EOFError("the gateway ended a connection")
        self.buffer += data


def send_all(address, numbered):
    """The answers to [(number, request)], by number. Runs in a process of its own."""
    pipes = [Pipe(address) for _ in range(CONNECTIONS)]
    answers = {}
    for begin in range(0, len(numbered), CONNECTIONS * PIPELINE):
        under_way = []
        for i, pipe in enumerate(pipes):
            part = numbered[begin + i * PIPELINE:begin + (i + 1) * PIPELINE]
            pipe.socket.sendall(b"".join(head_of(number, request) for number, request in part))
            under_way.append((pipe, part))
        for pipe, part in under_way:
            for number, request in part:
                answers[number] = pipe.read_answer(request["method"])
    for pipe in pipes:
        pipe.socket.close()
    return answers


def send_by_http2(gateway, numbered):
    answers = {}
    with gateway.client() as client:
        for number, request in numbered:
            headers = [f"user-agent: {number}", *(f"{name.lower()}: {value}" for name, value in request["headers"])]
            answer = client.request(request["method"], request["target"], request["authority"], headers)
            answers[number] = (answer.status, answer.header("x-model-version"), answer.body[:64].decode("latin-1"),
                               answer.header("location"))
    return answers


def explain(path, questions, extra=()):
    """The decisions of `sluice explain --batch`, by id."""
    asked = "\n".join(json.dumps(question) for question in questions)
    done = subprocess.run([rig.BIN, "explain", "-c", str(path), "--batch", "-", *extra], input=asked, text=True,
                          capture_output=True, timeout=300, check=False)
    if done.returncode != 0:
        raise AssertionError(f"explain ended with {done.returncode}: {done.stderr}{done.stdout[-2000:]}")
    return {told["id"]: told for told in map(json.loads, done.stdout.splitlines())}


def compare(line, told, answer):
    """What the access log and the client's answer say otherwise than the explanation; empty: nothing."""
    differences = [f"{name}: log {line[name]!r}, explain {told[name]!r}" for name in FIELDS if line[name] != told[name]]
    status, version, body, location = answer
    if status != line["response_code"]:
        differences.append(f"status: log {line['response_code']}, client {status}")
    if told["action"] == "forward":
        if told["subset"] is not None and version != told["subset"]:
            differences.append(f"model: client {version!r}, explain {told['subset']!r}")
        if line["mirrors"] != told["mirrors"]:
            differences.append(f"mirrors: log {line['mirrors']}, explain {told['mirrors']}")
        return differences
    if version is not None:
        differences.append(f"model: client {version!r}, explain says that the gateway answers")
    if status != told["response_code"]:
        differences.append(f"status: client {status}, explain {told['response_code']}")
    if line["response_code_details"] != told["response_code_details"]:
        differences.append(f"details: log {line['response_code_details']}, explain {told['response_code_details']}")
    if told["action"] == "direct response" and line["method"] != "HEAD" and body != told["route_name"]:
        differences.append(f"body: client {body!r}, explain {told['route_name']!r}")
    if told["location"] is not None and location != told["location"]:
        differences.append(f"location: client {location!r}, explain {told['location']!r}")
    return differences


class DifferentialTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.port_of = {version: cls.stub(version) for version in VERSIONS}
        # Started afresh, not forked: the programs of a test have threads that read their output.
        cls.senders = concurrent.futures.ProcessPoolExecutor(SENDERS, multiprocessing.get_context("spawn"))
        cls.addClassCleanup(cls.senders.shutdown)

    def send(self, gateway, numbered):
        if rig.CLIENT == 2:
            return send_by_http2(gateway, numbered)
        answers = {}
        for share in [self.senders.submit(send_all, gateway.http, numbered[i::SENDERS]) for i in range(SENDERS)]:
            answers.update(share.result())
        return answers

    def round(self, seed, count, at_gateway=False):
        """A rule set and `count` requests, sent: (rules file, questions for explain, log lines, answers), the latter by
        number. Under load the gateway drops lines rather than wait for its disk: such requests are sent again."""
        port = tls_rig.free_port() if at_gateway else None
        rules = random_rules.Rules(random.Random(seed), VERSIONS, self.port_of, port)
        requests = dict(enumerate(rules.request() for _ in range(count)))
        lines, answers, questions = {}, {}, {}
        for _ in range(5):
            missing = [(number, request) for number, request in requests.items() if number not in lines]
            directory = self.directory / f"run-{len(list(self.directory.iterdir()))}"
            directory.mkdir()
            spec = f"{{accessLog: {{path: {directory}/access.log}}, workers: 2, limits: {{mirrorsInFlight: 100000}}}}"
            gateway = rig.Gateway(self.programs, directory, rules.yaml + rig.settings(spec), [], (), ("admin",))
            if at_gateway:
                gateway.http = f"127.0.0.1:{port}"
            else:
                gateway.program.wait_for(["http"])
                gateway.http = gateway.program.listeners["http"].replace("0.0.0.0", "127.0.0.1")
            answers.update(self.send(gateway, missing))
            gateway.program.stop()  # which writes what is left of the log
            for line in map(json.loads, (directory / "access.log").read_text().splitlines()):
                number = int(line["user_agent"])
                self.assertNotIn(number, lines, "two lines for one request")
                lines[number] = line
                request = requests[number]
                questions[number] = {"id": number, "port": int(gateway.http.rsplit(":", 1)[1]),
                                     "draw": line["split_draw"], **request,
                                     "headers": [["User-Agent", str(number)], *request["headers"]]}
            if len(lines) == count:
                break
        self.assertEqual((len(lines), len(answers)), (count, count))
        return gateway.rules, list(questions.values()), lines, answers

    def differences(self, told, lines, answers):
        self.assertEqual(set(told), set(lines))
        found = {number: compare(lines[number], told[number], answers[number]) for number in lines}
        return {number: what for number, what in found.items() if what}

    def test_explain_and_the_live_gateway_agree(self):
        seen = {"forward": 0, "by rule": set(), "subsets": set(), "actions": set(), "arms": 0, "splits": 0}
        for number in range(ROUNDS):
            seed = SEED + number
            path, questions, lines, answers = self.round(seed, COUNT // ROUNDS, number % 5 == 4)
            told = explain(path, questions)
            found = self.differences(told, lines, answers)
            first = [(lines[n], told[n], what) for n, what in list(found.items())[:3]]
            self.assertEqual(len(found), 0, f"seed {seed}: {len(found)} of {len(lines)} differ, such as {first}")
            for one in told.values():
                seen["actions"].add(one["action"])
                seen["by rule"].add((number, one["virtual_service"], one["rule_index"]))
                seen["subsets"].add(one["subset"])
                seen["forward"] += one["action"] == "forward"
                seen["arms"] += one["arm"] is not None
        # That the requests reach what they are meant to try is part of the test.
        self.assertGreater(seen["forward"], COUNT * 0.3)
        self.assertGreater(seen["arms"], COUNT * 0.005)
        self.assertGreater(len(seen["by rule"]), ROUNDS * 8)
        self.assertTrue({"forward", "direct response", "redirect", "no route", "refuse", "deny"} <= seen["actions"], seen)
        self.assertEqual(seen["subsets"], {None, *VERSIONS})

    def test_a_single_other_answer_is_found(self):
        path, questions, lines, answers = self.round(SEED, 500)
        told = explain(path, questions)
        self.assertEqual(self.differences(told, lines, answers), {})
        victim = next(number for number, one in told.items() if one["action"] == "forward" and one["subset"] == "v1")
        told[victim]["subset"] = "v2"
        self.assertEqual(set(self.differences(told, lines, answers)), {victim})

    def test_another_weight_in_the_files_is_found(self):
        path, questions, lines, answers = self.round(SEED, 2000)
        other = self.directory / "other.yaml"
        text = path.read_text()
        changed = text.replace("weight: 90", "weight: 1").replace("weight: 33", "weight: 1")
        self.assertNotEqual(text, changed)
        other.write_text(changed)
        told = explain(other, questions)
        self.assertGreater(len(self.differences(told, lines, answers)), 0)


if __name__ == "__main__":
    unittest.main()
