"""What is more than a request and an answer, over mutual TLS on both sides: gRPC streams of grpcio, and WebSocket."""
import asyncio
import importlib.util
import ssl
import sys
import unittest
from concurrent import futures

import pki
import rig
import tls_rig
from tls_rig import EDGE, TlsFront, TlsTest, server, upstream
from websocket_test import EchoServer, websockets

if importlib.util.find_spec("grpc") is None or websockets is None:
    print("skipped: python3-grpcio or python3-websockets is not installed")
    sys.exit(0)

import grpc  # noqa: E402


class Service(grpc.GenericRpcHandler):
    """Echoes streams; remembers who the peer was."""

    def __init__(self):
        self.peers = []

    def service(self, details):
        return grpc.stream_stream_rpc_method_handler(self.talk)

    def talk(self, requests, context):
        self.peers.append(context.peer_identities())
        yield from requests


class Streams(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        ca = cls.authority
        cls.credential("edge", ca.leaf(dns=[EDGE, "ws.example"]), ca.root_pem())
        cls.client = cls.client_credential("client", ca.workload("client"))
        # A server of grpcio that asks for certificates, and an echo server of WebSocket behind TLS.
        model = ca.workload("model", end=5 * pki.DAY)
        cls.service = Service()
        cls.grpc_server = grpc.server(futures.ThreadPoolExecutor(4))
        cls.grpc_server.add_generic_rpc_handlers((cls.service,))
        credentials = grpc.ssl_server_credentials([(model.key_pem(), model.chain_pem())], ca.root_pem(), True)
        cls.grpc_port = cls.grpc_server.add_secure_port("127.0.0.1:0", credentials)
        cls.grpc_server.start()
        cls.addClassCleanup(cls.grpc_server.stop, None)
        cls.echo = EchoServer("v0")
        cls.addClassCleanup(cls.echo.stop)
        directory = pki.put_credential(cls.directory / "model", model)
        front = TlsFront(tls_rig.server_context(directory, ca.root_pem(), ("http/1.1",)), cls.echo.port)
        cls.addClassCleanup(front.stop)

        cls.port = tls_rig.free_port()
        servers = [server(cls.port, {"mode": "MUTUAL", "credentialName": "edge"}, [EDGE, "ws.example"])]
        mutual = upstream(mode="ISTIO_MUTUAL")
        rules = (rig.rules([cls.grpc_port], rig.PLAIN, mutual).replace("protocol: HTTP", "protocol: GRPC") + "---\n" +
                 rig.rules([front.port], rig.PLAIN.replace("model", "chat"), mutual, "chat"))
        cls.run_gateway(rules + tls_rig.edge_rules("model", EDGE) + tls_rig.edge_rules("chat", "ws.example") +
                        tls_rig.gateway(servers),
                        "identity: {certificateDirectory: certificates}", listeners=("admin", "metrics"))

    def test_a_grpc_stream_over_mutual_tls_on_both_sides(self):
        credentials = grpc.ssl_channel_credentials(self.authority.root_pem(), (self.client / "tls.key").read_bytes(),
                                                   (self.client / "tls.crt").read_bytes())
        options = [("grpc.ssl_target_name_override", EDGE), ("grpc.enable_http_proxy", 0)]
        with grpc.secure_channel(f"127.0.0.1:{self.port}", credentials, options) as channel:
            talk = channel.stream_stream("/echo.Echo/Talk")
            sent = [b"%d" % i * 1000 for i in range(200)]
            self.assertEqual(list(talk(iter(sent), timeout=20)), sent)
        self.assertEqual([[bytes(peer) for peer in peers] for peers in self.service.peers],
                         [[pki.spiffe("sluice").encode()]])

    def test_a_websocket_over_mutual_tls_on_both_sides(self):
        context = ssl.create_default_context(cadata=self.authority.root_pem().decode())
        context.load_cert_chain(self.client / "tls.crt", self.client / "tls.key")

        async def talk():
            async with websockets.connect("wss://ws.example/chat", host="127.0.0.1", port=self.port, ssl=context,
                                          server_hostname="ws.example", max_size=1 << 22) as connection:
                self.assertEqual(await connection.recv(), "v0")
                for message in ("hello", "x" * 1_000_000):
                    await connection.send(message)
                    self.assertEqual(await connection.recv(), message)
        asyncio.run(asyncio.wait_for(talk(), 30))
        rig.until(lambda: self.echo.closed_with == [1000], "the close at the model")


if __name__ == "__main__":
    unittest.main()
