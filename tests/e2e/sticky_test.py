"""Sticky weighted routes, live: users named by header, cookie or query parameter stay on one subset, more weight moves
only users of the side that loses it, and retries stay where the user is."""
import collections
import unittest

import rig
import shared
from reload_test import reload

USERS = 2_000 if rig.PAIRING == "1-1" else 300
KEYS = {"header": ("header:x-user-id", lambda user: ([f"x-user-id: {user}"], "")),
       "cookie": ("cookie:uid", lambda user: ([f"cookie: theme=dark; uid={user}"], "")),
       "query": ("query:user", lambda user: ([], f"?n=1&user={user}"))}


def world(ports, weight, source):
    """`weight` of a hundred to v1, the rest to v0; two retries."""
    http = (f"  - route:\n    - {{destination: {{host: {source}, subset: v0}}, weight: {100 - weight}}}\n"
            f"    - {{destination: {{host: {source}, subset: v1}}, weight: {weight}}}\n"
            "    retries: {attempts: 2, retryOn: 5xx}\n")
    calm = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 0}}\n"
    return rig.rules(ports, http, calm, host=source).replace(
        f"kind: VirtualService\nmetadata: {{name: {source}}}",
        f"kind: VirtualService\nmetadata: {{name: {source}, annotations: {{sluice.dev/sticky: \"{KEYS[source][0]}\"}}}}")


class StickyTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.v0, cls.v1 = cls.model(shared.named("v0")), cls.model(shared.named("v1"))
        cls.gateway = rig.Gateway(cls.programs, cls.directory, cls.worlds(10), ["--workers", "1"], ())

    @classmethod
    def worlds(cls, weight):
        return "---\n".join(world([cls.v0.port, cls.v1.port], weight, source) for source in KEYS)

    def sides(self, source):
        """Which version every user reaches."""
        with self.gateway.client() as client:
            def version(user):
                headers, query = KEYS[source][1](f"user-{user}")
                return client.request("GET", f"/rank{query}", source, headers).header("x-model-version")
            return [version(user) for user in range(USERS)]

    def test_more_weight_moves_only_users_of_the_side_that_loses_it(self):
        before = {source: self.sides(source) for source in KEYS}
        for source, seen in before.items():
            self.assertEqual(seen, self.sides(source), f"by {source} a user has moved without a cause")
            self.assertAlmostEqual(seen.count("v1") / USERS, 0.10, delta=0.05)

        reload(self.gateway, self.worlds(25))

        for source, seen in before.items():
            now = self.sides(source)
            moves = collections.Counter((then, after) for then, after in zip(seen, now) if then != after)
            self.assertEqual(set(moves), {("v0", "v1")}, f"by {source}")
            self.assertAlmostEqual(now.count("v1") / USERS, 0.25, delta=0.06)
        reload(self.gateway, self.worlds(10))
        for source, seen in before.items():
            self.assertEqual(self.sides(source), seen, f"by {source}, back where everybody was")

    def test_retries_stay_in_the_users_subset(self):
        for source in KEYS:
            used = collections.Counter()
            for user in range(60):
                headers, query = KEYS[source][1](f"user-{user}")
                path = f"/retry/{source}/{user}{query}"
                answer = self.get(path, source, headers + ["x-act: 503,503,200"])
                self.assertEqual(answer.status, 200)
                tried = [model for model, _ in self.tries(path)]
                self.assertEqual(len(tried), 3)
                self.assertEqual(len(set(tried)), 1, f"user {user} was tried elsewhere")
                plain = self.get(f"/plain{query}", source, headers)
                self.assertEqual(plain.json()["model"], "v0" if tried[0] is self.v0 else "v1")
                used[tried[0]] += 1
            self.assertEqual(len(used), 2)  # hashes of fixed names: no chance is involved

    def test_who_names_nobody_is_drawn(self):
        seen = collections.Counter(self.get("/rank", "header").header("x-model-version") for _ in range(200))
        self.assertEqual(set(seen), {"v0", "v1"})  # by chance one is missed in 0.9^200, 10^-9, of all runs


if __name__ == "__main__":
    unittest.main()
