"""Facts of the software: C library, how torch was built, the environment."""

import os
import platform
import re
from collections.abc import Mapping

import torch

from srbench.facts import Build

#: Variables that begin so change a runtime or an allocation, whatever comes after.
_PREFIXES = (
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "DNNL_",
    "ONEDNN_",
    "OPENBLAS_",
    "MALLOC_",
    "CUBLAS",
    "CUDNN_",
    "CUDA_MPS_",
)
#: And these by their whole name. Folders (CUDA_HOME, TORCH_HOME) tell of the user, not of the runtime.
_NAMES = frozenset(
    (
        "ATEN_CPU_CAPABILITY",
        "CUDA_AUTO_BOOST",
        "CUDA_CACHE_DISABLE",
        "CUDA_DEVICE_MAX_CONNECTIONS",
        "CUDA_DEVICE_ORDER",
        "CUDA_DISABLE_PTX_JIT",
        "CUDA_FORCE_PTX_JIT",
        "CUDA_LAUNCH_BLOCKING",
        "CUDA_MODULE_LOADING",
        "CUDA_VISIBLE_DEVICES",
        "GLIBC_TUNABLES",
        "LD_PRELOAD",
        "NVIDIA_TF32_OVERRIDE",
        "PYTORCH_ALLOC_CONF",
        "PYTORCH_CUDA_ALLOC_CONF",
        "PYTORCH_JIT",
        "PYTORCH_NO_CUDA_MEMORY_CACHING",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
        "TORCH_BLAS_PREFER_CUBLASLT",
        "TORCH_CUDNN_USE_HEURISTIC_MODE_B",
        "TORCH_CUDNN_V8_API_DISABLED",
        "TORCH_CUDNN_V8_API_LRU_CACHE_LIMIT",
        "TORCH_MKLDNN_MATMUL_MIN_DIM",
    )
)
#: Build settings that repeat what stands elsewhere, and values that say no.
_REPEATED = frozenset(("CXX_COMPILER", "TORCH_VERSION"))
_NO = frozenset(("", "0", "OFF"))
#: Words of the compiler flags that change no machine code worth naming: warnings and definitions.
_NOISE = re.compile(r"^-[WD]|^-Xfatbin|^-compress|^--expt|^-fvisibility|^-fdiagnostics|^-faligned")


def matters(variable: str) -> bool:
    """Whether an environment variable changes a runtime."""
    return variable in _NAMES or variable.startswith(_PREFIXES)


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that matter among those that are set, in alphabetical order."""
    found = os.environ if variables is None else variables
    return {name: found[name] for name in sorted(found) if matters(name)}


def libc() -> str | None:
    """The C library and its version, as in ``glibc 2.39``."""
    try:
        told = os.confstr("CS_GNU_LIBC_VERSION") if hasattr(os, "confstr") else None
    except (ValueError, OSError):  # musl knows no such name
        told = None
    return told or " ".join(part for part in platform.libc_ver() if part) or None


def build() -> Build:
    """How the installed torch was built."""
    show: str = torch.__config__.show()
    parallel: str = torch.__config__.parallel_info()
    return read_build(show, parallel)


def read_build(show: str, parallel: str) -> Build:
    """What torch.__config__ tells for people, as data; a line that another version words otherwise is None."""
    settings = {}
    if line := re.search(r"Build settings: (.*)", show):
        # Values hold no comma, except where a flag has one; a name is in capitals.
        for part in re.split(r",\s+(?=[A-Z][A-Z0-9_]*=)", line[1]):
            key, _, value = part.strip().rstrip(",").partition("=")
            settings[key] = " ".join(word for word in value.split() if not _NOISE.match(word))
    return Build(
        compiler=_first(r"^\s*- ((?:GCC|clang|Clang|MSVC) \S+)", show),
        mkl=_first(r"Math Kernel Library Version ([\d.]+)", show),
        onednn=_first(r"MKL-DNN v(\S+)", show) or _first(r"oneDNN v(\S+)", show),
        openmp=_first(r"OpenMP (\S+ \(a\.k\.a\. OpenMP [^)]*\))", show),
        backend=_first(r"ATen parallel backend: (.*)", parallel),
        settings={key: value for key, value in settings.items() if key not in _REPEATED and value not in _NO},
    )


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else None
