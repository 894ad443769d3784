"""Fetching an official checkpoint: verified by its hash, whole or not at all, and going on where it was cut off."""

from collections.abc import Callable
from pathlib import Path

import pooch
import requests
from filelock import FileLock
from pooch import get_logger as pooch_logger

from srbench.errors import InputError
from srbench.quality.weights import Registered, sha256

#: Seconds until a connection, and between two pieces of a body.
TIMEOUT_S = 30
_CHUNK = 1 << 16
#: Where what has come so far lies, in the cache.
PARTIAL = ".partial"


def fetch(wanted: Registered, cache: Path, tell: Callable[[int], None] = lambda _: None) -> Path:
    """Bring a checkpoint into the cache; one that is there and whole is left alone.

    Args:
        wanted: what to fetch.
        cache: folder of checkpoints.
        tell: hears the bytes that have come so far.

    Raises:
        InputError: no link is known, the server does not give the file, or what it gives is another one.
    """
    if not wanted.url:
        raise InputError(
            f"{wanted.file} has no direct link ({wanted.note or wanted.licence}); see 'srbench weights add'"
        )
    there = cache / wanted.file
    if there.is_file() and sha256(there) == wanted.sha256:
        return there

    partial = cache / PARTIAL / f"{wanted.sha256}.part"

    def download(url: str, output_file: object, pooch: object) -> None:
        went_on = _resumed(wanted, partial, tell)
        if went_on and sha256(partial) != wanted.sha256:
            # What lay there was no beginning of it: the login page of a network, say.
            partial.unlink()
            _resumed(wanted, partial, tell)
        partial.replace(str(output_file))

    pooch_logger().setLevel("WARNING")  # it tells each download; we tell the result
    try:
        (cache / PARTIAL).mkdir(parents=True, exist_ok=True)
        known = f"sha256:{wanted.sha256}"
        # Another srbench that fetches the same file is waited for; then it is there.
        with FileLock(partial.with_suffix(".lock")):
            return Path(pooch.retrieve(wanted.url, known, fname=wanted.file, path=cache, downloader=download))
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else "?"
        raise InputError(f"{wanted.url} answers {code}; 'srbench weights add' takes a file of yours") from None
    except requests.RequestException as error:
        raise InputError(
            f"cannot fetch {wanted.url}: {_reason(error)}; the same command goes on where it stopped"
        ) from None
    except ValueError:
        raise InputError(
            f"{wanted.url} is not the checkpoint that the registry knows (its sha256 differs); nothing was kept"
        ) from None
    except OSError as error:
        raise InputError(f"cannot write to {cache}: {error.strerror or error}; SRBENCH_CACHE names another") from None


def _reason(error: requests.RequestException) -> str:
    """What a reader can act on of a chain of exceptions."""
    if "NameResolution" in str(error):
        return "its server's name is not known here (no network?)"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_S} s"
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return "no connection" if "Max retries" in first else first


def _resumed(wanted: Registered, partial: Path, tell: Callable[[int], None]) -> bool:
    """Bring the whole body into a file, from where an earlier attempt ended if the server can do so; whether it did."""
    have = partial.stat().st_size if partial.exists() else 0
    if have >= wanted.bytes:
        have = 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with requests.get(wanted.url, stream=True, timeout=TIMEOUT_S, headers=headers) as response:
        response.raise_for_status()
        goes_on: bool = response.status_code == requests.codes.partial_content
        with partial.open("ab" if goes_on else "wb") as file:
            done = file.tell()
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                tell(done)
                if done > wanted.bytes:
                    break  # an endless or another body: the hash will not be right
    if done < wanted.bytes:
        raise requests.ConnectionError(f"it ended after {done:,} of {wanted.bytes:,} bytes")
    return goes_on
