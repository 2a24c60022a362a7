"""RelCLIP: visual relationship detection from pictures and words. One sub-package a stage of the pipeline."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

__version__ = "0.1.0"

#: Every x86 processor with AVX2 computes with AVX2's instructions, whatever newer ones it has, so that those of one
#: maker come to the same bytes (docs/arithmetic.md): torch's three libraries, then numpy's two. STRICT: wherever in
#: memory a matrix lies.
ARITHMETIC = {
    "MKL_CBWR": "AVX2,STRICT",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
#: A file of certificates: of OpenSSL and so of urllib and the Hub's client; of requests.
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def _knows_avx2(description: Iterable[str]) -> bool:
    """Whether /proc/cpuinfo, line by line, tells of a processor with AVX2; only x86 has a line of `flags`."""
    return any(line.startswith("flags") and "avx2" in line.split() for line in description)


def _pin_arithmetic() -> bool:
    """Set ARITHMETIC for this process and its children where the processor has it; what is set already stays.

    The libraries read it when they load: a program that imported torch before relclip keeps its own arithmetic.
    """
    cpuinfo = Path("/proc/cpuinfo")
    if "torch" in sys.modules or not cpuinfo.is_file():
        return False
    with cpuinfo.open() as description:
        known = _knows_avx2(description)
    for name, value in ARITHMETIC.items() if known else ():
        os.environ.setdefault(name, value)
    return known


def _share_certificates() -> None:
    """What one library that downloads is told of a network's own certificates, all are."""
    for one, other in (CERTIFICATES, CERTIFICATES[::-1]):
        if Path(os.environ.get(one, "")).is_file():
            os.environ.setdefault(other, os.environ[one])


PINNED = _pin_arithmetic()
_share_certificates()
# A waiting OpenMP thread gives its core away instead of spinning: spinning cost jobs side by side a factor of five.
# It must be set before the first import of torch. In small letters: in Turkish "I" is no large "i" for libgomp.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# numpy's products are small: on one thread they have the same bytes however many threads a job was given, to which
# Snakemake sets this.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

if sys.argv[:1] == ["-m"]:  # `python -m relclip.tables`: what it imports may lack an extra, or be interrupted
    from relclip.core.extras import end_in_a_sentence
    from relclip.internals.torch_compile import spare_in_imports

    sys.excepthook = end_in_a_sentence
    spare_in_imports()
