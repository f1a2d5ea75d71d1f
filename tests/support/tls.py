"""A throw-away CA, made by openssl when a test needs it, and brokers that speak TLS by it."""

import datetime
import pathlib
import subprocess

from broker import Broker, free_port

CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
unique_subject = no
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def new_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", path)
    path.chmod(0o600)


class Certificate:
    """The paths of a certificate and its key."""

    def __init__(self, folder, name):
        self.pem = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"


class Authority:
    def __init__(self, folder, name="the test's CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "index").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "ca.conf").write_text(CONFIG.format(folder=self.folder))
        self.pem = self.folder / "ca.pem"
        self_sign(self, name, "basicConstraints=critical,CA:TRUE")

    @property
    def key(self):
        return self.folder / "ca.key"

    def issue(self, name, hosts="DNS:localhost,IP:127.0.0.1", begin_days=-1, end_days=2):
        """A certificate that is valid from and until so many days from now."""
        made = Certificate(self.folder, name)
        request = self.folder / f"{name}.csr"
        new_key(made.key)
        openssl("req", "-new", "-key", made.key, "-subj", f"/CN={name}", "-addext",
                f"subjectAltName={hosts}", "-out", request)
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = ((now + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ")
                      for d in (begin_days, end_days))
        self._ca("-in", request, "-out", made.pem, "-startdate", begin, "-enddate", end,
                 "-notext")
        return made

    def revoke(self, certificate):
        """The list of what is revoked, as a file."""
        self._ca("-revoke", certificate.pem)
        path = self.folder / "revoked.pem"
        self._ca("-gencrl", "-out", path)
        return path

    def _ca(self, *words):
        openssl("ca", "-batch", "-config", self.folder / "ca.conf", *words)


def self_sign(made, name, extension):
    new_key(made.key)
    openssl("req", "-x509", "-key", made.key, "-subj", f"/CN={name}", "-days", "2",
            "-addext", extension, "-out", made.pem)
    return made


class TlsBroker(Broker):
    """A broker with two listeners more: TLS on `tls_port`, WebSocket in TLS on `wss_port`."""

    def __init__(self, certificate, listener="", **options):
        self.tls_port, self.wss_port = free_port(), free_port()
        tls = f"certfile {certificate.pem}\nkeyfile {certificate.key}\n{listener}\n"
        super().__init__(listeners=f"listener {self.tls_port} {self.host}\n{tls}"
                                   f"listener {self.wss_port} {self.host}\n"
                                   f"protocol websockets\n{tls}", **options)
