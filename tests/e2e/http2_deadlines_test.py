"""What an HTTP/2 client owes and does not do ends in time: SETTINGS, their answer, the rest of a head, reading what it
asked for."""
import itertools
import unittest

import h2_frames as h2
import rig
from abuse import GROWTH_KIB, HELD_KIB, AbuseTest, odd
from wire import text


class Deadlines(AbuseTest):
    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN, more=rig.settings("timeouts: {requestHead: 300ms}")))

    def test_settings_that_are_never_acknowledged(self):
        peer = self.peer(ack=False)

        self.assertEqual(peer.until_closed(), h2.SETTINGS_TIMEOUT)
        self.assert_others_served()

    def test_a_preface_without_settings(self):
        peer = self.peer(begin=b"", ack=False)

        self.assertEqual(peer.until_closed(), h2.SETTINGS_TIMEOUT)

    def assert_dribble_ends(self, data):
        """Its beginning is sent byte by byte, without end; the deadline is not pushed on by that."""
        before, peer = self.gateway.metric("envoy_http_downstream_rq_header_timeout"), self.peer()
        peer.until(lambda: (h2.SETTINGS, h2.ACK, 0, b"") in peer.frames, "our SETTINGS acknowledged")
        self.seen.clear()
        left = iter(data)

        def cut():
            if byte := bytes(itertools.islice(left, 1)):
                peer.send(byte)
            peer.poll()
            return peer.goaway is not None
        rig.until(cut, "GOAWAY")

        self.assertEqual(peer.until_closed(), h2.PROTOCOL_ERROR)
        self.assertEqual(self.seen, [])
        rig.until(lambda: self.gateway.metric("envoy_http_downstream_rq_header_timeout") > before, "it is counted")
        self.assert_others_served()

    def test_a_head_in_one_frame_that_dribbles(self):
        self.assert_dribble_ends(h2.head(1, h2.pseudo() + [("x", "y" * 10_000)])[:9_000])

    def test_a_head_that_waits_for_its_continuation(self):
        self.assert_dribble_ends(h2.frame(h2.HEADERS, h2.END_STREAM, 1, h2.block(h2.pseudo())))

    def test_half_of_the_header_of_a_frame(self):
        self.assert_dribble_ends(h2.head(1)[:5])


class UnreadAnswers(AbuseTest):
    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN, more=rig.settings("timeouts: {streamIdle: 500ms}")))

    def assert_given_up(self, body, kib=GROWTH_KIB):
        self.answer_with(text(body=body))
        attacker = self.peer(begin=h2.settings((h2.INITIAL_WINDOW_SIZE, 0)))
        check = self.costs(kib)

        attacker.flood(h2.head(i) for i in itertools.islice(odd(), 100))
        attacker.until(lambda: len(attacker.resets) == 100 or attacker.goaway is not None, "every reset")

        check()
        self.assertEqual(attacker.data, {})
        self.wait_metric(0, "envoy_http_downstream_rq_active")
        self.answer_with(text(body=b"hello"))
        self.assert_others_served()
        return attacker

    def test_small_answers_behind_a_window_of_nothing(self):
        before = self.codec("unread_reset")

        attacker = self.assert_given_up(b"x" * 1000)

        self.assertEqual(set(attacker.resets.values()), {h2.CANCEL})
        rig.until(lambda: self.codec("unread_reset") == before + 100, "each is counted")

    def test_large_answers_behind_a_window_of_nothing(self):
        before = self.flagged("SI")

        self.assert_given_up(b"x" * 1_000_000, HELD_KIB)

        self.assert_flag("SI", before, 100)

    def test_an_answer_that_a_slow_reader_takes_is_not_given_up(self):
        """It takes longer than the deadline as a whole; each byte pushes it on."""
        self.answer_with(text(body=b"x" * 100))
        never = self.peer(begin=h2.settings((h2.INITIAL_WINDOW_SIZE, 0)))
        slow = self.peer(begin=h2.settings((h2.INITIAL_WINDOW_SIZE, 0)))
        slow.send(h2.head(1))
        slow.until(lambda: 1 in slow.status, "the head")
        never.send(h2.head(1))

        def given_up():
            if len(slow.data.get(1, b"")) < 99:
                slow.send(h2.window_update(1, 1))
                size = len(slow.data.get(1, b""))
                slow.until(lambda: len(slow.data.get(1, b"")) > size or slow.resets, "another byte")
            return never.poll() or never.resets
        rig.until(given_up, "the other one is given up")

        slow.send(h2.window_update(1, 100))
        self.assertEqual(slow.outcome(1), 200)


if __name__ == "__main__":
    unittest.main()
