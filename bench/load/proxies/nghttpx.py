"""nghttpx: routes by host and path alone, so both versions are one group with weights. Standard library only."""
import harness
from proxies.proxy import Proxy, find


def start(ground, name="nghttpx"):
    path = find("nghttpx")
    if path is None:
        return None
    ports = {door: harness.free_port() for door in ("http", "https", "mtls")}
    common = [path, "--conf=/dev/null", "--single-process", f"-n{ground.workers}", "--errorlog-file=/dev/null",
              *(f"--backend=127.0.0.1,{ground.models[version]};;weight={weight}"
                for version, weight in (("v45", 90), ("v47", 10)))]
    pair = [ground.certs / "gateway" / "tls.key", ground.certs / "gateway" / "tls.crt"]
    open_to_all = ground.start(name, [
        *common, f"--frontend=127.0.0.1,{ports['http']};no-tls", f"--frontend=127.0.0.1,{ports['https']}", *pair],
        [ports["http"], ports["https"]])
    # The demand for a client certificate holds for all TLS of a process.
    mutual = ground.start(f"{name}-mutual", [
        *common, f"--frontend=127.0.0.1,{ports['mtls']}", "--verify-client",
        f"--verify-client-cacert={ground.certs}/ca.crt", *pair], [ports["mtls"]])
    return Proxy(name).open(open_to_all, http=ports["http"], https=ports["https"]).open(mutual, mtls=ports["mtls"])
