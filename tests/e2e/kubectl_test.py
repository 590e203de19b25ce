"""The ordinary kubectl against a running gateway: every verb that people use on rules, what it prints and with which exit
code. KUBECTL names another one; without any the tests are skipped.
"""
import json
import os
import re
import shutil
import subprocess
import threading

from rig import BIN, RigTest, answering, first_pairing, unittest, until

KUBECTL = os.environ.get("KUBECTL") or shutil.which("kubectl")
NAMESPACE = "ml-serving"

RULES = """apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: content-ranking, namespace: ml-serving}}
spec:
  hosts: [content-ranking-svc]
  ports: [{{number: 8000, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints:
  - {{address: 127.0.0.1, ports: {{http: {v45}}}, labels: {{model-version: v45}}}}
  - {{address: 127.0.0.1, ports: {{http: {v47}}}, labels: {{model-version: v47}}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: content-ranking-dr, namespace: ml-serving}}
spec:
  host: content-ranking-svc
  subsets:
  - {{name: v45, labels: {{model-version: v45}}}}
  - {{name: v47, labels: {{model-version: v47}}}}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {{name: content-ranking-vs, namespace: ml-serving}}
spec:
  hosts: [content-ranking-svc]
  http:
  - name: premium-users
    match: [{{headers: {{x-user-segment: {{exact: premium}}}}}}]
    route: [{{destination: {{host: content-ranking-svc, subset: v47}}}}]
  - name: default
    route:
    - {{destination: {{host: content-ranking-svc, subset: v45}}, weight: 100}}
    - {{destination: {{host: content-ranking-svc, subset: v47}}, weight: 0}}
    timeout: 200ms
    retries: {{attempts: 2, perTryTimeout: 80ms, retryOn: "5xx"}}
"""

OTHER = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: other
  namespace: ml-serving
spec:
  hosts: [other-svc]
  http:
  - name: first
    route: [{destination: {host: content-ranking-svc, subset: v45}}]
"""


CANARY = """apiVersion: sluice.dev/v1alpha1
kind: Canary
metadata: {name: v47, namespace: ml-serving}
spec:
  virtualService: content-ranking-vs
  route: 1
  champion: v45
  challenger: v47
  stages: [{weight: 5, hold: 10m}, {weight: 50, hold: 10m}, {weight: 100, bake: 10m}]
  gates: {errorRate: {maxIncreasePercentagePoints: 0.5}}
