"""The proxies that are compared, each set up for the rule of canonical.md by its own means. Standard library only.

Each module has `start(ground, name)`: the Proxy, or None when its program is not installed.
"""
from proxies import envoy, haproxy, nghttpx, nginx, sluice

# In the order of the tables. The relay is HAProxy in TCP mode.
KINDS = {"nginx": nginx.start, "haproxy": haproxy.start, "relay": haproxy.start_relay, "nghttpx": nghttpx.start,
         "envoy": envoy.start, "sluice": sluice.start}
RULELESS = ("relay", "nghttpx")  # they cannot look at a header field
