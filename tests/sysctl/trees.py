"""Random trees of sysctl files: everything the two programs are known to disagree on, and more."""
import os
import pathlib

OF_SPLIT_USR = "lib/sysctl.d"
DIRECTORIES = ["etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d",
               OF_SPLIT_USR]
NAMES = ["10-a.conf", "50-b.conf", "99-sysctl.conf", "zz-last.conf", "a.conf", "b.conf", "ab.conf",
         "A.conf", "é.conf", ".conf", ".hidden.conf", "README", "a.conf~", "a.conf.bak",
         "a.conf.dpkg-old", "[ab].conf", "a*.conf", "?.conf", "{a,b}.conf", "{a,[b]}.conf",
         "b\\.conf", "~a.conf", " b.conf", "-.conf"]

DOMAIN_LITERAL = ["kernel.domainname"] * 6 + [
    "kernel/domainname", "/kernel/domainname", ".kernel.domainname", "kernel..domainname",
    "kernel//domainname", "kernel/./domainname", "kernel/../kernel/domainname",
    "vm/../kernel/domainname", "../sys/kernel/domainname", "kernel/domainname/",
    "kernel.domainname.", "kernel/domainname/.", "kernel.domain\\name", "kernel. domainname",
    "proc/sys/kernel/domainname", "kernel.domainname/", "\ufeffkernel.domainname",
    "Kernel.domainname", "kernel.domainnam", "\"kernel.domainname\"", "nowhere/../kernel/domainname",
    "kernel.domainname kernel.domainname", "kernel", "", "./kernel/domainname", "-kernel.domainname"]
# Each matches kernel/domainname alone, or nothing; the rest of /proc/sys is read-only anyway.
DOMAIN_GLOB = ["kernel.domain*"] * 4 + [
    "kernel.dom*name", "kernel/domain*", "/kernel/domain*", "kernel//domain*", "kernel..domain*",
    "kernel.domain?ame", "kernel.[d]omainname", "kernel.[!x]omainname", "kernel.[^x]omainname",
    "ker*.domainname", "*/domainname", "*.domainname", "k*l/domain*", "kernel.{domain,host}nam*",
    "kernel.{domainname,host[x]}", "{vm,kernel}.domain*", "{vm,ker{x,nel}}/domain*", "kernel.{domain*",
    "kernel.domain*}", "kernel.domain[name", "kernel.domain[[:alpha:]]ame", "kernel/domain*/",
    "kernel.domain*.", "kernel/./domain*", "kernel/../kernel/domain*", "kernel.\\domain*",
    "kernel/domain\\*", "kernel.domainname*", "kernel.*domainname", "kernel.DOMAIN*", "kernel.domain?",
    "kernel.[a-e]omainname", "kernel.dom**name", "ker?el/./domainname", "-kernel.domain*",
    "kernel.{}domain*", "kernel.domain{name,}[e]"]
DOMAIN_VALUES = ["a", "b", "c", "d", "a # comment", "\"a\"", "", "a\\", "x=y", "=z", "a b", "ä",
                 "a\x0bb", "\x0ca", "a\x0b", "a,b", "-", "long" * 20]

NUMBER_KEYS = ["kernel.msgmax"] * 5 + ["kernel/msgmax", "kernel.msgma?", "kernel.msgm[a]x"]
NUMBER_VALUES = ["1000", "2000", "3000", "0x10800", "010", "08", "0x", "12 34", "12\t34", "64M", "abc",
                 "-5", "-0", "2147483647", "2147483648", "99999999999", "9" * 25, "", "1.5", "+7",
                 "0", "00", "12x 3", "1" + " " * 30, "0" * 20 + "1", "0" * 19 + "1", "0xffffffff",
                 "0X1F", "\"5\"", "5 # five", "5#", "0" * 5000 + "1", "1 " + "x" * 100]

BLANKS = ["", "", "", " ", "\t", "  ", " \t "]
ODD_BLANKS = BLANKS + ["\x0b", "\x0c", "\r", "\xa0"]


def blank(rng, odd):
    return rng.choice(ODD_BLANKS if odd else BLANKS)


class Few:
    """A few words, so that the same lines meet each other in one file."""

    def __init__(self, rng):
        self.literals = rng.sample(DOMAIN_LITERAL, 2)
        self.globs = rng.sample(DOMAIN_GLOB[3:], 2) + ["kernel.domain*"]
        self.values = ["a", "b"]


