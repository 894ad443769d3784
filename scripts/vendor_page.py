"""Fetch the libraries of the page (srbench/render/page/libraries.py) with npm and put them into its vendor folder.

    python scripts/vendor_page.py            fetch, check against the pinned sums, write
    python scripts/vendor_page.py --check    compare what is there with the pinned sums; fetches nothing
    python scripts/vendor_page.py --sums     fetch and print the sums, for pinning a new version

Nothing is changed in the files but the link to a source map, which the page does not carry.
"""

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from srbench.render.page.libraries import LIBRARIES, VENDOR, Library

_SOURCE_MAP = re.compile(rb"^//# sourceMappingURL=.*$\n?", re.MULTILINE)


def main() -> None:
    """Fetch or check; exits with 1 where a sum differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fetch nothing")
    parser.add_argument("--sums", action="store_true", help="print the sums instead of checking them")
    options = parser.parse_args()
    wrong = []
    VENDOR.mkdir(exist_ok=True)
    for library in LIBRARIES:
        script, licence = (library.script.read_bytes(), b"") if options.check else fetch(library)
        found = sha256(script).hexdigest()
        if options.sums:
            print(f"{library.package} {library.version} {found}")
        elif found != library.sha256:
            wrong.append(f"{library.package} {library.version}: sha256 {found}, pinned {library.sha256}")
        elif not options.check:
            library.script.write_bytes(script)
            library.licence_file.write_bytes(licence)
    print("\n".join(wrong) or f"{len(LIBRARIES)} libraries are as pinned")
    sys.exit(bool(wrong))


def fetch(library: Library) -> tuple[bytes, bytes]:
    """The script and the licence, out of the package that npm downloads."""
    with tempfile.TemporaryDirectory() as folder:
        what = f"{library.package}@{library.version}"
        subprocess.run(["npm", "pack", "--silent", what], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        [package] = Path(folder).glob("*.tgz")
        with tarfile.open(package) as tar:
            script = _read(tar, f"package/{library.member}")
            return _SOURCE_MAP.sub(b"", script).strip() + b"\n", _read(tar, "package/LICENSE")


def _read(tar: tarfile.TarFile, member: str) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise FileNotFoundError(member)
    return file.read()


if __name__ == "__main__":
    main()
