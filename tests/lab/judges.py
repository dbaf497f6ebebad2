"""Judges that compare whyoom's arithmetic with what the kernel then did."""

JUDGES = {}
