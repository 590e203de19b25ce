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

    def test_a_slow_reader_keeps_its_answer_and_one_of_single_bytes_loses_it(self):
        """The deadline is for a kibibyte: an answer may take longer as a whole, but not for ever."""
        size = 60_000
        self.answer_with(text(body=b"x" * size))
        peers = {}
        for name in ("never", "drip", "slow"):
            peers[name] = self.peer(begin=h2.settings((h2.INITIAL_WINDOW_SIZE, 0)))
            peers[name].send(h2.head(1))
            peers[name].until(lambda peer=peers[name]: 1 in peer.status, "the head")

        def take(peer, amount):
            have = len(peer.data.get(1, b""))
            if have + amount >= size or peer.resets:
                return
            peer.send(h2.window_update(1, amount))
            peer.until(lambda: len(peer.data.get(1, b"")) > have or peer.resets, "some more")

        def given_up():
            take(peers["slow"], 512)
            take(peers["drip"], 1)
            peers["never"].poll()
            return peers["never"].resets and peers["drip"].resets
        rig.until(given_up, "the other two are given up")

        peers["slow"].send(h2.window_update(1, size))
        self.assertEqual(peers["slow"].outcome(1), 200)


if __name__ == "__main__":
    unittest.main()
