"""Random rule sets and random requests that they can tell apart, from a seed: valid YAML with every kind of condition,
splits, sticky users, experiments, mirrors, wildcard hosts and policies, and requests whose values come from the same
small pools, so that conditions hold about as often as they fail."""
import json

PATHS = ["/", "/rank", "/rank/top", "/score", "/v1/rank", "/v1/score", "/a/b/c", "/Rank", "/odd.path~x"]
HEADERS = ["x-a", "x-b", "x-team", "x-user-segment"]
VALUES = ["", "1", "7", "gold", "premium", "premium-trial", "a,b", "Gold"]
QUERY = ["q", "flag", "user"]
USERS = [f"user-{n}" for n in range(400)]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
REGEXES = ["gold|premium", "^[0-9]$", "p.*", "[a-z-]+", ".*", "(premium|1)(-trial)?"]
PATH_REGEXES = ["/v[0-9]/.*", "/.*rank.*", "/(rank|score)", "/[a-z/]+"]


def text(value):
    """A YAML scalar that is text."""
    return json.dumps(value)


class Rules:
    """One rule set. `yaml`, and `requests(count)`."""

    def __init__(self, random, versions, port_of, gateway_port=None):
        self.random = random
        self.versions = versions
        self.gateway_port = gateway_port  # None: rules hold on the process's own port
        self.names = [f"m{n}" for n in range(3)]
        self.hosts = {"m0": ["m0"], "m1": ["m1", "*.m1.example"], "m2": ["m2.example", "deep.m1.example"]}
        if random.random() < 0.5:
            self.hosts["any"] = ["*"]
            self.names.append("any")
        self.rule_names = {}
        documents = [self.service(f"s{n}", port_of) for n in range(2)]
        documents += [self.virtual_service(name) for name in self.names]
        documents += [self.experiment(n) for n in range(random.randrange(3))]
        if random.random() < 0.4:
            documents.append(self.policy())
        if gateway_port is not None:
            documents.append(self.gateway())
        self.yaml = "---\n".join(documents)

    def pick(self, *choices):
        return self.random.choice(choices)

    def service(self, name, port_of):
        endpoints = "".join(f"  - {{address: 127.0.0.1, ports: {{http: {port_of[v]}}}, labels: {{version: {v}}}}}\n"
                            for v in self.versions)
        subsets = "".join(f"  - {{name: {v}, labels: {{version: {v}}}}}\n" for v in self.versions)
        return ("apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
                f"metadata: {{name: {name}}}\nspec:\n  hosts: [{name}]\n"
                "  ports: [{number: 80, name: http, protocol: HTTP}]\n  resolution: STATIC\n"
                f"  endpoints:\n{endpoints}---\n"
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                f"metadata: {{name: {name}}}\nspec:\n  host: {name}\n  subsets:\n{subsets}")

    def string_match(self, values, regexes):
        kind = self.pick("exact", "exact", "prefix", "regex")
        if kind == "regex":
            return f"{{regex: {text(self.random.choice(regexes))}}}"
        value = self.random.choice(values)
        if kind == "prefix":
            value = value[:self.random.randrange(1, len(value) + 1)] if value else "p"
        return f"{{{kind}: {text(value)}}}"

    def condition(self):
        """(field, value) of one condition of a match item. Without a Gateway no port is known before it is bound: 1 is
        never right."""
        kind = self.random.randrange(10)
        if kind <= 2:
            return "uri", self.string_match(PATHS, PATH_REGEXES)
        if kind <= 5:
            name = self.random.choice(HEADERS)
            match = "{}" if self.random.random() < 0.2 else self.string_match([v for v in VALUES if v], REGEXES)
            return self.pick("headers", "headers", "withoutHeaders"), f"{{{name}: {match}}}"
        if kind == 6:
            return "headers", self.pick('{x-ab-bucket: {regex: "[0-4][0-9]?"}}', "{x-ab-arm: {}}",
                                        '{cookie: {regex: ".*uid=user-1.*"}}', '{":path": {prefix: "/rank?q"}}')
        if kind == 7:
            return "queryParams", f"{{{self.random.choice(QUERY)}: {self.string_match(['1', '7', 'gold'], REGEXES)}}}"
        if kind == 8:
            return "method", f"{{exact: {self.random.choice(METHODS)}}}"
        return self.pick(("authority", "{prefix: m}"), ("scheme", "{exact: http}"), ("port", str(self.gateway_port or 1)))

    def item(self):
        fields = {}
        for _ in range(self.random.randrange(1, 4)):
            field, value = self.condition()
            fields[field] = value
        if "uri" in fields and self.random.random() < 0.3:
            fields["ignoreUriCase"] = "true"
        if self.random.random() < 0.3:
            fields["name"] = f"item-{self.random.randrange(1000)}"
        return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"

    def destination(self, weight=None):
        subset = f", subset: {self.random.choice(self.versions)}" if self.random.random() < 0.95 else ""
        end = "" if weight is None else f", weight: {weight}"
        return f"{{destination: {{host: s{self.random.randrange(2)}{subset}}}{end}}}"

    def split(self):
        """Destinations of a split differ: the same one twice is an error."""
        parts = {self.destination(): None for _ in range(self.random.randrange(2, 4))}
        weights = [self.random.choice([1, 5, 10, 33, 90]) for _ in parts]
        if len(weights) > 2 and self.random.random() < 0.3:
            weights[0] = 0
        return ", ".join(part[:-1] + f", weight: {weight}}}" for part, weight in zip(parts, weights))

    def action(self, marker):
        kind = self.random.randrange(10)
        if kind == 0:
            return f"    directResponse: {{status: {self.pick(200, 418, 503)}, body: {{string: {marker}}}}}\n"
        if kind == 1:
            return f"    redirect: {{uri: /moved/{marker}}}\n"
        route = self.destination() if kind <= 4 else self.split()
        out = f"    route: [{route}]\n    retries: {{attempts: 0}}\n"
        if self.random.random() < 0.2:
            out += "    rewrite: {uri: /rewritten}\n"
        if self.random.random() < 0.2:
            out += (f"    mirrors:\n    - {self.destination()[:-1]}, "
                    f"percentage: {{value: {self.pick(1, 10, 50)}}}}}\n")
        return out

    def virtual_service(self, name):
        rules = ""
        count = self.random.randrange(3, 10)
        self.rule_names[name] = [f"{name}-r{i}" for i in range(count)]
        for i in range(count):
            last = i == count - 1 and self.random.random() < 0.7
            items = [] if last else [self.item() for _ in range(self.random.randrange(1, 4))]
            match = f"    match: [{', '.join(items)}]\n" if items else ""
            rules += f"  - name: {name}-r{i}\n{match}{self.action(f'{name}-r{i}')}"
        sticky = self.pick("", "", "header:x-user", "cookie:uid", "query:user")
        notes = f", annotations: {{sluice.dev/sticky: {text(sticky)}}}" if sticky else ""
        return ("apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                f"metadata: {{name: {name}{notes}}}\nspec:\n"
                f"  hosts: [{', '.join(text(host) for host in self.hosts[name])}]\n"
                f"{'' if self.gateway_port is None else '  gateways: [edge]' + chr(10)}  http:\n{rules}")

    def experiment(self, number):
        unit = self.pick("{header: x-user}", "{cookie: uid}", "{queryParam: user}")
        cut = self.random.randrange(1, 99)
        arms = (f"  - {{name: one, buckets: 0-{cut}, subset: {self.random.choice(self.versions)}}}\n"
                f"  - {{name: two, buckets: {cut + 1}-{self.random.randrange(cut + 1, 100)}, "
                f"subset: {self.random.choice(self.versions)}}}\n")
        names = self.random.sample(self.rule_names["m0"], 2)
        routes = f"  routes: [{', '.join(names)}]\n" if self.random.random() < 0.3 else ""
        return ("apiVersion: sluice.dev/v1alpha1\nkind: Experiment\n"
                f"metadata: {{name: exp-{number}}}\nspec:\n  host: s{number}\n  unit: {unit}\n  arms:\n{arms}{routes}" +
                self.users(number))

    def users(self, number):
        """Who takes part in an experiment, each part now and then. Made units differ from request to request, so they
        have no place here."""
        random = self.random
        lines = []
        if random.random() < 0.4:
            lines.append(f"match: [{', '.join(self.item() for _ in range(random.randrange(1, 4)))}]")
        if random.random() < 0.4:
            first = random.randrange(10_000)
            lines += [f"layer: layer-{number}", f"layerBuckets: {first}-{random.randrange(first, 10_000)}"]
        if random.random() < 0.4:
            lines.append(f"holdout: {{percent: {random.choice([0, 2.25, 50, 100])}}}")
        if random.random() < 0.4:
            users = random.sample(USERS, 40)
            lines.append(f"overrides: [{{arm: one, units: {json.dumps(users[:20])}}}, "
                         f"{{arm: two, units: {json.dumps(users[20:])}}}]")
        return "".join(f"  {line}\n" for line in lines)

    def gateway(self):
        """Two servers on one port: one has a name that the wildcard of the other covers too."""
        def server(name, hosts):
            return f"  - {{port: {{number: {self.gateway_port}, name: {name}, protocol: HTTP}}, hosts: {json.dumps(hosts)}}}\n"

        return ("apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec:\n  servers:\n" +
                server("one", ["m0", "m1", "deep.m1.example"]) + server("two", ["*.m1.example", "m2.example"]))

    def policy(self):
        return ("apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: deny}\nspec:\n"
                "  action: DENY\n  rules: [{to: [{operation: {paths: [\"/a/*\"], methods: [PUT, DELETE]}}]}]\n")

    def request(self):
        """{"method", "authority", "target", "headers": [[name, value]]}"""
        random = self.random
        host = random.choice(["m0", "m0:80", "M1", "x.m1.example", "deep.m1.example", "m2.example.", "m2.example",
                              "unknown.test", "m1"])
        path = random.choice(PATHS)
        if random.random() < 0.1:
            path = random.choice(["/rank/../score", "/%72ank", "/a/./b/c", "/rank%2Ftop", "/v1//rank", "/%zz", "/rank/"])
        query = [random.choice(QUERY) + random.choice(["", "=", "=1", "=7", "=gold", "=premium", "=" + random.choice(USERS)])
                 for _ in range(random.choice([0, 0, 1, 2]))]
        headers = [[random.choice(HEADERS), random.choice(VALUES)] for _ in range(random.choice([0, 1, 1, 2, 3]))]
        if random.random() < 0.5:
            headers.append(["X-User", random.choice(USERS)])
        if random.random() < 0.3:
            headers.append(["Cookie", f"a=b; uid={random.choice(USERS)}"])
        if random.random() < 0.05:
            headers.append(["x-ab-bucket", "1"])  # forged: nobody may say that
        return {"method": random.choice(METHODS), "authority": host,
                "target": path + ("?" + "&".join(query) if query else ""), "headers": headers}
