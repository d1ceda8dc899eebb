"""Packs a folder into an archive whose bytes depend on its contents alone: sorted, of one time
(SOURCE_DATE_EPOCH), of no user. Usage: archive.py FOLDER ARCHIVE (.tar.gz or .zip)"""

import gzip
import io
import os
import sys
import tarfile
import time
import zipfile
from pathlib import Path

PROGRAMS = {"hubjobs", "hubjobs.exe"}


def entries(folder: Path):
    """Name in the archive, file and mode of each file, in the order of names."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.as_posix())
    for path in files:
        name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        yield name, path, 0o755 if path.name in PROGRAMS else 0o644


def tar_gz(folder: Path, archive: Path, epoch: int) -> None:
    """A ustar archive, gzipped without the time and the name."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, path, mode in entries(folder):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = path.stat().st_size, epoch, mode
            with path.open("rb") as file:
                tar.addfile(info, file)
    with archive.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed:
        compressed.write(plain.getvalue())


def zipped(folder: Path, archive: Path, epoch: int) -> None:
    """A zip archive; its times are UTC, since the format knows no zone."""
    when = time.gmtime(epoch)[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, path, mode in entries(folder):
            info = zipfile.ZipInfo(name, when)
            info.create_system, info.external_attr = 3, mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, path.read_bytes())


def main() -> None:
    folder, archive = Path(sys.argv[1]), Path(sys.argv[2])
    pack = zipped if archive.suffix == ".zip" else tar_gz
    pack(folder, archive, int(os.environ["SOURCE_DATE_EPOCH"]))


main()
