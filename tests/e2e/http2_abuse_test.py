"""The attacks of reliability.md section 2 on a running gateway: each is cut with the right code, counted, costs little,
and harms no other client. What meets a deadline instead: http2_deadlines_test.py."""
import itertools
import unittest

import h2_frames as h2
import rig
from abuse import AbuseTest, odd, post
from wire import text

MANY = 100_000


class Floods(AbuseTest):
    def test_requests_made_and_reset(self):
        self.assert_cut((h2.head(i) + h2.rst(i) for i in itertools.islice(odd(), 20_000)), "reset_flood")

    def test_requests_that_we_are_made_to_reset_by_their_window(self):
        self.assert_cut((post(i) + h2.window_update(i, 0x7fffffff) for i in itertools.islice(odd(), 20_000)),
                        "glitch_flood", answered=True)

    def test_requests_that_we_are_made_to_reset_by_their_length(self):
        self.assert_cut((post(i, ("content-length", "9")) + h2.frame(h2.DATA, h2.END_STREAM, i, b"x")
                         for i in itertools.islice(odd(), 20_000)), "glitch_flood", answered=True)

    def test_what_would_reset_a_stream_by_the_book_ends_the_connection(self):
        vectors = {
            "window update of nothing": (h2.window_update(1, 0), h2.PROTOCOL_ERROR),
            "a stream that depends on itself": (h2.frame(h2.PRIORITY, 0, 1, b"\0\0\0\1x"), h2.PROTOCOL_ERROR),
            "a short priority": (h2.frame(h2.PRIORITY, 0, 1, b"\0\0\0\3"), h2.FRAME_SIZE_ERROR),
            "a head behind the end": (h2.head(1), h2.STREAM_CLOSED),
            "data behind the end": (h2.frame(h2.DATA, 0, 1, b"x"), h2.STREAM_CLOSED),
        }
        for name, (frame, code) in vectors.items():
            with self.subTest(name):
                self.assert_cut([h2.head(1) + frame], "protocol_errors", code)

    def test_malformed_requests_one_after_the_other(self):
        bad = h2.pseudo() + [("Upper", "case")]
        self.assert_cut((h2.head(i, bad) for i in itertools.islice(odd(), 20_000)), "glitch_flood", answered=True)

    def test_a_preface_and_then_a_request_of_the_older_version(self):
        attacker = self.peer(begin=b"GET /smuggled HTTP/1.1\r\nhost: model\r\n\r\n", ack=False)

        self.assertEqual(attacker.until_closed(), h2.PROTOCOL_ERROR)
        self.assert_others_served()
        self.assertNotIn("GET /smuggled HTTP/1.1", [request["line"] for request in self.seen])

    def test_pings(self):
        self.assert_cut([h2.frame(h2.PING, payload=bytes(8))] * MANY, "ping_flood")

    def test_answers_to_pings_that_nobody_sent(self):
        self.assert_cut([h2.frame(h2.PING, h2.ACK, payload=bytes(8))] * MANY, "glitch_flood")

    def test_settings(self):
        self.assert_cut([h2.settings()] * MANY, "settings_flood")

    def test_settings_that_shake_every_window(self):
        self.answer_with(lambda connection, request: connection.read_to_end())
        shake = [h2.settings((h2.INITIAL_WINDOW_SIZE, size)) for size in (0, 0x7fffffff)]
        heads = b"".join(h2.head(i) for i in itertools.islice(odd(), 100))
        before, attacker = self.codec("settings_flood"), self.peer()

        attacker.flood([heads] + shake * 1000)

        self.assertEqual(attacker.until_closed(), h2.ENHANCE_YOUR_CALM)
        self.assert_counted("settings_flood", before)

    def test_data_without_data(self):
        self.assert_cut([post(1)] + [h2.frame(h2.DATA, 0, 1)] * MANY, "empty_frame_flood")

    def test_data_of_padding_alone(self):
        self.assert_cut([post(1)] + [h2.frame(h2.DATA, h2.PADDED, 1, b"\0")] * MANY, "empty_frame_flood")

    def test_ends_of_a_stream_that_is_gone(self):
        self.assert_cut([h2.head(1) + h2.rst(1)] + [h2.frame(h2.DATA, h2.END_STREAM, 1)] * MANY, "empty_frame_flood")

    def test_heads_of_a_stream_that_is_gone(self):
        self.assert_cut([h2.head(1) + h2.rst(1)] + [h2.head(1)] * MANY, "glitch_flood")

    def test_window_updates_of_the_connection(self):
        self.assert_cut([h2.window_update(0, 1)] * MANY, "window_update_flood")

    def test_window_updates_of_a_stream(self):
        self.assert_cut([post(1)] + [h2.window_update(1, 1)] * MANY, "window_update_flood")

    def test_frames_of_a_kind_that_does_not_exist(self):
        self.assert_cut([h2.frame(0x42, payload=b"what?")] * MANY, "glitch_flood")

    def test_goodbyes_while_a_request_runs(self):
        self.assert_cut([post(1)] + [h2.frame(h2.GOAWAY, payload=bytes(8))] * MANY, "glitch_flood")

    def test_priorities(self):
        self.assert_cut((h2.frame(h2.PRIORITY, 0, i, b"\0\0\0\0x") for i in itertools.islice(odd(), MANY)),
                        "priority_flood")

    def test_a_head_that_goes_on_and_on(self):
        begin = h2.frame(h2.HEADERS, h2.END_STREAM, 1, h2.block(h2.pseudo()))
        more = h2.frame(h2.CONTINUATION, 0, 1, h2.literal("x", "y" * 1000))
        self.assert_cut([begin] + [more] * 20_000, "continuation_flood")

    def test_a_head_that_goes_on_without_saying_anything(self):
        begin = h2.frame(h2.HEADERS, h2.END_STREAM, 1, h2.block(h2.pseudo()))
        self.assert_cut([begin] + [h2.frame(h2.CONTINUATION, 0, 1)] * MANY, "continuation_flood")

    def test_a_head_of_large_frames(self):
        begin = h2.frame(h2.HEADERS, h2.END_STREAM, 1, h2.block(h2.pseudo()))
        more = h2.frame(h2.CONTINUATION, 0, 1, h2.literal("x", "y" * 16_000))
        self.assert_cut([begin] + [more] * 8, "continuation_flood")

    def test_pings_and_settings_whose_answers_are_not_read(self):
        for frame, counter in ((h2.frame(h2.PING, payload=bytes(8)), "ping_flood"), (h2.settings(), "settings_flood")):
            with self.subTest(counter):
                before, attacker = self.codec(counter), self.peer(receive_buffer=1024)
                check = self.costs()

                attacker.flood([frame] * MANY, reading=False)

                self.assert_counted(counter, before)
                check()
                self.assert_others_served()
                self.assertEqual(attacker.until_closed(), h2.ENHANCE_YOUR_CALM)

    def test_pings_for_each_piece_of_data_are_what_grpc_does(self):
        self.answer_with(text(body=b"hello"))
        peer = self.peer()
        for _ in range(300):
            self.assertEqual(peer.request(), 200)
            peer.send(h2.window_update(0, 5) + h2.frame(h2.PING, payload=b"\2\4\x10\x10\t\x0e\7\7"))

        self.assertEqual(peer.request(), 200)


