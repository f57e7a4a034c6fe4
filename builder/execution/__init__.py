"""Who makes the partitions of a build: this process, others on this machine, or a Ray cluster.

What a partition comes to does not depend on who makes it, nor on what was made before: so the files are the same, byte
for byte, whichever engine makes them.
"""
