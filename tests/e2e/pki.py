"""Certificates of every kind, made on the spot: authorities, leaves that are right or wrong in one way, revocation lists,
and the directories that the gateway reads them from. Keys are EC P-256, which takes no time."""
import datetime
import ipaddress
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER, CLIENT, CODE = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH,
                        ExtendedKeyUsageOID.CODE_SIGNING)
DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow()


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(*certificates):
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def spiffe(account, name_space="default", trust_domain="cluster.local"):
    return f"spiffe://{trust_domain}/ns/{name_space}/sa/{account}"


class Leaf:
    """A certificate with its chain and key."""

    def __init__(self, key, *chain):
        self.key = key
        self.chain = chain

    @property
    def certificate(self):
        return self.chain[0]

    def chain_pem(self):
        return pem(*self.chain)

    def key_pem(self):
        return key_pem(self.key)


class Authority:
    """A certificate authority, self-signed or below another."""

    def __init__(self, text="Test CA", parent=None, constraints=None, depth=None, begin=-DAY, end=30 * DAY):
        self.key = ec.generate_private_key(ec.SECP256R1())
        issuer = parent or self
        self.subject = name(text)
        self.above = parent
        builder = (x509.CertificateBuilder().subject_name(self.subject).issuer_name(issuer.subject)
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() + begin).not_valid_after(now() + end)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
                   .add_extension(usage(sign=True), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False))
        if constraints:
            builder = builder.add_extension(x509.NameConstraints([x509.DNSName(dns) for dns in constraints], None),
                                            critical=True)
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    def root_pem(self):
        """Of the root at the top."""
        return self.above.root_pem() if self.above else pem(self.certificate)

    def intermediates(self):
        return [self.certificate, *self.above.intermediates()] if self.above else []

    def leaf(self, dns=(), uris=(), ips=(), usages=(SERVER, CLIENT), begin=-DAY, end=10 * DAY, subject="leaf",
             names=None):
        """`names` takes the place of the names that the other arguments make: any GeneralNames."""
        key = ec.generate_private_key(ec.SECP256R1())
        if names is None:
            names = ([x509.DNSName(text) for text in dns] + [x509.UniformResourceIdentifier(text) for text in uris] +
                     [x509.IPAddress(ipaddress.ip_address(text)) for text in ips])
        builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(self.subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() + begin).not_valid_after(now() + end)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .add_extension(usage(sign=False), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        return Leaf(key, builder.sign(self.key, hashes.SHA256()), *self.intermediates())

    def workload(self, account, name_space="default", trust_domain="cluster.local", **more):
        return self.leaf(uris=[spiffe(account, name_space, trust_domain)], **more)

    def crl(self, *revoked, end=DAY):
        """The list of those leaves, as PEM."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject).last_update(now() - DAY)
        builder = builder.next_update(now() + end)
        for leaf in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(leaf.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now() - DAY / 2).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def usage(sign):
    return x509.KeyUsage(digital_signature=not sign, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, key_cert_sign=sign, crl_sign=sign,
                         encipher_only=False, decipher_only=False)


# --- files --------------------------------------------------------------------------------------------------------


def put(path, data, mode=0o644):
    """Replaces the file in one step, as whoever renews certificates should."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    os.replace(fresh, path)
    return path


def put_credential(directory, leaf, ca=None, crl=None):
    """DIRECTORY/{tls.crt, tls.key, ca.crt, ca.crl}, as credentialName reads it."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    put(directory / "tls.key", leaf.key_pem(), 0o600)
    put(directory / "tls.crt", leaf.chain_pem())
    if ca is not None:
        put(directory / "ca.crt", ca)
    if crl is not None:
        put(directory / "ca.crl", crl)
    return directory


def put_workload(directory, leaf, root, crl=None):
    """DIRECTORY/{cert-chain.pem, key.pem, root-cert.pem, ca-crl.pem}, as a workload has them."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    put(directory / "key.pem", leaf.key_pem(), 0o600)
    put(directory / "cert-chain.pem", leaf.chain_pem())
    put(directory / "root-cert.pem", root)
    if crl is not None:
        put(directory / "ca-crl.pem", crl)
    return directory


def swap_credential(directory, leaf, ca=None):
    """Renews a credential as Kubernetes does: a new directory, then one renamed symbolic link. The first call makes the
    links."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    fresh = directory / f"..{os.urandom(6).hex()}"
    put_credential(fresh, leaf, ca)
    link = directory / "..data.new"
    link.symlink_to(fresh.name)
    os.replace(link, directory / "..data")
    for file in fresh.iterdir():
        at = directory / file.name
        if not at.is_symlink():
            at.symlink_to(f"..data/{file.name}")
    return directory
