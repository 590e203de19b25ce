"""Experiments, live: buckets bit-equal to Python's hashlib, headers that no client can forge, and rules that match on
the bucket."""
import collections
import hashlib
import json
import unittest

import rig
import shared


def bucket_of(unit, salt, buckets=100):
    """The definition: the first eight hex digits of the MD5 of unit:salt, modulo the number of buckets."""
    return int(hashlib.md5(unit + b":" + salt.encode()).hexdigest()[:8], 16) % buckets


def echo():
    """A rule that answers with the experiment's headers as rules and models see them."""
    return ("  - directResponse: {status: 200}\n    headers:\n      response:\n        set:\n"
            "          x-saw: \"[%REQ(x-ab-bucket)%] [%REQ(x-ab-experiment)%] [%REQ(x-ab-arm)%]\"\n")


def services(hosts, port):
    """An experiment wants a known host, even where rules answer by themselves."""
    return (f"---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: services}}\nspec:\n"
            f"  hosts: [{', '.join(hosts)}]\n  ports: [{{number: 80, name: http, protocol: HTTP}}]\n"
            f"  resolution: STATIC\n  endpoints: [{{address: 127.0.0.1, ports: {{http: {port}}}}}]\n")


def virtual_service(host, http):
    return (f"---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {host}}}\nspec:\n"
            f"  hosts: [{host}]\n  http:\n{http}")


def experiment(name, host, unit, more=""):
    return (f"---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {{name: {name}}}\nspec:\n"
            f"  host: {host}\n  unit: {unit}\n{more}")


def travels(user):
    """Whether that id can be a header's value: not empty, no control bytes, no blanks at its ends."""
    return bool(user) and user == user.strip() and all(char >= " " and char != "\x7f" for char in user)


class VectorsTest(shared.SharedTest):
    """Every pinned vector whose user id can travel in a header, one host per pair of salt and number of buckets."""

    @classmethod
    def arrange(cls):
        vectors = json.loads((rig.ROOT / "tests/vectors/ab_bucket_vectors.json").read_text())
        cls.vectors = [vector for vector in vectors if travels(vector["user_id"])]
        cls.hosts = {}
        for vector in cls.vectors:
            pair = vector["experiment_id"], vector["n_buckets"]
            cls.hosts.setdefault(pair, f"pair-{len(cls.hosts)}")
        documents = [services(cls.hosts.values(), cls.closed_port())]
        for (salt, buckets), host in cls.hosts.items():
            documents += [virtual_service(host, echo()),
                          experiment(host, host, "{header: x-user-id}",
                                     f"  salt: {json.dumps(salt, ensure_ascii=False)}\n  buckets: {buckets}\n")]
        cls.start("".join(documents))

    def test_every_vector_that_can_travel_in_a_header_gets_its_bucket(self):
        self.assertGreater(len(self.vectors), 300)
        with self.gateway.client() as client:
            for vector in self.vectors:
                host = self.hosts[vector["experiment_id"], vector["n_buckets"]]
                user = vector["user_id"].encode().decode("latin-1")
                answer = client.request(host=host, headers=[f"x-user-id: {user}"])
                self.assertEqual(answer.header("x-saw"), f"[{vector['bucket']}] [{host}] []", vector)


class ExperimentTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.v45, cls.v47 = cls.model(shared.named("v45")), cls.model(shared.named("v47"))
        ports = [cls.v45.port, cls.v47.port]
        arms = ("  arms:\n  - {name: control, buckets: 0-79, subset: v0}\n"
                "  - {name: treatment, buckets: 80-98, subset: v1}\n")
        to_v0 = "  - route: [{destination: {host: armed, subset: v0}}]\n"
        matching = ("  - match: [{headers: {x-ab-bucket: {regex: \"[0-4]?[0-9]\"}}}]\n"
                    "    route: [{destination: {host: matching, subset: v0}}]\n"
                    "  - match: [{headers: {x-ab-bucket: {}}}]\n"
                    "    route: [{destination: {host: matching, subset: v1}}]\n"
                    "  - directResponse: {status: 418}\n")
        cls.start(
            rig.rules(ports, to_v0, host="armed") + experiment("ranking", "armed", "{header: x-user-id}", arms) +
            "---\n" + rig.rules(ports, matching, host="matching") +
            experiment("halves", "matching", "{header: x-user-id}") +
            "---\n" + rig.rules(ports, to_v0.replace("armed", "plain"), host="plain") +
            services(["by-cookie", "by-query"], cls.closed_port()) +
            virtual_service("by-cookie", echo()) + experiment("crumbs", "by-cookie", "{cookie: uid}") +
            virtual_service("by-query", echo()) + experiment("queries", "by-query", "{queryParam: uid}"))

    def received(self, host, headers=(), path="/predict"):
        """(who answered, the x-ab fields it received)."""
        seen = self.get(path, host, headers).json()
        return seen["model"], {name: value for name, value in seen["headers"]
                               if name.replace("_", "-").startswith("x-ab")}

    def test_every_request_gets_the_bucket_of_hashlib(self):
        def batch(client, first, size):
            for i in range(first, first + size):  # pipelined: one write, then the answers in order
                client.send(f"GET /b HTTP/1.1\r\nhost: armed\r\nx-user-id: user-{i}\r\n\r\n")
            return [client.answer().json()["headers"] for _ in range(size)]

        with self.gateway.client() as client:
            for first in range(0, 10_000 if rig.PAIRING == "1-1" else 500, 50):
                for i, headers in enumerate(batch(client, first, 50), first):
                    expected = bucket_of(f"user-{i}".encode(), "ranking")
                    self.assertEqual(shared.header(headers, "x-ab-bucket"), [str(expected)], f"user-{i}")

    def test_the_arm_of_the_bucket_chooses_the_subset_and_is_told_to_the_model(self):
        seen = collections.Counter()
        for i in range(120):
            bucket = bucket_of(f"arm-{i}".encode(), "ranking")
            arm = "control" if bucket <= 79 else "treatment" if bucket <= 98 else None
            model, fields = self.received("armed", [f"x-user-id: arm-{i}"])
            self.assertEqual(model, "v47" if arm == "treatment" else "v45", f"bucket {bucket}")
            expected = {"x-ab-bucket": str(bucket), "x-ab-experiment": "ranking"}
            self.assertEqual(fields, {**expected, "x-ab-arm": arm} if arm else expected)
            seen[arm] += 1
        self.assertGreater(seen["control"], 0)
        self.assertGreater(seen["treatment"], 0)

    def test_the_same_user_stays_where_he_is(self):
        self.assertEqual(len({self.received("armed", ["x-user-id: steady"])[0] for _ in range(20)}), 1)

    def test_what_a_client_says_about_buckets_never_reaches_rule_or_model(self):
        for spelling in ("x-ab-bucket", "X-AB-Bucket", "X-AB-BUCKET", "x_ab_bucket", "x-ab_bucket", "X_Ab-bucket"):
            for name in (spelling, spelling.replace("bucket", "experiment"), spelling.replace("bucket", "arm")):
                with self.subTest(name=name):
                    self.assertEqual(self.received("plain", [f"{name}: 7"]), ("v45", {}))
                    _, fields = self.received("armed", ["x-user-id: honest", f"{name}: 7", f"{name}: 8"])
                    self.assertEqual(fields["x-ab-bucket"], str(bucket_of(b"honest", "ranking")))
                    self.assertEqual(set(fields) - {"x-ab-arm"}, {"x-ab-bucket", "x-ab-experiment"})
                    self.assertEqual(self.get(host="matching", headers=[f"{name}: 7"]).status, 418)

    def test_a_client_cannot_have_the_bucket_removed_as_hop_by_hop(self):
        _, fields = self.received("armed", ["x-user-id: honest", "connection: keep-alive, x-ab-bucket, x-ab-arm"])
        self.assertEqual(fields["x-ab-bucket"], str(bucket_of(b"honest", "ranking")))

    def test_a_request_without_the_unit_takes_the_ordinary_route(self):
        for headers in ([], ["x-user-id:"], ["x-user-ids: 1"]):
            self.assertEqual(self.received("armed", headers), ("v45", {}))

    def test_a_rule_may_match_on_the_bucket(self):
        for i in range(60):
            bucket = bucket_of(f"half-{i}".encode(), "halves")
            model, _ = self.received("matching", [f"x-user-id: half-{i}"])
            self.assertEqual(model, "v45" if bucket < 50 else "v47", f"bucket {bucket}")
        self.assertEqual(self.get(host="matching").status, 418)

    def test_a_cookie_may_be_the_unit(self):
        expected = f"[{bucket_of(b'u-1', 'crumbs')}] [crumbs] []"
        for cookie in (["cookie: uid=u-1"], ["cookie: a=b; uid=u-1; c=d"], ["cookie: a=b", "cookie: uid=u-1"]):
            self.assertEqual(self.get(host="by-cookie", headers=cookie).header("x-saw"), expected, cookie)
        self.assertEqual(self.get(host="by-cookie", headers=["cookie: xuid=u-1"]).header("x-saw"), "[] [] []")

    def test_a_query_parameter_may_be_the_unit_as_it_was_sent(self):
        expected = f"[{bucket_of(b'u%2f1', 'queries')}] [queries] []"
        for path in ("/p?uid=u%2f1", "/p?a=1&uid=u%2f1&uid=other"):
            self.assertEqual(self.get(path, "by-query").header("x-saw"), expected, path)
        self.assertEqual(self.get("/uid=u", "by-query").header("x-saw"), "[] [] []")

    def test_the_access_log_names_experiment_arm_and_bucket(self):
        self.get("/logged/arm", "armed", ["x-user-id: logged"])
        bucket = bucket_of(b"logged", "ranking")
        line = self.line("/logged/arm")
        self.assertEqual((line["experiment"], line["bucket"]), ("ranking", bucket))
        self.assertEqual(line["arm"], "control" if bucket <= 79 else "treatment" if bucket <= 98 else None)


if __name__ == "__main__":
    unittest.main()
