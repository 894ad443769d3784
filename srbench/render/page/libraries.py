"""The libraries that the page is built on: pinned, vendored beside their licences, in the order in which they load."""

from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parent / "vendor"


@dataclass(frozen=True)
class Library:
    """One file of an npm package.

    Attributes:
        package, version: as npm names them.
        licence: SPDX.
        member: the file inside the package.
        sha256: of that file without the link to its source map, which is how it is vendored.
    """

    package: str
    version: str
    licence: str
    member: str
    sha256: str

    @property
    def name(self) -> str:
        """The package without its scope, as files are named."""
        return self.package.rpartition("/")[2]

    @property
    def script(self) -> Path:
        """Where the vendored file lies."""
        return VENDOR / f"{self.name}.js"

    @property
    def licence_file(self) -> Path:
        """Where its licence lies."""
        return VENDOR / f"{self.name}.LICENSE"


def _d3(name: str, version: str, sha256: str) -> Library:
    return Library(f"d3-{name}", version, "ISC", f"dist/d3-{name}.min.js", sha256)


#: Each after those that it needs. ``scripts/vendor_page.py`` fetches them and checks the sums.
LIBRARIES = (
    _d3("array", "3.2.5", "468f7b9ed38d6322083da4d5ae9fa57d47784f964f16dcff96e413d16cc8f9d9"),
    _d3("color", "3.1.1", "41ebabc615acf63e5af87a1d565f16c3ce73f00c1394772a624780f7c6c7244b"),
    _d3("format", "3.1.3", "1322666da5c4c006a4ea248d7f03afc861fbfb4b1692ee695e4192b76328dceb"),
    _d3("interpolate", "3.0.2", "09b66887d084b49bf14c93867522e366ce846bee53b9f632c1c3a5e2b00f891a"),
    _d3("time", "3.1.1", "0ca660b9dedd9ff16964146d792f2204927f8e72d6933a46199b41929cb539cc"),
    _d3("time-format", "4.1.1", "93b3b6ff5438723409c6540ae7abe4ab975be11e7d3a78f0b7c0bf28491f7145"),
    _d3("scale", "4.0.3", "d76988731b337e1fdd130912f4e8363b3d7895d83f0b7685c86d87ece50712e9"),
    _d3("selection", "3.0.1", "1dcd563b613b841dbe5a536df5289b0ac64c233a21bc1e954651cbe2a4809877"),
    _d3("axis", "3.0.1", "3e2b821c13b93ccdb8f14e52494682ab94794cd2e29e3fc3fc56fac03b3478cd"),
    _d3("quadtree", "3.0.2", "6bd9974b3efdf9c22942a6fb9a5a027ee39f81a6c27b09a3444c9e911796f439"),
    Library(
        "@tanstack/table-core",
        "8.21.3",
        "MIT",
        "build/umd/index.production.js",
        "59a11dedd0a5a78a6ac5aab751447615028e9bdc2ce8eca40e00e8b251f04ff9",
    ),
)
