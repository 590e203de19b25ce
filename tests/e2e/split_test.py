"""The article's own manifests, live: who is served by which version, and in what share."""
import collections
import math
import unittest

import rig
import shared

ARTICLE = "content-ranking-svc"
COUNT = 20_000 if rig.PAIRING == "1-1" else 4_000
# Two-sided 99.9 % interval of a binomial share. One sample leaves it by chance once in a thousand runs, so a share is
# taken for wrong when two independent samples of COUNT both do: less than one false alarm in 10^5 runs (10^-6).
Z = 3.2905


def article(ports):
    """tests/vectors/yaml with the stubs' ports in place of those of the example."""
    text = "---\n".join((rig.ROOT / "tests/vectors/yaml" / name).read_text()
                        for name in ("service-entry.yaml", "destination-rule.yaml", "virtual-service.yaml"))
    for example, port in zip((9145, 9147, 9143), ports):
        text = text.replace(f"http: {example}}}", f"http: {port}}}")
    return text


class SplitTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        models = [cls.stub(version) for version in ("v45", "v47", "v43")]
        ports = [cls.stub(version) for version in ("v0", "v1", "v2")]
        cls.v45, cls.v47 = cls.model(shared.named("v45")), cls.model(shared.named("v47"))
        three = ("  - route:\n"
                 "    - {destination: {host: three, subset: v0}, weight: 10}\n"
                 "    - {destination: {host: three, subset: v1}, weight: 85}\n"
                 "    - {destination: {host: three, subset: v2}, weight: 5}\n")
        zero = ("  - route:\n"
                "    - {destination: {host: zero, subset: v0}, weight: 1}\n"
                "    - {destination: {host: zero, subset: v1}, weight: 0}\n"
                "    - {destination: {host: zero, subset: v2}, weight: 1}\n")
        alone = "  - route: [{destination: {host: alone, subset: v1}, weight: 0}]\n"
        retried = ("  - route:\n"
                   "    - {destination: {host: retried, subset: v0}, weight: 50}\n"
                   "    - {destination: {host: retried, subset: v1}, weight: 50}\n"
                   "    retries: {attempts: 2, retryOn: 5xx}\n")
        sticky = rig.rules(ports, zero.replace("zero", "sticky"), host="sticky").replace(
            "kind: VirtualService\nmetadata: {name: sticky}",
            "kind: VirtualService\nmetadata: {name: sticky, annotations: {sluice.dev/sticky: \"header:x-user-id\"}}")
        loose = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 0}}\n"
        documents = [article(models), rig.rules(ports, three, host="three"), rig.rules(ports, zero, host="zero"),
                     rig.rules(ports, alone, host="alone"), sticky,
                     rig.rules([cls.v45.port, cls.v47.port], retried, loose, host="retried")]
        # The access log is of no interest here and slows a long run.
        cls.gateway = rig.Gateway(cls.programs, cls.directory, "---\n".join(documents), [], ())

    def shares(self, host, *args):
        """Requests per chosen version of one run. Counted where the gateway counts, so that a request that a loaded
        machine lets time out is not lost from its version."""
        def by_version():
            samples = rig.harness.samples(rig.harness.get(self.gateway.metrics_at, "/stats/prometheus"))
            seen = collections.Counter()
            for name, labels, value in samples:
                if name == "istio_requests_total" and labels["destination_service_name"] == host:
                    seen[labels["destination_version"]] += int(value)
            return seen

        before = by_version()
        report = self.load(host, "-c", "16", "-n", COUNT, *args)
        self.assertEqual(report["answered"], COUNT, report)
        rig.until(lambda: (by_version() - before).total() == COUNT, f"{COUNT} requests counted for {host}")
        seen = by_version() - before
        for version, told in report["by_version"].items():
            if version:  # a time-out of the route is answered by the gateway and names no version
                self.assertLessEqual(told["count"], seen[version])
        return seen

    def assert_share(self, host, shares):
        def outside(seen):
            return {version: (seen[version], COUNT * share) for version, share in shares.items()
                    if abs(seen[version] - COUNT * share) > Z * math.sqrt(COUNT * share * (1 - share))}

        first = self.shares(host)
        self.assertEqual(set(first), set(shares))
        if outside(first):
            second = outside(self.shares(host))
            self.assertFalse(set(outside(first)) & set(second), f"{host}: {outside(first)}, then {second}")

    def test_a_premium_user_is_always_served_by_v47(self):
        answers = [self.get(host=ARTICLE, headers=["X-User-Segment: premium"]) for _ in range(100)]
        self.assertEqual({answer.header("x-model-version") for answer in answers}, {"v47"})

    def test_a_value_that_only_begins_like_premium_is_split_like_everyone(self):
        report = self.load(ARTICLE, "-c", "4", "-n", "400", "-H", "x-user-segment: premium-trial")
        self.assertGreater(report["by_version"]["v45"]["count"], 200)

    def test_ninety_to_ten_holds(self):
        self.assert_share(ARTICLE, {"v45": 0.9, "v47": 0.1})

    def test_a_three_way_split_holds(self):
        self.assert_share("three", {"v0": 0.10, "v1": 0.85, "v2": 0.05})

    def test_weights_need_not_add_up_to_a_hundred_and_zero_gets_nothing(self):
        self.assert_share("zero", {"v0": 0.5, "v2": 0.5})

    def test_a_lone_destination_gets_everything_whatever_its_weight(self):
        versions = {self.get(host="alone").header("x-model-version") for _ in range(20)}
        self.assertEqual(versions, {"v1"})

    @rig.http1_client  # h2load sends one set of fields
    def test_a_sticky_user_stays_and_users_are_split_by_weight(self):
        first, second = (self.load("sticky", "-c", "4", "-n", "4000", "-H", "x-user-id: user-{n}") for _ in range(2))
        shares = [{version: told["count"] for version, told in report["by_version"].items()}
                  for report in (first, second)]
        self.assertEqual(*shares)  # the same users again, and each where he was
        self.assertTrue(1850 < shares[0]["v0"] < 2150, shares)  # hashes of fixed names: no chance is involved
        for user in range(20):
            header = [f"x-user-id: user-{user}"]
            seen = {self.get(host="sticky", headers=header).header("x-model-version") for _ in range(5)}
            self.assertEqual(len(seen), 1)

    def test_retries_stay_in_the_subset_that_was_drawn(self):
        used = collections.Counter()
        for i in range(60):
            self.get(f"/retry/{i}", "retried", ["x-act: 503,503,200"])
            tried = [model for model, _ in self.tries(f"/retry/{i}")]
            self.assertEqual(len(tried), 3)
            self.assertEqual(len(set(tried)), 1, f"request {i} went to both subsets")
            used[tried[0]] += 1
        self.assertEqual(len(used), 2)  # by chance one is missed in 2^-59 of all runs


if __name__ == "__main__":
    unittest.main()
