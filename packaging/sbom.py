#!/usr/bin/env python3
"""What is linked into the program, as SPDX 2.3: sbom.py BUILD_DIR VERSION

Libraries are those of its link line and, of what is headers alone, those that its objects were made
of; each with the Debian package that it is from, installed or, of a build for another architecture, unpacked.
Two runs over one build print the same."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

# Compilers bring these without naming them.
IMPLIED = ("libc.a", "libstdc++.a", "libgcc.a", "libgcc_eh.a")
LICENSES = {"libc6-dev": "LGPL-2.1-or-later", "libstdc++": "GPL-3.0-or-later WITH GCC-exception-3.1",
            "libgcc": "GPL-3.0-or-later WITH GCC-exception-3.1", "zlib1g-dev": "Zlib",
            "liblzma-dev": "LicenseRef-public-domain", "libzstd-dev": "BSD-3-Clause",
            "libbz2-dev": "bzip2-1.0.6", "liblz4-dev": "BSD-2-Clause", "libxxhash-dev": "BSD-2-Clause",
            "libseccomp-dev": "LGPL-2.1-only",
            "libexpected-dev": "CC0-1.0",
            "linux-libc-dev": "GPL-2.0-only WITH Linux-syscall-note"}
# A file of a package that tests/lab/packages.py unpacked.
UNPACKED = re.compile(r"(/.*/packages/([^/_]+)_[a-z0-9]+)/usr/")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def of_system(path):
    return path.startswith("/usr/") or UNPACKED.match(path)


def files(build):
    """Of the system, what the program was made of."""
    link = output("ninja", "-C", build, "-t", "commands", "whyoom").splitlines()[-1]
    compiler = re.search(r"\S*(?:c\+\+|g\+\+|clang\+\+)\S*", link).group(0)
    found = {path for path in re.findall(r"(?<!\S)/\S+\.(?:a|so)\b", link) if of_system(path)}
    found |= {os.path.realpath(output(compiler, f"-print-file-name={name}").strip()) for name in IMPLIED}
    # The inputs of the program, and of what these are made of.
    wanted, seen = ["whyoom"], set()
    deps = {}
    target = None
    for line in output("ninja", "-C", build, "-t", "deps").splitlines():
        if line and not line.startswith(" "):
            target = line.split(":")[0]
        elif of_system(path := os.path.normpath(os.path.join(build, line.strip()))):
            deps.setdefault(target, set()).add(path)
    while wanted:
        seen.update(wanted)
        found = found.union(*(deps.get(each, set()) for each in wanted))
        inputs = re.findall(r"(?m)^  input: .*\n((?:    .*\n)*)", output("ninja", "-C", build, "-t", "query", *wanted))
        names = {name.strip().lstrip("| ") for each in inputs for name in each.splitlines()}
        wanted = sorted(name for name in names - seen if name.endswith((".o", ".a")) and "/usr/" not in name)
    return sorted(found)


def packages(paths):
    """{name: version} of the Debian packages that the files are from."""
    unpacked = dict(match.group(2, 1) for match in map(UNPACKED.match, paths) if match)
    installed = [path for path in paths if not UNPACKED.match(path)]
    owners = set()
    for start in range(0, len(installed), 200):
        asked = subprocess.run(["dpkg-query", "-S", *installed[start:start + 200]], capture_output=True, text=True,
                               check=False).stdout
        owners |= {name for line in asked.splitlines() for name in line.rsplit(": ", 1)[0].split(", ")}
    lines = output("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *sorted(owners)).splitlines()
    versions = {name: pathlib.Path(folder, ".complete").read_text() for name, folder in unpacked.items()}
    return {**versions, **dict(line.split() for line in lines)}


def license_of(name):
    return LICENSES.get(name) or next((value for key, value in LICENSES.items() if name.startswith(key)),
                                      "NOASSERTION")


def main():
    build, version = os.path.abspath(sys.argv[1]), sys.argv[2]
    parts = packages(files(build))
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "0"))))
    named = hashlib.sha256(json.dumps([version, parts, date], sort_keys=True).encode()).hexdigest()
    of_id = lambda name: "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)
    whole = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"whyoom-{version}", "documentNamespace": f"https://whyoom.invalid/spdx/{named}",
        "creationInfo": {"created": date, "creators": ["Tool: whyoom-packaging"]},
        "packages": [{"SPDXID": of_id("whyoom"), "name": "whyoom", "versionInfo": version,
                      "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
                      "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
                      "copyrightText": "NOASSERTION"}],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": of_id("whyoom")}]}
    for name, release in sorted(parts.items()):
        whole["packages"].append(
            {"SPDXID": of_id(name), "name": name, "versionInfo": release, "supplier": "Organization: Debian",
             "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
             "licenseDeclared": license_of(name), "copyrightText": "NOASSERTION",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                               "referenceLocator": f"pkg:deb/debian/{name}@{release}"}]})
        whole["relationships"].append({"spdxElementId": of_id("whyoom"), "relationshipType": "STATIC_LINK",
                                       "relatedSpdxElement": of_id(name)})
    whole["hasExtractedLicensingInfos"] = [{"licenseId": "LicenseRef-public-domain",
                                            "extractedText": "Put into the public domain by its authors."}]
    print(json.dumps(whole, indent=1))


if __name__ == "__main__":
    main()
