"""docs/support-matrix.md: what the lab found, kernel by kernel."""


def write(finished, cases, path):
    raise NotImplementedError
