"""What importing relclip sets for the process: the arithmetic before torch loads, certificates; what was set stays."""

import json
import os
import ssl
import subprocess
import sys

import pytest
import requests

import relclip

SHOWN = (
    "import json, os, relclip; print(json.dumps({name: os.environ.get(name) for name in relclip.ARITHMETIC}))"
)


def seen(code=SHOWN, **environment):
    """ARITHMETIC's variables after the import of relclip in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if name not in relclip.ARITHMETIC}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_processor_is_known_by_its_flags():
    assert relclip._knows_avx2(["processor : 0", "flags\t\t: fpu sse2 avx avx2 avx512f"])
    assert not relclip._knows_avx2(["flags : fpu sse2 avx"])
    assert not relclip._knows_avx2(["Features : fp asimd avx2"])  # no x86


@pytest.mark.skipif(not relclip.PINNED, reason="no x86 processor with AVX2 that says so")
def test_what_is_set_outside_stays():
    assert seen() == relclip.ARITHMETIC
    assert seen(MKL_CBWR="COMPATIBLE") == relclip.ARITHMETIC | {"MKL_CBWR": "COMPATIBLE"}


def test_a_program_that_has_torch_keeps_its_arithmetic():
    code = f"import sys; sys.modules['torch'] = None; {SHOWN}"
    assert set(seen(code).values()) == {None}


@pytest.mark.parametrize("told", relclip.CERTIFICATES)
def test_a_networks_own_certificates_are_known_to_all_that_download(told, tmp_path, monkeypatch):
    """requests reads one of the names; urllib, by which gensim and torch fetch, and the Hub's client the other."""
    file = tmp_path / "company.pem"
    file.touch()
    for name in relclip.CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(told, str(file))
    relclip._share_certificates()
    found = (
        ssl.get_default_verify_paths().cafile,
        requests.Session().merge_environment_settings("https://a.b", {}, None, None, None)["verify"],
    )
    assert found == (str(file), str(file))


def test_a_folder_of_certificates_stays_where_it_is_read(tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    relclip._share_certificates()
    assert "SSL_CERT_FILE" not in os.environ
