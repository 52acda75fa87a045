#!/usr/bin/python3
"""Writes a text file as a C string constant, named after the file: 001.sql becomes sql_001.

Of a script, indentation and lines of comment stay behind: they would travel with every page.
"""
import os
import sys

source, target = sys.argv[1:]
stem, ext = os.path.splitext(os.path.basename(source))
name = ext[1:] + "_" + stem.replace("-", "_")
with open(source, "rb") as data, open(target, "w") as out:
    out.write(f"static const char {name}[] =\n")
    for line in data:
        if ext == ".js":
            line = line.lstrip()
            if line.startswith(b"//"):
                continue
        escaped = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in line)
        out.write(f'\t"{escaped}"\n')
    out.write('\t"";\n')
