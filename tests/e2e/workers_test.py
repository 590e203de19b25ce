"""Several workers share the work, and how many there are is said by the flag, the file or the machine, in that order."""
import contextlib
import os
import unittest

from rig import PLAIN, RigTest, rules, settings


class WorkersTest(RigTest):
    def test_connections_are_spread_over_the_workers_and_all_serve(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN), "--workers", 3)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(gateway.client()) for _ in range(9)]
            self.assertEqual({client.request().status for client in clients}, {200})
            # Each worker has a pool of its own, and one request at a time needs one connection of it.
            self.assertEqual(len(model.connections), 3)

    def test_the_number_of_workers_is_the_flags_then_the_files_then_the_machines(self):
        model = self.model()
        file = rules([model.port], PLAIN, more=settings("workers: 3"))
        plain = rules([model.port], PLAIN)
        for text, flags, expected in ((file, ["--workers", 2], 2), (file, [], 3), (file, ["--workers", "auto"], 3),
                                      (plain, [], len(os.sched_getaffinity(0)))):
            with self.subTest(flags=flags, expected=expected):
                gateway = self.gateway(text, *flags)
                self.assertEqual(gateway.metric("envoy_server_concurrency"), expected)
                self.assertEqual(gateway.get().status, 200)


if __name__ == "__main__":
    unittest.main()
