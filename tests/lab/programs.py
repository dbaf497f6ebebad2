"""The static programs of a guest: busybox from Debian, our load generator, whyoom."""
import hashlib
import os
import pathlib

import packages

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parents[1]
COMPILERS = {"amd64": "g++", "arm64": "aarch64-linux-gnu-g++", "i386": "i686-linux-gnu-g++"}
TRIPLETS = {"arm64": "aarch64-linux-gnu", "i386": "i386-linux-gnu"}
PROCESSORS = {"arm64": "aarch64", "i386": "i686"}
RELEASE = "bookworm"  # the C++ runtime of the cross compilers is this release's
# What whyoom needs beside the C++ library; unpacked into a folder of its own, not installed.
LIBRARIES = ("zlib1g-dev", "liblzma-dev", "libseccomp-dev", "libzstd-dev", "libbz2-dev",
             "liblz4-dev", "libxxhash-dev", "libexpected-dev", "nlohmann-json3-dev")


def compile_load(architecture, cache):
    source = HERE / "load.cc"
    mark = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    program = pathlib.Path(cache) / f"load-{architecture}-{mark}"
    if not program.exists():
        done = packages.run(COMPILERS[architecture], "-std=c++20", "-O2", "-static", "-s", source,
                            "-o", program)
        if done.returncode:
            raise packages.Unavailable(f"load.cc for {architecture}: {done.stdout[-400:]}")
    return program


def busybox(architecture, cache):
    folder = packages.Archive(architecture, cache).fetch("busybox-static", RELEASE)
    return next(path for path in folder.rglob("busybox") if path.is_file() and path.parent.name == "bin")


def cross_whyoom(architecture, cache):
    """Builds whyoom for another architecture, against Debian's own static libraries."""
    archive = packages.Archive(architecture, cache)
    folders = [archive.fetch(name, RELEASE) for name in LIBRARIES]
    build = pathlib.Path(cache) / f"whyoom-{architecture}"
    includes = " ".join(f"-isystem {folder}/usr/include{tail}" for folder in folders
                        for tail in ("", f"/{TRIPLETS[architecture]}"))
    options = {"CMAKE_BUILD_TYPE": "Release", "CMAKE_CXX_FLAGS_RELEASE": "-O2 -DNDEBUG",
               "CMAKE_CXX_FLAGS": includes, "WHYOOM_STATIC": "ON", "WHYOOM_TESTS": "OFF",
               "WHYOOM_BENCH": "OFF", "WHYOOM_PUBLISH": "OFF", "CMAKE_SYSTEM_NAME": "Linux",
               "CMAKE_SYSTEM_PROCESSOR": PROCESSORS[architecture],
               "CMAKE_CXX_COMPILER": COMPILERS[architecture],
               "CMAKE_LIBRARY_ARCHITECTURE": TRIPLETS[architecture],
               "CMAKE_PREFIX_PATH": ";".join(f"{folder}/usr" for folder in folders)}
    steps = (["cmake", "-G", "Ninja", "-S", SOURCE, "-B", build,
              *(f"-D{key}={value}" for key, value in options.items())],
             ["cmake", "--build", build, "--target", "whyoom"])
    for step in steps:
        done = packages.run(*step, env={**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": "2"})
        if done.returncode:
            raise packages.Unavailable(f"whyoom for {architecture}: {done.stdout[-600:]}")
    return build / "whyoom"


def all_of(architecture, cache, whyoom):
    """{name in the guest's /bin: file}; whyoom is the program built for this machine."""
    native = architecture == "amd64"
    return {"busybox": busybox(architecture, cache), "load": compile_load(architecture, cache),
            "whyoom": pathlib.Path(whyoom) if native else cross_whyoom(architecture, cache)}
