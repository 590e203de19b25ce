"""Certificates of every kind, made on the spot: authorities, leaves that are right or wrong in one way, lists of revoked
ones, and the two directory layouts that Sluice reads. Needs python3-cryptography 38.

    ca = Authority(directory)                                   # a self-signed root in directory/NAME.crt and .key
    leaf = ca.leaf("server", dns=["localhost"], ips=["127.0.0.1"])
    write_credential(directory / "credentials", "gateway", leaf, ca=ca)

Times are seconds from now, so that a test says `not_after=-60` for what has expired.
"""
import dataclasses
import datetime
import ipaddress
import os
import pathlib
import shutil
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

DAY = 24 * 3600
USAGES = {
    "server": [ExtendedKeyUsageOID.SERVER_AUTH],
    "client": [ExtendedKeyUsageOID.CLIENT_AUTH],
    "both": [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
    "wrong": [ExtendedKeyUsageOID.CODE_SIGNING],
    "none": None,  # no such extension: good for anything
}
SUBJECT_ALT_NAME = ObjectIdentifier("2.5.29.17")
DNS, URI, IP = 2, 6, 7  # the context tags of a GeneralName (RFC 5280 section 4.2.1.6)


@dataclasses.dataclass
class Leaf:
    """A certificate with its key, and the files they are in: chain_path is the leaf followed by its intermediates."""
    certificate: x509.Certificate
    key: object
    chain_path: pathlib.Path
    key_path: pathlib.Path

    @property
    def serial(self):
        return self.certificate.serial_number


def new_key(kind="ec"):
    """A private key: "ec" (P-256) or "rsa" (2048 bits; "rsa-1024" is too weak to be accepted)."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=1024 if kind == "rsa-1024" else 2048)


def pem(certificate):
    """A certificate or a list of revoked ones as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def write(path, text, mode=0o644):
    """Replaces a file in one step: nobody reads half of it. Returns the path."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.chmod(temporary, mode)
    os.replace(temporary, path)
    return path


def raw_names(*entries):
    """The value of a subjectAltName extension with any bytes in it: (DNS, b"good.example\\0.evil.example"), ..."""
    def der(tag, content):
        size = len(content)
        if size < 128:
            return bytes([tag, size]) + content
        length = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([tag, 0x80 | len(length)]) + length + content
    return der(0x30, b"".join(der(0x80 | kind, content) for kind, content in entries))


def _time(offset):
    return datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=offset)


def _alt_names(dns, uris, ips):
    names = [x509.DNSName(name) for name in dns] + [x509.UniformResourceIdentifier(uri) for uri in uris]
    return x509.SubjectAlternativeName(names + [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips])


def _key_usage(authority):
    return x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
                         content_commitment=False, key_encipherment=False, data_encipherment=False,
                         key_agreement=False, encipher_only=False, decipher_only=False)


class Authority:
    """Signs certificates; its own is in `path` (PEM), its key in `key_path`. Made self-signed, or by intermediate()."""

    def __init__(self, directory, name="ca", *, issuer=None, key="ec", permitted=(), excluded=(), path_length=None,
                 not_before=-3600, not_after=30 * DAY):
        """`permitted` and `excluded` are name constraints: "example.com" for DNS names, "uri:host" for URIs."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.issuer = issuer
        self.key = new_key(key)
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
        builder = self._builder(issuer or self, self.subject, self.key, not_before, not_after)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        builder = builder.add_extension(_key_usage(authority=True), critical=True)
        if permitted or excluded:
            builder = builder.add_extension(x509.NameConstraints(_subtrees(permitted), _subtrees(excluded)), critical=True)
        self.certificate = builder.sign((issuer or self).key, hashes.SHA256())
        self.path = write(self.directory / f"{name}.crt", pem(self.certificate))
        self.key_path = write(self.directory / f"{name}.key", key_pem(self.key), 0o600)

    def _builder(self, issuer, subject, key, not_before, not_after, serial=None):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject).public_key(key.public_key())
                .serial_number(serial or x509.random_serial_number())
                .not_valid_before(_time(not_before)).not_valid_after(_time(not_after))
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False))

    def intermediate(self, name="intermediate", **how):
        """An authority signed by this one; leaves of it carry its certificate in their chain."""
        return Authority(self.directory, name, issuer=self, **how)

    @property
    def root(self):
        return self if self.issuer is None else self.issuer.root

    def chain_pem(self):
        """The intermediates from here up to the root, without the root."""
        return "" if self.issuer is None else pem(self.certificate) + self.issuer.chain_pem()

    def leaf(self, name, *, dns=(), uris=(), ips=(), usage="both", not_before=-3600, not_after=7 * DAY, key="ec",
             raw_san=None, common_name=None, with_chain=True, serial=None):
        """A Leaf in NAME.crt and NAME.key. `usage` is a key of USAGES; `raw_san` (see raw_names) replaces the names;
        a wildcard is a DNS name like any other; the common name is there to be ignored. Names are ASCII."""
        private = new_key(key)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name or name)])
        builder = self._builder(self, subject, private, not_before, not_after, serial)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(authority=False), critical=True)
        if USAGES[usage] is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(USAGES[usage]), critical=False)
        if raw_san is not None:
            builder = builder.add_extension(x509.UnrecognizedExtension(SUBJECT_ALT_NAME, raw_san), critical=False)
        elif dns or uris or ips:
            builder = builder.add_extension(_alt_names(dns, uris, ips), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        text = pem(certificate) + (self.chain_pem() if with_chain else "")
        return Leaf(certificate, private, write(self.directory / f"{name}.crt", text),
                    write(self.directory / f"{name}.key", key_pem(private), 0o600))

    def workload(self, name="workload", *, trust_domain="cluster.local", namespace="default", account="sluice", **how):
        """A leaf of a mesh: its one name is the SPIFFE id of a service account."""
        return self.leaf(name, uris=[f"spiffe://{trust_domain}/ns/{namespace}/sa/{account}"], **how)

    def crl(self, revoked=(), *, name=None, not_before=-3600, not_after=7 * DAY):
        """A file with the list of revoked certificates (Leaf, Authority or serial) of this authority."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject)
        builder = builder.last_update(_time(not_before)).next_update(_time(not_after))
        builder = builder.add_extension(x509.CRLNumber(int(_time(0).timestamp())), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        for one in revoked:
            serial = one if isinstance(one, int) else one.certificate.serial_number
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_time(-60)).build())
        return write(self.directory / f"{name or self.name}.crl", pem(builder.sign(self.key, hashes.SHA256())))


def _subtrees(names):
    """A list for NameConstraints, or None: an empty one is not allowed."""
    trees = [x509.UniformResourceIdentifier(n[4:]) if n.startswith("uri:") else x509.DNSName(n) for n in names]
    return trees or None


def bundle(path, *authorities):
    """One file with the certificates of several authorities."""
    return write(path, "".join(pem(authority.certificate) for authority in authorities))


# --- The layouts that Sluice reads ------------------------------------------------------------------------------------

def credential_files(leaf, ca=None, crl=None):
    """What a directory of a Gateway's `credentialName` holds: {file: (text, mode)}. `ca` is an Authority, or the path of
    a bundle; `crl` a path."""
    files = {"tls.crt": (leaf.chain_path.read_text(), 0o644), "tls.key": (key_pem(leaf.key), 0o600)}
    return files | _trust(ca, "ca.crt") | ({} if crl is None else {"ca.crl": (pathlib.Path(crl).read_text(), 0o644)})


def workload_files(leaf, ca=None):
    """What the directory of the workload's own certificate holds, as Istio's agent writes it."""
    files = {"cert-chain.pem": (leaf.chain_path.read_text(), 0o644), "key.pem": (key_pem(leaf.key), 0o600)}
    return files | _trust(ca, "root-cert.pem")


def _trust(ca, name):
    if ca is None:
        return {}
    return {name: (pem(ca.root.certificate) if isinstance(ca, Authority) else pathlib.Path(ca).read_text(), 0o644)}


def write_files(directory, files):
    """Each file replaced in one step, the key last: a reader may meet the new certificate with the old key."""
    for name, (text, mode) in sorted(files.items(), key=lambda item: item[1][1] == 0o600):
        write(pathlib.Path(directory) / name, text, mode)
    return pathlib.Path(directory)


def write_linked(directory, files):
    """As Kubernetes mounts a secret: NAME -> ..data/NAME, ..data -> a directory of this version. All files change in the
    one step that replaces the link; the old version is removed afterwards."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    version = pathlib.Path(tempfile.mkdtemp(dir=directory, prefix="..version_"))
    write_files(version, files)
    data = directory / "..data"
    old = data.resolve() if data.is_symlink() else None
    link = directory / "..data_tmp"
    link.symlink_to(version.name)
    os.replace(link, data)
    for name in files:
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"..data/{name}")
    if old is not None:
        shutil.rmtree(old)
    return directory


def write_credential(directory, name, leaf, ca=None, crl=None, linked=False):
    """DIRECTORY/NAME/{tls.crt,tls.key,ca.crt,ca.crl}; returns DIRECTORY/NAME."""
    return (write_linked if linked else write_files)(pathlib.Path(directory) / name, credential_files(leaf, ca, crl))


def write_workload(directory, leaf, ca=None, linked=False):
    """DIRECTORY/{cert-chain.pem,key.pem,root-cert.pem}; returns DIRECTORY."""
    return (write_linked if linked else write_files)(directory, workload_files(leaf, ca))
