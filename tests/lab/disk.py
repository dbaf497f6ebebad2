"""A disk that lives through the boots of a scenario, and programs of this machine to bring along."""
import pathlib
import re

import packages


def make(folder, mebibytes):
    """An empty ext4 image, made without root and without mounting it; None for no disk."""
    if not mebibytes:
        return None
    image = pathlib.Path(folder) / "disk.img"
    with open(image, "wb") as file:
        file.truncate(mebibytes << 20)
    done = packages.run("mke2fs", "-q", "-F", "-t", "ext4", image,
                        env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
    if done.returncode:
        raise packages.Unavailable(f"mke2fs: {done.stdout.strip()}")
    return image


def with_libraries(programs):
    """[(name in the guest, file here)] of programs such as /sbin/sysctl and what they load."""
    files = {}
    for program in programs:
        path = pathlib.Path(program)
        if not path.exists():
            raise packages.Unavailable(f"{program} is not on this machine")
        files[program] = path.resolve()
        for library in re.findall(r"(/\S+) \(0x", packages.run("ldd", path).stdout):
            files[library] = pathlib.Path(library).resolve()
    return list(files.items())