def statement(rng, odd, few):
    number = rng.random() < 0.25
    glob = rng.random() < (0.9 if few else 0.3)
    if few and not number:
        key, value = rng.choice(few.globs if glob else few.literals), rng.choice(few.values)
    else:
        key = rng.choice(NUMBER_KEYS if number else DOMAIN_GLOB if glob else DOMAIN_LITERAL)
        value = rng.choice(NUMBER_VALUES if number else DOMAIN_VALUES)
    minus = rng.choice(["", "", "", "-", "- " if odd else ""])
    if rng.random() < 0.12:
        return blank(rng, odd) + "-" + blank(rng, odd) + key + blank(rng, odd)
    return (blank(rng, odd) + minus + key + blank(rng, odd) + "=" + blank(rng, odd) + value +
            blank(rng, odd))


def line(rng, odd, few):
    kind = rng.random()
    if kind < 0.8:
        return statement(rng, odd, few)
    if kind < 0.9:
        return blank(rng, odd) + rng.choice("#;") + " " + statement(rng, odd, few)
    return rng.choice(["", " ", "kernel.domainname", "x", "-", "=", "=a", "-=a", "kernel.hostname",
                       "kernel.ostype = nothing", "no.such.key = 1", "-no.such.key = 1", "\\", "[Section]"])


def text(rng):
    odd = rng.random() < 0.3
    few = Few(rng) if rng.random() < 0.3 else None
    lines = [line(rng, odd, few) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6, 8]))]
    endings = rng.choice([["\n"], ["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"],
                          ["\n", "\r", "\0", "\n\r", "\r\n\0", "\n\0", "\0\n"]])
    result = "".join(item + rng.choice(endings) for item in lines)
    if rng.random() < 0.2:
        result = result.rstrip("\r\n\0")
    if rng.random() < 0.05:
        result = "\ufeff" + result
    encoded = result.encode()
    if rng.random() < 0.03:
        encoded = result.encode("utf-16")
    if rng.random() < 0.02:
        at = rng.choice([0, len(encoded)])
        filler = b"#" * rng.choice([2**20 - 2, 2**20 - 1, 2**20, 2**20 + 1]) + b"\n"
        encoded = encoded[:at] + b"\n" + filler + encoded[at:]
    return encoded


def link(path, target):
    os.symlink(target, path)


def entry(rng, path):
    """One directory entry of a random kind."""
    kind = rng.random()
    if kind < 0.72:
        path.write_bytes(text(rng))
    elif kind < 0.76:
        path.write_bytes(b"")
    elif kind < 0.82:
        link(path, "/dev/null")
    elif kind < 0.84:
        link(path, rng.choice(["nowhere", "/nowhere/x.conf", "../../../../../nowhere"]))
    elif kind < 0.85:
        link(path, path.name)
    elif kind < 0.87:
        path.mkdir()
        (path / "inside.conf").write_bytes(text(rng))
    elif kind < 0.88:
        link(path, "/etc")
    elif kind < 0.92:
        link(path, rng.choice(["../sysctl.conf", "/etc/sysctl.conf", "/etc/./../etc/sysctl.conf"]))
    else:
        link(path, rng.choice(["/", "", "./"]).replace("/", "/" + rng.choice(DIRECTORIES[:4]) + "/", 1)
             + rng.choice(NAMES))


def make(rng, root):
    """A tree below `root`, which has neither /etc, /run, /usr nor /lib yet."""
    root = pathlib.Path(root)
    (root / "usr/lib/systemd").mkdir(parents=True)
    (root / "usr/lib/systemd/systemd-sysctl").touch()
    (root / "usr/local/lib").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "run").mkdir()
    if rng.random() < 0.7:
        link(root / "lib", "usr/lib")
    else:
        (root / "lib").mkdir()
    names = rng.sample(NAMES, rng.randint(1, 6))
    for directory in DIRECTORIES:
        path = root / directory
        kind = rng.random()
        if os.path.lexists(path) or kind < 0.15:
            continue
        if kind < 0.22:
            link(path, rng.choice(["/etc/sysctl.d", "/usr/lib/sysctl.d", "/run/sysctl.d", "/nowhere",
                                   "/etc/../usr/lib/sysctl.d", "sysctl.d"]))
            continue
        if kind < 0.23:
            path.write_bytes(text(rng))
            continue
        path.mkdir(parents=True)
        for name in names:
            if rng.random() < 0.5:
                entry(rng, path / name)
    conf = root / "etc/sysctl.conf"
    kind = rng.random()
    if kind < 0.6:
        conf.write_bytes(text(rng))
    elif kind < 0.8:
        entry(rng, conf)
    shipped = root / "etc/sysctl.d/99-sysctl.conf"
    if rng.random() < 0.5 and shipped.parent.is_dir() and not os.path.lexists(shipped):
        link(shipped, "../sysctl.conf")
    if rng.random() < 0.1:
        (root / "etc/credstore").mkdir()
        (root / "etc/credstore/sysctl.extra").write_bytes(text(rng))
