"""Single connections by hand: what a load generator is no use for. Standard library only."""
import functools
import socket
import ssl


def frame(kind, flags, stream, body=b""):
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


HTTP1 = b"GET /predict HTTP/1.1\r\nhost: content-ranking-svc\r\n\r\n"
# RFC 7541: indexed GET and https, a literal :path and :authority.
HTTP2 = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) +
         frame(1, 5, 1, b"\x82\x87\x04\x08/predict\x01\x13content-ranking-svc"))
SECONDS = 10


@functools.cache
def context(protocol, credential=None):
    """Nobody's certificate is checked; `credential` is a directory with the client's own."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_alpn_protocols([protocol])
    if credential is not None:
        made.load_cert_chain(credential / "tls.crt", credential / "tls.key")
    return made


def connect(address, protocol=None, credential=None):
    """A connection; in TLS when a protocol is to be agreed on."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=SECONDS)
    if protocol is None:
        return connection
    try:
        return context(protocol, credential).wrap_socket(connection, server_hostname="localhost")
    except OSError:
        connection.close()
        raise


def answers(address, protocol=None, credential=None):
    """Whether one HTTP/1.1 request is answered with 200; a refused handshake or connection is no answer."""
    try:
        with connect(address, protocol, credential) as connection:
            connection.sendall(HTTP1)
            return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
