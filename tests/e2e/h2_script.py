"""A model server of HTTP/2 that a test scripts event by event, for what no well-behaved server does: GOAWAY in the middle,
refusals, resets, silence. Needs python3-h2."""
import contextlib
import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings


class H2Model:
    """`script(connection, event)` is called for every event of every connection, in a thread per connection, and acts on
    `connection.h2`; what it leaves there is sent. Remembers its connections, each with its events."""

    def __init__(self, script, streams_max=100):
        self.script, self.streams_max = script, streams_max
        self.connections, self.errors = [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                connection = H2ModelConnection(peer, len(self.connections), self.streams_max)
                self.connections.append(connection)
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            connection.run(self.script)
        except OSError:
            pass  # the gateway ended it: the test asserts on what it saw
        except Exception as error:  # pylint: disable=broad-except; a ProtocolError too
            self.errors.append(error)
        finally:
            connection.ended.set()
            connection.socket.close()

    @property
    def requests(self):
        """(connection, stream) of every request, in order of arrival per connection."""
        return [(connection.number, event.stream_id) for connection in list(self.connections)
                for event in list(connection.events) if isinstance(event, h2.events.RequestReceived)]

    def stop(self):
        self.listener.close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)


class H2ModelConnection:
    def __init__(self, peer, number, streams_max):
        self.socket, self.number = peer, number
        self.events = []
        self.ended = threading.Event()
        self.leaving = False  # GOAWAY went: what still comes is not looked at
        self.silent = False  # reads and says nothing any more, not even what the protocol asks for
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        # update() would only be told after the first acknowledgement, and hold from it on.
        self.h2.local_settings = h2.settings.Settings(
            client=False, initial_values={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: streams_max})

    def run(self, script):
        self.h2.initiate_connection()
        self.flush()
        while data := self.socket.recv(65536):
            if self.leaving:
                continue
            for event in self.h2.receive_data(data):
                self.events.append(event)
                script(self, event)
            self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data and not self.silent:
            self.socket.sendall(data)

    def answer(self, stream, body=b"ok", status=200):
        self.h2.send_headers(stream, [(":status", str(status)), ("content-length", str(len(body)))])
        self.h2.send_data(stream, body, end_stream=True)

    def leave(self, last):
        """GOAWAY: no stream beyond `last` was or will be processed. python-h2 sends nothing after it."""
        self.h2.close_connection(last_stream_id=last)
        self.leaving = True
