"""Who takes part in experiments, live: layers that share no user, holdouts, conditions, named users, and units that the
gateway makes and the client keeps."""
import collections
import re
import unittest

import rig
import shared
from experiment_test import bucket_of, echo, experiment, services, virtual_service

LAYER = 10_000
USERS = 20_000 if rig.PAIRING == "1-1" else 1_000
BATCH = 100
ARMS = ("  arms:\n  - {name: control, buckets: 0-49, subset: v0}\n"
        "  - {name: treatment, buckets: 50-99, subset: v1}\n")
MADE = re.compile(r"uid=([0-9a-f]{32}); Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")


def saw(answer):
    """(bucket, experiment, arm) of the echo rule; empty ones are None."""
    return tuple(part or None for part in re.fullmatch(r"\[(.*)\] \[(.*)\] \[(.*)\]", answer.header("x-saw")).groups())


class LayerTest(shared.SharedTest):
    """Two services, an experiment of one layer on each, and a third experiment beside the layer; one holdout for all."""

    @classmethod
    def arrange(cls):
        held = "  holdout: {name: q4, percent: 2.5}\n"
        cls.start(
            services(["first", "second", "third"], cls.closed_port()) +
            "".join(virtual_service(host, echo()) for host in ("first", "second", "third")) +
            experiment("one", "first", "{header: x-user-id}", "  layer: page\n  layerBuckets: 0-3999\n" + held) +
            experiment("two", "second", "{header: x-user-id}", "  layer: page\n  layerBuckets: 6000-9999\n" + held) +
            experiment("three", "third", "{header: x-user-id}", held))

    def of_all(self, host):
        """What every user gets there."""
        seen = []
        with self.gateway.client() as client:
            for first in range(0, USERS, BATCH):
                if rig.CLIENT == 1:  # pipelined: one write, then the answers in order
                    client.send("".join(f"GET /x HTTP/1.1\r\nhost: {host}\r\nx-user-id: user-{i}\r\n\r\n"
                                        for i in range(first, first + BATCH)))
                    seen += [saw(client.answer()) for _ in range(BATCH)]
                else:
                    seen += [saw(client.request("GET", "/x", host, [f"x-user-id: user-{i}"]))
                             for i in range(first, first + BATCH)]
        return seen

    def test_no_user_is_in_two_experiments_of_a_layer_and_holdouts_are_the_same_users_everywhere(self):
        first, second, third = (self.of_all(host) for host in ("first", "second", "third"))
        count = collections.Counter()
        for i in range(USERS):
            unit = f"user-{i}".encode()
            place, held = bucket_of(unit, "page", LAYER), bucket_of(unit, "q4", LAYER) < 250
            if held:
                for name, seen in zip(("one", "two", "three"), (first[i], second[i], third[i])):
                    self.assertEqual(seen, (str(bucket_of(unit, name)), name, "holdout"))
                count["held"] += 1
                continue
            in_first, in_second = first[i][0] is not None, second[i][0] is not None
            self.assertFalse(in_first and in_second, f"user-{i} is in both")
            self.assertEqual((in_first, in_second), (place < 4000, place >= 6000), f"user-{i} has {place}")
            self.assertEqual(third[i], (str(bucket_of(unit, "three")), "three", None))
            count["first" if in_first else "second" if in_second else "neither"] += 1
        # Hashes of fixed names: no chance is involved.
        for name, share in (("first", 0.39), ("second", 0.39), ("neither", 0.195), ("held", 0.025)):
            self.assertAlmostEqual(count[name] / USERS, share, delta=0.01 if USERS > 10_000 else 0.05)


class UsersTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.v45, cls.v47 = cls.model(shared.named("v45")), cls.model(shared.named("v47"))
        ports = [cls.v45.port, cls.v47.port]

        def armed(host, unit, more):
            to_v0 = f"  - route: [{{destination: {{host: {host}, subset: v0}}}}]\n"
            return rig.rules(ports, to_v0, host=host) + experiment(host, host, unit, ARMS + more)

        everyone = "  holdout: {percent: 100}\n"
        visitors = "{cookie: uid, generate: {ttl: 720h}}"
        answers = ("  - match: [{uri: {exact: /old}}]\n    redirect: {uri: /new}\n"
                   "  - match: [{uri: {exact: /told}}]\n    directResponse: {status: 200}\n")
        cls.start("---\n".join([
            armed("named", "{header: x-user-id}",
                  everyone + "  overrides:\n  - {arm: treatment, units: [qa-1, qa-2]}\n  - {arm: control, units: [qa-3]}\n"),
            armed("matched", "{header: x-user-id}",
                  "  match:\n  - {headers: {x-team: {exact: search}}, method: {exact: GET}}\n"
                  "  - {queryParams: {beta: {exact: \"1\"}}}\n"
                  "  overrides: [{arm: treatment, units: [qa-1]}]\n"),
            armed("visitors", visitors, "")]) +
            services(["answers"], cls.closed_port()) + virtual_service("answers", answers) +
            experiment("answers", "answers", visitors))

    def received(self, host, headers=(), path="/predict"):
        """(who answered, the x-ab fields it received, the answer, the request's header fields)."""
        answer = self.get(path, host, headers)
        fields = answer.json()["headers"]
        return answer.json()["model"], dict(pair for pair in fields if pair[0].startswith("x-ab")), answer, fields

    def test_named_users_have_their_arm_even_where_all_are_held_out(self):
        for user, arm, model in (("qa-1", "treatment", "v47"), ("qa-2", "treatment", "v47"), ("qa-3", "control", "v45"),
                                 ("someone", "holdout", "v45"), ("qa-10", "holdout", "v45")):
            served, fields, _, _ = self.received("named", [f"x-user-id: {user}"])
            self.assertEqual(served, model, user)
            self.assertEqual(fields, {"x-ab-bucket": str(bucket_of(user.encode(), "named")),
                                      "x-ab-experiment": "named", "x-ab-arm": arm})

    def test_only_requests_that_match_take_part(self):
        treated = next(f"u{i}" for i in range(1000) if bucket_of(f"u{i}".encode(), "matched") >= 50)
        user = [f"x-user-id: {treated}"]
        for headers, path, taking_part in ((user + ["x-team: search"], "/predict", True),
                                           (user, "/predict?beta=1", True),
                                           (user, "/predict?beta=2", False),
                                           (user + ["x-team: ads"], "/predict", False),
                                           (["x-user-id: qa-1"], "/predict", False),
                                           (["x-user-id: qa-1"], "/predict?beta=1", True)):
            served, fields, _, _ = self.received("matched", headers, path)
            self.assertEqual(served, "v47" if taking_part else "v45", (headers, path))
            self.assertEqual(bool(fields), taking_part)

    def test_a_made_unit_is_kept_by_the_client_and_leads_to_the_same_arm(self):
        arms = collections.Counter()
        for _ in range(30):
            model, fields, answer, sent = self.received("visitors")
            made = MADE.fullmatch(answer.header("set-cookie"))
            self.assertIsNotNone(made, answer.header("set-cookie"))
            unit = made.group(1)
            bucket = bucket_of(unit.encode(), "visitors")
            arm = "control" if bucket < 50 else "treatment"
            self.assertEqual(fields, {"x-ab-bucket": str(bucket), "x-ab-experiment": "visitors", "x-ab-arm": arm})
            self.assertEqual(model, "v45" if arm == "control" else "v47")
            self.assertEqual(shared.header(sent, "cookie"), [], "the model is not told of a cookie nobody sent")
            for _ in range(3):
                again, same, kept, _ = self.received("visitors", [f"cookie: theme=dark; uid={unit}"])
                self.assertEqual((again, same), (model, fields))
                self.assertIsNone(kept.header("set-cookie"))
            arms[arm] += 1
        self.assertEqual(len(arms), 2)  # by chance one is missed in 2^-29 of all runs

    def test_answers_of_rules_carry_the_cookie_and_refusals_do_not(self):
        for path, status, carries in (("/old", 301, True), ("/told", 200, True), ("/none", 404, False)):
            answer = self.get(path, "answers")
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.header("set-cookie") is not None, carries, path)

    def test_two_new_visitors_are_two_users(self):
        first, second = (self.received("visitors")[2].header("set-cookie") for _ in range(2))
        self.assertNotEqual(first, second)


class ForbiddenTest(shared.SharedTest):
    """A machine whose policy forbids MD5: nothing is computed by any other way, and requests take their rules' way."""

    @classmethod
    def arrange(cls):
        policy = cls.directory / "openssl.cnf"
        policy.write_text("openssl_conf = init\n[init]\nalg_section = properties\n"
                          "[properties]\ndefault_properties = fips=yes\n")
        documents = (services(["host"], cls.closed_port()) + virtual_service("host", echo()) +
                     "".join(experiment(f"e{i}", "host", "{header: x-user-id}") for i in range(3)))
        cls.gateway = rig.Gateway(cls.programs, cls.directory, documents, [], ("env", f"OPENSSL_CONF={policy}"))

    def test_experiments_do_nothing_and_the_log_says_why(self):
        self.assertEqual(saw(self.get("/x", "host", ["x-user-id: user-42"])), (None, None, None))
        self.assertIn("OpenSSL refuses MD5", self.gateway.log())


if __name__ == "__main__":
    unittest.main()