"""


@first_pairing
@unittest.skipIf(KUBECTL is None, "there is no kubectl: install kubernetes-client, or name one in KUBECTL")
class KubectlTest(RigTest):
    def setUp(self):
        super().setUp()
        ports = {name: self.model(answering(name.encode())).port for name in ("v45", "v47")}
        state = self.directory / "state"
        self.served = self.gateway(RULES.format(**ports), "--state-dir", state)
        made = subprocess.run([BIN, "kubeconfig", "--state-dir", state, "--namespace", NAMESPACE], capture_output=True,
                              text=True, timeout=30, check=True)
        (self.directory / "kubeconfig").write_text(made.stdout)
        self.other = self.directory / "other.yaml"
        self.other.write_text(OTHER)

    def environment(self, **more):
        return os.environ | {"KUBECONFIG": str(self.directory / "kubeconfig"), "HOME": str(self.directory)} | more

    def kubectl(self, *arguments, code=0, **environment):
        """Runs it to its end; what it printed, both streams apart."""
        done = subprocess.run([KUBECTL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                              env=self.environment(**environment))
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def out(self, *arguments, **more):
        return self.kubectl(*arguments, **more).stdout

    def refused(self, *arguments, code=1, **more):
        return self.kubectl(*arguments, code=code, **more).stderr

    def change_other(self, before, after):
        self.other.write_text(self.other.read_text().replace(before, after))

    def subset_of_other(self):
        return self.out("get", "vs", "other", "-o", "jsonpath={.spec.http[0].route[0].destination.subset}")

    def test_get_shows_what_rules_do_under_every_name(self):
        for name in ("vs", "virtualservice", "virtualservices", "virtualservices.networking.istio.io",
                     "virtualservices.v1beta1.networking.istio.io"):
            rows = self.out("get", name).splitlines()
            self.assertEqual(rows[0].split(), ["NAME", "GATEWAYS", "HOSTS", "SPLIT", "AGE"])
            self.assertIn("v45 100%, v47 0%", rows[1])
        wide = self.out("get", "vs", "-A", "-o", "wide")
        self.assertRegex(wide.splitlines()[0], r"NAMESPACE .* DRIFT +SOURCE +REVISION")
        self.assertRegex(wide.splitlines()[1], r"ml-serving .* in sync +\S*rules.yaml:\d+ +1")
        self.assertIn("v45, v47", self.out("get", "dr"))
        self.assertIn("STATIC", self.out("get", "se"))
        self.assertEqual(self.out("get", "vs,dr,se", "-o", "name").split(),
                         ["virtualservice.networking.istio.io/content-ranking-vs",
                          "destinationrule.networking.istio.io/content-ranking-dr",
                          "serviceentry.networking.istio.io/content-ranking"])
        shown = json.loads(self.out("get", "vs", "content-ranking-vs", "-o", "json"))
        self.assertEqual((shown["apiVersion"], shown["metadata"]["resourceVersion"]), ("networking.istio.io/v1", "1"))
        self.assertIn("premium-users", self.out("get", "vs", "content-ranking-vs", "-o", "yaml"))

    def test_get_follows_changes(self):
        watch = subprocess.Popen([KUBECTL, "get", "vs", "-w"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, env=self.environment())
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(watch.stdout), daemon=True)
        reader.start()
        try:
            until(lambda: len(lines) == 2, "the table of what there is")
            self.out("apply", "-f", self.other)
            until(lambda: any(line.startswith("other ") for line in lines), "the new object")
            self.change_other("v45", "v47")
            self.out("apply", "-f", self.other)
            until(lambda: any(line.startswith("other ") and "v47 100%" in line for line in lines), "the changed object")
            self.assertEqual(sum(line.startswith("NAME") for line in lines), 1)
        finally:
            watch.kill()
            reader.join(10)
            watch.stdout.close()
            watch.wait()

    def test_a_canary_is_an_object_as_others_are(self):
        file = self.directory / "canary.yaml"
        file.write_text(CANARY)
        self.assertIn("v47 created", self.out("apply", "-f", file))  # a route's index is a number
        head, row = self.out("get", "canary").splitlines()
        self.assertEqual(head.split(), ["NAME", "VIRTUALSERVICE", "ROUTE", "CHAMPION", "CHALLENGER", "STAGES", "AGE"])
        self.assertEqual(row.split()[:-1], ["v47", "content-ranking-vs", "1", "v45", "v47", "5,50,100"])
        self.assertIn("takes over by stages", self.out("explain", "canary"))
        self.assertIn("its name, or its index", " ".join(self.out("explain", "canary.spec").split()))
        file.write_text(CANARY.replace("weight: 100", "weight: 90"))
        self.assertIn("add {weight: 100, bake: 10m}", self.refused("apply", "-f", file))

    def test_describe_and_explain_say_something(self):
        described = self.out("describe", "vs", "content-ranking-vs")
        self.assertRegex(described, r"Subset: +v47")
        self.assertRegex(described, r"Events: +<none>")
        self.assertIn("Rules that decide which version", self.out("explain", "virtualservice"))
        self.assertIn("the first whose match holds decides", " ".join(self.out("explain", "vs.spec").split()))
        self.assertIn("virtualservices", self.out("api-resources"))

    def test_apply_creates_then_leaves_then_changes(self):
        self.assertIn("other created", self.out("apply", "-f", self.other))
        self.assertIn("other unchanged", self.out("apply", "-f", self.other))
        self.change_other("v45", "v47")
        self.assertIn("other configured", self.out("apply", "-f", self.other))
        self.assertEqual(self.subset_of_other(), "v47")
        self.assertEqual(self.served.get(host="other-svc").body, b"v47")

    def test_server_side_apply_and_a_conflict_between_two_managers(self):
        self.assertIn("serverside-applied",
                      self.out("apply", "--server-side", "--field-manager", "one", "-f", self.other))
        self.change_other("v45", "v47")
        error = self.refused("apply", "--server-side", "--field-manager", "two", "-f", self.other)
        self.assertIn('conflict with "one" using networking.istio.io/v1: .spec.http', error)
        self.assertEqual(self.subset_of_other(), "v45")
        self.out("apply", "--server-side", "--field-manager", "two", "--force-conflicts", "-f", self.other)
        self.assertEqual(self.subset_of_other(), "v47")

    def test_fields_given_up_by_their_manager_go(self):
        self.change_other("  namespace: ml-serving\n", "  namespace: ml-serving\n  labels: {team: ranking}\n")
        self.out("apply", "--server-side", "-f", self.other)
        self.assertIn("team=ranking", self.out("get", "vs", "other", "--show-labels"))
        self.assertIn("other", self.out("get", "vs", "-l", "team=ranking"))
        self.change_other("  labels: {team: ranking}\n", "")
        self.out("apply", "--server-side", "-f", self.other)
        self.assertNotIn("team=ranking", self.out("get", "vs", "other", "--show-labels"))

    def test_diff_tells_by_its_exit_code(self):
        shown = self.out("diff", "-f", self.other, code=1)
        self.assertRegex(shown, r"(?m)^\+kind: VirtualService$")
        self.out("apply", "-f", self.other)
        self.assertEqual(self.out("diff", "-f", self.other), "")
        self.change_other("v45", "v47")
        shown = self.out("diff", "-f", self.other, code=1)
        self.assertRegex(shown, r"(?m)^-\s+subset: v45$")
        self.assertRegex(shown, r"(?m)^\+\s+subset: v47$")
        self.assertEqual(self.subset_of_other(), "v45")

    def test_patches_of_three_types(self):
        self.out("apply", "-f", self.other)
        route = '{"route":[{"destination":{"host":"content-ranking-svc","subset":"v47"}}]}'
        self.out("patch", "vs", "other", "--type", "merge", "-p", f'{{"spec":{{"http":[{route}]}}}}')
        self.assertEqual(self.subset_of_other(), "v47")
        where = "/spec/http/0/route/0/destination/subset"
        self.out("patch", "vs", "other", "--type", "json", "-p",
                 f'[{{"op":"test","path":"{where}","value":"v47"}},{{"op":"replace","path":"{where}","value":"v45"}}]')
        self.assertEqual(self.subset_of_other(), "v45")
        error = self.refused("patch", "vs", "other", "--type", "json", "-p",
                             f'[{{"op":"test","path":"{where}","value":"v47"}}]')
        self.assertIn("did not find the value", error)
        self.assertIn("accepted media types include: application/json-patch+json, application/merge-patch+json",
                      self.refused("patch", "vs", "other", "-p", "{}"))

    def test_edit_in_an_editor(self):
        self.out("apply", "-f", self.other)
        editor = self.directory / "editor"
        editor.write_text("#!/bin/sh\nsed -i 's/subset: v45/subset: v47/' \"$1\"\n")
        editor.chmod(0o755)
        self.assertIn("other edited", self.out("edit", "vs", "other", EDITOR=str(editor), KUBE_EDITOR=str(editor)))
        self.assertEqual(self.subset_of_other(), "v47")

    def test_replacing_an_old_version_is_a_conflict(self):
        self.out("apply", "-f", self.other)
        old = self.directory / "old.yaml"
        old.write_text(self.out("get", "vs", "other", "-o", "yaml"))
        self.out("label", "vs", "other", "team=ranking")
        error = self.refused("replace", "-f", old)
        self.assertIn("(Conflict)", error)
        self.assertIn("the object has been modified", error)
        self.assertIn("other replaced", self.out("replace", "-f", self.other))

    def test_delete_and_what_is_not_there(self):
        self.out("apply", "-f", self.other)
        self.assertIn("deleted", self.out("delete", "vs", "other"))
        self.assertIn('virtualservices.networking.istio.io "other" not found', self.refused("get", "vs", "other"))
        self.assertIn("(NotFound)", self.refused("get", "vs", "content-ranking-vs", "-n", "wrong"))
        self.assertIn("(NotFound)", self.refused("delete", "vs", "content-ranking-vs", "-n", "wrong"))
        self.assertIn("No resources found", self.kubectl("get", "vs", "-n", "wrong").stderr)
        error = self.refused("delete", "dr", "content-ranking-dr")
        self.assertIn("IST0101", error)  # the rules that name its subsets
        self.assertEqual(self.served.get(host="content-ranking-svc").body, b"v45")

    def test_a_bad_field_is_named_with_the_nearest_known_one(self):
        self.change_other("  http:", "  htpp:")
        for arguments in (["apply", "-f", self.other], ["create", "-f", self.other],
                          ["apply", "--server-side", "-f", self.other]):
            error = self.refused(*arguments)
            self.assertIn('The VirtualService "other" is invalid', error)
            self.assertIn("spec.htpp", error)
            self.assertIn("did you mean `http`?", error)
        error = self.refused("patch", "vs", "content-ranking-vs", "--type", "merge", "-p", '{"spec":{"hots":["x"]}}')
        self.assertIn("did you mean `hosts`?", error)

    def test_a_dry_run_on_the_server_changes_nothing(self):
        self.assertIn("created (server dry run)", self.out("apply", "-f", self.other, "--dry-run=server"))
        self.refused("get", "vs", "other")
        self.out("apply", "-f", self.other)
        self.out("delete", "vs", "other", "--dry-run=server")
        self.change_other("v45", "v46")
        self.assertIn("IST0101", self.refused("apply", "-f", self.other, "--dry-run=server"))
        self.assertEqual(self.subset_of_other(), "v45")

    def test_the_canary_script_s_call_as_it_stands(self):
        patch = {"spec": {"http": [{"route": [
            {"destination": {"host": "content-ranking-svc", "subset": "v45"}, "weight": 0},
            {"destination": {"host": "content-ranking-svc", "subset": "v47"}, "weight": 100}], "timeout": "200ms"}]}}
        self.assertEqual(self.served.get(host="content-ranking-svc").body, b"v45")
        done = self.kubectl("patch", "virtualservice", "content-ranking-vs", "--namespace", "ml-serving", "--type",
                            "merge", "--patch", json.dumps(patch))
        self.assertIn("content-ranking-vs patched", done.stdout)
        self.assertRegex(done.stderr, "Warning: .*rule premium-users vanishes")
        self.assertRegex(done.stderr, "Warning: .*retries of")
        self.assertEqual(self.served.get(host="content-ranking-svc").body, b"v47")
        self.assertIn("changed live", self.out("get", "vs", "-o", "wide"))

    def test_the_token_makes_the_writer(self):
        config = self.directory / "kubeconfig"
        config.write_text(re.sub(r'token: .*', "token: not-the-token-at-all", config.read_text()))
        self.assertIn("content-ranking-vs", self.out("get", "vs"))
        self.assertIn("You must be logged in to the server", self.refused("apply", "-f", self.other))


if __name__ == "__main__":
    unittest.main()
