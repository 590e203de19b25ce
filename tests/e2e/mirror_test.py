"""Mirrors: what share is copied, what the copy looks like, and that a bad mirror cannot hurt the primary."""
import collections
import json
import math
import unittest

import rig
import shared

COUNT = 6_000
Z = 3.2905  # two-sided 99.9 %; a share is wrong when two independent samples leave it, by chance in 10^-6 of all runs


def rule(mirrors, more=""):
    return f"  - route: [{{destination: {{host: model, subset: v0}}}}]\n    {mirrors}\n{more}"


class MirrorShareTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.ports = [cls.stub(f"v{i}") for i in range(3)]
        one = "mirror: {host: model, subset: v1}\n    mirrorPercentage: {value: 10.0}"
        two = ("mirrors:\n    - {destination: {host: model, subset: v1}, percentage: {value: 40}}\n"
               "    - {destination: {host: model, subset: v2}, percentage: {value: 12.5}}")
        none = "mirror: {host: model, subset: v1}\n    mirrorPercentage: {value: 0}"
        everything = "mirror: {host: model, subset: v1}"
        http = "".join(rule(mirrors, f"    match: [{{uri: {{exact: /{name}}}}}]\n") for name, mirrors in (
            ("one", one), ("two", two), ("all", everything), ("none", none)))
        # Nothing may be dropped here for want of room: the share is measured.
        cls.gateway = rig.Gateway(cls.programs, cls.directory, rig.rules(cls.ports, http) + rig.settings(
            "{limits: {mirrorsInFlight: 100000}}"), [], ())

    def copies(self, path, count=COUNT):
        """Mirrored requests per version of one run of `count` requests; the primary's answers must be perfect."""
        def tally():
            stats = [json.loads(rig.harness.get(f"127.0.0.1:{port}", "/__stub/stats")) for port in self.ports]
            return collections.Counter({seen["version"]: seen["mirrored"] for seen in stats}), sum(
                seen["requests"] for seen in stats)

        (before, _), sent = tally(), self.gateway.metric("sluice_mirror_requests_total")
        counted = self.gateway.metric("istio_requests_total")
        report = self.load("model", "-c", "16", "-n", count, path=path)
        self.assertEqual((report["by_status"], report["by_version"]["v0"]["count"]), ({"200": count}, count))
        self.assertEqual(sum(report["lost"].values()), 0)
        rig.until(lambda: self.gateway.metric("sluice_mirror_success_total") +
                  self.gateway.metric("sluice_mirror_failure_total") ==
                  self.gateway.metric("sluice_mirror_requests_total"), "every copy has ended")
        self.assertEqual(self.gateway.metric("sluice_mirror_failure_total"), 0)
        self.assertEqual(self.gateway.metric("sluice_mirror_dropped_total"), 0)
        seen = +(tally()[0] - before)
        self.assertEqual(seen.total(), self.gateway.metric("sluice_mirror_requests_total") - sent)
        # A copy is no request of a client (istio_requests_total counts one each).
        self.assertEqual(self.gateway.metric("istio_requests_total"), counted + count)
        self.assert_quiet()
        return seen

    def assert_share(self, path, shares):
        def outside():
            seen = self.copies(path)
            self.assertEqual(set(seen), set(shares))
            return {version: seen[version] for version, share in shares.items()
                    if abs(seen[version] - COUNT * share) > Z * math.sqrt(COUNT * share * (1 - share))}

        first = outside()
        if first:
            second = outside()
            self.assertFalse(set(first) & set(second), f"{path}: {first}, then {second} of {COUNT}")

    def test_ten_percent_are_mirrored(self):
        self.assert_share("/one", {"v1": 0.1})

    def test_two_mirrors_get_their_own_shares(self):
        self.assert_share("/two", {"v1": 0.4, "v2": 0.125})

    def test_without_a_percentage_everything_is_mirrored_and_zero_is_off(self):
        self.assertEqual(self.copies("/all", 500), {"v1": 500})
        self.assertEqual(self.copies("/none", 500), {})


class MirrorCopyTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.primary, cls.mirror = cls.model(), cls.model()
        http = rule("mirror: {host: model, subset: v1}",
                    "    rewrite: {uri: /v2}\n    match: [{uri: {prefix: /v1}}]\n"
                    "    headers: {request: {set: {x-set: by-rule}}}\n")
        cls.start(rig.rules([cls.primary.port, cls.mirror.port], http),
                  more_settings="workers: 1, limits: {mirrorBody: 64KiB}")

    def test_the_copy_is_the_request_as_it_went_to_the_primary(self):
        body = bytes(range(256)) * 100
        for headers, encode in ([], lambda b: b), (["transfer-encoding: chunked"],
                                                   lambda b: b"%x\r\n%s\r\n0\r\n\r\n" % (len(b), b)):
            seen = len(self.mirror.requests)
            with self.gateway.client() as client:
                length = [] if headers else [f"content-length: {len(body)}"]
                head = ["POST /v1/p?q=1 HTTP/1.1", "host: model", "x-mine: 7", *headers, *length]
                client.send("\r\n".join(head) + "\r\n\r\n").send(encode(body))
                self.assertEqual(client.answer().status, 200)
            rig.until(lambda s=seen: [r for r in self.mirror.requests[s:] if len(r["body"]) == len(body)],
                      "the copy is here")
            sent, copy = self.primary.requests[-1], self.mirror.requests[-1]
            self.assertEqual((copy["line"], copy["body"]), ("POST /v2/p?q=1 HTTP/1.1", body))
            fields = dict(copy["headers"])
            self.assertEqual(fields.pop("x-sluice-mirror"), "true")
            self.assertEqual((fields["host"], fields["x-set"]), ("model", "by-rule"))
            expected = dict(sent["headers"])
            del expected["x-envoy-attempt-count"]  # a copy is nobody's attempt
            self.assertEqual(fields, expected)
        self.assert_quiet()

    def test_a_body_beyond_the_mirrors_limit_is_not_mirrored_and_counted(self):
        before = self.gateway.metric("sluice_mirror_body_overflow_total")
        self.assertEqual(self.get("/v1/large", method="POST", body=b"x" * 100_000).status, 200)
        self.wait_metric(before + 1, "sluice_mirror_body_overflow_total")
        self.assertGreaterEqual(self.gateway.metric("sluice_mirror_dropped_total"), 1)
        self.assert_quiet()


class BadMirrorTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        def act(how):
            def script(connection):
                if how == "slow":
                    connection.read_to_end()
                while connection.read_request():
                    if how == "reset":
                        return connection.reset()
                    connection.send(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
            return script

        primary = cls.stub("v0")
        ports = [primary, cls.closed_port(), cls.model(act("slow")).port, cls.model(act("reset")).port,
                 cls.model(act("failing")).port]
        cls.kinds = {"dead": 1, "slow": 2, "reset": 3, "failing": 4}
        http = "".join(f"  - match: [{{uri: {{exact: /{name}}}}}]\n"
                       f"    route: [{{destination: {{host: model, subset: v0}}}}]\n"
                       f"    mirror: {{host: model, subset: v{subset}}}\n" for name, subset in cls.kinds.items())
        policy = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}\n"
        cls.start(rig.rules(ports, http, policy), more_settings="workers: 2, limits: {mirrorsInFlight: 20}, "
                                                                "timeouts: {mirror: 300ms}")

    def cluster(self, subset):
        return {"envoy_cluster_name": f"outbound|80|v{subset}|model.default.svc.cluster.local"}

    def test_a_bad_mirror_changes_nothing_for_the_primary(self):
        for name, subset in self.kinds.items():
            with self.subTest(mirror=name):
                report = self.load("model", "-c", "16", "-n", "1500", path=f"/{name}")
                self.assertEqual((report["by_status"], report["by_version"]["v0"]["count"]), ({"200": 1500}, 1500))
                self.assertEqual(sum(report["lost"].values()), 0)
                ended = {}

                def all_ended():
                    for what in ("requests", "failure", "success", "dropped"):
                        ended[what] = self.gateway.metric(f"sluice_mirror_{what}_total", **self.cluster(subset))
                    return ended["failure"] + ended["success"] == ended["requests"]

                rig.until(all_ended, "every copy has ended")
                self.assertEqual(ended["requests"] + ended["dropped"], 1500)
                self.assertEqual(ended["success"], 0)
                self.assertGreater(ended["failure"], 0)
                if name == "slow":
                    self.assertGreater(ended["dropped"], 0)  # no more than mirrorsInFlight wait for it
        self.assertEqual(self.gateway.metric("envoy_cluster_upstream_rq_retry"), 0)
        ejections = "envoy_cluster_outlier_detection_ejections_enforced_total"
        self.assertEqual(self.gateway.metric(ejections), 0)
        self.assertEqual(self.gateway.metric("istio_requests_total", response_code="200", response_flags="-"), 6000)
        self.assert_quiet()


if __name__ == "__main__":
    unittest.main()
