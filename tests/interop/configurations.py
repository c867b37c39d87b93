"""Reads the configurations of a table, and compares the values with those that it has for Python."""

import os
import sys
import tempfile
import tomllib

from temporalio.envconfig import ClientConfigProfile
from temporalio.service import TLSConfig

FILES = ["ca.pem", "prod-ca.pem", "orders.pem", "orders.key", "prod.key"]


def shown(source):
    """A source of a certificate, as the table writes it."""
    match source:
        case None:
            return None
        case bytes():
            return source.decode()
        case _:
            return f"file {source}"


def values(case):
    """The values that the profile has and the connection would have."""
    with open("temporal.toml", "w") as file:
        file.write(case.get("file", ""))
    variables = {"TEMPORAL_CONFIG_FILE": "temporal.toml"} | case.get("variables", {})
    profile = ClientConfigProfile.load(
        case.get("profile"), override_env_vars=variables
    )
    options = profile.to_client_connect_config()
    tls = options.get("tls", False)
    read = {
        "address": options.get("target_host"),
        "namespace": options.get("namespace"),
        "api_key": options.get("api_key"),
        "headers": dict(options.get("rpc_metadata", {})) or None,
        "tls": bool(tls) or None,
    }
    if profile.tls is not None:
        read["server_name"] = profile.tls.server_name
        read["roots"] = shown(profile.tls.server_root_ca_cert)
        read["certificate"] = shown(profile.tls.client_cert)
        read["key"] = shown(profile.tls.client_private_key)
    if isinstance(tls, TLSConfig):
        assert tls.domain == read["server_name"], case["what"]
        for name, content in [
            ("roots", tls.server_root_ca_cert),
            ("certificate", tls.client_cert),
            ("key", tls.client_private_key),
        ]:
            # The file's content is its name.
            expected = read[name] and read[name].removeprefix("file ").encode()
            assert content == expected, (case["what"], name, content)
    return {name: value for name, value in read.items() if value is not None}


def check(case):
    what = case["what"]
    expected = case["python"] if "python" in case else case.get("values")
    try:
        read = values(case)
    except RuntimeError as error:
        assert expected is None, (what, error)
        return
    assert expected is not None, (what, read)
    if not expected.get("tls"):
        # What is configured for TLS has no effect.
        expected.pop("tls", None)
        for name in ["server_name", "roots", "certificate", "key"]:
            read.pop(name, None)
    assert read == expected, (what, read, expected)


def main():
    with open(sys.argv[1], "rb") as file:
        cases = tomllib.load(file)["case"]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in FILES:
            with open(name, "w") as file:
                file.write(name)
        for case in cases:
            check(case)
    print(f"{len(cases)} cases", flush=True)


main()