class Heads(AbuseTest):
    def bomb(self, name):
        """100 heads that name an entry of 4 KB 12,000 times each, at a byte a time."""
        entry = h2.literal(name, "x" * 4000, index=True)
        for i, stream in enumerate(itertools.islice(odd(), 100)):
            payload = h2.block(h2.pseudo()) + (entry if i == 0 else b"") + b"\xbe" * 12_000
            yield h2.frame(h2.HEADERS, h2.END_STREAM | h2.END_HEADERS, stream, payload)

    def assert_reset(self, frames, streams, counter="headers_too_large"):
        """Each stream is reset, the connection lives."""
        self.seen.clear()
        before, attacker = self.codec(counter), self.peer()
        check = self.costs()

        attacker.flood(frames)
        attacker.until(lambda: len(attacker.resets) == streams, "every reset")

        check()
        self.assertEqual(set(attacker.resets.values()), {h2.ENHANCE_YOUR_CALM})
        rig.until(lambda: self.codec(counter) == before + streams, "each is counted")
        attacker.next_stream = 2 * streams + 1
        self.assertEqual(attacker.request(), 200)
        self.assertEqual(len(self.seen), 1)
        self.assert_others_served()

    def test_a_bomb_of_references_is_reset_stream_by_stream(self):
        self.assert_reset(self.bomb("x-header"), 100)

    def test_a_bomb_of_cookies_is_reset_stream_by_stream(self):
        self.assert_reset(self.bomb("cookie"), 100)

    def test_empty_crumbs_of_a_cookie_count_as_fields(self):
        entry = h2.literal("cookie", "", index=True)
        payload = h2.block(h2.pseudo()) + entry + b"\xbe" * 100
        self.assert_reset([h2.frame(h2.HEADERS, h2.END_STREAM | h2.END_HEADERS, 1, payload)], 1)

    def test_a_hundred_fields_pass_and_one_more_does_not(self):
        fields = [("x", "y")] * 100
        self.assertEqual(self.honest.request(h2.pseudo() + fields), 200)

        self.assert_reset([h2.head(1, h2.pseudo() + fields + [("x", "y")])], 1)

    def test_a_list_of_more_than_sixty_kibibytes_is_reset(self):
        fields = [("x", "y" * 6000)] * 9  # and 32 for each, RFC 9113 section 6.5.2
        self.assertEqual(self.honest.request(h2.pseudo() + fields[:2]), 200)
        payload = h2.block(h2.pseudo() + fields + [("x", "y" * 8000)])
        cut = [payload[at:at + 16_000] for at in range(0, len(payload), 16_000)]
        frames = [h2.frame(h2.HEADERS, h2.END_STREAM, 1, cut[0])]
        frames += [h2.frame(h2.CONTINUATION, h2.END_HEADERS if piece is cut[-1] else 0, 1, piece) for piece in cut[1:]]

        self.assert_reset([b"".join(frames)], 1)


if __name__ == "__main__":
    unittest.main()
