"""`sluice experiment assign`: every bucket bit-equal to the article's function, on a million ids; arms, layers, holdouts
and overrides of a file's users."""
import hashlib
import json
import pathlib
import subprocess
import tempfile
import unittest

import rig
from experiment_test import experiment, services

IDS = 1_000_000 if not rig.SANITIZED else 20_000
ARMS = ("  arms:\n  - {name: control, buckets: 0-84, subset: v1}\n"
        "  - {name: treatment, buckets: 85-98, subset: v2}\n")
SUBSETS = """---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ranking}
spec:
  host: ranking
  subsets: [{name: v1, labels: {v: a}}, {name: v2, labels: {v: b}}]
"""


def assign_ab_bucket(user_id, experiment_id, n_buckets=100):
    """As the article has it."""
    digest = hashlib.md5(f"{user_id}:{experiment_id}".encode()).hexdigest()
    return int(digest[:8], 16) % n_buckets


class AssignTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-assign-")
        self.addCleanup(directory.cleanup)
        self.rules = pathlib.Path(directory.name) / "rules.yaml"

    def assign(self, more, ids, *flags, name="ranking-v47", expect=0):
        """The lines for these ids."""
        self.rules.write_text(services(["ranking"], 9001) + SUBSETS + more)
        done = subprocess.run([rig.BIN, "experiment", "assign", name, "-c", self.rules, *flags],
                              input="".join(f"{one}\n" for one in ids), text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, expect, done.stderr)
        self.error = done.stderr
        return done.stdout.splitlines()

    def trial(self, more):
        return experiment("ranking-v47", "ranking", "{header: x-user-id}", more)

    def test_a_million_ids_have_the_buckets_of_the_articles_function(self):
        for more, buckets in (("", 100), ("  buckets: 10000\n", 10_000)):
            ids = [f"user-{i:x}" for i in range(IDS)]
            lines = self.assign(self.trial(more), ids)
            self.assertEqual(len(lines), IDS)
            for one, line in zip(ids, lines):
                if line != f"{one}\t{assign_ab_bucket(one, 'ranking-v47', buckets)}\t":
                    self.fail(f"{line!r}, for bucket {assign_ab_bucket(one, 'ranking-v47', buckets)} of {buckets}")

    def test_arms_follow_buckets_and_growing_one_moves_nobody_else(self):
        ids = [f"user-{i}" for i in range(20_000)]
        before = [line.split("\t") for line in self.assign(self.trial(ARMS), ids)]
        grown = ARMS.replace("0-84", "0-89").replace("85-98", "90-98")
        after = [line.split("\t") for line in self.assign(self.trial(grown), ids)]
        for (one, bucket, arm), (_, same, now) in zip(before, after):
            self.assertEqual(bucket, same)
            self.assertEqual(arm, "control" if int(bucket) < 85 else "treatment" if int(bucket) < 99 else "")
            self.assertEqual(arm != now, 85 <= int(bucket) <= 89, one)

    def test_layer_holdout_and_overrides_are_told(self):
        ids = [f"user-{i}" for i in range(5_000)] + ["qa-1", "", "with\ttab"]
        more = (ARMS + "  layer: page\n  layerBuckets: 0-4999\n  holdout: {name: q4, percent: 10}\n"
                "  overrides: [{arm: treatment, units: [qa-1]}]\n  match: [{uri: {exact: /never}}]\n")
        for one, line in zip(ids, self.assign(self.trial(more), ids)):
            bucket = assign_ab_bucket(one, "ranking-v47")
            if one == "qa-1":
                arm = "treatment"
            elif one and assign_ab_bucket(one, "q4", 10_000) < 1_000:
                arm = "holdout"
            elif not one or assign_ab_bucket(one, "page", 10_000) > 4_999:
                arm = "-"
            else:
                arm = "control" if bucket < 85 else "treatment" if bucket < 99 else ""
            self.assertEqual(line, f"{one}\t{bucket}\t{arm}")

    def test_json_is_an_object_a_line(self):
        more = ARMS + "  overrides: [{arm: treatment, units: [qa-1]}]\n"
        lines = [json.loads(line) for line in self.assign(self.trial(more), ["qa-1", "user-42"], "-o", "json")]
        self.assertEqual(lines, [
            {"unit": "qa-1", "bucket": assign_ab_bucket("qa-1", "ranking-v47"), "arm": "treatment", "by": "override"},
            {"unit": "user-42", "bucket": 33, "arm": "control", "by": "bucket"}])

    def test_an_experiment_that_is_not_there_is_told_with_the_nearest_name(self):
        self.assign(self.trial(ARMS), [], name="ranking-v48", expect=64)
        self.assertIn("did you mean default/ranking-v47?", self.error)

    def test_a_bad_configuration_is_no_answer(self):
        self.assign(self.trial(ARMS + "  layer: ranking-v47\n"), ["u"], expect=65)
        self.assertIn("IST0106", self.error)


if __name__ == "__main__":
    unittest.main()
